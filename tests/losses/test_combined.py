import keras
import numpy as np
import pytest
from keras import ops
from sklearn.metrics import log_loss

from emstellar.losses import CompoundLoss, CrossEntropy, Dice, KerasLoss, get_loss
from tests.losses.helpers import draw, in_a_row, value


@pytest.mark.backend
def test_sum_of_losses():
    codes, probability, weight = draw(3)
    terms = [CrossEntropy(), Dice()]
    expected = sum(
        w * value(term, codes, probability, weight) for w, term in zip((0.5, 2), terms, strict=True)
    )
    found = value(CompoundLoss(terms, [0.5, 2]), codes, probability, weight)
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_sum_by_name_by_hand():
    # Cross-entropy log 2; TP, FP and FN of 0.5, and one pixel of smoothing.
    found = value(get_loss("bce+dice"), in_a_row([1, 0]), in_a_row([0.5, 0.5]))
    assert found == pytest.approx(np.log(2) + 1 - 1.5 / 2, rel=1e-6)


@pytest.mark.parametrize(("terms", "weights"), [([], None), ([Dice()], [1, 2])])
def test_sum_needs_a_weight_per_loss(terms, weights):
    with pytest.raises(ValueError, match="at least one loss and one weight per loss, got"):
        CompoundLoss(terms, weights)


@pytest.mark.backend
@pytest.mark.parametrize("n_channels", [1, 3])
def test_mean_squared_error_under_weights(n_channels):
    codes, probability, weight = draw(n_channels)
    target = codes if n_channels == 1 else np.eye(3)[codes[..., 0]]
    error = ((target - probability) ** 2).mean(axis=-1, keepdims=True)
    expected = np.average(error, weights=weight)
    for loss in (keras.losses.MeanSquaredError(), keras.losses.mean_squared_error):
        found = value(KerasLoss(loss), codes, probability, weight)
        assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize(
    "loss", [keras.losses.CategoricalCrossentropy, keras.losses.SparseCategoricalCrossentropy]
)
def test_cross_entropies_of_keras_get_the_targets_they_expect(loss):
    codes, probability, weight = draw(3)
    expected = log_loss(
        codes.ravel(), probability.reshape(-1, 3), labels=range(3), sample_weight=weight.ravel()
    )
    found = value(KerasLoss(loss()), codes, probability, weight)
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.backend
def test_losses_of_regions_of_keras_do_not_see_unlabelled_pixels():
    codes, probability, weight = draw(1)
    weight = (weight > 0).astype("float32")
    expected = value(Dice(smooth=0), codes, probability, weight)
    found = value(KerasLoss(keras.losses.Dice()), codes, probability, weight)
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.backend
def test_function_of_a_user():
    def absolute_error(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    codes, probability, weight = draw(1)
    expected = np.average(np.abs(codes - probability), weights=weight)
    loss = KerasLoss(absolute_error)
    assert value(loss, codes, probability, weight) == pytest.approx(expected, rel=1e-5)
    assert loss.name == "absolute_error"
