"""What runs before a clock does, so that the first method pays no more than the next."""

from functools import cache

import numpy as np
from sklearn.base import BaseEstimator

from ..segmenters.base_keras_segmenter import BaseKerasSegmenter
from ..segmenters.pixel import PixelSegmenter

CORNER = 64


def uses_keras(segmenter):
    """Tell whether a segmenter, or one of which it is made, trains a Keras network.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter, ThresholdedSegmenter, UNetSegmenter
    >>> from emstellar.benchmarking.warm_up import uses_keras
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
    """Load Keras, and fit and ask a tiny network, once per process.

    What a first fit loads and starts, modules, kernels and threads, is in no method's costs then.
    """
    from ..segmenters import KerasSegmenter

    X = np.random.default_rng(0).normal(size=(2, 32, 32))
    segmenter = KerasSegmenter(
        _tiny_network, size_multiple=2, epochs=1, steps_per_epoch=2, batch_size=2, random_state=0
    )
    segmenter.fit(X, (X > 0).astype(int)).predict_proba(X)


def _tiny_network(input_shape, n_outputs):
    from emstellar._keras import keras

    # The kinds of layers that networks for segmentation are made of, whose kernels are loaded so.
    inputs = keras.Input(input_shape)
    wide = keras.layers.Conv2D(2, 3, padding="same", activation="relu")(inputs)
    deep = keras.layers.Conv2D(2, 3, padding="same")(keras.layers.MaxPooling2D()(wide))
    deep = keras.layers.ReLU()(keras.layers.BatchNormalization()(deep))
    deep = keras.layers.Conv2DTranspose(2, 2, strides=2)(keras.layers.Dropout(0.1)(deep))
    x = keras.layers.Concatenate()([wide, deep])
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


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
    from ..training.prediction import representative_images

    for images in representative_images(X, getattr(segmenter, "tile_size", 1024)):
        segmenter.predict_proba(images)
