"""What tables say of images without objects, of classes unseen and of scores that are none."""

import numpy as np
import pytest

from emstellar import BaseSegmenter, BenchmarkResult, benchmark
from emstellar.benchmarking._scoring import DEFAULT_SCORING, Scoring
from emstellar.metrics import compute_scores, pixel_error, v_info_score, v_rand_score


@pytest.fixture
def sections():
    """Six sections, the last four without an object, and maps with none or with false alarms."""
    y = np.zeros((6, 16, 16), dtype=int)
    y[:2, 4:10, 4:10] = 1
    alarms = y.astype(float)
    alarms[3:, 2:6, 2:6] = 1
    return y, {"perfect": y.astype(float), "alarms": alarms}


OVERLAPS = ("f1", "jaccard", "ppv", "panoptic_quality", "instance_ap", "boundary_f1", "v_rand")


@pytest.mark.parametrize("metric", OVERLAPS)
def test_a_false_alarm_is_0_and_finding_nothing_where_nothing_is_undefined(sections, metric):
    y, maps = sections
    result = BenchmarkResult.from_predictions(maps, y, scoring=metric, ensembles=())
    images = result.scores.pivot(index="method", columns="image", values="value")
    nan = np.nan
    np.testing.assert_array_equal(images.loc["perfect"], [1, 1, nan, nan, nan, nan])
    np.testing.assert_array_equal(images.loc["alarms"], [1, 1, nan, 0, 0, 0])
    counts = result.image_counts()[metric]
    assert counts.loc["perfect"].tolist() == [6, 4, 0, 4, 0]
    assert counts.loc["alarms"].tolist() == [6, 1, 0, 4, 3]
    assert list(counts) == ["n_images", "n_undefined", "n_infinite", "n_empty", "n_false_alarms"]


def test_distances_to_nothing_are_infinite_and_counted(sections):
    y, maps = sections
    metrics = ("neg_hausdorff", "neg_hausdorff95", "neg_surface_distance")
    result = BenchmarkResult.from_predictions(maps, y, scoring=metrics, ensembles=())
    counts = result.image_counts()
    for metric in metrics:
        assert counts.loc["alarms", metric].tolist() == [6, 1, 3, 4, 3]
        assert counts.loc["perfect", metric].tolist() == [6, 4, 0, 4, 0]
        mean = result.summary()[metric, "mean"]
        assert (mean["perfect"], mean["alarms"]) == (0, -np.inf)


def test_scores_of_images_are_at_the_threshold_of_all():
    rng = np.random.default_rng(3)
    y = (np.kron(rng.random((3, 4, 4)) < 0.6, np.ones((1, 4, 4))) > 0).astype(int)
    # Each image would do best at a threshold of its own.
    maps = np.clip(y * 0.2 + 0.3 * np.arange(3)[:, None, None] + rng.random(y.shape) * 0.2, 0, 1)
    names = ["v_rand", "v_info", "neg_pixel_error"]
    found = Scoring(names).score_all(np.stack([1 - maps, maps], axis=-1), None, y, [0, 1])
    expected = [v_rand_score(y, maps, average=None), v_info_score(y, maps, average=None)]
    expected.append(-pixel_error(y, maps, average=None))
    for name, images in zip(names, expected, strict=True):
        np.testing.assert_allclose(found.per_image[name], images)
        assert found.pooled[name] == pytest.approx(np.mean(images))
        alone = [
            compute_scores([name], y[[i]], maps[[i]], labels=[0, 1])[name] for i in range(len(y))
        ]
        assert np.mean(alone) > found.pooled[name]


class Frequencies(BaseSegmenter):
    """Give each class the share of the training pixels that it has."""

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_, self.n_features_in_ = counts / counts.sum(), 1
        return self

    def predict_proba(self, X):
        return np.broadcast_to(self.shares_, (*np.shape(X), len(self.shares_))).copy()


@pytest.fixture
def three_classes():
    """Six images, of which the last two hold a class that no other has."""
    y = np.zeros((6, 4, 4), dtype=int)
    y[:, 0] = 1
    y[4:, 1] = 2
    return np.zeros(y.shape), y


