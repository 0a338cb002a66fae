"""The tables of the report, cell by cell: what is written, what is sorted by, what is best."""

import numpy as np

from .displays.canvas import metric_label

COSTS = {
    "fit_time": "Fit, s",
    "fit_cpu_time": "Fit, processor s",
    "convergence_time": "To best epoch, s",
    "n_iter": "Epochs",
    "predict_seconds_per_megapixel": "Prediction, s per megapixel",
    "fit_peak_memory": "Peak memory, MB",
    "trainable_parameters": "Trainable parameters",
    "non_trainable_parameters": "Other parameters",
    "flops": "GFLOPs per image",
}


def text_cell(text):
    """Return a cell of text."""
    return {"text": text, "value": None, "best": False, "spread": ""}


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


def summary_table(summary):
    """Return the means of a summary with their spread over folds (else over images).

    Parameters
    ----------
    summary : DataFrame
        Of `BenchmarkResult.summary`.
    """
    metrics = list(dict.fromkeys(summary.columns.get_level_values("metric")))
    spread = (
        "std_folds"
        if summary.xs("std_folds", axis=1, level=1).notna().any(axis=None)
        else "std_images"
    )
    rows = []
    for method in summary.index:
        row = [text_cell(method)]
        for metric in metrics:
            mean = summary.at[method, (metric, "mean")]
            best = mean == summary[metric, "mean"].max()
            row.append(number_cell(mean, best=best, spread=summary.at[method, (metric, spread)]))
        rows.append(row)
    return {"columns": ["Method", *map(metric_label, metrics)], "rows": rows}


def fold_tables(result):
    """Return one table of methods and folds per subset and metric, by subset.

    Parameters
    ----------
    result : BenchmarkResult
    """
    parts = {}
    scores = result.fold_scores[result.fold_scores["fold"] >= 0]
    for (subset, metric), rows in scores.groupby(["subset", "metric"], sort=False):
        part = parts.setdefault(subset, {"title": f"{subset.capitalize()} images", "tables": []})
        part["tables"].append({"title": metric_label(metric), "table": _fold_table(rows)})
    return list(parts.values())


def _fold_table(rows):
    table = rows.pivot_table(index="method", columns=["repeat", "fold"], values="value", sort=False)
    repeats = table.columns.get_level_values("repeat").nunique()
    names = [
        f"Fold {fold}" + (f", repeat {repeat}" if repeats > 1 else "")
        for repeat, fold in table.columns
    ]
    cells = [
        [text_cell(method), *(number_cell(v, best=v == table[c].max()) for c, v in row.items())]
        for method, row in table.iterrows()
    ]
    return {"columns": ["Method", *names], "rows": cells}


def cost_table(result):
    """Return what each method costs, or None where nothing was measured.

    Parameters
    ----------
    result : BenchmarkResult
    """
    costs = result.resources
    costs = costs[costs["kind"] == "segmenter"].drop(columns=["kind", "repeat", "fold"])
    costs = costs.groupby("method", sort=False).mean().join(result.complexity)
    names = [name for name in COSTS if name in costs and costs[name].notna().any()]
    if not names:
        return None
    if "flops" in names:
        costs["flops"] /= 1e9
    rows = [
        [text_cell(method), *(_cost_cell(name, row[name]) for name in names)]
        for method, row in costs.iterrows()
    ]
    return {"columns": ["Method", *(COSTS[name] for name in names)], "rows": rows}


def _cost_cell(name, value):
    whole = name.endswith(("parameters", "memory", "n_iter"))
    return number_cell(value, ",.0f" if whole else ",.2f")


def comparison_table(comparison):
    """Return the pairs of methods with their difference and its uncertainty.

    Parameters
    ----------
    comparison : Comparison
    """
    rows = [
        [
            text_cell(pair.method_a),
            text_cell(pair.method_b),
            number_cell(pair.difference, "+.4f"),
            text_cell(f"{pair.low:+.4f} to {pair.high:+.4f}"),
            number_cell(pair.p_value, ".3g"),
            number_cell(pair.p_holm, ".3g", best=pair.p_holm < comparison.alpha),
        ]
        for pair in comparison.pairs.itertuples()
    ]
    interval = f"{1 - comparison.alpha:.0%} interval"
    return {
        "columns": ["Method A", "Method B", "A − B", interval, "p", "p, corrected"],
        "rows": rows,
    }
