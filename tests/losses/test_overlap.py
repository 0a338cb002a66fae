import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from emstellar.losses import Dice, FocalTversky, Jaccard, Tversky
from tests.losses.helpers import draw, in_a_row, value

CODES = in_a_row([1, 1, 0, 0])
# TP 1.2, FP 0.4, FN 0.8.
FOREGROUND = in_a_row([0.8, 0.4, 0.3, 0.1])


@pytest.mark.backend
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (Dice(smooth=0), 1 - 1.2 / 1.8),
        (Dice(smooth=1), 1 - 2.2 / 2.8),
        (Jaccard(smooth=0), 1 - 1.2 / 2.4),
        (Jaccard(smooth=1), 1 - 2.2 / 3.4),
        (Tversky(alpha=0.3, beta=0.7, smooth=0), 1 - 1.2 / (1.2 + 0.12 + 0.56)),
        (FocalTversky(alpha=0.3, beta=0.7, gamma=0.5, smooth=0), (1 - 1.2 / 1.88) ** 0.5),
    ],
)
def test_by_hand(loss, expected):
    assert value(loss, CODES, FOREGROUND) == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_of_several_classes_by_hand():
    # Per class TP 0.7, 0.8; FP 0.2, 0.3; FN 0.3, 0.2.
    codes, probability = in_a_row([0, 1]), in_a_row([[0.7, 0.3], [0.2, 0.8]])
    tversky = np.array([0.7 / (0.7 + 0.06 + 0.21), 0.8 / (0.8 + 0.09 + 0.14)])
    found = value(Tversky(smooth=0), codes, probability)
    assert found == pytest.approx(1 - tversky.mean(), rel=1e-6)
    found = value(FocalTversky(smooth=0, gamma=0.5), codes, probability)
    assert found == pytest.approx(((1 - tversky) ** 0.5).mean(), rel=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize(("loss", "score"), [(Dice, f1_score), (Jaccard, jaccard_score)])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_certain_predictions_give_the_score_of_scikit_learn(loss, score, n_channels):
    codes, _, weight = draw(n_channels)
    other, _, _ = draw(n_channels, seed=1)
    certain = other if n_channels == 1 else np.eye(n_channels)[other[..., 0]]
    average = "binary" if n_channels == 1 else "macro"
    expected = score(codes.ravel(), other.ravel(), average=average, sample_weight=weight.ravel())
    found = value(loss(smooth=0), codes, certain.astype("float32"), weight)
    assert found == pytest.approx(1 - expected, rel=1e-5)


@pytest.mark.backend
def test_tversky_equals_that_of_keras():
    codes, probability, _ = draw(1)
    # What Keras names false positives are true pixels that were not predicted.
    theirs = keras.losses.Tversky(alpha=0.6, beta=0.2)
    expected = float(theirs(codes.astype("float32"), probability))
    found = value(Tversky(alpha=0.2, beta=0.6, smooth=0), codes, probability)
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.backend
def test_absent_class_that_is_not_predicted_costs_nothing():
    nothing = np.zeros((1, 2, 2, 1))
    assert value(Dice(), nothing, nothing) == 0
    assert value(Dice(smooth=0), nothing, nothing) == 1
