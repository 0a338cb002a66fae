"""What runs before a clock does, so that the first method pays no more than the next."""

from functools import cache

import numpy as np
from sklearn.base import BaseEstimator

from ...segmenters.base_keras_segmenter import BaseKerasSegmenter
from ...segmenters.pixel import PixelSegmenter

CORNER = 64


def uses_keras(segmenter):
    """Tell whether a segmenter, or one of which it is made, trains a Keras network.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter, ThresholdedSegmenter, UNetSegmenter
    >>> from emstellar.benchmarking._processes.warm_up import uses_keras
    >>> uses_keras(ThresholdedSegmenter(UNetSegmenter())), uses_keras(RandomForestSegmenter())
    (True, False)
    """
    return _uses(BaseKerasSegmenter, segmenter)


def _uses(kind, segmenter):
    return any(isinstance(part, kind) for part in _parts(segmenter))


def _parts(segmenter):
    yield segmenter
    if isinstance(segmenter, BaseEstimator):
        yield from segmenter.get_params(deep=True).values()


@cache
def warm_up():
    """Load Keras, and fit and ask a very narrow U-net, once per process.

    What a first fit loads and starts, modules, kernels and threads, is in no method's costs then. A
    network of a few layers is not enough: the first U-net after it took 10 to 20 % more memory
    than the next.
    """
    from ...segmenters import UNetSegmenter

    X = np.random.default_rng(0).normal(size=(1, 32, 32))
    unet = UNetSegmenter(width=1 / 32, epochs=1, steps_per_epoch=1, batch_size=1, random_state=0)
    unet.fit(X, (X > 0).astype(int)).predict_proba(X)


def warm_up_prediction(segmenter, X):
    """Let a network be traced for the shapes of `X`, a forest compiled, before a clock runs.

    Parameters
    ----------
    segmenter : segmenter
        Fitted; one with neither network nor classifier of pixels needs no warming.
    X : array-like or sequence of images
    """
    if not uses_keras(segmenter):
        if _uses(PixelSegmenter, segmenter):
            # numba compiles once, whatever the size of the image.
            segmenter.predict_proba([np.asarray(X[0])[:CORNER, :CORNER]])
        return
    # Loads Keras, which is loaded by now.
    from ...training.prediction import representative_images

    for images in representative_images(X, getattr(segmenter, "tile_size", 1024)):
        segmenter.predict_proba(images)
