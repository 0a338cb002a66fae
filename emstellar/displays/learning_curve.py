"""Score against the number of training images: `LearningCurveDisplay`."""

from ..metrics.labels import metric_label
from .canvas import get_axes, plain_text


class LearningCurveDisplay:
    """Mean score of each method against the number of training images, with its spread.

    Parameters
    ----------
    scores : DataFrame
        With columns `method`, `train_size` and `value`, one row per fold and repeat.
    metric : str
        What the values are.
    title : str, default=""

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays import LearningCurveDisplay
    >>> scores = pd.DataFrame({"method": "A", "train_size": [2, 2, 4], "value": [0.6, 0.8, 0.9]})
    >>> LearningCurveDisplay(scores, "f1").plot().lines_[0].get_ydata().tolist()
    [0.7, 0.9]
    """

    def __init__(self, scores, metric, *, title=""):
        self.scores = scores
        self.metric = metric
        self.title = title

    @classmethod
    def from_learning_curve(cls, curve, *, metric=None, subset="validation", ax=None, **plot):
        """Draw the learning curves of several methods.

        Parameters
        ----------
        curve : LearningCurve
            From `emstellar.benchmarking.learning_curve`.
        metric : str, optional
            The first by default.
        subset : {"validation", "test"}, default="validation"
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        LearningCurveDisplay

        Raises
        ------
        ValueError
            If there are no such scores.
        """
        scores = curve.fold_scores
        metric = scores["metric"].iloc[0] if metric is None else metric
        chosen = scores.query("metric == @metric and subset == @subset and kind == 'segmenter'")
        if chosen.empty:
            raise ValueError(f"There are no scores of {metric!r} on subset {subset!r}.")
        return cls(chosen, metric, title=f"{subset} images").plot(ax=ax, **plot)

    def plot(self, ax=None, *, alpha=0.2):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        alpha : float, default=0.2
            How opaque the bands of one standard deviation are.

        Returns
        -------
        LearningCurveDisplay
        """
        self.ax_, self.figure_ = get_axes(ax, (5.6, 3.8))
        self.lines_ = []
        for method, rows in self.scores.groupby("method", sort=False):
            values = rows.groupby("train_size")["value"]
            mean, spread = values.mean(), values.std().fillna(0)
            (line,) = self.ax_.plot(mean.index, mean, marker="o", label=plain_text(method))
            self.ax_.fill_between(
                mean.index, mean - spread, mean + spread, color=line.get_color(), alpha=alpha
            )
            self.lines_.append(line)
        self.ax_.set(
            xlabel="Training images",
            ylabel=plain_text(metric_label(self.metric)),
            title=plain_text(self.title),
        )
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        self.ax_.legend(frameon=False, fontsize="small")
        return self
