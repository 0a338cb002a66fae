"""The pictures of the report, each as a data URL."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from ..displays import (
    ComplexityDisplay,
    ConvergenceDisplay,
    CostDisplay,
    MetricHeatmapDisplay,
    OverlayDisplay,
    TrainingCurveDisplay,
)

# Overlays have the pixels of the image, as long as the page does not become too heavy.
MOST_PIXELS = 1024
# Grey noise under flat colours: a fifth of the size of a PNG, and no difference to be seen.
WEBP_QUALITY = 80


def embed(figure, kind="png", **options):
    """Return a figure as a data URL, and forget it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    kind : {"png", "svg"}, default="png"
    **options
        Of ``figure.savefig``.

    Returns
    -------
    str
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=110, bbox_inches="tight", **options)
    plt.close(figure)
    return _data_url(buffer, "image/svg+xml" if kind == "svg" else f"image/{kind}")


def embed_pixels(picture):
    """Return an RGB picture as a data URL, pixel by pixel; large ones are halved.

    Parameters
    ----------
    picture : ndarray of shape (height, width, 3)
        Values in [0, 1].

    Returns
    -------
    str
    """
    image = Image.fromarray((255 * picture + 0.5).astype("uint8"))
    image = image.reduce(int(np.ceil(max(image.size) / MOST_PIXELS)))
    buffer = io.BytesIO()
    image.save(buffer, format="webp", quality=WEBP_QUALITY)
    return _data_url(buffer, "image/webp")


def _data_url(buffer, mime):
    return f"data:{mime};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def shown_methods(result, subset):
    """Return the methods with scores on a subset, without votes of the folds of one method."""
    hidden = result.methods_of("fold ensemble")
    scored = dict.fromkeys(result.fold_scores.query("subset == @subset")["method"])
    return [method for method in scored if method not in hidden]


def leading_metric(result):
    """Return the first metric that is defined anywhere, by which the page orders things.

    Parameters
    ----------
    result : BenchmarkResult
    """
    defined = result.fold_scores.dropna(subset="value")["metric"].unique()
    return next((metric for metric in result.metrics if metric in defined), result.metrics[0])


def shown_images(result, subset):
    """Return the first image of a subset and the hardest one, by the leading metric."""
    metric = leading_metric(result)
    scores = result.scores
    rows = scores[(scores["subset"] == subset) & (scores["metric"] == metric)]
    means = rows.groupby("image")["value"].mean()
    hardest = [means.idxmin()] if means.notna().any() else []
    return list(dict.fromkeys([means.index[0], *hardest]))


def make_heatmaps(result):
    """Return the heatmap of each subset, the test images first."""
    return [
        {
            "subset": subset,
            "image": embed(MetricHeatmapDisplay.from_benchmark(result, subset=subset).figure_),
        }
        for subset in reversed(result.subsets)
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
        title = f"{subset.capitalize()} image {result.image_name(subset, index)}{hardest}"
        groups.append({"title": title, "pictures": _pictures(result, subset, index, colors)})
    return groups


def _pictures(result, subset, index, colors):
    """Return the image as it is, and with the outcome of every method."""
    displays = {
        method: OverlayDisplay.from_benchmark(result, method, subset=subset, index=index)
        for method in shown_methods(result, subset)
    }
    pictures = [
        {"id": f"overlay-{index}-{i}", "name": name, "image": embed_pixels(display.picture(colors))}
        for i, (name, display) in enumerate(displays.items())
    ]
    for display in displays.values():
        plt.close(display.figure_)
    first = next(iter(displays.values()))
    if first.image is not None:
        image = embed_pixels(np.repeat(first.image[..., np.newaxis], 3, axis=-1))
        pictures.insert(0, {"id": f"image-{index}", "name": "The image alone", "image": image})
    return pictures


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
        charts["Score against the time of a fit"] = CostDisplay.from_benchmark(
            result, metric=leading_metric(result)
        )
    if result.complexity["flops"].notna().any():
        charts["Score against operations"] = ComplexityDisplay.from_benchmark(
            result, metric=leading_metric(result)
        )
    if not result.convergence_times.empty:
        charts["Time to the best epoch"] = ConvergenceDisplay.from_benchmark(result)
    return [{"name": name, "image": embed(d.figure_)} for name, d in charts.items()]
