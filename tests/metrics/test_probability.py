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


@pytest.mark.parametrize("name", ["brier_score_loss", "expected_calibration_error"])
def test_undefined_without_labels(name):
    with pytest.warns(UndefinedMetricWarning, match="no labelled pixel"):
        assert np.isnan(getattr(metrics, name)(np.full((1, 2, 2), -1), np.zeros((1, 2, 2))))


CLASSES = np.array([3, 5, 9])
MANY = CLASSES[rng.integers(0, 3, (2, 6, 7))]
PROBABILITIES = rng.dirichlet([1, 1, 1], MANY.shape)


@pytest.mark.parametrize("class_average", ["macro", "weighted", None])
def test_more_than_two_classes_equal_scikit_learn(class_average):
    options = {"labels": CLASSES, "class_average": class_average}
    flat = MANY.ravel(), PROBABILITIES.reshape(-1, 3)
    expected = sk.roc_auc_score(*flat, multi_class="ovr", average=class_average)
    got = metrics.roc_auc_score(MANY, PROBABILITIES, **options)
    np.testing.assert_allclose(got, expected, atol=1e-12)
    expected = sk.average_precision_score(*flat, average=class_average)
    got = metrics.average_precision_score(MANY, PROBABILITIES, **options)
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_brier_of_more_than_two_classes():
    expected = sk.brier_score_loss(MANY.ravel(), PROBABILITIES.reshape(-1, 3))
    got = metrics.brier_score_loss(MANY, PROBABILITIES, labels=CLASSES)
    assert got == pytest.approx(expected, abs=1e-12)
    foreground = sk.roc_auc_score(MANY.ravel() == 5, PROBABILITIES[..., 1].ravel())
    got = metrics.roc_auc_score(MANY, PROBABILITIES, labels=CLASSES, pos_label=5)
    assert got == pytest.approx(foreground, abs=1e-12)


def test_label_maps_are_sure_of_their_labels():
    label_map = CLASSES[PROBABILITIES.argmax(axis=-1)]
    wrong = np.mean(label_map != MANY)
    assert metrics.brier_score_loss(MANY, label_map) == pytest.approx(2 * wrong)
    assert metrics.expected_calibration_error(MANY, label_map) == pytest.approx(wrong)


def test_calibration_of_more_than_two_classes_by_hand():
    # Confidences 0.6 (right) and 0.5 (wrong), each in a bin of its own: (0.4 + 0.5) / 2.
    y_prob = [[[[0.6, 0.3, 0.1], [0.5, 0.2, 0.3]]]]
    error = metrics.expected_calibration_error([[[0, 2]]], y_prob, labels=[0, 1, 2], n_bins=10)
    assert error == pytest.approx(0.45)


def test_calibration_error_by_hand():
    # Bin (0.8, 0.9] holds 4 pixels of confidence 0.9, 3 of them right: |0.9 - 0.75|; the bin
    # (0.5, 0.6] holds one wrong pixel of confidence 0.6. Weighted: (4 * 0.15 + 0.6) / 5.
    y_true, y_prob = [[[0, 0, 1, 1, 0]]], [[[0.1, 0.1, 0.9, 0.1, 0.6]]]
    error = metrics.expected_calibration_error(y_true, y_prob, n_bins=10)
    assert error == pytest.approx((4 * 0.15 + 0.6) / 5)


def test_perfectly_sure_and_right():
    assert metrics.expected_calibration_error(TRUTH, TRUTH) == 0.0
