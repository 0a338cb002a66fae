"""The cards of the report: all that is known of one method in one place."""

from ..metrics.labels import metric_label
from ._tables import number_cell, spread_column, text_cell

VOTES = {
    "average voting": "The mean of the probability maps of all methods that did not fail.",
    "majority voting": "For each pixel the class that most methods that did not fail choose.",
}


def method_anchors(result):
    """Return the anchor of the card of each method; votes of its folds stand on its card.

    Parameters
    ----------
    result : BenchmarkResult

    Returns
    -------
    dict of str to str
    """
    names = dict.fromkeys([*result.plan.methods, *result.methods_of("ensemble")])
    anchors = {name: f"method-{i}" for i, name in enumerate(names)}
    for name, (method, _) in result.ensembles.items():
        if method:
            anchors[name] = anchors[method]
    return anchors


def make_cards(result, overlays, curves, cost):
    """Return the cards of all segmenters and ensembles.

    Parameters
    ----------
    result : BenchmarkResult
    overlays : list of dict
        From `make_overlays`, which the cards refer to.
    curves : dict of str to str
        From `make_curves`.
    cost : dict or None
        From `cost_table`.

    Returns
    -------
    list of dict
    """
    anchors = method_anchors(result)
    cards = [name for name in anchors if name not in result.methods_of("fold ensemble")]
    failed = result.errors["method"].value_counts()
    columns = _score_columns(result)
    return [
        {
            "name": name,
            "anchor": anchors[name],
            "headline": _headline(result, name, columns),
            "failed": int(failed.get(name, 0)),
            "scores": _score_table(result, name, columns),
            "parameters": result.plan.methods.get(name, VOTES.get(name, "")),
            "curves": curves.get(name),
            "overlays": _overlays_of(name, overlays),
            "cost": _cost_of(name, cost),
        }
        for name in cards
    ]


def _score_columns(result):
    """Return for each subset the summary of all methods and the ranks of those with a card."""
    hidden = result.methods_of("fold ensemble")
    columns = {}
    for subset in reversed(result.subsets):
        summary = result.summary(subset=subset)
        means = summary.xs("mean", axis=1, level=1).drop(index=hidden, errors="ignore")
        columns[subset] = summary, means.rank(ascending=False, method="min"), len(means)
    return columns


def _headline(result, name, columns):
    """Return the score by the first metric and its rank, for the closed card."""
    metric = result.metrics[0]
    for subset, (summary, ranks, n_methods) in columns.items():
        if name in ranks.index:
            mean, rank = summary.at[name, (metric, "mean")], ranks.at[name, metric]
            score = f"{metric_label(metric)} {mean:.4f} on {subset} images"
            ranked = n_methods > 1 and rank == rank
            return score + (f", rank {rank:.0f} of {n_methods}" if ranked else "")
    return "no scores"


def _score_table(result, name, columns):
    """Return one row per metric: mean, spread and rank by subset, then votes of the folds."""
    rows = {metric: [text_cell(metric_label(metric))] for metric in result.metrics}
    heads = ["Metric"]
    for subset, (summary, ranks, n_methods) in columns.items():
        if name in ranks.index:
            heads.append(subset.capitalize())
            heads += [f"Rank of {n_methods}"] if n_methods > 1 else []
            for metric, row in rows.items():
                row.append(_mean_cell(summary, name, metric))
                if n_methods > 1:
                    row.append(number_cell(ranks.at[name, metric], ".0f"))
        for member, (method, vote) in result.ensembles.items():
            if method == name and member in summary.index:
                of_folds = vote if vote == "best fold" else f"{vote} of folds"
                heads.append(f"{subset.capitalize()}, {of_folds}")
                for metric, row in rows.items():
                    row.append(_mean_cell(summary, member, metric))
    return {"columns": heads, "rows": list(rows.values())} if len(heads) > 1 else None


def _mean_cell(summary, name, metric):
    spread = summary.at[name, (metric, spread_column(summary))]
    return number_cell(summary.at[name, (metric, "mean")], spread=spread)


def _overlays_of(name, overlays):
    return [
        {"id": picture["id"], "title": group["title"]}
        for group in overlays
        for picture in group["pictures"]
        if picture["name"] == name
    ]


def _cost_of(name, cost):
    """Return the row of the table of costs as (what, how much)."""
    rows = [] if cost is None else [row for row in cost["rows"] if row[0]["text"] == name]
    return [
        (head, cell["text"])
        for row in rows
        for head, cell in zip(cost["columns"][1:], row[1:], strict=True)
        if cell["value"] != ""
    ]
