"""The tables of the report, cell by cell: what is written, what is sorted by, what is best."""

import numpy as np
import pandas as pd

from ..metrics.labels import metric_label

COSTS = {
    "fit_time": "Fit, s",
    "fit_cpu_time": "Fit, CPU s",
    "compile_time": "Compile, s",
    "convergence_time": "To best epoch, s",
    "n_iter": "Epochs",
    "predict_seconds_per_megapixel": "Predict, s per megapixel",
    "fit_peak_memory": "Peak memory, MB",
    "fit_peak_device_memory": "Peak GPU memory, MB",
    "trainable_parameters": "Trainable parameters",
    "non_trainable_parameters": "Other parameters",
    "flops": "GFLOPs per image",
    "hours": "Total, h",
    "money": "Price",
    "kilowatt_hours": "kWh",
}

# What a reader cannot know from the head of a column.
COST_NOTES = {
    "fit_time": "Fit is time by the clock, which other work on the machine lengthens.",
    "fit_cpu_time": "CPU s are summed over processors.",
    "compile_time": "Compile is the part of Fit in which the network was built, traced and "
    "compiled; To best epoch is without it.",
    "predict_seconds_per_megapixel": "Predict is timed after a first prediction that does not "
    "count.",
    "fit_peak_memory": "Peak memory is what a process holds before its first fit, and what the "
    "fit needed above it.",
    "flops": "A GFLOP is a billion operations; a multiplication with an addition counts as two.",
    "hours": "Total, h are hours of the machine for all fits and predictions of the method; jobs "
    "that ran at once share them.",
}


def text_cell(text, anchor=None):
    """Return a cell of text, perhaps with a link to an anchor of the page."""
    return {"text": text, "value": None, "best": False, "spread": "", "anchor": anchor}


def number_cell(value, fmt=".4f", *, best=False, spread=None):
    """Return a cell of a number, perhaps with its spread; a dash for NaN."""
    missing = value is None or np.isnan(value)
    has_spread = spread is not None and not np.isnan(spread)
    return {
        "text": "–" if missing else format(value, fmt),
        "value": "" if missing else repr(float(value)),
        "best": bool(best),
        "spread": format(spread, ".2g" if spread and spread < 1e-4 else ".4f")
        if has_spread
        else "",
    }


def spread_column(summary):
    """Return which spread a summary has: over folds, else over images."""
    over_folds = summary.xs("std_folds", axis=1, level=1)
    return "std_folds" if over_folds.notna().any(axis=None) else "std_images"


def summary_table(summary, anchors):
    """Return the means of a summary with their spread over folds (else over images).

    Parameters
    ----------
    summary : DataFrame
        Of `BenchmarkResult.summary`.
    anchors : dict of str to str
        Where the card of each method is.
    """
    metrics = list(dict.fromkeys(summary.columns.get_level_values("metric")))
    spread = spread_column(summary)
    rows = []
    for method in summary.index:
        row = [text_cell(method, anchors[method])]
        for metric in metrics:
            mean = summary.at[method, (metric, "mean")]
            # One method alone is not the best.
            best = len(summary) > 1 and mean == summary[metric, "mean"].max()
            row.append(number_cell(mean, best=best, spread=summary.at[method, (metric, spread)]))
        rows.append(row)
    return {"columns": ["Method", *map(metric_label, metrics)], "rows": rows}


def fold_tables(result, anchors):
    """Return one table of methods and folds per subset and metric, by subset.

    Parameters
    ----------
    result : BenchmarkResult
    anchors : dict of str to str
    """
    parts = {}
    scores = result.fold_scores[result.fold_scores["fold"] >= 0]
    for (subset, metric), rows in scores.groupby(["subset", "metric"], sort=False):
        part = parts.setdefault(subset, {"title": f"{subset.capitalize()} images", "tables": []})
        part["tables"].append({"title": metric_label(metric), "table": _fold_table(rows, anchors)})
    return list(parts.values())


