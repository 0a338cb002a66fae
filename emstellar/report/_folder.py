"""A benchmark as a folder of tables, figures and the report."""

from pathlib import Path

import matplotlib.pyplot as plt

from ..displays import MetricHeatmapDisplay, OverlayDisplay
from ..files import file_names, write_atomically
from ._page import write_report
from ._pictures import shown_images, shown_methods


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

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from emstellar import BenchmarkResult
    >>> from emstellar.report import write_folder
    >>> masks = np.eye(8, dtype=int)[np.newaxis]
    >>> result = BenchmarkResult.from_predictions({"perfect": masks}, masks, scoring="f1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_folder(result, folder)
    ...     sorted(os.listdir(folder))
    ['heatmap.png', 'overlays', 'report.html', 'tables']
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


def _save(figure, path):
    write_atomically(
        path, lambda file: figure.savefig(file, format="png", dpi=150, bbox_inches="tight")
    )
    plt.close(figure)
