"""What `fit` and `predict_proba` cost beyond bare Keras: ratios, from one run.

    python examples/speed/training.py

Both sides train the same network on the same batches, prepared beforehand for bare Keras; both
predict the same tiles of a 4096 x 4096 image. A ratio of 1.00 means that the library is free.
"""

import argparse
import statistics
import time

import numpy as np

from emstellar import UNetSegmenter
from emstellar.datasets import make_em_images
from emstellar.training import PatchBatches, get_augmentation


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def training_ratio(width, repeats):
    """Return seconds of our fit over seconds of `keras.Model.fit` for the same steps."""
    X, y = make_em_images(8, (256, 256), random_state=0)
    options = {"batch_size": 2, "lr_schedule": None, "warm_start": True, "random_state": 0}
    segmenter = UNetSegmenter(width=width, epochs=1, **options).fit(X, y)
    batches = PatchBatches(
        [image[..., np.newaxis] for image in X],
        [mask.astype("int32") for mask in y],
        None,
        normalization=segmenter.normalization_,
        augment=get_augmentation("flips"),
        patch_size=(256, 256),
        batch_size=2,
        steps_per_epoch=None,
        size_multiple=16,
        seed=0,
    )
    prepared = [batches.batch(0, i) for i in range(batches.steps_per_epoch)]
    x, codes, weights = (np.concatenate(arrays) for arrays in zip(*prepared, strict=True))
    bare_options = {"sample_weight": weights, "batch_size": 2, "shuffle": False, "verbose": 0}
    ours, bare = [], []
    for _ in range(repeats):
        ours.append(seconds(lambda: segmenter.fit(X, y)))
        bare.append(seconds(lambda: segmenter.model_.fit(x, codes, **bare_options)))
    return statistics.median(ours[1:]) / statistics.median(bare[1:])


def prediction_ratio(width, repeats):
    """Return seconds of our `predict_proba` over those of `predict` on the same tiles."""
    X, y = make_em_images(2, (64, 64), random_state=0)
    options = {"tile_size": 512, "overlap": 64, "random_state": 0}
    segmenter = UNetSegmenter(width=width, epochs=1, **options).fit(X, y)
    image = np.random.default_rng(0).integers(0, 255, (1, 4096, 4096), dtype="uint8")
    shapes = []
    model = segmenter.model_
    predict = model.predict_on_batch
    model.predict_on_batch = lambda batch: (shapes.append(batch.shape), predict(batch))[1]
    segmenter.predict_proba(image)
    model.predict_on_batch = predict
    tiles = np.zeros((sum(shape[0] for shape in shapes), *shapes[0][1:]), dtype="float32")
    size = max(shape[0] for shape in shapes)
    ours = [seconds(lambda: segmenter.predict_proba(image)) for _ in range(repeats)]
    bare = [
        seconds(lambda: model.predict(tiles, batch_size=size, verbose=0)) for _ in range(repeats)
    ]
    return min(ours) / min(bare)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=0.125)
    parser.add_argument("--repeats", type=int, default=4)
    options = parser.parse_args()
    print(f"fit / keras.Model.fit          {training_ratio(options.width, options.repeats):.2f}")
    print(f"predict_proba / Model.predict  {prediction_ratio(options.width, options.repeats):.2f}")


if __name__ == "__main__":
    main()
