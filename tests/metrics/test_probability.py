"""Ranking and calibration equal scikit-learn's on flattened arrays, or worked by hand."""

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

from emstellar import metrics

rng = np.random.default_rng(2)
TRUTH = rng.integers(0, 2, (3, 6, 7))
MAP = np.clip(TRUTH * 0.3 + rng.random(TRUTH.shape) * 0.7, 0, 1).round(2)
WEIGHTS = rng.integers(0, 3, TRUTH.shape)
REFERENCES = {
    "roc_auc_score": sk.roc_auc_score,
    "average_precision_score": sk.average_precision_score,
    "brier_score_loss": sk.brier_score_loss,
}


@pytest.mark.parametrize("name", REFERENCES)
def test_equals_scikit_learn(name):
    metric, reference = getattr(metrics, name), REFERENCES[name]
    assert metric(TRUTH, MAP) == pytest.approx(reference(TRUTH.ravel(), MAP.ravel()), abs=1e-12)
    weighted = reference(TRUTH.ravel(), MAP.ravel(), sample_weight=WEIGHTS.ravel())
    assert metric(TRUTH, MAP, sample_weight=WEIGHTS) == pytest.approx(weighted, abs=1e-12)
    per_image = [reference(t.ravel(), m.ravel()) for t, m in zip(TRUTH, MAP, strict=True)]
    np.testing.assert_allclose(metric(TRUTH, MAP, average=None), per_image, atol=1e-12)
    assert metric(TRUTH, MAP, average="image") == pytest.approx(np.mean(per_image), abs=1e-12)


@pytest.mark.parametrize("name", [*REFERENCES, "expected_calibration_error"])
def test_unlabelled_pixels_do_not_count(name):
    metric, y_true = getattr(metrics, name), TRUTH.copy()
    y_true[:, 3:] = -1
    assert metric(y_true, MAP) == pytest.approx(metric(TRUTH[:, :3], MAP[:, :3]), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "why"),
    [("roc_auc_score", "only one class"), ("average_precision_score", "no foreground")],
)
def test_undefined_without_foreground(name, why):
    with pytest.warns(UndefinedMetricWarning, match=why):
        assert np.isnan(getattr(metrics, name)(np.zeros((1, 2, 2), int), np.zeros((1, 2, 2))))


def test_more_than_two_classes_need_a_foreground():
    y_true, y_prob = np.array([[[0, 1, 2]]]), np.eye(3)[None, None]
    with pytest.raises(ValueError, match="Pass pos_label to score one class against"):
        metrics.roc_auc_score(y_true, y_prob)
    assert metrics.roc_auc_score(y_true, y_prob, pos_label=2) == 1.0


def test_calibration_error_by_hand():
    # Bin (0.8, 0.9] holds 4 pixels of confidence 0.9, 3 of them right: |0.9 - 0.75|; the bin
    # (0.5, 0.6] holds one wrong pixel of confidence 0.6. Weighted: (4 * 0.15 + 0.6) / 5.
    y_true, y_prob = [[[0, 0, 1, 1, 0]]], [[[0.1, 0.1, 0.9, 0.1, 0.6]]]
    error = metrics.expected_calibration_error(y_true, y_prob, n_bins=10)
    assert error == pytest.approx((4 * 0.15 + 0.6) / 5)


def test_perfectly_sure_and_right():
    assert metrics.expected_calibration_error(TRUTH, TRUTH) == 0.0
