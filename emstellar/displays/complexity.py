"""Score against operations and parameters: `ComplexityDisplay`."""

import numpy as np

from ..metrics.labels import metric_label
from .canvas import chart_size, get_axes, label_points, plain_text
from .score_tables import mean_scores

LARGEST_AREA = 1500


class ComplexityDisplay:
    """Ball chart: operations, score, and trainable parameters as the area of the balls.

    Fig. 4 of the EM-stellar paper [1]_.

    Parameters
    ----------
    table : DataFrame
        One row per network with columns `score`, `flops` and `trainable_parameters`.
    metric : str
        What the score is.

    Attributes
    ----------
    balls_ : matplotlib.collections.PathCollection
    labels_ : list of matplotlib.text.Annotation
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    References
    ----------
    .. [1] Khadangi, Boudier, Rajagopal (2021). EM-stellar: benchmarking deep learning for electron
       microscopy image segmentation. Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays import ComplexityDisplay
    >>> table = pd.DataFrame({"score": [0.91, 0.93], "flops": [3e10, 9e10],
    ...                       "trainable_parameters": [1e6, 4e6]}, index=["A", "B"])
    >>> display = ComplexityDisplay(table, "v_rand").plot()
    >>> display.balls_.get_sizes().tolist()
    [375.0, 1500.0]
    """

    def __init__(self, table, metric):
        self.table = table
        self.metric = metric

    @classmethod
    def from_benchmark(cls, result, *, metric=None, subset=None, ax=None, **plot):
        """Draw the networks of a benchmark.

        Parameters
        ----------
        result : BenchmarkResult
        metric : str, optional
            The first by default.
        subset : {"validation", "test"}, optional
            "test" where there are test scores, else "validation".
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        ComplexityDisplay

        Raises
        ------
        ValueError
            If no method of the benchmark is a network.
        """
        metric = result.metrics[0] if metric is None else metric
        score = mean_scores(result.summary(metric, subset))[metric].rename("score")
        table = result.complexity.join(score).dropna(subset=["flops", "score"])
        if table.empty:
            raise ValueError("No method of the benchmark is a network whose operations are known.")
        return cls(table, metric).plot(ax=ax, **plot)

    def plot(self, ax=None, *, color="tab:blue"):
        """Draw the balls.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        color : color, default="tab:blue"

        Returns
        -------
        ComplexityDisplay
        """
        self.ax_, self.figure_ = get_axes(ax, chart_size(len(self.table)))
        parameters = self.table["trainable_parameters"]
        areas = LARGEST_AREA * parameters / parameters.max()
        gigaflops, scores = self.table["flops"] / 1e9, self.table["score"]
        self.balls_ = self.ax_.scatter(gigaflops, scores, s=areas, color=color, alpha=0.4)
        self.ax_.margins(0.2)
        self.ax_.set(xlabel="GFLOPs per image", ylabel=plain_text(metric_label(self.metric)))
        self.ax_.set_title("Area and label: trainable parameters", fontsize="medium")
        texts = [f"{name}, {_short(n)}" for name, n in parameters.items()]
        radii = np.sqrt(areas / np.pi)
        self.labels_ = label_points(self.ax_, gigaflops, scores, texts, radii)
        return self


def _short(number):
    """Return a number of parameters as people say it."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {sign}"
    return f"{number:.0f}"
