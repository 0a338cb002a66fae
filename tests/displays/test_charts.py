"""The data of the charts, and that their words do not cover each other."""

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata
from sklearn.metrics import f1_score

from emstellar.benchmarking.statistics import compare_methods
from emstellar.displays import (
    ComplexityDisplay,
    ConvergenceDisplay,
    CostDisplay,
    RankDisplay,
    ThresholdDisplay,
    TrainingCurveDisplay,
)
from emstellar.displays.score_tables import pareto_front
from tests.benchmarking.segmenters import NoisyThreshold


def boxes_of(display):
    display.figure_.draw_without_rendering()
    return [label.get_window_extent() for label in display.labels_]


@pytest.fixture
def networks():
    rng = np.random.default_rng(0)
    names = [f"network number {i}" for i in range(12)]
    columns = {
        "score": rng.uniform(0.9, 0.92, 12),
        "flops": rng.uniform(1e9, 9e9, 12),
        "trainable_parameters": rng.uniform(1e5, 3e7, 12),
    }
    return pd.DataFrame(columns, index=names)


def test_balls_stand_at_operations_and_score_with_parameters_as_area(networks):
    display = ComplexityDisplay(networks, "v_rand").plot()
    offsets = display.balls_.get_offsets()
    np.testing.assert_allclose(offsets[:, 0], networks["flops"] / 1e9)
    np.testing.assert_allclose(offsets[:, 1], networks["score"])
    areas = display.balls_.get_sizes()
    ratio = networks["trainable_parameters"] / networks["trainable_parameters"].max()
    np.testing.assert_allclose(areas / areas.max(), ratio)


def test_labels_do_not_cover_each_other(networks):
    boxes = boxes_of(ComplexityDisplay(networks, "v_rand").plot())
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_without_networks_there_is_no_ball_chart(result):
    with pytest.raises(ValueError, match="No method of the benchmark is a network"):
        ComplexityDisplay.from_benchmark(result)  # Which has scored f1 first, and no v_rand.


def test_the_front_holds_those_that_no_other_beats():
    table = pd.DataFrame(
        {"score": [0.5, 0.9, 0.9, 0.7, 0.6], "cost": [1, 5, 4, 2, 3]}, index=[*"ABCDE"]
    )
    front = pareto_front(table)
    assert front.index.tolist() == ["A", "D", "C"]
    display = CostDisplay(table, front, "f1", "fit_time").plot()
    np.testing.assert_array_equal(display.front_.get_xdata(), [1, 2, 4])
    np.testing.assert_array_equal(display.points_.get_offsets()[:, 1], table["score"])


@pytest.mark.parametrize("costs", [[1.3, 1.5], [0.02, 0.3], [0.5, 9000]])
def test_costs_can_be_read_off_the_axis(costs):
    table = pd.DataFrame({"score": [0.5, 0.9], "cost": costs}, index=["A", "B"])
    display = CostDisplay(table, table, "f1", "fit_time").plot()
    display.figure_.draw_without_rendering()
    low, high = display.ax_.get_xlim()
    labels = display.ax_.get_xticklabels()
    shown = [label for label in labels if low <= label.get_position()[0] <= high]
    assert len(shown) >= 2
    for label in shown:
        assert float(label.get_text()) == pytest.approx(label.get_position()[0])
    boxes = [label.get_window_extent() for label in shown]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_cost_from_benchmark_joins_mean_cost_and_score(result):
    display = CostDisplay.from_benchmark(result, cost="predict_time")
    costs = result.resources.query("method == 'blunt'")["predict_time"]
    assert display.table.loc["blunt", "cost"] == pytest.approx(costs.mean())
    assert display.table.loc["blunt", "score"] == result.summary().loc["blunt", ("f1", "mean")]
    table = result.resources.assign(fit_peak_device_memory=np.nan)
    on_processor = SimpleNamespace(resources=table)
    for cost in ("price", "fit_peak_device_memory"):
        with pytest.raises(ValueError, match=rf"'{cost}' was not measured; there are \['fit_time'"):
            CostDisplay.from_benchmark(on_processor, cost=cost)


def test_boxes_hold_the_times_of_all_fits_in_a_readable_unit():
    times = pd.DataFrame(
        {
            "method": ["A", "A", "A", "B"] * 2,
            "criterion": ["val_loss"] * 4 + ["val_f1"] * 4,
            "seconds": [60.0, 120, 600, 30, 90, 90, 90, 90],
        }
    )
    display = ConvergenceDisplay(times).plot()
    assert display.ax_.get_xlabel() == "Time to the best epoch, minutes"
    medians = [line.get_xdata()[0] for line in display.boxes_["val_loss"]["medians"]]
    assert medians == [2, 0.5]
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["A", "B"]


