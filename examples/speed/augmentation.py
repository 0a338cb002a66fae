"""What augmentation costs: per patch, and as a share of the training step that waits for it.

    python examples/speed/augmentation.py
    python examples/speed/augmentation.py --step 40

The batches are drawn, normalised and augmented as `fit` does, by two threads. A ratio of data to
step below 1 means that the data are ready before the step asks for them. The step is that of a
U-net, timed here; `--step` states that of another device, in milliseconds, instead.
"""

import argparse
import time

import keras
import numpy as np

from emstellar import UNetSegmenter
from emstellar.datasets import make_em_images
from emstellar.losses import CrossEntropy
from emstellar.training import Normalization, PatchBatches, get_augmentation

BATCH_SIZE = 4


def prepare(augmentation, side, n_batches):
    """Return the batches of one epoch."""
    X, y = make_em_images(4, (2 * side, 2 * side), random_state=0)
    images = [image[..., np.newaxis] for image in X]
    return PatchBatches(
        images,
        [mask.astype("int32") for mask in y],
        None,
        normalization=Normalization.fit("train", images),
        augment=get_augmentation(augmentation),
        patch_size=(side, side),
        batch_size=BATCH_SIZE,
        steps_per_epoch=n_batches,
        size_multiple=16,
        seed=0,
    )


def data_milliseconds(batches, workers=2):
    """Return the time from one batch to the next when nothing else is waited for."""
    batches.batch(0, 0)
    start = time.perf_counter()
    n_batches = sum(1 for _ in batches.generate(0, 1, workers=workers))
    return 1e3 * (time.perf_counter() - start) / n_batches


def step_milliseconds(batches, width, n_steps=5):
    """Return the time of one training step of a U-net on this device."""
    model = UNetSegmenter(width=width).build_network((None, None, 1), 1)
    model.compile("adam", loss=CrossEntropy())
    x, y, weight = batches.batch(0, 0)
    for _ in range(2):
        model.train_on_batch(x, y, sample_weight=weight)
    start = time.perf_counter()
    for _ in range(n_steps):
        model.train_on_batch(x, y, sample_weight=weight)
    return 1e3 * (time.perf_counter() - start) / n_steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=256, help="side of the patches in pixels")
    parser.add_argument("--batches", type=int, default=25, help=f"batches of {BATCH_SIZE} to time")
    parser.add_argument("--width", type=float, default=1.0, help="width of the U-net of the step")
    parser.add_argument("--step", type=float, help="milliseconds of a step, instead of timing one")
    options = parser.parse_args()

    step, origin = options.step, "as stated"
    if step is None:
        step = step_milliseconds(prepare(None, options.side, 1), options.width)
        origin = f"a U-net of width {options.width:g} on {keras.config.backend()}, here"
    print(
        f"step on {BATCH_SIZE} patches of {options.side} x {options.side}: {step:.1f} ms, {origin}"
    )
    print(
        f"{'augmentation':>12}  {'ms per batch':>12}  {'ratio to flips':>14}  {'data : step':>11}"
    )
    times = {
        name: data_milliseconds(prepare(name, options.side, options.batches))
        for name in (None, "flips", "mirrors", "paper", "strong")
    }
    for name, data in times.items():
        ratio = data / times["flips"]
        print(f"{name!s:>12}  {data:12.2f}  {ratio:14.2f}  {data / step:11.3f}")


if __name__ == "__main__":
    main()
