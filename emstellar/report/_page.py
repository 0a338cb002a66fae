"""A benchmark as one HTML page that needs nothing else."""

from datetime import UTC, datetime

import jinja2

from .. import __version__
from ..displays.confusion_colors import make_legend
from ..displays.heatmap import find_em_nets
from ..files import write_atomically
from ._cards import make_cards, method_anchors
from ._findings import describe_comparison, headlines
from ._pictures import make_charts, make_curves, make_heatmaps, make_overlays
from ._sections import describe_data, describe_environment, next_steps, overlay_note
from ._summaries import make_summaries, undefined_note
from ._tables import cost_note, cost_table, fold_tables

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

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar import BenchmarkResult
    >>> from emstellar.report import render_report
    >>> masks = np.eye(8, dtype=int)[np.newaxis]
    >>> result = BenchmarkResult.from_predictions({"perfect": masks}, masks, scoring="f1")
    >>> render_report(result, title="Diagonals")[:15]
    '<!DOCTYPE html>'
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("emstellar.report"), autoescape=True, trim_blocks=True
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

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from emstellar import BenchmarkResult
    >>> from emstellar.report import write_report
    >>> masks = np.eye(8, dtype=int)[np.newaxis]
    >>> result = BenchmarkResult.from_predictions({"perfect": masks}, masks, scoring="f1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(result, os.path.join(folder, "page.html"))
    ...     os.listdir(folder)
    ['page.html']
    """
    page = render_report(result, **options)
    write_atomically(path, lambda file: file.write(page.encode()))


def _content(result, colors, rates):
    """Return everything that the template fills in."""
    subset = result.subsets[-1] if result.subsets else result.check_subset(None)
    legend = make_legend(colors)
    anchors = method_anchors(result)
    overlays = make_overlays(result, subset, colors)
    cost = cost_table(result, anchors, **rates)
    return {
        "headlines": headlines(result, subset),
        "data": describe_data(result),
        "description": result.data.description,
        "summaries": make_summaries(result, anchors),
        "undefined_note": undefined_note(result),
        "heatmaps": make_heatmaps(result),
        "boxed": find_em_nets(result),
        "comparison": describe_comparison(result, subset),
        "overlays": overlays,
        "overlay_note": overlay_note(result, subset),
        "legend": legend,
        "cost": cost,
        "cost_note": cost_note(result, **rates),
        "charts": make_charts(result),
        "has_votes": bool(result.methods_of("ensemble")),
        "cards": make_cards(result, overlays, make_curves(result), cost),
        "folds": fold_tables(result, anchors),
        "errors": [
            {
                "title": f"{e.method}, fold {e.fold}: {e.type}: {e.message}",
                "traceback": e.traceback,
            }
            for e in result.errors.itertuples()
        ],
        "methods": result.plan.methods,
        "code": result.plan.code,
        "next": next_steps(result),
        "environment": describe_environment(result),
    }
