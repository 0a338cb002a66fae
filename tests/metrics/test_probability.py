"""Ranking and calibration equal scikit-learn's on flattened arrays, or worked by hand."""

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.exceptions import UndefinedMetricWarning

from emstellar import metrics
from emstellar.metrics import value_counts

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


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_range_by_range_equals_all_at_once(name, dtype, monkeypatch):
    monkeypatch.setattr(value_counts.iterate_counts, "__defaults__", (50,))
    rng = np.random.default_rng(4)
    truth, weights = rng.integers(0, 2, (3, 20, 20)), rng.integers(0, 3, (3, 20, 20))
    # Many equal values, values of all sizes, and both zeros.
    maps = rng.random(truth.shape) ** rng.integers(1, 40, truth.shape)
    maps[rng.random(truth.shape) < 0.3] = 0.25
    maps[0, 0], maps[1, 0], maps[2, 0] = 0.0, -0.0, 1.0
    maps = maps.astype(dtype)
    metric, reference = getattr(metrics, name), REFERENCES[name]
    flat = maps.astype(float)
    assert metric(truth, maps) == pytest.approx(reference(truth.ravel(), flat.ravel()), abs=1e-12)
    expected = reference(truth.ravel(), flat.ravel(), sample_weight=weights.ravel())
    assert metric(truth, maps, sample_weight=weights) == pytest.approx(expected, abs=1e-12)
    per_image = [reference(t.ravel(), m.ravel()) for t, m in zip(truth, flat, strict=True)]
    np.testing.assert_allclose(metric(truth, maps, average=None), per_image, atol=1e-12)


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
    # Each wrong pixel is missed in one of three classes and made up in another.
    assert metrics.expected_calibration_error(MANY, label_map) == pytest.approx(2 * wrong / 3)


def test_calibration_of_more_than_two_classes_by_hand():
    # Class 0: |0.6 + 0.5 - 1| in one bin of two; class 1: |0.3 + 0.2|; class 2: |0.1 + 0.3 - 1|.
    y_prob = [[[[0.6, 0.3, 0.1], [0.5, 0.2, 0.3]]]]
    options = {"labels": [0, 1, 2], "n_bins": 1}
    error = metrics.expected_calibration_error([[[0, 2]]], y_prob, **options)
    assert error == pytest.approx((0.1 + 0.5 + 0.6) / 2 / 3)
    of_classes = metrics.expected_calibration_error(
        [[[0, 2]]], y_prob, class_average=None, **options
    )
    np.testing.assert_allclose(of_classes, [0.05, 0.25, 0.3])


def test_calibration_error_by_hand():
    # Bin [0, 0.1]: 3 pixels of 0.1, one of them foreground: 3 * |0.1 - 1/3|. Bin (0.8, 0.9]: one
    # of 0.9, foreground: 0.1. Bin (0.5, 0.6]: one of 0.6, background: 0.6. Of 5 pixels.
    y_true, y_prob = [[[0, 0, 1, 1, 0]]], [[[0.1, 0.1, 0.9, 0.1, 0.6]]]
    error = metrics.expected_calibration_error(y_true, y_prob, n_bins=10)
    assert error == pytest.approx((0.7 + 0.1 + 0.6) / 5)


@pytest.mark.parametrize("n_bins", [1, 7, 15])
def test_calibration_error_equals_scikit_learns_curve(n_bins):
    rng = np.random.default_rng(5)
    maps = np.concatenate([rng.random(5000) ** 3, np.zeros(300), np.ones(200)])
    truth = rng.random(maps.size) < maps**0.7
    observed, predicted = calibration_curve(truth, maps, n_bins=n_bins)
    sizes = np.histogram(np.ceil(maps * n_bins).clip(1), np.arange(1, n_bins + 2))[0]
    expected = np.average(np.abs(observed - predicted), weights=sizes[sizes > 0])
    error = metrics.expected_calibration_error([truth[None]], [maps[None]], n_bins=n_bins)
    assert error == pytest.approx(expected, abs=1e-12)


def test_too_much_foreground_is_an_error_of_calibration():
    # Two of a hundred pixels are foreground, ten are called so: confidence hides it, this does not.
    truth, maps = np.zeros((1, 10, 10), dtype=int), np.full((1, 10, 10), 0.1)
    truth[0, 0, :2] = 1
    assert metrics.expected_calibration_error(truth, maps) == pytest.approx(0.08)


@pytest.mark.parametrize("n_bins", [0, 2.5, True])
def test_bins_are_counted(n_bins):
    with pytest.raises(ValueError, match="n_bins must be an integer of at least 1"):
        metrics.expected_calibration_error(TRUTH, MAP, n_bins=n_bins)


def test_perfectly_sure_and_right():
    assert metrics.expected_calibration_error(TRUTH, TRUTH) == 0.0
