"""What networks warn of: images in another range, and one class only."""

import warnings
from contextlib import contextmanager

import keras
import pytest

import emstellar
from emstellar.cli import main
from emstellar.io import write_images

from .small import bright_discs, small_segmenter, two_convolutions

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("no_tracing")]
X, y = bright_discs()
OTHER_RANGE = r"4 of 4 images in X lie in another range .* KerasSegmenter .* X\[0\] holds 0"
ONE_CLASS = "calls every pixel of its 2 validation images 0, .* 0 and 1: .* learning_rate"


@contextmanager
def silence():
    """Turn our warnings into errors; eager TensorFlow has some of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*(another range|calls every pixel)")
        yield


def test_a_network_tells_of_another_range_unless_it_normalises_each_image(tmp_path):
    network = small_segmenter(epochs=1).fit(X, y)
    network.save(tmp_path / "network")
    again = emstellar.load(tmp_path / "network", network=two_convolutions)
    assert again.image_range_ == network.image_range_
    for segmenter in (network, again):
        with pytest.warns(UserWarning, match=OTHER_RANGE):
            segmenter.predict(X / 255)
    with silence():
        network.predict(X)
        small_segmenter(epochs=1, normalization="image").fit(X, y).predict(X / 255)


def test_files_without_a_range_are_silent(tmp_path):
    network = small_segmenter(epochs=1).fit(X, y)
    network.image_range_ = None
    network.save(tmp_path / "network")
    again = emstellar.load(tmp_path / "network", network=two_convolutions)
    with silence():
        again.predict(X / 255)


def constant_network(input_shape, n_outputs):
    """Return a network that calls everything background, until it learns."""
    layer = keras.layers.Conv2D(
        n_outputs,
        1,
        activation="sigmoid",
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(-3),
    )
    return keras.Sequential([keras.Input(input_shape), layer])


def test_a_monitored_network_tells_that_it_predicts_one_class():
    segmenter = small_segmenter(constant_network, epochs=1, learning_rate=1e-9)
    with pytest.warns(UserWarning, match=ONE_CLASS):
        segmenter.fit(X[:2], y[:2], validation_data=(X[2:], y[2:]))
    with silence():
        # Where the masks have one class, one class is right.
        segmenter.fit(X[:2], y[:2], validation_data=(X[2:], y[2:] * 0))
        # Nobody asked.
        segmenter.fit(X[:2], y[:2])
        small_segmenter(epochs=40, learning_rate=0.1).fit(
            X[:2], y[:2], validation_data=(X[2:], y[2:])
        )


def test_the_command_tells_of_another_range_once(tmp_path):
    write_images(tmp_path / "images", X / 255)
    segmenter = emstellar.UNetSegmenter(width=1 / 32, epochs=1, steps_per_epoch=1, random_state=0)
    segmenter.fit(X, y).save(tmp_path / "unet")
    command = ["segment", str(tmp_path / "unet"), str(tmp_path / "images")]
    with pytest.warns(UserWarning, match="4 of 4 images in .*images lie in another") as told:
        assert main([*command, "--out", str(tmp_path / "masks")]) == 0
    assert sum("another range" in str(warning.message) for warning in told) == 1
