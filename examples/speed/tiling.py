"""What tiling costs with a network that costs nothing: CPU seconds, and a ratio to a plain loop.

    python examples/speed/tiling.py

The plain loop adds the same tiles under the same kind of weights to a full-size sum, and
divides it by a full-size sum of the weights. Where MONAI and PyTorch are installed, MONAI's
``sliding_window_inference`` with Gaussian weights does the same. All must give the image back.
"""

import argparse
import statistics
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


def with_monai(tile):
    """Return MONAI's tiling as a function of the image, or None where it is not installed."""
    try:
        import torch
        from monai.inferers import sliding_window_inference
    except ImportError:
        return None
    torch.set_num_threads(1)

    def tiled(image):
        batch = torch.from_numpy(image).permute(2, 0, 1)[None]
        options = {"overlap": 0.5, "mode": "gaussian"}
        result = sliding_window_inference(batch, (tile, tile), 4, lambda x: x, **options)
        return result[0].permute(1, 2, 0).numpy()

    return tiled


def compare(methods, images):
    """Return the CPU seconds of each method, all images together, and its largest error."""
    seconds, errors = {name: [] for name in methods}, dict.fromkeys(methods, 0.0)
    for image in images:
        # Taking turns exposes all methods to the same other work on the machine.
        for name, method in methods.items():
            start = time.process_time()
            result = method(image)
            seconds[name].append(time.process_time() - start)
            errors[name] = max(errors[name], float(np.abs(result - image).max()))
    return {name: len(s) * statistics.median(s) for name, s in seconds.items()}, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=64, help="images of 1024 x 1024 pixels")
    parser.add_argument("--tile", type=int, default=256, help="side of the tiles, half overlapped")
    arguments = parser.parse_args()

    tile, step = arguments.tile, arguments.tile // 2
    options = {"tile_size": (tile, tile), "overlap": (step, step), "batch_size": 4}
    methods = {
        "predict_tiled": lambda image: predict_tiled(lambda batch: batch, image, **options),
        "plain loop": lambda image: plain_loop(lambda batch: batch, image, tile, step),
    }
    monai = with_monai(tile)
    if monai is not None:
        methods["MONAI"] = monai
    images = np.random.default_rng(0).random((arguments.images, 1024, 1024, 1), dtype="float32")
    seconds, errors = compare(methods, images)
    for name in methods:
        print(
            f"{name:>13}: {seconds[name]:.2f} CPU s for {images.size / 1e6:.0f} megapixels, "
            f"largest error {errors[name]:.1e}"
        )
    for name in list(methods)[1:]:
        ratio = seconds["predict_tiled"] / seconds[name]
        print(f"predict_tiled / {name}: {ratio:.2f}")


if __name__ == "__main__":
    main()