def _fold_table(rows, anchors):
    table = rows.pivot_table(index="method", columns=["repeat", "fold"], values="value", sort=False)
    repeats = table.columns.get_level_values("repeat").nunique()
    names = [
        f"Fold {fold}" + (f", repeat {repeat}" if repeats > 1 else "")
        for repeat, fold in table.columns
    ]
    cells = [
        [
            text_cell(method, anchors[method]),
            *(number_cell(v, best=len(table) > 1 and v == table[c].max()) for c, v in row.items()),
        ]
        for method, row in table.iterrows()
    ]
    return {"columns": ["Method", *names], "rows": cells}


def cost_table(result, anchors, *, price_per_hour=0.0, watts=0.0):
    """Return what each method costs, or None where nothing was measured.

    Parameters
    ----------
    result : BenchmarkResult
    anchors : dict of str to str
    price_per_hour, watts : float, default=0.0
        As in `BenchmarkResult.estimate_costs`; 0 leaves money or energy out.
    """
    costs = result.resources
    costs = costs[costs["kind"] == "segmenter"].drop(columns=["kind", "repeat", "fold"])
    costs = costs.groupby("method", sort=False).mean().join(result.complexity)
    costs = costs.join(_estimates(result, price_per_hour, watts))
    names = [name for name in COSTS if name in costs and costs[name].notna().any()]
    if not names:
        return None
    if "flops" in names:
        costs["flops"] /= 1e9
    rows = [
        [text_cell(method, anchors[method]), *(_cost_cell(name, row[name]) for name in names)]
        for method, row in costs.iterrows()
    ]
    return {
        "columns": ["Method", *(COSTS[name] for name in names)],
        "rows": rows,
        "note": " ".join(COST_NOTES[name] for name in names if name in COST_NOTES),
    }


def _estimates(result, price_per_hour, watts):
    """Return hours, money and energy, as far as they are asked for and were measured."""
    asked = {"hours": price_per_hour or watts, "money": price_per_hour, "kilowatt_hours": watts}
    columns = [name for name, rate in asked.items() if rate]
    if not columns or "fit_time" not in result.resources:
        return pd.DataFrame()
    return result.estimate_costs(price_per_hour=price_per_hour, watts=watts)[columns]


def cost_note(result, *, price_per_hour=0.0, watts=0.0):
    """Return what the whole benchmark took at the rates given, as a sentence, or nothing.

    Parameters
    ----------
    result : BenchmarkResult
    price_per_hour, watts : float, default=0.0
    """
    total = _estimates(result, price_per_hour, watts).sum()
    if total.empty:
        return ""
    parts = [f"{_short(total['hours'])} hours"]
    if price_per_hour:
        parts.append(f"a price of {_short(total['money'])} (at {price_per_hour:g} per hour)")
    if watts:
        parts.append(f"{_short(total['kilowatt_hours'])} kWh (at {watts:g} W)")
    return f"All fits and predictions together: {', '.join(parts)}."


def _cost_cell(name, value):
    whole = name.endswith(("parameters", "memory", "n_iter"))
    return number_cell(value, ",.0f" if whole else _format(value))


def _short(value):
    return format(value, _format(value))


def _format(value):
    """Return a format of two decimals, for less than 1 of three digits."""
    return ",.2f" if value >= 1 else ".3g"


def comparison_table(comparison):
    """Return the pairs of methods with their difference and its uncertainty.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    dict
        The corrected p-value is marked where it makes one of the methods the winner.
    """
    rows = [
        [
            text_cell(pair.method_a),
            text_cell(pair.method_b),
            number_cell(pair.difference, "+.4f"),
            text_cell("–" if np.isnan(pair.low) else f"{pair.low:+.4f} to {pair.high:+.4f}"),
            number_cell(pair.p_value, ".3g"),
            number_cell(pair.p_holm, ".3g", best=bool(pair.winner)),
            number_cell(pair.p_a_better, ".2f"),
            number_cell(pair.p_b_better, ".2f"),
        ]
        for pair in comparison.pairs.itertuples()
    ]
    interval = f"{1 - comparison.alpha:.0%} interval"
    heads = ["Method A", "Method B", "A − B", interval, "p", "p, corrected"]
    return {"columns": [*heads, "A better", "B better"], "rows": rows}
