"""How a score depends on the threshold: `ThresholdDisplay`."""

import pandas as pd

from ..metrics.labels import metric_label
from .canvas import get_axes, plain_text
from .threshold_curves import score_thresholds


class ThresholdDisplay:
    """Score of each method against the threshold on the foreground probability.

    A threshold read off these curves is chosen on the images that they show: judge it on others,
    as `emstellar.ThresholdedSegmenter` does.

    Parameters
    ----------
    curves : DataFrame
        Indexed by threshold, one column per method.
    metric : str
        What the score is.
    title : str, default=""

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.displays import ThresholdDisplay
    >>> y_true = np.array([[[1, 1, 0, 0]]])
    >>> maps = {"A": np.array([[[0.9, 0.4, 0.3, 0.1]]])}
    >>> display = ThresholdDisplay.from_predictions(y_true, maps, thresholds=[0.35, 0.5])
    >>> display.curves["A"].round(3).tolist()
    [1.0, 0.667]
    """

    def __init__(self, curves, metric, *, title=""):
        self.curves = curves
        self.metric = metric
        self.title = title

    @classmethod
    def from_predictions(
        cls, y_true, maps, *, metric="f1", thresholds=None, title="", ax=None, **plot
    ):
        """Draw the curves of probability maps.

        Parameters
        ----------
        y_true : array-like of shape (n_images, height, width) or sequence of masks
        maps : dict of str to array-like or sequence of arrays
            For each method its maps, as metrics take them.
        metric : str, default="f1"
            The name of a metric that has a threshold.
        thresholds : array-like, optional
            0.05 to 0.95 in steps of 0.05 by default.
        title : str, default=""
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        ThresholdDisplay
        """
        curves = pd.DataFrame(
            {name: score_thresholds(y_true, m, metric, thresholds) for name, m in maps.items()}
        )
        return cls(curves, metric, title=title).plot(ax=ax, **plot)

    @classmethod
    def from_benchmark(
        cls, result, *, metric="f1", subset=None, methods=None, thresholds=None, ax=None, **plot
    ):
        """Draw the curves of the methods of a benchmark.

        Parameters
        ----------
        result : BenchmarkResult
        metric : str, default="f1"
        subset : {"validation", "test"}, optional
            As in `BenchmarkResult.probabilities`.
        methods : list of str, optional
            All segmenters by default.
        thresholds, ax, **plot
            As in `from_predictions`.

        Returns
        -------
        ThresholdDisplay
        """
        subset = result.check_subset(subset)
        y = result.data.scored_on(subset).masks
        curves = {}
        for method in result.methods_of("segmenter") if methods is None else methods:
            maps = result.probabilities(method, subset)
            masks = [y[index] for index in maps]
            curves[method] = score_thresholds(
                masks, list(maps.values()), metric, thresholds, result.classes
            )
        title = f"{subset} images"
        return cls(pd.DataFrame(curves), metric, title=title).plot(ax=ax, **plot)

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, metric="f1", thresholds=None, title="", ax=None, **plot
    ):
        """Draw the curve of a fitted segmenter.

        Parameters
        ----------
        estimator : fitted segmenter
        X : array-like or sequence of images
        y : array-like or sequence of masks
        metric, thresholds, title, ax, **plot
            As in `from_predictions`.

        Returns
        -------
        ThresholdDisplay
        """
        maps = estimator.predict_proba(X)
        curve = score_thresholds(y, maps, metric, thresholds, estimator.classes_)
        name = type(estimator).__name__
        return cls(pd.DataFrame({name: curve}), metric, title=title).plot(ax=ax, **plot)

    def plot(self, ax=None, **line):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        **line
            Arguments of ``ax.plot``.

        Returns
        -------
        ThresholdDisplay
        """
        self.ax_, self.figure_ = get_axes(ax, (5.6, 3.8))
        self.lines_ = self.ax_.plot(self.curves.index, self.curves, **line)
        for drawn, name in zip(self.lines_, self.curves.columns, strict=True):
            drawn.set_label(plain_text(name))
        self.ax_.set(
            xlabel="Threshold",
            ylabel=plain_text(metric_label(self.metric)),
            title=plain_text(self.title),
        )
        self.ax_.legend(frameon=False, fontsize="small")
        return self
