import copy

import keras
import numpy as np
import pytest

from emstellar import losses
from tests.losses.helpers import ALL, CASES, NAMES, SHAPE, draw, gradient, in_a_row, value

every_case = pytest.mark.parametrize(("loss", "n_channels"), CASES, ids=NAMES)
# Smoothing is in pixels, so that it is another share of more pixels.
UNSMOOTHED = [losses.Lovasz(hinge=True)]
UNSMOOTHED += [x for x in ALL if not hasattr(x, "smooth") and not hasattr(x, "losses")]
UNSMOOTHED += [losses.Dice(smooth=0), losses.Jaccard(smooth=0), losses.FocalTversky(smooth=0)]


@pytest.mark.backend
@every_case
def test_labels_and_predictions_of_weight_zero_have_no_influence(loss, n_channels):
    codes, probability, weight = draw(n_channels)
    other_codes, other_probability, _ = draw(n_channels, seed=1)
    codes_2 = np.where(weight > 0, codes, other_codes)
    probability_2 = np.where(weight > 0, probability, other_probability)
    expected = value(loss, codes, probability, weight)
    assert value(loss, codes_2, probability_2, weight) == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
@every_case
def test_only_the_ratios_of_weights_count(loss, n_channels):
    codes, probability, weight = draw(n_channels)
    expected = value(loss, codes, probability, weight)
    assert value(loss, codes, probability, 3 * weight) == pytest.approx(expected, rel=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("loss", UNSMOOTHED, ids=lambda loss: loss.name)
def test_a_weight_of_two_is_a_pixel_seen_twice(loss):
    codes, foreground = [1, 0, 1], [0.8, 0.3, 0.4]
    twice = value(loss, in_a_row([*codes, 1]), in_a_row([*foreground, 0.4]), np.ones((1, 1, 4, 1)))
    weighted = value(loss, in_a_row(codes), in_a_row(foreground), in_a_row([1.0, 1, 2]))
    assert weighted == pytest.approx(twice, rel=1e-6)


@pytest.mark.backend
@every_case
def test_a_batch_without_any_label_gives_a_finite_loss(loss, n_channels):
    codes, probability, weight = draw(n_channels)
    assert np.isfinite(value(loss, codes, probability, 0 * weight))
    assert np.isfinite(gradient(loss, codes, probability, 0 * weight)).all()


@pytest.mark.backend
@every_case
def test_gradient_equals_finite_differences(loss, n_channels):
    codes, probability, weight = draw(n_channels)
    found = gradient(loss, codes, probability, weight)
    rng = np.random.default_rng(0)
    for _ in range(3):
        direction = rng.normal(size=probability.shape).astype("float32")
        direction *= 1e-3 / np.abs(direction).max()
        rise = value(loss, codes, probability + direction, weight)
        rise -= value(loss, codes, probability - direction, weight)
        assert rise / 2 == pytest.approx((found * direction).sum(), abs=5e-7, rel=1e-2)


@pytest.mark.backend
@every_case
def test_class_weight_multiplies_sample_weight(loss, n_channels):
    class_weight = [0.5, 3.0, 2.0][: max(2, n_channels)]
    codes, probability, weight = draw(n_channels)
    weighted = losses.get_loss(loss, class_weight)
    expected = value(loss, codes, probability, weight * np.asarray(class_weight)[codes])
    assert value(weighted, codes, probability, weight) == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@every_case
def test_half_precision_is_computed_in_float32(loss, n_channels, dtype):
    codes, probability, weight = draw(n_channels)
    # More pixels than float16 can count.
    codes, probability, weight = (np.tile(a, (1, 60, 60, 1)) for a in (codes, probability, weight))
    half = keras.ops.cast(probability, dtype)
    found = loss(codes, half, keras.ops.cast(weight, dtype))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    single = [keras.ops.cast(keras.ops.cast(a, dtype), "float32") for a in (probability, weight)]
    expected = value(loss, codes, *single)
    assert float(keras.ops.convert_to_numpy(found)) == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(value(loss, codes, probability, weight), rel=0.02)


@pytest.mark.backend
@every_case
def test_an_optimal_prediction_beats_any_other(loss, n_channels):
    codes, probability, weight = draw(n_channels)
    perfect = codes if n_channels == 1 else np.eye(3)[codes[..., 0]]
    smoothing = getattr(loss, "label_smoothing", 0.0)
    perfect = perfect * (1 - smoothing) + smoothing / max(2, n_channels)
    best = value(loss, codes, perfect.astype("float32"), weight)
    assert best < value(loss, codes, probability, weight)


@pytest.mark.backend
@every_case
def test_a_saved_model_keeps_its_loss(loss, n_channels, tmp_path):
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(n_channels, 1)])
    model.compile("sgd", loss=loss)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").loss
    assert loaded is not loss
    assert loaded.get_config() == loss.get_config()
    data = draw(n_channels)
    assert value(loaded, *data) == value(loss, *data)


@pytest.mark.backend
@every_case
def test_config_and_copies_give_an_equal_loss(loss, n_channels):
    codes, probability, weight = draw(n_channels)
    config = keras.saving.serialize_keras_object(loss)
    copies = [
        keras.losses.deserialize(keras.losses.serialize(loss)),
        type(loss).from_config(loss.get_config()),
        keras.saving.deserialize_keras_object(config),
        copy.deepcopy(loss),
    ]
    for other in copies:
        assert other is not loss
        assert other.get_config() == loss.get_config()
        assert value(other, codes, probability, weight) == value(loss, codes, probability, weight)


@pytest.mark.backend
@pytest.mark.parametrize("shape", [(4, 8, 8, 1), (4, 8, 8), (4,)])
def test_a_keras_model_learns_with_weights_of_pixels_and_of_images(shape):
    x = np.random.default_rng(0).normal(size=(4, 8, 8, 1)).astype("float32")
    y = (x > 0).astype("int32")
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Conv2D(1, 1, activation="sigmoid")]
    )
    model.compile("sgd", loss=losses.get_loss("bce+dice"))
    fitted = model.fit(x, y, sample_weight=np.ones(shape), epochs=3, verbose=0)
    assert fitted.history["loss"][-1] < fitted.history["loss"][0]


def test_wrong_shapes_are_named():
    codes, probability, weight = draw(3)
    loss = losses.CrossEntropy()
    with pytest.raises(ValueError, match=r"y_true .* \(n_images, height, width, 1\), got shape"):
        loss(codes[..., 0], probability)
    with pytest.raises(ValueError, match=r"y_pred .* got shape \(2, 3, 4\) instead"):
        loss(codes, probability[..., 0])
    with pytest.raises(ValueError, match=r"sample_weight .* got shape \(2, 3\) instead"):
        loss(codes, probability, weight[:, :, 0, 0])
    with pytest.raises(ValueError, match="holds 2 weights, but there are 3 classes"):
        losses.CrossEntropy([1, 2])(codes, probability)


def test_a_subclass_must_define_compute():
    with pytest.raises(NotImplementedError, match="must define compute"):
        losses.SegmentationLoss()(np.zeros((*SHAPE, 1)), np.zeros((*SHAPE, 1)))


def test_only_boundary_weights_have_a_map():
    mask = np.eye(4, dtype=int)
    assert [loss.name for loss in ALL if loss.weight_map(mask) is not None] == [
        "BoundaryWeightedCrossEntropy"
    ]
