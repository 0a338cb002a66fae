import random
import shutil

import keras
import numpy as np
import pytest

import emstellar
from emstellar.networks import build_efficientnet, load_efficientnet_encoder
from emstellar.segmenters import EfficientNetSegmenter


def test_encoder_is_that_of_keras(without_weights):
    original = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(64, 64, 1)
    )
    names = {layer.name: layer for layer in build_efficientnet((64, 64, 1), 1).layers}
    for layer in original.layers:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            assert [w.shape for w in names[layer.name].weights] == [w.shape for w in layer.weights]
            assert names[layer.name].output.shape == layer.output.shape


def test_no_rescaling_of_8_bit_images():
    kinds = {type(layer).__name__ for layer in build_efficientnet((32, 32, 1), 1, width=0.1).layers}
    assert not kinds & {"Rescaling", "Normalization"}


def test_every_filter_count_is_scaled():
    model = build_efficientnet((None, None, 1), 1, width=0.1, variant="b1")
    assert max(np.max(w.shape) for w in model.weights) == 192 == 6 * 320 // 10
    assert model(np.ones((1, 32, 64, 1))).shape == (1, 32, 64, 1)


def test_unknown_variant():
    with pytest.raises(ValueError, match=r"variant must be one of .*'b7'.*Got 'b8'"):
        build_efficientnet((32, 32, 1), 1, variant="b8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return an EfficientNet for colour images and the file of its weights."""
    original = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    rng = np.random.default_rng(0)
    # New running averages are 0 and 1 everywhere: whether they were loaded could not be seen.
    for variable in original.weights:
        if "moving" in variable.path:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    path = tmp_path_factory.mktemp("weights") / "efficientnet.weights.h5"
    original.save_weights(path)
    return original, str(path)


@pytest.mark.usefixtures("no_tracing")
def test_pretrained_weights_answer_a_grey_image_as_three_equal_colours(trained):
    original, path = trained
    model = build_efficientnet((None, None, 1), 1)
    load_efficientnet_encoder(model, "b0", path)
    encoder = keras.Model(model.inputs, model.get_layer("top_activation").output)
    start = original.get_layer("stem_conv_pad").input
    expected = keras.Model(start, original.get_layer("top_activation").output)
    grey = np.random.default_rng(1).normal(size=(1, 32, 32, 1)).astype("float32")
    np.testing.assert_allclose(
        encoder.predict_on_batch(grey),
        expected.predict_on_batch(np.repeat(grey, 3, axis=-1)),
        rtol=1e-3,
        atol=1e-5,
    )


@pytest.mark.slow
@pytest.mark.usefixtures("no_tracing")
def test_a_segmenter_needs_the_pretrained_weights_for_fit_only(trained, tmp_path):
    _, path = trained
    copy = tmp_path / "copy.weights.h5"
    shutil.copy(path, copy)
    X, y = np.random.default_rng(0).normal(size=(1, 32, 32, 3)), np.eye(32, dtype=int)[None]
    options = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 1, "random_state": 0}
    state = random.getstate()
    fitted = EfficientNetSegmenter(weights=str(copy), learning_rate=1e-12, **options).fit(X, y)
    assert random.getstate() == state
    stem = fitted.model_.get_layer("stem_conv").get_weights()[0]
    np.testing.assert_allclose(stem, trained[0].get_layer("stem_conv").get_weights()[0], atol=1e-6)
    fitted.save(tmp_path / "segmenter")
    copy.unlink()
    again = emstellar.load(tmp_path / "segmenter")
    np.testing.assert_array_equal(again.model_.get_layer("stem_conv").get_weights()[0], stem)


@pytest.mark.parametrize(
    ("options", "n_channels", "message"),
    [({"width": 0.5}, 1, "need width=1"), ({}, 2, "of one channel or of three, got 2")],
)
def test_pretrained_weights_that_do_not_fit_are_refused(trained, options, n_channels, message):
    model = build_efficientnet((None, None, n_channels), 1, **options)
    with pytest.raises(ValueError, match=message):
        load_efficientnet_encoder(model, "b0", trained[1])
