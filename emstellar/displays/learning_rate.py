"""Which learning rates a network learns at: `LearningRateDisplay`."""

from .canvas import get_axes, plain_text


class LearningRateDisplay:
    """Loss against learning rate in a range test, with the rate that it suggests.

    Parameters
    ----------
    found : LearningRateRange
        From `emstellar.training.learning_rate_range`.
    title : str, default=""

    Attributes
    ----------
    line_, smoothed_, suggestion_ : matplotlib.lines.Line2D
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from emstellar.displays import LearningRateDisplay
    >>> found = SimpleNamespace(
    ...     learning_rates=np.array([1e-3, 1e-2, 1e-1]),
    ...     losses=np.array([0.7, 0.3, 0.6]),
    ...     smoothed=np.array([0.7, 0.5, 0.55]),
    ...     suggestion=1e-2,
    ... )
    >>> LearningRateDisplay(found).plot().ax_.get_xscale()
    'log'
    """

    def __init__(self, found, *, title=""):
        self.found = found
        self.title = title

    @classmethod
    def from_estimator(cls, estimator, X, y, *, title="", ax=None, **test):
        """Make the range test of a segmenter and draw it.

        Parameters
        ----------
        estimator : BaseKerasSegmenter
            It is cloned, not fitted.
        X, y : as in ``estimator.fit``
            Images and masks.
        title : str, default=""
        ax : matplotlib.axes.Axes, optional
        **test
            Further arguments of `emstellar.training.learning_rate_range`.

        Returns
        -------
        LearningRateDisplay
        """
        from ..training import learning_rate_range

        return cls(learning_rate_range(estimator, X, y, **test), title=title).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the losses, their running mean and the suggested rate.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.

        Returns
        -------
        LearningRateDisplay
        """
        self.ax_, self.figure_ = get_axes(ax, (4.6, 3.2))
        found = self.found
        (self.line_,) = self.ax_.plot(
            found.learning_rates, found.losses, color="0.75", linewidth=1, label="each batch"
        )
        (self.smoothed_,) = self.ax_.plot(
            found.learning_rates, found.smoothed, label="running mean"
        )
        self.suggestion_ = self.ax_.axvline(
            found.suggestion,
            color="C1",
            linestyle="--",
            label=f"suggested: {found.suggestion:.1e}",
        )
        self.ax_.set(
            xscale="log", xlabel="Learning rate", ylabel="Loss", title=plain_text(self.title)
        )
        self.ax_.legend(fontsize="small", frameon=False)
        return self