def test_a_class_unseen_in_training_is_never_predicted(three_classes):
    X, y = three_classes
    with pytest.warns(UserWarning, match=r"hold the classes \[2\], of which the training masks"):
        result = benchmark(
            {"a": Frequencies()}, X, y, cv=3, scoring=("f1", "accuracy"), verbose=0, ensembles=()
        )
    rows = result.fold_scores.pivot(index="fold", columns="metric", values="value")
    # All is taken for class 0; of the last two images half is.
    f1 = [2 * 0.75 / 1.75, 2 * 0.75 / 1.75, 2 * 0.5 / 1.5]
    np.testing.assert_allclose(rows["f1 (class 0)"], f1)
    np.testing.assert_allclose(rows["f1 (class 2)"], [np.nan, np.nan, 0])
    np.testing.assert_allclose(rows["f1 (macro)"], [f1[0] / 2, f1[1] / 2, f1[2] / 3])
    assert result.metrics == [
        "f1 (macro)", "f1 (class 0)", "f1 (class 1)", "f1 (class 2)", "accuracy",
    ]  # fmt: skip
    summary = result.summary().loc["a"]
    assert summary["f1 (macro)", "n_folds"] == 3
    assert summary["f1 (class 2)", "n_folds"] == 1
    assert list(result.summary("f1").columns.levels[0]) == ["f1 (macro)"]


def test_results_of_several_classes_merge(three_classes):
    _, y = three_classes
    maps = np.eye(3)[y]
    parts = [
        BenchmarkResult.from_predictions(
            {name: maps}, y, classes=(0, 1, 2), scoring=("f1", "accuracy"), ensembles=()
        )
        for name in "ab"
    ]
    merged = BenchmarkResult.merge(parts)
    assert merged.metrics == parts[0].metrics
    assert merged.summary().loc["b", ("f1 (class 2)", "mean")] == 1


def test_masks_of_another_encoding_are_no_unseen_class(sections):
    y, maps = sections
    foreground = np.stack([1 - maps["perfect"], maps["perfect"]], axis=-1)
    with pytest.warns(UserWarning, match="Pass all classes as labels"):
        found = Scoring("f1").score_all(foreground, None, y * 255, [0, 1])
    assert np.isnan(found.pooled["f1"])


def test_a_metric_that_is_undefined_everywhere_is_said_to_be(sections):
    y, maps = sections
    result = BenchmarkResult.from_predictions(
        {name: values[2:] for name, values in maps.items()},
        y[2:],
        scoring=("accuracy", "roc_auc", "f1"),
        ensembles=(),
    )
    summary = result.summary()
    assert summary["roc_auc", "mean"].isna().all()
    assert (summary["roc_auc", "n_folds"] == 0).all()
    reasons = result.undefined_scores.set_index(["method", "metric"])["reason"]
    assert "only one class is present" in reasons["alarms", "roc_auc"]
    assert "neither in the masks nor in the prediction" in reasons["perfect", "f1"]
    assert ("alarms", "f1") not in reasons


def test_predictions_of_nan_have_no_score(sections):
    y, _ = sections
    broken = np.full((*y.shape, 2), np.nan)
    with pytest.warns(UserWarning, match="contains NaN"):
        found = Scoring(("f1", "v_rand")).score_all(broken, None, y, [0, 1])
    assert np.isnan([found.pooled["f1"], found.pooled["v_rand"]]).all()
    assert "diverged" in found.undefined["v_rand"]
    assert found.foreground == {}


@pytest.mark.parametrize("threshold", [2, np.nan, "0.5"])
def test_wrong_thresholds(threshold):
    with pytest.raises(ValueError, match="threshold must be a number"):
        Scoring("f1", threshold)


def test_scoring_leaves_out_what_is_known():
    scoring = Scoring(DEFAULT_SCORING)
    assert scoring.without(["f1", "v_rand"]).names == list(DEFAULT_SCORING[2:])
    assert scoring.without(DEFAULT_SCORING) is None


def test_grey_truth_reaches_v_rand_and_v_info_only():
    truth = np.zeros((1, 12, 12), dtype="float32")
    truth[0, 2:10, 2:5], truth[0, 2:10, 7:10] = 1, 0.3
    maps = np.stack([1 - truth, truth], axis=-1)
    pooled, _ = Scoring(["v_rand", "sensitivity"]).score(maps, None, truth, [0, 1])
    # At low thresholds both objects are in truth and prediction; at one half, the first alone.
    assert pooled == {"v_rand": 1.0, "sensitivity": 1.0}
