"""How the training went: `TrainingCurveDisplay`."""

import pandas as pd

from ..metrics.labels import metric_label
from .canvas import get_axes, plain_text


class TrainingCurveDisplay:
    """Curves of a quantity over the epochs of training, one line per fold.

    Parameters
    ----------
    curves : DataFrame
        Indexed by epoch, one column per line.
    quantity : str
        What the curves show, such as "loss".
    title : str, default=""

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays import TrainingCurveDisplay
    >>> curves = pd.DataFrame({"fold 0": [0.9, 0.5], "fold 1": [0.8, 0.4]}, index=[1, 2])
    >>> len(TrainingCurveDisplay(curves, "loss").plot().lines_)
    2
    """

    def __init__(self, curves, quantity, *, title=""):
        self.curves = curves
        self.quantity = quantity
        self.title = title

    @classmethod
    def from_benchmark(cls, result, method, *, quantity="loss", title=None, ax=None, **plot):
        """Draw the curves of all fits of a method.

        Parameters
        ----------
        result : BenchmarkResult
        method : str
        quantity : str, default="loss"
            A key of `history_`.
        title : str, optional
            The method by default.
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        TrainingCurveDisplay

        Raises
        ------
        ValueError
            If the method has no such curves.
        """
        rows = result.curves[result.curves["method"] == method]
        known = list(dict.fromkeys(rows["quantity"]))
        if quantity not in known:
            raise ValueError(f"{method!r} has no curves of {quantity!r}; it has {known}.")
        rows = rows[rows["quantity"] == quantity]
        table = rows.pivot(index="epoch", columns=["repeat", "fold"], values="value")
        repeats = table.columns.get_level_values("repeat").nunique()
        table.columns = [
            f"fold {fold}" + (f", repeat {repeat}" if repeats > 1 else "")
            for repeat, fold in table.columns
        ]
        display = cls(table, quantity, title=method if title is None else title)
        return display.plot(ax=ax, **plot)

    @classmethod
    def from_estimator(cls, estimator, *, quantity="loss", title="", ax=None, **plot):
        """Draw a curve of a fitted segmenter and, where there is one, its validation curve.

        Parameters
        ----------
        estimator : fitted segmenter with `history_`
        quantity : str, default="loss"
            A key of `history_`.
        title, ax, **plot
            As in `from_benchmark`.

        Returns
        -------
        TrainingCurveDisplay
        """
        history = estimator.history_
        if quantity not in history:
            raise ValueError(f"history_ has no {quantity!r}; it has {list(history)}.")
        subset = "validation" if quantity.startswith("val_") else "training"
        names = {quantity: subset, f"val_{quantity}": "validation"}
        lines = {name: history[key] for key, name in names.items() if key in history}
        epochs = pd.RangeIndex(1, len(history[quantity]) + 1, name="epoch")
        return cls(pd.DataFrame(lines, index=epochs), quantity, title=title).plot(ax=ax, **plot)

    def plot(self, ax=None, *, log_scale=False, **line):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        log_scale : bool, default=False
            Whether the vertical axis is logarithmic.
        **line
            Arguments of ``ax.plot``.

        Returns
        -------
        TrainingCurveDisplay
        """
        self.ax_, self.figure_ = get_axes(ax, (4.6, 3.2))
        marker = "o" if len(self.curves) == 1 else None
        self.lines_ = self.ax_.plot(self.curves.index, self.curves, **{"marker": marker} | line)
        for drawn, name in zip(self.lines_, self.curves.columns, strict=True):
            drawn.set_label(plain_text(name))
        self.ax_.set(
            xlabel="Epoch",
            ylabel=plain_text(metric_label(self.quantity)),
            title=plain_text(self.title),
        )
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        if log_scale:
            self.ax_.set_yscale("log")
        self.ax_.legend(fontsize="small", frameon=False)
        return self
