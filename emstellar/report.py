"""A benchmark as one HTML page that needs nothing else, and as a folder of tables and figures."""

import base64
import io
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import matplotlib.pyplot as plt
import numpy as np

from . import __version__
from .benchmarking.store import write_atomically
from .displays import (
    ComplexityDisplay,
    ConvergenceDisplay,
    CostDisplay,
    MetricHeatmapDisplay,
    OverlayDisplay,
    RankDisplay,
    TrainingCurveDisplay,
)
from .displays.canvas import metric_label
from .displays.confusion_colors import get_colors
from .report_tables import comparison_table, cost_table, fold_tables, summary_table

TITLE = "Benchmark of segmenters"
SECTIONS = {
    "data": "Data",
    "summaries": "Scores",
    "heatmaps": "Heatmaps",
    "comparison": "Differences",
    "overlays": "Errors in the images",
    "curves": "Training",
    "cost": "Cost",
    "folds": "Folds",
    "errors": "Failed jobs",
    "methods": "Repeat it",
}


def render_report(result, *, title=TITLE):
    """Return the report of a benchmark as one HTML page.

    Parameters
    ----------
    result : BenchmarkResult
    title : str, default="Benchmark of segmenters"

    Returns
    -------
    str
        With all pictures, styles and scripts inside; it loads nothing.

    Raises
    ------
    ValueError
        If no job has finished.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("emstellar"), autoescape=True, trim_blocks=True
    )
    content = _content(result)
    return environment.get_template("report.html").render(
        title=title,
        version=__version__,
        date=f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
        sections=[(anchor, name) for anchor, name in SECTIONS.items() if content[anchor]],
        **content,
    )


def write_report(result, path, *, title=TITLE):
    """Write the report of a benchmark as one HTML page.

    Parameters
    ----------
    result : BenchmarkResult
    path : path-like
        The file to write.
    title : str, default="Benchmark of segmenters"
    """
    page = render_report(result, title=title)
    write_atomically(path, lambda file: file.write(page.encode()))


def write_folder(result, folder, *, title=TITLE):
    """Write tables (CSV), heatmaps and overlays (PNG) and the report.

    Parameters
    ----------
    result : BenchmarkResult
    folder : path-like
        Made if it does not exist.
    title : str, default="Benchmark of segmenters"

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
    for method in _shown_methods(result, subset):
        for index in _shown_images(result, subset):
            display = OverlayDisplay.from_benchmark(result, method, subset=subset, index=index)
            name = "".join(c if c.isalnum() else "-" for c in method)
            _save(display.figure_, paths["overlays"] / f"{name}-{subset}-{index}.png")
    write_report(result, paths["report"], title=title)
    return paths


def _content(result):
    """Return everything that the template fills in."""
    subset = result.subsets[-1] if result.subsets else result.check_subset(None)
    overlays = _overlays(result, subset)
    return {
        "headlines": _headlines(result, subset),
        "data": _describe_data(result),
        "description": result.data.description,
        "summaries": _summaries(result),
        "spread_note": "Means, with the standard deviation over folds and repeats after the ± "
        "(over images where there are no folds).",
        "heatmaps": [
            {
                "subset": part,
                "image": _embed(MetricHeatmapDisplay.from_benchmark(result, subset=part).figure_),
            }
            for part in result.subsets
        ],
        "comparison": _comparison(result, subset),
        "overlays": overlays,
        "overlay_note": _overlay_note(result, subset),
        "legend": get_colors("paper"),
        "curves": _curves(result),
        "cost": cost_table(result),
        "charts": _charts(result),
        "folds": fold_tables(result),
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
    means = result.summary(metric, subset)[metric, "mean"].dropna()
    best = means.idxmax()
    sentences = [
        f"{best} has the highest mean {metric_label(metric)} on {subset} images: {means[best]:.4f}."
    ]
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


def _summaries(result):
    notes = {
        "validation": "Each image predicted by the model of the fold that held it out.",
        "test": "Images that no model was trained on, predicted by the model of every fold. "
        "Votes of the folds are one prediction and have no spread over folds.",
    }
    if "validation" not in result.subsets:
        notes["test"] = "All images pooled; the spread is that of single images."
    return [
        {
            "title": f"{subset.capitalize()} images",
            "note": notes[subset],
            "table": summary_table(result.summary(subset=subset)),
        }
        for subset in reversed(result.subsets)
    ]


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
        "image": _embed(RankDisplay(comparison).plot().figure_),
        "note": note,
        "table": comparison_table(comparison),
    }


def _shown_methods(result, subset):
    hidden = result.methods_of("fold ensemble")
    scored = dict.fromkeys(result.fold_scores.query("subset == @subset")["method"])
    return [method for method in scored if method not in hidden]


def _shown_images(result, subset):
    """Return the first image and the hardest one."""
    rows = result.scores.query("subset == @subset and metric == @result.metrics[0]")
    means = rows.groupby("image")["value"].mean()
    return list(dict.fromkeys([means.index[0], means.idxmin()]))


def _overlays(result, subset):
    shown = _shown_images(result, subset)
    groups = []
    for index in shown:
        pictures = []
        for method in _shown_methods(result, subset):
            display = OverlayDisplay.from_benchmark(
                result, method, subset=subset, index=index, title="", legend=False
            )
            pictures.append({"name": method, "image": _embed(display.figure_)})
        hardest = " (the hardest)" if index == shown[-1] and len(shown) > 1 else ""
        groups.append(
            {"title": f"{subset.capitalize()} image {index}{hardest}", "pictures": pictures}
        )
    return groups


def _overlay_note(result, subset):
    note = "The first image and the hardest, which has the lowest mean score."
    if subset == "test" and "validation" in result.subsets:
        note += " Methods are shown by the model of their first fold."
    return note


def _curves(result):
    methods = list(dict.fromkeys(result.curves["method"]))
    quantities = result.curves.groupby("method")["quantity"].first()
    return [
        {
            "name": method,
            "image": _embed(
                TrainingCurveDisplay.from_benchmark(
                    result, method, quantity=quantities[method]
                ).figure_,
                "svg",
            ),
        }
        for method in methods
    ]


def _charts(result):
    """Return the charts of cost, of those things that were measured."""
    charts = {}
    if "fit_time" in result.resources:
        charts["Score against the time of a fit"] = CostDisplay.from_benchmark(result)
    if result.complexity["flops"].notna().any():
        charts["Score against operations"] = ComplexityDisplay.from_benchmark(
            result, metric=result.metrics[0]
        )
    if not result.convergence_times.empty:
        charts["Time to the best epoch"] = ConvergenceDisplay.from_benchmark(result)
    return [{"name": name, "image": _embed(d.figure_)} for name, d in charts.items()]


def _environment(result):
    """Return the versions of all jobs; several where jobs of different versions meet."""
    found = {}
    for environment in [*(record.environment for record in result.records)]:
        for name, value in environment.items():
            found.setdefault(name, {})[value] = None
    return {name: "; ".join(values) for name, values in found.items()}


def _embed(figure, kind="png"):
    """Return a figure as a data URL, and forget it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=110, bbox_inches="tight")
    plt.close(figure)
    mime = {"png": "image/png", "svg": "image/svg+xml"}[kind]
    return f"data:{mime};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _save(figure, path):
    write_atomically(
        path, lambda file: figure.savefig(file, format="png", dpi=150, bbox_inches="tight")
    )
    plt.close(figure)
