"""The pictures of the report, each as a data URL."""

import base64
import io

import matplotlib.pyplot as plt

from .displays import (
    ComplexityDisplay,
    ConvergenceDisplay,
    CostDisplay,
    MetricHeatmapDisplay,
    OverlayDisplay,
    TrainingCurveDisplay,
)

# Grey noise under flat colours: a fifth of the size of a PNG, and no difference to be seen.
OVERLAY_OPTIONS = {"pad_inches": 0, "pil_kwargs": {"quality": 80}}


def embed(figure, kind="png", **options):
    """Return a figure as a data URL, and forget it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    kind : {"png", "svg", "webp"}, default="png"
    **options
        Of ``figure.savefig``.

    Returns
    -------
    str
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=110, bbox_inches="tight", **options)
    plt.close(figure)
    mime = "image/svg+xml" if kind == "svg" else f"image/{kind}"
    return f"data:{mime};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def shown_methods(result, subset):
    """Return the methods with scores on a subset, without votes of the folds of one method."""
    hidden = result.methods_of("fold ensemble")
    scored = dict.fromkeys(result.fold_scores.query("subset == @subset")["method"])
    return [method for method in scored if method not in hidden]


def shown_images(result, subset):
    """Return the first image of a subset and the hardest one."""
    rows = result.scores.query("subset == @subset and metric == @result.metrics[0]")
    means = rows.groupby("image")["value"].mean()
    return list(dict.fromkeys([means.index[0], means.idxmin()]))


def make_heatmaps(result):
    """Return the heatmap of each subset."""
    return [
        {
            "subset": subset,
            "image": embed(MetricHeatmapDisplay.from_benchmark(result, subset=subset).figure_),
        }
        for subset in result.subsets
    ]


def make_overlays(result, subset, colors):
    """Return the overlays of all methods, image by image.

    Parameters
    ----------
    result : BenchmarkResult
    subset : {"validation", "test"}
    colors : {"paper", "colorblind"} or sequence of four colours

    Returns
    -------
    list of dict
        One per image with `title` and `pictures`, each with `id`, `name` and `image`.
    """
    shown = shown_images(result, subset)
    groups = []
    for index in shown:
        hardest = " (the hardest)" if index == shown[-1] and len(shown) > 1 else ""
        pictures = [
            {
                "id": f"overlay-{index}-{i}",
                "name": method,
                "image": _overlay(result, method, subset, index, colors),
            }
            for i, method in enumerate(shown_methods(result, subset))
        ]
        title = f"{subset.capitalize()} image {index}{hardest}"
        groups.append({"title": title, "pictures": pictures})
    return groups


def _overlay(result, method, subset, index, colors):
    display = OverlayDisplay.from_benchmark(
        result, method, subset=subset, index=index, title="", legend=False, colors=colors
    )
    return embed(display.figure_, "webp", **OVERLAY_OPTIONS)


def make_curves(result):
    """Return the training curves of each method that has any, by method."""
    quantities = result.curves.groupby("method", sort=False)["quantity"].first()
    return {
        method: embed(
            TrainingCurveDisplay.from_benchmark(
                result, method, quantity=quantity, title=""
            ).figure_,
            "svg",
        )
        for method, quantity in quantities.items()
    }


def make_charts(result):
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
    return [{"name": name, "image": embed(d.figure_)} for name, d in charts.items()]
