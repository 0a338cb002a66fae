"""Recommendation, costs and merging."""

import baycomp
import numpy as np
import pandas as pd
import pytest

from emstellar import BenchmarkResult, benchmark

from .segmenters import NoisyThreshold

METRICS = ("f1", "sensitivity", "ppv")


def run(data, methods, **options):
    return benchmark(methods, **data, cv=3, scoring=METRICS, verbose=0, **options)


@pytest.fixture
def result(data):
    del data["groups"]
    methods = {"good": NoisyThreshold(10.0), "off": NoisyThreshold(10.0, noise=0.5)}
    return run(data, methods, random_state=0)


def fold_means(result, metric, subset="validation"):
    """Return the mean over folds of the mean over images, by method, and the table of folds."""
    rows = result.scores.query("subset == @subset and metric == @metric")
    table = rows.pivot_table(index="fold", columns="method", values="value", aggfunc="mean")
    return table[["good", "off", "average voting", "majority voting"]]


def test_recommend_names_the_best_its_rivals_and_its_errors(result):
    table = result.recommend(subset="validation")
    summary = result.summary(subset="validation")
    for metric in METRICS:
        row, means = table.loc[metric], fold_means(result, metric).mean()
        assert row["method"] == means.idxmax()
        assert row["mean"] == pytest.approx(means.max())
        assert row["std_folds"] == pytest.approx(fold_means(result, metric)[row["method"]].std())
    best = summary.loc[table.loc["f1", "method"]]
    fewer_found = best["sensitivity", "mean"] < best["ppv", "mean"]
    expected = "false negatives" if fewer_found else "false positives"
    assert table.loc["f1", "prevailing_error"] == expected


def test_who_is_not_worse_is_who_baycomp_cannot_tell_apart(result):
    row = result.recommend("f1", "validation").loc["f1"]
    folds = fold_means(result, "f1")
    for other in folds.columns.drop(row["method"]):
        x, y = (folds[name].to_numpy() for name in (row["method"], other))
        # One-sided; Holm's correction only makes a claim harder.
        worse = baycomp.CorrelatedTTest(x, y).probs()[0] > 0.975 if (x != y).any() else False
        assert worse or other in row["not_worse"].split(", ")


def test_the_choice_is_made_on_other_images_than_are_reported(result):
    row = result.recommend("f1").loc["f1"]
    assert (row["chosen_on"], row["reported_on"], row["note"]) == ("validation", "test", "")
    assert row["method"] == result.recommend("f1", "validation").loc["f1", "method"]
    rows = result.scores.query("subset == 'test' and metric == 'f1' and method == @row['method']")
    assert row["mean"] == pytest.approx(rows["value"].mean())
    note = result.recommend("f1", "validation").loc["f1", "note"]
    assert note == "Chosen by the validation scores that are reported, which flatters it."


def test_a_metric_without_any_score_recommends_nobody(result):
    result.scores.loc[result.scores["metric"] == "ppv", "value"] = np.nan
    row = result.recommend(["f1", "ppv"], "validation").loc["ppv"]
    assert (row["method"], row["not_worse"]) == ("", "")
    assert row["note"] == "No method has a score by ppv on validation images."
    assert "There is no fold on which all methods have a score" in result.headline(
        "ppv", "validation"
    )


def test_a_budget_excludes_what_costs_more(result):
    costs = result.resources.groupby("method")["fit_time"].mean()
    cheaper = costs[["good", "off"]].idxmin()
    table = result.recommend("f1", budget={"fit_time": costs[cheaper]})
    assert table.loc["f1", "method"] == cheaper
    with pytest.raises(ValueError, match=r"No method is within the budget \{'fit_time': 0\}"):
        result.recommend("f1", budget={"fit_time": 0})
    with pytest.raises(ValueError, match=r"The budget limits \['euro'\]; known are"):
        result.recommend("f1", budget={"euro": 1})


def test_costs_are_hours_times_rates(result):
    costs = result.estimate_costs(price_per_hour=3.0, watts=500)
    jobs = result.resources.query("method == 'off'")
    hours = (jobs["fit_time"] + jobs["predict_time"]).sum() / 3600
    assert costs.loc["off"].tolist() == pytest.approx([hours, hours * 3, hours / 2])
    assert costs.index.tolist() == ["good", "off"]


def test_costs_of_single_jobs(result):
    costs = result.estimate_costs(price_per_hour=3.0, watts=500, per_job=True)
    (job,) = result.resources.query("method == 'off' and fold == 2").to_dict("records")
    hours = (job["fit_time"] + job["predict_time"]) / 3600
    assert costs.loc["off", 0, 2].tolist() == pytest.approx([hours, hours * 3, hours / 2])
    assert len(costs) == 6
    with pytest.raises(ValueError, match=r"Rates must not be negative, got .* and watts=-1"):
        result.estimate_costs(watts=-1)


def test_merged_results_equal_one_run(data):
    methods = {name: NoisyThreshold(s) for name, s in {"a": 2.0, "b": 5.0, "c": 20.0}.items()}
    del data["groups"]
    together = run(data, methods)
    first = run(data, {name: methods[name] for name in "ab"})
    second = run(data, {name: methods[name] for name in "bc"})
    merged = BenchmarkResult.merge([first, second])
    assert merged.methods_of("segmenter") == ["a", "b", "c"]
    keys = ["method", "repeat", "fold", "subset", "metric"]
    pd.testing.assert_series_equal(
        merged.fold_scores.set_index(keys)["value"].sort_index(),
        together.fold_scores.set_index(keys)["value"].sort_index(),
    )
    assert merged.missing == []


def test_what_cannot_be_merged_is_refused(data, result):
    with pytest.raises(ValueError, match="nothing to merge"):
        BenchmarkResult.merge([])
    other = {name: value[:6] for name, value in data.items() if name in ("X", "y")}
    other = benchmark({"x": NoisyThreshold()}, **other, cv=2, scoring=METRICS, verbose=0)
    with pytest.raises(ValueError, match="of different images"):
        BenchmarkResult.merge([result, other])
    images = {name: data[name] for name in ("X", "y")}
    folds = [benchmark({"a": NoisyThreshold()}, **images, cv=cv, verbose=0) for cv in (2, 3)]
    with pytest.raises(ValueError, match="of different folds and cannot be merged: fold 0 holds"):
        BenchmarkResult.merge(folds)


def test_no_spread_is_no_error(data):
    alone = run({k: data[k] for k in ("X", "y")}, {"x": NoisyThreshold()})
    table = alone.recommend()
    assert table["method"].tolist() == ["x"] * 3
    assert not np.isnan(table["mean"].astype(float)).any()


def test_no_method_is_recommended_by_infinite_scores(data):
    y = data["y"]
    maps = {name: np.where(np.arange(len(y))[:, None, None] > 0, y * 0.9, 0.0) for name in "ab"}
    result = BenchmarkResult.from_predictions(maps, y, scoring="neg_hausdorff", ensembles=())
    found = result.recommend().loc["neg_hausdorff"]
    assert (found["method"], found["not_worse"]) == ("", "")
    assert "each method has infinite scores on test images" in found["note"]
