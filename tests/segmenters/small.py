"""A network and images small enough to train in a test."""

import keras
import numpy as np

from emstellar import KerasSegmenter


def two_convolutions(input_shape, n_outputs):
    """Return a network of a hundred weights."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    activation = "sigmoid" if n_outputs == 1 else "softmax"
    return keras.Model(
        inputs, keras.layers.Conv2D(n_outputs, 1, activation=activation, dtype="float32")(x)
    )


def dropping_network(input_shape, n_outputs):
    """Return a network with dropout, which has a random state of its own."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.Dropout(0.3, seed=3)(x)
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


def bright_discs(n_images=4, size=16, random_state=0):
    """Return noisy images of bright discs, and the discs."""
    rng = np.random.default_rng(random_state)
    rows, columns = np.mgrid[:size, :size]
    centres = rng.uniform(4, size - 4, (n_images, 2, 1, 1))
    y = (rows - centres[:, 0]) ** 2 + (columns - centres[:, 1]) ** 2 < 16
    return (100 + 60 * y + rng.normal(0, 10, y.shape)).astype("uint8"), y.astype("uint8")


def small_segmenter(network=two_convolutions, **parameters):
    """Return an unfitted segmenter that learns the discs in a second or two."""
    defaults = {
        "size_multiple": 1,
        "epochs": 3,
        "batch_size": 2,
        "learning_rate": 0.03,
        "lr_schedule": None,
        "random_state": 0,
    }
    return KerasSegmenter(network, **{**defaults, **parameters})