def test_convergence_needs_networks(result):
    with pytest.raises(ValueError, match="No method of the benchmark has a convergence time"):
        ConvergenceDisplay.from_benchmark(result)


def test_bars_join_methods_within_the_critical_difference():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(30, 1))
    table = pd.DataFrame(base + [3, 2.9, 0, 0.1], columns=[*"ABCD"]) + rng.normal(size=(30, 4))
    comparison = compare_methods(table, metric="f1", n_resamples=99)
    display = RankDisplay(comparison).plot()
    low, high = comparison.ranks[["A", "B"]].sort_values()
    assert comparison.groups()[0] == (low, high)
    assert len(display.bars_) == len(comparison.groups()) == 2
    assert len(display.labels_) == 4
    assert not any(a.overlaps(b) for a, b in combinations(boxes_of(display), 2))


def test_labels_are_the_average_ranks():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 3)), columns=[*"ABC"])
    expected = dict(zip("ABC", rankdata(-table, axis=1).mean(axis=0), strict=True))
    display = RankDisplay(compare_methods(table, n_resamples=9)).plot()
    for label in display.labels_:
        name, rank = sorted(label.get_text().split(), reverse=True)
        assert float(rank) == pytest.approx(expected[name], abs=0.005)


def test_rank_from_benchmark(result):
    display = RankDisplay.from_benchmark(result, metric="accuracy", n_resamples=9)
    assert display.ax_.get_title().endswith("over 1 test set; too few to rank methods")
    assert display.bars_ == []


def test_threshold_curves_are_scikit_learns_scores():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=(2, 9, 9))
    maps = np.clip(y * 0.3 + rng.uniform(0, 0.7, y.shape), 0, 1)
    display = ThresholdDisplay.from_predictions(y, {"A": maps}, thresholds=[0.2, 0.4, 0.6])
    expected = [f1_score(y.ravel(), maps.ravel() > t) for t in (0.2, 0.4, 0.6)]
    np.testing.assert_allclose(display.lines_[0].get_ydata(), expected)


def test_threshold_curves_from_benchmark_pass_through_its_scores(result):
    display = ThresholdDisplay.from_benchmark(result, thresholds=[0.5])
    scores = result.fold_scores.query(
        "method == 'blunt' and metric == 'f1' and subset == 'test' and fold == 0"
    )
    assert display.curves.loc[0.5, "blunt"] == pytest.approx(scores["value"].item())


def test_threshold_curve_of_a_segmenter(result):
    X, y, _ = result.data.test.parts
    segmenter = NoisyThreshold(3.0).fit(X, y)
    display = ThresholdDisplay.from_estimator(segmenter, X, y, thresholds=[0.3, 0.6], title="A")
    maps = segmenter.predict_proba(X)[..., 1]
    expected = [f1_score(np.ravel(y) > 0, maps.ravel() > t) for t in (0.3, 0.6)]
    np.testing.assert_allclose(display.lines_[0].get_ydata(), expected)
    assert display.ax_.get_title() == "A"


def test_training_curves_are_one_line_per_fold(result):
    display = TrainingCurveDisplay.from_benchmark(result, "blunt")
    assert [line.get_label() for line in display.lines_] == ["fold 0", "fold 1"]
    np.testing.assert_array_equal(display.lines_[0].get_ydata(), [0.7, 0.5, 0.4])
    np.testing.assert_array_equal(display.lines_[0].get_xdata(), [1, 2, 3])
    with pytest.raises(ValueError, match=r"'blunt' has no curves of 'f1'; it has \['loss'\]"):
        TrainingCurveDisplay.from_benchmark(result, "blunt", quantity="f1")


def test_training_curves_of_a_segmenter_show_validation_too():
    segmenter = SimpleNamespace(history_={"loss": [3.0, 2.0], "val_loss": [4.0, 3.0]})
    display = TrainingCurveDisplay.from_estimator(segmenter)
    assert [line.get_label() for line in display.lines_] == ["training", "validation"]
    display = TrainingCurveDisplay.from_estimator(segmenter, quantity="val_loss")
    assert [line.get_label() for line in display.lines_] == ["validation"]
    with pytest.raises(ValueError, match="history_ has no 'f1'"):
        TrainingCurveDisplay.from_estimator(segmenter, quantity="f1")
