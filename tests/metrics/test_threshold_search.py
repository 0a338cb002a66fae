"""The best threshold, by hand and against scoring at each threshold."""

import numpy as np
import pytest

from emstellar import metrics
from tests.metrics.test_scorers import BrightnessSegmenter

rng = np.random.default_rng(12)
TRUTH = np.kron(rng.random((3, 4, 4)) < 0.5, np.ones((1, 3, 3))) > 0
MAP = np.clip(TRUTH * 0.2 + rng.random(TRUTH.shape) * 0.3, 0, 1)


@pytest.mark.parametrize("metric", ["f1", "accuracy", "npv", "matthews", "jaccard"])
@pytest.mark.parametrize("weights", [None, rng.integers(1, 4, TRUTH.shape)])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scores_are_those_at_each_threshold(metric, weights):
    thresholds = [0.1, 0.3, 0.45, 0.7]
    search = metrics.find_threshold(
        MAP, None, TRUTH, metric, thresholds=thresholds, sample_weight=weights
    )
    expected = [
        metrics.compute_scores([metric], TRUTH, MAP, threshold=t, sample_weight=weights)[metric]
        for t in thresholds
    ]
    np.testing.assert_allclose(search.scores, expected, atol=1e-12)
    assert search.score == max(expected)
    assert search.threshold == thresholds[int(np.argmax(expected))]


@pytest.mark.parametrize("metric", ["v_rand", "neg_pixel_error", "boundary_f1", "instance_ap"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_metrics_of_regions(metric):
    search = metrics.find_threshold(MAP, None, TRUTH, metric, thresholds=[0.05, 0.25, 0.6])
    assert search.threshold == 0.25
    assert search.score == search.scores.max()


def test_the_middle_of_equally_good_thresholds():
    search = metrics.find_threshold([[[0.2, 0.8]]], None, [[[0, 1]]], "accuracy")
    assert search.score == 1
    assert search.threshold == pytest.approx(0.49)
    assert len(search.thresholds) == 99


@pytest.mark.parametrize("encoding", [(0, 255), (1, 2)])
def test_a_segmenter_gives_its_classes(encoding):
    y = np.array(encoding)[TRUTH.astype(int)]
    segmenter = BrightnessSegmenter().fit(MAP, y)
    found = metrics.find_threshold(segmenter, MAP, y, "f1")
    assert found.threshold == metrics.find_threshold(MAP, None, TRUTH, "f1").threshold


def test_a_function_as_metric():
    def share(y_true, y_prob, *, threshold):
        return -abs(np.mean(y_prob > threshold) - np.mean(y_true))

    search = metrics.find_threshold(MAP, None, TRUTH, share)
    assert np.mean(search.threshold < MAP) == pytest.approx(TRUTH.mean(), abs=0.05)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("roc_auc", "does not depend on a threshold"),
        ("no such", "is not a valid scoring value"),
        (lambda y_true, y_prob: 0, "metric has no parameter threshold"),
    ],
)
def test_wrong_metrics(metric, message):
    with pytest.raises(ValueError, match=message):
        metrics.find_threshold(MAP, None, TRUTH, metric)


def test_undefined_everywhere():
    for metric in ("neg_voi", "f1"):
        with pytest.raises(ValueError, match="is undefined at all thresholds"):
            metrics.find_threshold(MAP, None, TRUTH * 0, metric)
