"""A benchmark as one HTML page that needs nothing else, and as a folder of tables and figures."""

from datetime import UTC, datetime
from pathlib import Path

import jinja2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex

from . import __version__
from .displays import MetricHeatmapDisplay, OverlayDisplay, RankDisplay
from .displays.confusion_colors import get_colors
from .files import write_atomically
from .metrics.labels import metric_label
from .report_cards import make_cards, method_anchors
from .report_pictures import (
    embed,
    make_charts,
    make_curves,
    make_heatmaps,
    make_overlays,
    shown_images,
    shown_methods,
)
from .report_tables import comparison_table, cost_note, cost_table, fold_tables, summary_table

TITLE = "Benchmark of segmenters"
SECTIONS = {
    "data": "Data",
    "summaries": "Scores",
    "heatmaps": "Heatmaps",
    "comparison": "Differences",
    "overlays": "Errors in the images",
    "cost": "Cost",
    "cards": "Method by method",
    "folds": "Folds",
    "errors": "Failed jobs",
    "methods": "Repeat it",
}


def render_report(result, *, title=TITLE, colors="paper", price_per_hour=0.0, watts=0.0):
    """Return the report of a benchmark as one HTML page.

    Parameters
    ----------
    result : BenchmarkResult
    title : str, default="Benchmark of segmenters"
    colors : {"paper", "colorblind"} or sequence of four colours, default="paper"
        Of right and wrong pixels in the overlays, as in `emstellar.displays.OverlayDisplay`.
    price_per_hour : float, default=0.0
        Of the machine, in any currency; if given, the page says what each method took.
    watts : float, default=0.0
        What the machine draws at work; likewise.

    Returns
    -------
    str
        With all pictures, styles and scripts inside; it loads nothing.

    Raises
    ------
    ValueError
        If no job has finished, or `colors` are none.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("emstellar"), autoescape=True, trim_blocks=True
    )
    content = _content(result, colors, {"price_per_hour": price_per_hour, "watts": watts})
    return environment.get_template("report.html").render(
        title=title,
        version=__version__,
        date=f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        sections=[(anchor, name) for anchor, name in SECTIONS.items() if content[anchor]],
        **content,
    )


def write_report(result, path, **options):
    """Write the report of a benchmark as one HTML page.

    Parameters
    ----------
    result : BenchmarkResult
    path : path-like
        The file to write.
    **options
        Of `render_report`.
    """
    page = render_report(result, **options)
    write_atomically(path, lambda file: file.write(page.encode()))


def write_folder(result, folder, *, colors="paper", **options):
    """Write tables (CSV), heatmaps and overlays (PNG) and the report.

    Parameters
    ----------
    result : BenchmarkResult
    folder : path-like
        Made if it does not exist.
    colors, **options
        Of `render_report`.

    Returns
    -------
    dict of str to pathlib.Path
        The report, the heatmap, and the folders of tables and overlays.
    """
    folder = Path(folder)
    paths = {
        "report": folder / "report.html",
        "heatmap": folder / "heatmap.png",
        "tables": folder / "tables",
        "overlays": folder / "overlays",
    }
    paths["overlays"].mkdir(parents=True, exist_ok=True)
    result.to_csv(paths["tables"])
    _save(MetricHeatmapDisplay.from_benchmark(result).figure_, paths["heatmap"])
    subset = result.subsets[-1]
    for method in shown_methods(result, subset):
        for index in shown_images(result, subset):
            display = OverlayDisplay.from_benchmark(
                result, method, subset=subset, index=index, colors=colors
            )
            name = "".join(c if c.isalnum() else "-" for c in method)
            _save(display.figure_, paths["overlays"] / f"{name}-{subset}-{index}.png")
    write_report(result, paths["report"], colors=colors, **options)
    return paths


def _content(result, colors, rates):
    """Return everything that the template fills in."""
    subset = result.subsets[-1] if result.subsets else result.check_subset(None)
    legend = {name: to_hex(color) for name, color in get_colors(colors).items()}
    anchors = method_anchors(result)
    overlays = make_overlays(result, subset, colors)
    cost = cost_table(result, anchors, **rates)
    return {
        "headlines": _headlines(result, subset),
        "data": _describe_data(result),
        "description": result.data.description,
        "summaries": _summaries(result, anchors),
        "spread_note": "Means, with the standard deviation over folds and repeats after the ± "
        "(over images where there are no folds).",
        "heatmaps": make_heatmaps(result),
        "comparison": _comparison(result, subset),
        "overlays": overlays,
        "overlay_note": _overlay_note(result, subset),
        "legend": legend,
        "cost": cost,
        "cost_note": cost_note(result, **rates),
        "charts": make_charts(result),
        "cards": make_cards(result, overlays, make_curves(result), cost),
        "folds": fold_tables(result, anchors),
        "errors": [
            {
                "title": f"{e.method}, fold {e.fold}: {e.type}: {e.message}",
                "traceback": e.traceback,
            }
            for e in result.errors.itertuples()
        ],
        "methods": result.manifest["methods"],
        "code": result.manifest["code"],
        "environment": _environment(result),
    }


def _headlines(result, subset):
    metric = result.metrics[0]
    label = metric_label(metric)
    means = result.summary(metric, subset)[metric, "mean"].dropna()
    of_folds = means[means.index.isin(result.methods_of("fold ensemble"))]
    means = means.drop(of_folds.index)
    best = means.idxmax()
    sentences = [f"{best} has the highest mean {label} on {subset} images: {means[best]:.4f}."]
    if len(of_folds) and of_folds.max() > means[best]:
        sentences.append(
            f"The folds of one method vote better still: {of_folds.idxmax()}, "
            f"{label} {of_folds.max():.4f}."
        )
    if len(result.errors):
        failed = ", ".join(dict.fromkeys(result.errors["method"]))
        sentences.append(f"{len(result.errors)} jobs failed ({failed}): see below.")
    missing = result.missing
    if missing:
        sentences.append(f"{len(missing)} jobs have not run yet: the benchmark is not finished.")
    return sentences


def _describe_data(result):
    """Return facts about the images, by name."""
    facts = {}
    names = {"validation": "Images of the cross-validation", "test": "Held-out test images"}
    for subset, name in names.items():
        X, y = result.data.subset(subset)
        if X is not None or y is not None:
            facts[name] = _describe_images(X, y, result.classes)
    groups = result.data.groups
    if groups is not None:
        facts["Groups"] = f"{len(np.unique(groups))}: {', '.join(map(str, np.unique(groups)))}"
    return facts


def _describe_images(X, y, classes):
    first = y if X is None else X
    sizes = sorted({np.shape(image)[:2] for image in first})
    text = f"{len(first)} of {sizes[0][0]} x {sizes[0][1]} pixels"
    if len(sizes) > 1:
        text += f" to {sizes[-1][0]} x {sizes[-1][1]}"
    if X is not None:
        text += f", {np.asarray(X[0]).dtype}"
    if y is not None and len(classes) == 2:
        share = sum((np.asarray(mask) == classes[-1]).mean() for mask in y) / len(y)
        text += f"; foreground {share:.1%}"
    return text


def _summaries(result, anchors):
    notes = {
        "validation": "Each image predicted by the model of the fold that held it out.",
        "test": "Images that no model was trained on, predicted by the model of every fold.",
    }
    if "validation" not in result.subsets:
        notes["test"] = "All images pooled; the spread is that of single images."
    votes = result.methods_of("fold ensemble")
    parts = []
    for subset in reversed(result.subsets):
        summary = result.summary(subset=subset)
        of_folds = summary.loc[[name for name in summary.index if name in votes]]
        parts.append(
            {
                "title": f"{subset.capitalize()} images",
                "note": notes[subset],
                "table": summary_table(summary.drop(index=of_folds.index), anchors),
                "votes": summary_table(of_folds, anchors) if len(of_folds) else None,
            }
        )
    return parts


def _comparison(result, subset):
    if len(result.methods_of("segmenter")) < 2:
        return None
    comparison = result.compare(subset="validation" if "validation" in result.subsets else subset)
    note = (
        f"{metric_label(comparison.metric)} on {comparison.subset} images, {comparison.n_units} "
        f"{comparison.unit}s; Wilcoxon's signed-rank test, Holm's correction, bootstrap intervals."
    )
    return {
        "conclusion": comparison.conclusion,
        "image": embed(RankDisplay(comparison).plot().figure_),
        "note": note,
        "table": comparison_table(comparison),
    }


def _overlay_note(result, subset):
    note = "The first image and the hardest, which has the lowest mean score."
    if subset == "test" and "validation" in result.subsets:
        note += " Methods are shown by the model of their first fold."
    return note


def _environment(result):
    """Return the versions of all jobs; several where jobs of different versions meet."""
    found = {}
    for environment in [*(record.environment for record in result.records)]:
        for name, value in environment.items():
            found.setdefault(name, {})[value] = None
    return {name: "; ".join(values) for name, values in found.items()}


def _save(figure, path):
    write_atomically(
        path, lambda file: figure.savefig(file, format="png", dpi=150, bbox_inches="tight")
    )
    plt.close(figure)
