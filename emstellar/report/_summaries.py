"""The tables of scores at the head of the report: at 0.5, and at thresholds that were chosen."""

import pandas as pd

from ..metrics.labels import metric_label, metric_words
from ..metrics.scorers import find_metric, is_known
from ._tables import number_cell, summary_table, text_cell

COUNTS = ("n_images", "n_empty", "n_false_alarms")

NOTES = {
    "validation": "Each image predicted by the model of the fold that held it out.",
    "test": "Images that no model was trained on, predicted by the model of every fold.",
}
VOTES_OF_FOLDS = "On each test image the models of all folds of a method vote."
BEST_FOLD = (
    "Best fold is no vote: the model that was best on its own validation images, which may have "
    "been the easiest, speaks alone."
)
SPREAD_OF_FOLDS = "The spread is over repeats, else over images."


def make_summaries(result, anchors):
    """Return the tables of each subset, the test images first.

    Parameters
    ----------
    result : BenchmarkResult
    anchors : dict of str to str
        Where the card of each method is.

    Returns
    -------
    list of dict
        With `title`, `note`, `table`, `chosen`, `chosen_note`, `counts`, `of_folds`,
        `of_folds_note` and `of_folds_chosen`.
    """
    of_folds = result.methods_of("fold ensemble")
    notes = dict(NOTES)
    if "validation" not in result.subsets:
        notes["test"] = "All images pooled; the spread is that of single images."
    return [
        {
            "title": f"{subset.capitalize()} images",
            "note": f"{notes[subset]} {_threshold_note(result)}{_fold_note(result, subset)}",
            "counts": _counts(result, subset),
            "of_folds_note": _of_folds_note({result.ensembles[name][1] for name in of_folds}),
            **_tables(result, subset, anchors, of_folds),
            **_chosen(result, subset, anchors, of_folds),
        }
        for subset in reversed(result.subsets)
    ]


def _tables(result, subset, anchors, of_folds):
    summary = result.summary(subset=subset)
    hidden = [name for name in summary.index if name in of_folds]
    return {
        "table": summary_table(summary.drop(index=hidden), anchors),
        "of_folds": summary_table(summary.loc[hidden], anchors) if hidden else None,
    }


def _of_folds_note(ensembles):
    """Say what the folds of each method make together, of what there is alone."""
    notes = [VOTES_OF_FOLDS] if ensembles - {"best fold"} else []
    notes += [BEST_FOLD] if "best fold" in ensembles else []
    return " ".join([*notes, SPREAD_OF_FOLDS])


def _threshold_note(result):
    if len(result.classes) > 2:
        return "Each pixel has its most probable class."
    threshold = result.plan.threshold
    note = f"Foreground is what is more probable than {threshold:g}."
    regions = _region_scores(result)
    if regions:
        note += (
            f" {regions}, as in the ISBI challenge: the highest of many thresholds on the scored "
            "images themselves."
        )
    return note


def _region_scores(result):
    """Return the scores that try many thresholds, as one would list them, or nothing."""
    names = [metric_words(name) for name in ("v_rand", "v_info") if name in result.metrics]
    return " and ".join(names)


def _chosen(result, subset, anchors, of_folds):
    """Return the table at chosen thresholds, or why there is none."""
    rows = result.thresholds.query("subset == @subset")
    reason = result.why_no_threshold()
    if not reason and rows["threshold"].isna().all():
        reason = "No threshold was chosen: no other validation images than those that are scored."
    if reason:
        return {"chosen": None, "chosen_note": reason, "of_folds_chosen": None}
    summary = result.summary(subset=subset, threshold="chosen")
    known = [name for name in result.metrics if is_known(name)]
    free = [name for name in known if find_metric(name).threshold_free]
    summary = summary.drop(columns=free, level="metric")
    spans = rows.groupby("method")["threshold"].agg(["min", "max"])
    hidden = [name for name in summary.index if name in of_folds]
    return {
        "chosen": _chosen_table(summary.drop(index=hidden), spans, anchors),
        "chosen_note": _chosen_note(result, subset, summary.index),
        "of_folds_chosen": _chosen_table(summary.loc[hidden], spans, anchors) if hidden else None,
    }


