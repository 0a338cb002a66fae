"""Benchmarks over sizes of the training set and over values of a parameter."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, cross_validate

from emstellar.benchmarking import batch_size_curve, learning_curve, validation_curve
from emstellar.displays import BatchSizeDisplay, LearningCurveDisplay
from emstellar.metrics import get_scorer

from .segmenters import NoisyThreshold


class Batched(NoisyThreshold):
    """Is the steeper, the larger the batch."""

    def __init__(self, batch_size=2, random_state=None):
        super().__init__(float(batch_size), random_state=random_state)
        self.batch_size = batch_size

    def set_params(self, **params):
        super().set_params(**params)
        self.steepness = float(self.batch_size)
        return self


def test_the_full_size_equals_cross_validate(data):
    X, y = data["X"], data["y"]
    curve = learning_curve(
        {"a": NoisyThreshold()}, X, y, cv=3, train_sizes=[2, 1.0], scoring="f1", verbose=0
    )
    assert list(curve.results) == [2, 6]
    expected = cross_validate(NoisyThreshold(), X, y, cv=3, scoring=get_scorer("f1"))["test_score"]
    scores = curve.fold_scores.query("train_size == 6")["value"]
    np.testing.assert_allclose(scores, expected)


@pytest.mark.parametrize("random_state", [0, None])
def test_small_training_sets_are_parts_of_large_ones(data, random_state):
    seen = {}

    class Spy(NoisyThreshold):
        def fit(self, X, y, groups=None):
            seen.setdefault(len(X), []).append({float(image.sum()) for image in X})
            return super().fit(X, y, groups)

    options = {"cv": KFold(3), "scoring": "f1", "verbose": 0, "random_state": random_state}
    learning_curve(Spy(), data["X"], data["y"], train_sizes=[0.5, 4, 6], **options)
    assert list(seen) == [3, 4, 6]
    for small, middle, large in zip(*seen.values(), strict=True):
        assert small < middle < large


def test_recommend_by_size_and_the_display(data):
    methods = {"a": NoisyThreshold(), "b": NoisyThreshold(noise=1.0)}
    curve = learning_curve(
        methods,
        data["X"],
        data["y"],
        cv=3,
        train_sizes=[2, 6],
        scoring="f1",
        ensembles=(),
        verbose=0,
    )
    table = curve.recommend()
    assert table.index.tolist() == [2, 6]
    display = LearningCurveDisplay.from_learning_curve(curve)
    scores = curve.fold_scores.query("method == 'a'").groupby("train_size")["value"].mean()
    np.testing.assert_allclose(display.lines_[0].get_ydata(), scores)
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [2, 6])
    with pytest.raises(ValueError, match="no scores of 'f2' on subset 'validation'"):
        LearningCurveDisplay.from_learning_curve(curve, metric="f2")


@pytest.mark.parametrize("size", [0, 7, 0.0, 1.5, -0.5])
def test_wrong_sizes_are_named(data, size):
    with pytest.raises(ValueError, match=r"shares in \(0, 1\] or numbers from 1 to 6"):
        learning_curve(NoisyThreshold(), data["X"], data["y"], cv=3, train_sizes=[size])


def test_a_parameter_study_is_a_benchmark_of_its_values(data):
    curve = validation_curve(
        NoisyThreshold(),
        data["X"],
        data["y"],
        parameter="steepness",
        values=[2.0, 20.0],
        cv=3,
        scoring=("f1", "roc_auc"),
        verbose=0,
    )
    table = curve.table("f1")
    assert table.index.tolist() == [2.0, 20.0]
    assert table.index.name == "steepness"
    costs = curve.result.resources.groupby("method")["fit_time"].mean()
    assert table.loc[2.0, "fit_time"] == costs["steepness=2.0"]
    display = BatchSizeDisplay.from_validation_curve(curve)
    np.testing.assert_array_equal(display.lines_[0][0].get_ydata(), table["f1"])
    ticks = [label.get_text() for label in display.axes_[0].get_xticklabels()]
    assert ticks == ["2.0", "20.0"]


def test_a_curve_of_the_batch_size_fits_with_each(data):
    seen = []

    class Spy(Batched):
        def fit(self, X, y, groups=None):
            seen.append(self.batch_size)
            return super().fit(X, y, groups)

    options = {"cv": 3, "scoring": "roc_auc", "verbose": 0}
    curve = batch_size_curve(Spy(), data["X"], data["y"], sizes=[1, 8], **options)
    assert sorted(seen) == [1, 1, 1, 8, 8, 8]
    table = curve.table()
    assert table.index.name == "batch_size"
    assert table.index.tolist() == [1, 8]
    expected = cross_validate(
        Batched(8), data["X"], data["y"], cv=3, scoring=get_scorer("roc_auc")
    )["test_score"]
    assert table.loc[8, "roc_auc"] == pytest.approx(expected.mean())
    assert (table[["fit_time", "fit_peak_memory"]] > 0).all(axis=None)
    assert BatchSizeDisplay.from_validation_curve(curve).axes_[0].get_xlabel() == "Batch size"


def test_wrong_studies_are_named(data):
    with pytest.raises(ValueError, match="Invalid parameter 'batch_size'"):
        batch_size_curve(NoisyThreshold(), data["X"], data["y"])
    with pytest.raises(ValueError, match="at least one value"):
        validation_curve(NoisyThreshold(), data["X"], data["y"], parameter="noise", values=[])
    with pytest.raises(ValueError, match="Invalid parameter 'nose'"):
        validation_curve(NoisyThreshold(), data["X"], data["y"], parameter="nose", values=[1])
