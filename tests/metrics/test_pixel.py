"""Scores of single pixels equal scikit-learn's on flattened arrays."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.exceptions import UndefinedMetricWarning

from emstellar import metrics

rng = np.random.default_rng(1)
TRUTH = rng.integers(0, 2, (3, 5, 7))
MAP = np.where(rng.random((3, 5, 7)) < 0.7, TRUTH, 1 - TRUTH) * 0.6 + 0.2
PREDICTED = (MAP > 0.5).astype(int)
WEIGHTS = rng.integers(0, 4, (3, 5, 7))
BINARY = {
    "f1_score": sk.f1_score,
    "jaccard_score": sk.jaccard_score,
    "accuracy_score": sk.accuracy_score,
    "balanced_accuracy_score": sk.balanced_accuracy_score,
    "sensitivity_score": sk.recall_score,
    "ppv_score": sk.precision_score,
    "specificity_score": lambda t, p, **w: sk.recall_score(t, p, pos_label=0, **w),
    "npv_score": lambda t, p, **w: sk.precision_score(t, p, pos_label=0, **w),
    "matthews_corrcoef": sk.matthews_corrcoef,
    "cohen_kappa_score": sk.cohen_kappa_score,
}
pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("name", BINARY)
def test_binary_equals_scikit_learn(name):
    metric, reference = getattr(metrics, name), BINARY[name]
    expected = reference(TRUTH.ravel(), PREDICTED.ravel())
    assert metric(TRUTH, MAP) == pytest.approx(expected, abs=1e-12)
    weighted = reference(TRUTH.ravel(), PREDICTED.ravel(), sample_weight=WEIGHTS.ravel())
    assert metric(TRUTH, MAP, sample_weight=WEIGHTS) == pytest.approx(weighted, abs=1e-12)
    per_image = [reference(t.ravel(), p.ravel()) for t, p in zip(TRUTH, PREDICTED, strict=True)]
    np.testing.assert_allclose(metric(TRUTH, MAP, average=None), per_image, atol=1e-12)
    mean = np.average(per_image, weights=[1, 2, 5])
    got = metric(TRUTH, MAP, average="image", sample_weight=[1, 2, 5])
    assert got == pytest.approx(mean, abs=1e-12)


CLASSES = np.array([3, 5, 9])
MANY = CLASSES[rng.integers(0, 3, (2, 6, 6))]
PROBABILITIES = rng.dirichlet([1, 1, 1], (2, 6, 6))
ARGMAX = CLASSES[PROBABILITIES.argmax(axis=-1)]


@pytest.mark.parametrize("class_average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize("name", ["f1_score", "jaccard_score", "sensitivity_score", "ppv_score"])
def test_multiclass_equals_scikit_learn(name, class_average):
    expected = BINARY[name](MANY.ravel(), ARGMAX.ravel(), average=class_average)
    metric = getattr(metrics, name)
    got = metric(MANY, PROBABILITIES, labels=CLASSES, class_average=class_average)
    np.testing.assert_allclose(got, expected, atol=1e-12)
    np.testing.assert_allclose(metric(MANY, ARGMAX, class_average=class_average), expected)


@pytest.mark.parametrize("class_average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize(("name", "axis"), [("specificity_score", 1), ("npv_score", 0)])
def test_multiclass_rates_of_the_rest(name, axis, class_average):
    tables = sk.multilabel_confusion_matrix(MANY.ravel(), ARGMAX.ravel())
    rights, totals = tables[:, 0, 0], tables[:, 0].sum(axis=1)
    if axis == 0:
        totals = tables[:, :, 0].sum(axis=1)
    weights = tables[:, 1].sum(axis=1) if class_average == "weighted" else None
    expected = rights / totals
    if class_average == "micro":
        expected = rights.sum() / totals.sum()
    elif class_average is not None:
        expected = np.average(expected, weights=weights)
    got = getattr(metrics, name)(MANY, PROBABILITIES, class_average=class_average)
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_classes_that_do_not_occur_are_left_out_of_the_mean():
    y_true, y_prob = np.zeros((1, 2, 2), dtype=int), np.zeros((1, 2, 2, 3))
    y_prob[..., 0] = 1
    assert metrics.jaccard_score(y_true, y_prob, labels=[0, 1, 2]) == 1.0


def test_one_class_against_all_others():
    expected = sk.f1_score(MANY.ravel() == 5, PROBABILITIES[..., 1].ravel() > 0.5)
    assert metrics.f1_score(MANY, PROBABILITIES, labels=CLASSES, pos_label=5) == expected


EMPTY = np.zeros((2, 3, 3), dtype=int)


@pytest.mark.parametrize("name", ["f1_score", "jaccard_score", "sensitivity_score", "ppv_score"])
def test_empty_masks_warn_or_score_as_told(name):
    metric = getattr(metrics, name)
    with pytest.warns(UndefinedMetricWarning, match="is undefined"):
        assert np.isnan(metric(EMPTY, EMPTY))
    assert metric(EMPTY, EMPTY, zero_division=1) == 1.0
    assert metric(EMPTY, EMPTY, average="image", zero_division=1) == 1.0


@pytest.mark.parametrize("name", ["matthews_corrcoef", "cohen_kappa_score"])
def test_correlation_without_contrast(name):
    with pytest.warns(UndefinedMetricWarning, match="hold the same class only"):
        assert np.isnan(getattr(metrics, name)(EMPTY, EMPTY))
    assert getattr(metrics, name)(EMPTY, EMPTY, zero_division=0) == 0.0
    assert np.isnan(getattr(metrics, name)(EMPTY, EMPTY, zero_division=np.nan))


# Of images with truth / nothing / nothing in which are found: it / something / nothing.
FOUND = {
    "f1_score": [1, 0, np.nan],
    "jaccard_score": [1, 0, np.nan],
    "sensitivity_score": [1, np.nan, np.nan],
    "ppv_score": [1, 0, np.nan],
    "specificity_score": [1, 8 / 9, 1],
    "npv_score": [1, 1, 1],
    "accuracy_score": [1, 8 / 9, 1],
    "matthews_corrcoef": [1, 0, np.nan],
    "cohen_kappa_score": [1, 0, np.nan],
}


@pytest.mark.parametrize(("name", "expected"), FOUND.items(), ids=FOUND)
def test_a_false_alarm_is_worse_than_finding_nothing_where_nothing_is(name, expected):
    one = np.zeros((3, 3), dtype=int)
    one[1, 1] = 1
    y_true, y_pred = np.stack([one, one * 0, one * 0]), np.stack([one, one, one * 0])
    metric = getattr(metrics, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        np.testing.assert_allclose(metric(y_true, y_pred, average=None), expected)
        assert metric(y_true, y_pred, average="image") == pytest.approx(np.nanmean(expected))


def test_a_class_without_pixels_is_left_out_of_the_mean_of_sensitivities():
    # Class 2 was found where there is none: its sensitivity is 0 / 0, its PPV 0.
    y_true, y_pred = np.array([[[0, 0, 1, 1]]]), np.array([[[0, 2, 1, 1]]])
    options = {"labels": [0, 1, 2]}
    assert metrics.sensitivity_score(y_true, y_pred, **options) == 0.75
    assert metrics.ppv_score(y_true, y_pred, **options) == pytest.approx(2 / 3)


@pytest.mark.parametrize("threshold", [2, -0.1, np.nan, np.inf, "0.5", True, None])
@pytest.mark.parametrize("name", ["f1_score", "accuracy_score", "component_voi"])
def test_thresholds_are_numbers_between_0_and_1(name, threshold):
    with pytest.raises(ValueError, match=r"threshold must be a number in \[0, 1\]. Got"):
        getattr(metrics, name)(TRUTH, MAP, threshold=threshold)


def test_zero_division_is_what_is_documented():
    with pytest.raises(ValueError, match="zero_division must be one of"):
        metrics.f1_score(EMPTY, EMPTY, zero_division="nan")


def test_images_without_a_labelled_pixel_are_left_out():
    y_true = np.stack([TRUTH[0], TRUTH[0] * 0 - 1])
    y_prob = np.stack([MAP[0], MAP[0]])
    expected = metrics.f1_score(TRUTH[:1], MAP[:1])
    assert metrics.f1_score(y_true, y_prob, average="image") == expected
    np.testing.assert_array_equal(
        metrics.f1_score(y_true, y_prob, average=None), [expected, np.nan]
    )


PUBLISHED = """
CDeep3M | 0.96607 0.97450 0.99303 0.96383 0.94054 0.99585 0.93437
EM-net V1 BN | 0.97468 0.98153 0.97254 0.98671 0.97683 0.98422 0.95061
ResNet | 0.96320 0.97286 0.97174 0.97350 0.95481 0.98355 0.92901
SegNet | 0.96749 0.97644 0.95902 0.98647 0.97610 0.97663 0.93702
U-net | 0.96651 0.97580 0.95542 0.98754 0.97786 0.97465 0.93519
VGG | 0.96454 0.97449 0.94938 0.98895 0.98020 0.97136 0.93151
"""
ORDER = ["f1", "accuracy", "sensitivity", "specificity", "ppv", "npv", "jaccard"]
ROWS = [line.split(" | ") for line in PUBLISHED.strip().splitlines()]


def read_published(method):
    """Return the truth and the published probability maps of a method, as floats."""
    from skimage.io import imread

    folder = Path(os.environ.get("EMSTELLAR_DATA", "missing")) / "em-stellar" / "Images"
    if not folder.is_dir():
        pytest.skip("EMSTELLAR_DATA does not name a folder with the published maps (em-stellar)")
    truth = [imread(path) for path in sorted((folder / "Groundtruth").glob("*.png"))]
    maps = sorted((folder / "Networks outputs" / method).glob("*.png"))
    return np.array(truth) / 255, np.array([imread(path) for path in maps]) / 255


@pytest.mark.parametrize(("method", "row"), ROWS, ids=[method for method, _ in ROWS])
def test_published_table(method, row):
    truth, maps = read_published(method)
    scores = metrics.compute_scores(ORDER, truth > 0.5, maps)
    assert [f"{scores[name]:.5f}" for name in ORDER] == row.split()
