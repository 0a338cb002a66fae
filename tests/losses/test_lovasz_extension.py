import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from emstellar.losses import Lovasz
from tests.losses.helpers import draw, in_a_row, value


@pytest.mark.backend
def test_by_hand():
    # Errors .6 (foreground), .3, .2 (foreground), .1; the Jaccard loss after each: 1/2, 2/3, 1, 1.
    expected = 0.6 / 2 + 0.3 / 6 + 0.2 / 3
    found = value(Lovasz(), in_a_row([1, 1, 0, 0]), in_a_row([0.8, 0.4, 0.3, 0.1]))
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_hinge_by_hand():
    # Logits 2, -1, 1, -3: hinge errors 0, 2 (foreground), 2, 0; Jaccard loss 1/2, 2/3, ...
    foreground = 1 / (1 + np.exp(-np.array([2.0, -1, 1, -3])))
    found = value(Lovasz(hinge=True), in_a_row([1, 1, 0, 0]), in_a_row(foreground))
    assert found == pytest.approx(2 * 2 / 3, rel=1e-5)


@pytest.mark.backend
def test_softmax_by_hand():
    # Class 0: errors .3 (its own) and .2; Jaccard loss after each 1, 1. Class 1: .3, .2 (its own).
    codes, probability = in_a_row([0, 1]), in_a_row([[0.7, 0.3], [0.2, 0.8]])
    expected = (0.3 * 1 + 0.2 * 0 + 0.3 * 0.5 + 0.2 * 0.5) / 2
    assert value(Lovasz(), codes, probability) == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("n_channels", [1, 3])
def test_certain_predictions_give_the_jaccard_index_of_scikit_learn(n_channels):
    codes, _, weight = draw(n_channels)
    other, _, _ = draw(n_channels, seed=1)
    certain = other if n_channels == 1 else np.eye(n_channels)[other[..., 0]]
    average = "binary" if n_channels == 1 else "macro"
    expected = jaccard_score(
        codes.ravel(), other.ravel(), average=average, sample_weight=weight.ravel()
    )
    found = value(Lovasz(), codes, certain.astype("float32"), weight)
    assert found == pytest.approx(1 - expected, rel=1e-5)


@pytest.mark.backend
def test_absent_classes_do_not_enter_the_mean():
    codes = np.zeros((1, 1, 2, 1), dtype="int32")
    probability = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]).reshape(1, 1, 2, 3)
    assert value(Lovasz(), codes, probability) == pytest.approx(0.5)


@pytest.mark.backend
def test_absent_foreground_costs_its_largest_error():
    codes = np.zeros((1, 1, 3, 1), dtype="int32")
    weight = in_a_row([0.0, 1, 1])
    found = value(Lovasz(), codes, in_a_row([0.9, 0.25, 0.5]), weight)
    assert found == pytest.approx(0.5)


def test_hinge_needs_one_channel():
    codes, probability, _ = draw(3)
    with pytest.raises(ValueError, match="one output channel, got 3: use hinge=False"):
        Lovasz(hinge=True)(codes, probability)
