import keras
import numpy as np
import pytest
from sklearn.metrics import log_loss

from emstellar.losses import CrossEntropy, Focal
from tests.losses.helpers import draw, in_a_row, value


@pytest.mark.backend
@pytest.mark.parametrize("n_channels", [1, 2, 4])
def test_cross_entropy_equals_log_loss_of_scikit_learn(n_channels):
    codes, probability, weight = draw(n_channels)
    columns = probability.reshape(-1, n_channels)
    for w in (None, weight):
        expected = log_loss(
            codes.ravel(),
            columns.ravel() if n_channels == 1 else columns,
            labels=range(max(2, n_channels)),
            sample_weight=None if w is None else w.ravel(),
        )
        assert value(CrossEntropy(), codes, probability, w) == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_one_channel_and_two_channels_agree():
    codes, probability, weight = draw(1)
    both = np.concatenate([1 - probability, probability], axis=-1)
    for loss in (CrossEntropy(), CrossEntropy(label_smoothing=0.2), Focal()):
        expected = value(loss, codes, both, weight)
        assert value(loss, codes, probability, weight) == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_label_smoothing_by_hand():
    # Targets of 0.9 and 0.1 for the true and the other class.
    expected = -(0.9 * np.log(0.8) + 0.1 * np.log(0.2))
    loss = CrossEntropy(label_smoothing=0.2)
    assert value(loss, in_a_row([1]), in_a_row([0.8])) == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_label_smoothing_of_three_classes_by_hand():
    # Targets of 0.7 + 0.1 for the true class and 0.1 for the others.
    expected = -(0.8 * np.log(0.7) + 0.1 * np.log(0.2) + 0.1 * np.log(0.1))
    loss = CrossEntropy(label_smoothing=0.3)
    found = value(loss, in_a_row([0]), in_a_row([[0.7, 0.2, 0.1]]))
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_class_weights_by_hand():
    binary = -(3 * np.log(0.8) + 1 * np.log(0.7)) / 4
    found = value(CrossEntropy([1, 3]), in_a_row([1, 0]), in_a_row([0.8, 0.3]))
    assert found == pytest.approx(binary, rel=1e-6)
    three = -(4 * np.log(0.5) + 1 * np.log(0.6)) / 5
    probability = in_a_row([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    found = value(CrossEntropy([1, 2, 4]), in_a_row([2, 0]), probability)
    assert found == pytest.approx(three, rel=1e-6)
    # The balance of the paper of the focal loss.
    focal = (0.75 * 0.2**2 * -np.log(0.8) + 0.25 * 0.3**2 * -np.log(0.7)) / 1
    found = value(Focal([0.25, 0.75]), in_a_row([1, 0]), in_a_row([0.8, 0.3]))
    assert found == pytest.approx(focal, rel=1e-5)


@pytest.mark.backend
def test_certain_errors_cost_much_but_not_infinity():
    found = value(CrossEntropy(), in_a_row([0, 1]), in_a_row([1.0, 0.0]))
    # The smallest probability that the logarithm is taken of.
    assert found == pytest.approx(-np.log(1e-30), rel=1e-3)


@pytest.mark.backend
@pytest.mark.parametrize("gamma", [0.5, 2.0, 3.0])
def test_focal_equals_that_of_keras(gamma):
    codes, probability, _ = draw(1)
    theirs = keras.losses.BinaryFocalCrossentropy(gamma=gamma)
    assert value(Focal(gamma=gamma), codes, probability) == pytest.approx(
        float(theirs(codes, probability)), rel=1e-5
    )
    codes, probability, _ = draw(3)
    theirs = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma)
    expected = float(theirs(np.eye(3)[codes[..., 0]], probability))
    assert value(Focal(gamma=gamma), codes, probability) == pytest.approx(expected, rel=1e-5)


@pytest.mark.backend
def test_focal_by_hand():
    # (1 - 0.9)**2 * -log(0.9), the example of the paper's introduction: 100 times less than CE.
    found = value(Focal(gamma=2), in_a_row([1]), in_a_row([0.9]))
    assert found == pytest.approx(0.01 * -np.log(0.9), rel=1e-5)
