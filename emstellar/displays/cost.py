"""Score against cost, and who is worth it: `CostDisplay`."""

from ..metrics.labels import metric_label
from .canvas import chart_size, get_axes, label_points, plain_text, write_plain_numbers
from .score_tables import mean_scores, pareto_front

# Which job a row of costs is of.
JOB_COLUMNS = ["method", "kind", "repeat", "fold"]
COST_LABELS = {
    "fit_time": "Time to fit one fold, s",
    "compile_time": "Building and compiling the network, s",
    "fit_cpu_time": "Processor time to fit one fold, s",
    "convergence_time": "Time to the best epoch, s",
    "predict_seconds_per_megapixel": "Prediction, s per megapixel",
    "fit_peak_memory": "Peak memory, MB",
    "fit_peak_device_memory": "Peak memory of the GPU, MB",
}


class CostDisplay:
    """Score of each method against its cost, with the methods that none beats in both.

    Parameters
    ----------
    table : DataFrame
        One row per method with columns `score` and `cost`.
    front : DataFrame
        The rows of the Pareto front, by cost: no method is cheaper and at least as good.
    metric, cost : str
        What the columns are.

    Attributes
    ----------
    points_ : matplotlib.collections.PathCollection
    front_ : matplotlib.lines.Line2D
    labels_ : list of matplotlib.text.Annotation
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays import CostDisplay
    >>> from emstellar.displays.score_tables import pareto_front
    >>> table = pd.DataFrame({"score": [0.8, 0.9, 0.7], "cost": [10.0, 60.0, 30.0]}, index=[*"ABC"])
    >>> display = CostDisplay(table, pareto_front(table), "f1", "fit_time").plot()
    >>> display.front.index.tolist()
    ['A', 'B']
    """

    def __init__(self, table, front, metric, cost):
        self.table = table
        self.front = front
        self.metric = metric
        self.cost = cost

    @classmethod
    def from_benchmark(cls, result, *, metric=None, cost="fit_time", subset=None, ax=None, **plot):
        """Draw the methods of a benchmark.

        Parameters
        ----------
        result : BenchmarkResult
        metric : str, optional
            The first by default.
        cost : str, default="fit_time"
            A column of ``result.resources``.
        subset : {"validation", "test"}, optional
            "test" where there are test scores, else "validation".
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        CostDisplay

        Raises
        ------
        ValueError
            If the cost was not measured.
        """
        quantities = result.resources.drop(columns=JOB_COLUMNS)
        measured = quantities.dropna(axis=1, how="all").columns.tolist()
        if cost not in measured:
            raise ValueError(f"{cost!r} was not measured; there are {measured}.")
        metric = result.metrics[0] if metric is None else metric
        score = mean_scores(result.summary(metric, subset))[metric].rename("score")
        costs = result.resources.groupby("method", sort=False)[cost].mean().rename("cost")
        table = costs.to_frame().join(score).dropna()
        return cls(table, pareto_front(table), metric, cost).plot(ax=ax, **plot)

    def plot(self, ax=None, *, log_scale=True):
        """Draw the points and the front.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        log_scale : bool, default=True
            Whether the cost is on a logarithmic axis.

        Returns
        -------
        CostDisplay
        """
        self.ax_, self.figure_ = get_axes(ax, chart_size(len(self.table)))
        if log_scale:
            self.ax_.set_xscale("log")
        (self.front_,) = self.ax_.plot(
            self.front["cost"],
            self.front["score"],
            drawstyle="steps-post",
            color="0.6",
            linestyle="--",
            label="none is cheaper and as good",
        )
        self.points_ = self.ax_.scatter(self.table["cost"], self.table["score"], zorder=3)
        self.ax_.margins(0.2)
        if log_scale:
            write_plain_numbers(self.ax_.xaxis, *self.ax_.get_xlim())
        self.ax_.set(
            xlabel=COST_LABELS.get(self.cost, self.cost),
            ylabel=plain_text(metric_label(self.metric)),
        )
        self.ax_.legend(frameon=False, fontsize="small", loc="lower right")
        self.labels_ = label_points(
            self.ax_, self.table["cost"], self.table["score"], list(self.table.index)
        )
        return self
