"""Is a difference real, and whom to take: questions to a finished benchmark."""

import numpy as np
import pandas as pd

from ._record import Kind
from .statistics import compare_methods
from .statistics._observations import observe


def compare(result, metric, subset, by, methods, options):
    """Test whether the methods differ; see `BenchmarkResult.compare`."""
    (metric,) = result.check_metrics(result.metrics[0] if metric is None else metric)
    subset = result.check_subset(subset)
    if methods is None:
        hidden = result.methods_of(Kind.FOLD_ENSEMBLE)
        methods = [method for method in result.methods if method not in hidden]
    rows = _rows(result, metric, subset, methods)
    found = observe(rows, subset, by, result.plan.folds)
    return compare_methods(
        found.table[[method for method in methods if method in found.table]],
        metric=metric,
        subset=subset,
        **found.options(),
        **options,
    )


def recommend(result, metrics, subset, budget, options):
    """Return the method to take for each metric; see `BenchmarkResult.recommend`."""
    subset = result.check_subset(subset)
    methods = _affordable(result, budget, subset)
    summary = result.summary(subset=subset).loc[methods]
    rows = {
        metric: _recommend(result, metric, subset, methods, summary, options)
        for metric in result.check_metrics(metrics)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")


def _affordable(result, budget, subset):
    scored = dict.fromkeys(result.fold_scores.query("subset == @subset")["method"])
    methods = [m for m in scored if m not in result.methods_of(Kind.FOLD_ENSEMBLE)]
    if budget is None:
        return methods
    costs = result.resources.groupby("method").mean(numeric_only=True).join(result.complexity)
    unknown = [name for name in budget if name not in costs]
    if unknown:
        raise ValueError(f"The budget limits {unknown}; known are {costs.columns.tolist()}.")
    within = (costs[list(budget)] <= pd.Series(budget)).all(axis=1)
    methods = [method for method in methods if within.get(method, False)]
    if not methods:
        raise ValueError(f"No method is within the budget {budget}.")
    return methods


def _recommend(result, metric, subset, methods, summary, options):
    chosen_on = "validation" if "validation" in result.subsets else subset
    means = _unit_means(result, metric, chosen_on, methods, options["by"])
    where = {"chosen_on": chosen_on, "reported_on": subset}
    if means.empty or np.isinf(means.max()):
        note = f"No method has a score by {metric} on {chosen_on} images."
        if not means.empty:
            note = f"By {metric} each method has infinite scores on {chosen_on} images: no mean."
        empty = {"method": "", "mean": np.nan, "std_folds": np.nan, "not_worse": ""}
        return {**empty, "prevailing_error": "", **where, "note": note}
    best = means.idxmax()
    optimistic = chosen_on == subset and len(means) > 1
    note = f"Chosen by the {subset} scores that are reported, which flatters it."
    return {
        "method": best,
        "mean": _unit_means(result, metric, subset, [best], options["by"]).get(best, np.nan),
        "std_folds": _spread_of_folds(result, metric, subset, best),
        "not_worse": ", ".join(_not_worse(result, best, metric, chosen_on, means, options)),
        "prevailing_error": _prevailing_error(summary.loc[best]),
        **where,
        "note": note if optimistic else "",
    }


def _rows(result, metric, subset, methods):
    rows = result.scores.query("subset == @subset and metric == @metric")
    return rows[rows["method"].isin(methods)]


def _unit_means(result, metric, subset, methods, by):
    """Return the mean of each method that has one over the units that all of these have."""
    rows = _rows(result, metric, subset, methods)
    if not rows["value"].notna().any():
        return pd.Series(dtype=float)
    table = observe(rows, subset, by, result.plan.folds).table
    return table.dropna(axis=1, how="all").dropna().mean().dropna()


def _not_worse(result, best, metric, subset, means, options):
    """Return all others of which it is not shown that they are worse than the best."""
    others = [method for method in means.index if method != best]
    if not others:
        return []
    worse = result.compare(metric, subset, methods=list(means.index), **options).worse_than(best)
    return [method for method in others if method not in worse]


def _spread_of_folds(result, metric, subset, method):
    rows = _rows(result, metric, subset, [method])
    return rows.groupby(["repeat", "fold"])["value"].mean().std()


def _prevailing_error(row):
    """Tell which errors are more: FN > FP just where TP / (TP + FN) < TP / (TP + FP)."""
    if ("sensitivity", "mean") not in row or ("ppv", "mean") not in row:
        return ""
    sensitivity, ppv = row["sensitivity", "mean"], row["ppv", "mean"]
    if np.isnan([sensitivity, ppv]).any() or sensitivity == ppv:
        return ""
    return "false negatives" if sensitivity < ppv else "false positives"