def _chosen_table(summary, spans, anchors):
    """Return a summary with the thresholds of each method as a column."""
    table = summary_table(summary, anchors)
    table["columns"].insert(1, "Threshold")
    for name, row in zip(summary.index, table["rows"], strict=True):
        row.insert(1, _threshold_cell(*spans.loc[name]))
    return table


def _threshold_cell(low, high):
    """Return a cell with the threshold of a method, or the lowest and highest of its folds."""
    cell = number_cell(low, ".2f")
    if low < high:
        cell["text"] += f" to {high:.2f}"
    return cell


def _chosen_note(result, subset, methods):
    images = (
        "the validation images of the method's other folds"
        if subset == "validation"
        else "the method's validation images"
    )
    note = (
        f"The threshold is the one at which {metric_words(result.choosing_metric)} is highest on "
        f"{images}; maps of what is scored here have no part in it."
    )
    regions = _region_scores(result)
    if regions:
        note += f" {regions}, too, are at this threshold alone."
    if "majority voting" in {
        result.ensembles[name][1] for name in methods if name in result.ensembles
    }:
        note += " In a majority vote each member votes at its own threshold."
    return note


def undefined_note(result):
    """Return which metrics are defined nowhere, as a sentence, or nothing.

    Parameters
    ----------
    result : BenchmarkResult
    """
    defined = set(result.fold_scores.dropna(subset="value")["metric"])
    missing = [metric for metric in result.metrics if metric not in defined]
    if not missing:
        return ""
    reasons = result.undefined_scores.groupby("metric")["reason"].first()
    parts = [
        f"{metric_words(m)} ({reasons[m].rstrip('.')})" if m in reasons else metric_words(m)
        for m in missing
    ]
    return f"No scores of {', '.join(parts)}: not defined for any method and fold."


def _counts(result, subset):
    """Return in how many images scores are undefined or alarms false, None where in none."""
    counts = result.image_counts(subset=subset)
    counts = counts.drop(index=result.methods_of("fold ensemble"), errors="ignore")
    undefined = counts.xs("n_undefined", axis=1, level=1)
    undefined = undefined.loc[:, undefined.fillna(0).gt(0).any()]
    first = counts[counts.columns.get_level_values(0)[0]]
    if undefined.empty and not first["n_empty"].fillna(0).gt(0).any():
        return None
    heads = ["Method", "Images", "Of these without foreground", "False alarms in these"]
    rows = [
        [
            text_cell(method),
            *(_count_cell(first.at[method, name]) for name in COUNTS),
            *(_count_cell(value) for value in undefined.loc[method]),
        ]
        for method in counts.index
    ]
    names = [f"{metric_label(metric)} undefined" for metric in undefined.columns]
    return {"columns": [*heads, *names], "rows": rows}


def _count_cell(value):
    return number_cell(None if pd.isna(value) else int(value), "d")


def _fold_note(result, subset):
    """Say of which methods means are of fewer folds than others', or nothing."""
    summary = result.summary(subset=subset)
    segmenters = [m for m in summary.index if m in result.methods_of("segmenter")]
    folds = summary.loc[segmenters].xs("n_folds", axis=1, level=1)
    if folds.empty:
        return ""
    most = int(folds.max(axis=None))
    fewer = [_fewer_fits(method, of_method, most) for method, of_method in folds.iterrows()]
    fewer = [text for text in fewer if text]
    note = f" Means of segmenters are over {most} fits." if most > 1 else ""
    return note + (f" Fewer have a score here: {'; '.join(fewer)}." if fewer else "")


def _fewer_fits(method, of_method, most):
    """Say of how many fits a method has scores where these are fewer: of all metrics at once."""
    of_method = of_method.fillna(0).astype(int)
    if of_method.nunique() == 1:
        return f"{method}: {of_method.iloc[0]}" if of_method.iloc[0] < most else ""
    few = of_method[of_method < most]
    parts = [
        f"{n} by {', '.join(map(metric_words, of_number.index))}"
        for n, of_number in few.groupby(few)
    ]
    return f"{method}: {', '.join(parts)}"
