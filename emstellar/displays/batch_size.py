"""What the batch size does to score, time and memory: `BatchSizeDisplay`."""

import matplotlib.pyplot as plt

from ..metrics.labels import metric_label
from .canvas import plain_text

PANELS = {"fit_time": "Time to fit, s", "fit_peak_memory": "Peak memory, MB"}
ON_DEVICE = {"fit_time": "Time to fit, s", "fit_peak_device_memory": "Peak memory of the GPU, MB"}


class BatchSizeDisplay:
    """Score, running time and memory against a parameter, such as the batch size.

    Fig. 1 of the EM-stellar paper [1]_.

    Parameters
    ----------
    table : DataFrame
        Of `emstellar.benchmarking.ValidationCurve.table`: indexed by value, with the score and
        `fit_time` and `fit_peak_memory`, and their standard deviations. Where
        `fit_peak_device_memory` is there and was measured, it is drawn instead of the latter.
    metric : str
        What the score is.

    Attributes
    ----------
    axes_ : ndarray of shape (3,), of matplotlib.axes.Axes
    lines_ : list of matplotlib.container.ErrorbarContainer
    figure_ : matplotlib.figure.Figure

    References
    ----------
    .. [1] Khadangi, Boudier, Rajagopal (2021). EM-stellar: benchmarking deep learning for electron
       microscopy image segmentation. Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays import BatchSizeDisplay
    >>> table = pd.DataFrame({"f1": [0.8, 0.9], "f1_std": 0.01, "fit_time": [60, 45],
    ...     "fit_time_std": 2, "fit_peak_memory": [500, 900], "fit_peak_memory_std": 5},
    ...     index=pd.Index([2, 8], name="batch_size"))
    >>> [ax.get_ylabel() for ax in BatchSizeDisplay(table, "f1").plot().axes_]
    ['F1', 'Time to fit, s', 'Peak memory, MB']
    """

    def __init__(self, table, metric):
        self.table = table
        self.metric = metric

    @classmethod
    def from_validation_curve(cls, curve, *, metric=None, subset=None, axes=None):
        """Draw the values of one parameter.

        Parameters
        ----------
        curve : ValidationCurve
            From `emstellar.benchmarking.batch_size_curve` or `validation_curve`.
        metric : str, optional
            The first by default.
        subset : {"validation", "test"}, optional
            "test" where there are test scores, else "validation".
        axes : sequence of three matplotlib.axes.Axes, optional

        Returns
        -------
        BatchSizeDisplay
        """
        metric = curve.result.metrics[0] if metric is None else metric
        return cls(curve.table(metric, subset), metric).plot(axes=axes)

    def plot(self, axes=None):
        """Draw the three panels.

        Parameters
        ----------
        axes : sequence of three matplotlib.axes.Axes, optional
            New ones by default.

        Returns
        -------
        BatchSizeDisplay
        """
        if axes is None:
            _, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
        self.axes_, self.figure_ = axes, axes[0].get_figure()
        device = self.table.get("fit_peak_device_memory")
        panels = PANELS if device is None or device.isna().all() else ON_DEVICE
        labels = {self.metric: plain_text(metric_label(self.metric))} | panels
        positions = range(len(self.table))
        self.lines_ = []
        for ax, (column, label) in zip(axes, labels.items(), strict=True):
            spread = self.table[f"{column}_std"].fillna(0)
            line = ax.errorbar(positions, self.table[column], spread, marker="o", capsize=3)
            ax.set_xticks(positions, self.table.index)
            ax.set(xlabel=self.table.index.name.replace("_", " ").capitalize(), ylabel=label)
            self.lines_.append(line)
        return self
