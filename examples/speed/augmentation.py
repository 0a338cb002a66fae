"""What augmentation costs: seconds per patch, and as a ratio to flips.

    python examples/speed/augmentation.py

The patches are drawn and normalised as `fit` draws them, by one thread; `fit` uses two.
"""

import argparse
import time

import numpy as np

from emstellar.datasets import make_em_images
from emstellar.training import Normalization, PatchBatches, get_augmentation


def milliseconds_per_patch(augmentation, X, y, side, n_batches):
    """Return how long one patch takes from the images to the network's input."""
    images = [image[..., np.newaxis] for image in X]
    batches = PatchBatches(
        images,
        [mask.astype("int32") for mask in y],
        None,
        normalization=Normalization.fit("train", images),
        augment=get_augmentation(augmentation),
        patch_size=(side, side),
        batch_size=4,
        steps_per_epoch=None,
        size_multiple=16,
        seed=0,
    )
    batches.batch(0, 0)
    start = time.process_time()
    for index in range(n_batches):
        batches.batch(0, index)
    return 1e3 * (time.process_time() - start) / (4 * n_batches)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=256, help="side of the patches in pixels")
    parser.add_argument("--batches", type=int, default=25, help="batches of 4 patches to time")
    arguments = parser.parse_args()

    side = arguments.side
    X, y = make_em_images(4, (2 * side, 2 * side), random_state=0)
    print(f"{'augmentation':>12}  {'ms per patch':>12}  {'ratio to flips':>14}")
    times = {
        name: milliseconds_per_patch(name, X, y, side, arguments.batches)
        for name in (None, "flips", "mirrors", "paper", "strong")
    }
    for name, milliseconds in times.items():
        print(f"{name!s:>12}  {milliseconds:12.2f}  {milliseconds / times['flips']:14.2f}")


if __name__ == "__main__":
    main()
