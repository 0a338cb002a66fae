"""What tiling costs with a network that costs nothing: CPU seconds, and a ratio to a plain loop.

    python examples/speed/tiling.py

The plain loop adds the same tiles under the same kind of weights to a full-size sum, and
divides it by a full-size sum of the weights. Both must give the image back to 1e-6.
"""

import argparse
import time

import numpy as np

from emstellar.tiling import predict_tiled


def plain_loop(predict, image, tile, step):
    """Return what most code does: sums of tiles and of weights, divided at the end."""
    ramp = np.hanning(tile + 2)[1:-1].astype("float32")
    window = (ramp[:, np.newaxis] * ramp)[..., np.newaxis]
    total, weights = np.zeros_like(image), np.zeros((*image.shape[:2], 1), dtype="float32")
    for top in range(0, image.shape[0] - tile + 1, step):
        for left in range(0, image.shape[1] - tile + 1, step):
            part = slice(top, top + tile), slice(left, left + tile)
            total[part] += window * predict(image[part][np.newaxis])[0]
            weights[part] += window
    return total / weights


def cpu_seconds(function, stack):
    start = time.process_time()
    worst = max(np.abs(function(image) - image).max() for image in stack)
    return time.process_time() - start, worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=64, help="images of 1024 x 1024 pixels")
    parser.add_argument("--tile", type=int, default=256, help="side of the tiles, half overlapped")
    arguments = parser.parse_args()

    tile, step = arguments.tile, arguments.tile // 2
    stack = np.random.default_rng(0).random((arguments.images, 1024, 1024, 1), dtype="float32")
    options = {"tile_size": (tile, tile), "overlap": (step, step), "batch_size": 4}
    check, _ = cpu_seconds(lambda image: image, stack)
    ours, our_error = cpu_seconds(lambda im: predict_tiled(lambda b: b, im, **options), stack)
    loop, loop_error = cpu_seconds(lambda im: plain_loop(lambda b: b, im, tile, step), stack)
    ours, loop = ours - check, loop - check
    megapixels = stack.size / 2**20
    print(f"predict_tiled: {ours:.2f} CPU s for {megapixels:.0f} Mpixel, error {our_error:.1e}")
    print(f"plain loop:    {loop:.2f} CPU s for {megapixels:.0f} Mpixel, error {loop_error:.1e}")
    print(f"ratio: {ours / loop:.2f}")


if __name__ == "__main__":
    main()
