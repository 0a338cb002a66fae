"""How long each network trains until its best epoch: `ConvergenceDisplay`."""

import matplotlib as mpl
import numpy as np

from ..metrics.labels import metric_label
from .canvas import get_axes, plain_text


class ConvergenceDisplay:
    """Box plots of the time until the best epoch, per method and monitored criterion.

    Fig. 3 of the EM-stellar paper [1]_: one box holds the fits of all folds and repeats.

    Parameters
    ----------
    times : DataFrame
        With columns `method`, `criterion` and `seconds`, one row per fit and criterion.

    Attributes
    ----------
    boxes_ : dict of str to dict
        For each criterion the artists of ``ax.boxplot``.
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    References
    ----------
    .. [1] Khadangi, Boudier, Rajagopal (2021). EM-stellar: benchmarking deep learning for electron
       microscopy image segmentation. Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays import ConvergenceDisplay
    >>> times = pd.DataFrame({"method": ["A", "A", "B"], "criterion": "loss",
    ...                       "seconds": [60.0, 80.0, 240.0]})
    >>> display = ConvergenceDisplay(times).plot()
    >>> display.ax_.get_xlabel()
    'Time to the best epoch, minutes'
    """

    def __init__(self, times):
        self.times = times

    @classmethod
    def from_benchmark(cls, result, *, ax=None, **plot):
        """Draw the convergence times of all networks of a benchmark.

        Parameters
        ----------
        result : BenchmarkResult
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        ConvergenceDisplay

        Raises
        ------
        ValueError
            If no method has a convergence time.
        """
        times = result.convergence_times
        if times.empty:
            raise ValueError("No method of the benchmark has a convergence time.")
        return cls(times).plot(ax=ax, **plot)

    def plot(self, ax=None, *, cmap="tab10"):
        """Draw the boxes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        cmap : str, default="tab10"
            The colours of the criteria.

        Returns
        -------
        ConvergenceDisplay
        """
        methods = list(dict.fromkeys(self.times["method"]))
        criteria = list(dict.fromkeys(self.times["criterion"]))
        height = 1.2 + len(methods) * (0.2 + 0.22 * len(criteria))
        self.ax_, self.figure_ = get_axes(ax, (6.4, height))
        unit, seconds = _unit(self.times["seconds"].max())
        colors = mpl.colormaps[cmap](range(len(criteria)))
        self.boxes_ = {}
        step = 0.8 / len(criteria)
        for i, (criterion, color) in enumerate(zip(criteria, colors, strict=True)):
            rows = self.times[self.times["criterion"] == criterion].groupby("method")["seconds"]
            values = [
                rows.get_group(m).dropna() / seconds if m in rows.groups else [] for m in methods
            ]
            self.boxes_[criterion] = self.ax_.boxplot(
                values,
                positions=np.arange(len(methods)) + (i - (len(criteria) - 1) / 2) * step,
                widths=0.8 * step,
                orientation="horizontal",
                patch_artist=True,
                boxprops={"facecolor": color, "alpha": 0.6},
                medianprops={"color": "black"},
            )
        self.ax_.set_yticks(range(len(methods)), map(plain_text, methods))
        self.ax_.invert_yaxis()
        self.ax_.set_xlim(left=0)
        self.ax_.set_xlabel(f"Time to the best epoch, {unit}")
        handles = [boxes["boxes"][0] for boxes in self.boxes_.values()]
        labels = [plain_text(metric_label(criterion)) for criterion in criteria]
        self.ax_.legend(
            handles,
            labels,
            title="Criterion",
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
        )
        return self


def _unit(longest):
    """Return the unit in which the longest time reads best, and its seconds."""
    units = {"seconds": 1, "minutes": 60, "hours": 3600}
    return max(
        ((name, size) for name, size in units.items() if longest >= 2 * size or size == 1),
        key=lambda unit: unit[1],
    )
