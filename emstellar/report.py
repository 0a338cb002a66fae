"""A benchmark as one HTML page that needs nothing else, and as a folder of tables and figures."""

from datetime import UTC, datetime
from pathlib import Path

import jinja2
import matplotlib.pyplot as plt
import numpy as np

from . import __version__
from .benchmarking.reproduction import can_save, describe_next_steps
from .displays import MetricHeatmapDisplay, OverlayDisplay
from .displays.confusion_colors import make_legend
from .displays.heatmap import find_em_nets
from .files import file_names, write_atomically
from .metrics.labels import metric_words
from .report_cards import make_cards, method_anchors
from .report_findings import describe_comparison, headlines
from .report_pictures import (
    leading_metric,
    make_charts,
    make_curves,
    make_heatmaps,
    make_overlays,
    shown_images,
    shown_methods,
)
from .report_summaries import make_summaries, undefined_note
from .report_tables import cost_note, cost_table, fold_tables

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
    "next": "What next",
}


def render_report(result, *, title=TITLE, colors="colorblind", price_per_hour=0.0, watts=0.0):
    """Return the report of a benchmark as one HTML page.

    Parameters
    ----------
    result : BenchmarkResult
    title : str, default="Benchmark of segmenters"
    colors : {"colorblind", "paper"} or sequence of four colours, default="colorblind"
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


def write_folder(result, folder, *, colors="colorblind", **options):
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
    _write_overlays(result, paths["overlays"], colors)
    write_report(result, paths["report"], colors=colors, **options)
    return paths


def _write_overlays(result, folder, colors):
    subset = result.subsets[-1]
    shown = [
        (method, index)
        for method in shown_methods(result, subset)
        for index in shown_images(result, subset)
    ]
    names = [f"{method}-{subset}-{result.image_name(subset, index)}" for method, index in shown]
    for (method, index), name in zip(shown, file_names(names), strict=True):
        display = OverlayDisplay.from_benchmark(
            result, method, subset=subset, index=index, colors=colors
        )
        _save(display.figure_, folder / f"{name}.png")


def _content(result, colors, rates):
    """Return everything that the template fills in."""
    subset = result.subsets[-1] if result.subsets else result.check_subset(None)
    legend = make_legend(colors)
    anchors = method_anchors(result)
    overlays = make_overlays(result, subset, colors)
    cost = cost_table(result, anchors, **rates)
    return {
        "headlines": headlines(result, subset),
        "data": _describe_data(result),
        "description": result.data.description,
        "summaries": make_summaries(result, anchors),
        "undefined_note": undefined_note(result),
        "heatmaps": make_heatmaps(result),
        "boxed": find_em_nets(result),
        "comparison": describe_comparison(result, subset),
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
        "next": _next_steps(result),
        "environment": _environment(result),
    }


def _describe_data(result):
    """Return facts about the images, by name."""
    facts = {}
    names = {"validation": "Images of the cross-validation", "test": "Held-out test images"}
    for subset, name in names.items():
        X, y = result.data.subset(subset)
        if X is not None or y is not None:
            facts[name] = _describe_images(X, y, result.classes)
    groups = {
        "Groups of the cross-validation": result.data.groups,
        "Groups of the test images": result.data.groups_test,
    }
    for name, values in groups.items():
        if values is not None:
            found = np.unique(values)
            facts[name] = f"{len(found)}: {', '.join(map(str, found))}"
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


def _overlay_note(result, subset):
    metric = metric_words(leading_metric(result))
    note = f"The first image and the hardest, which has the lowest mean {metric} over all methods"
    if len(result.classes) > 2:
        note += "."
    else:
        note += (
            f"; foreground is what is more probable than {result.manifest.get('threshold', 0.5):g}."
        )
    if subset == "test" and "validation" in result.subsets:
        note += " Methods are shown by the model of their first fold, ensembles by all of theirs."
    if len(result.classes) > 2:
        note += f" Foreground is the class {result.classes[-1]}, all others are background."
    return note


def _next_steps(result):
    """Return how to put the best segmenter to use; None for maps made elsewhere."""
    # Test images are for the report, not for the choice.
    subset, metric = result.subsets[0], leading_metric(result)
    means = result.summary(metric, subset)[metric, "mean"]
    means = means[means.index.isin(result.methods_of("segmenter"))].dropna()
    if result.data.X is None or means.empty:
        return None
    best = means.idxmax()
    representation = result.manifest["methods"].get(best, "")
    code = describe_next_steps(best, representation)
    return {
        "method": best,
        "why": f"the highest mean {metric_words(metric)} on {subset} images",
        "code": code,
        "has_command": can_save(representation),
    }


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
