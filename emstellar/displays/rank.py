"""Average ranks and what they can tell apart: `RankDisplay`."""

from .._wording import count
from ..metrics.labels import metric_label
from .canvas import get_axes, plain_text


class RankDisplay:
    """Critical-difference diagram: average ranks, with bars over methods that do not differ.

    As in Demšar [1]_: methods under one bar have average ranks closer than Nemenyi's critical
    difference. Bars are drawn only where Friedman's test rejects that all methods are alike; where
    it does not, or there are too few units, the title says so. Both know, as `compare` does, that
    folds share training images and that fits vary. Of two methods the title tells their test.

    Parameters
    ----------
    comparison : Comparison
        Of `emstellar.BenchmarkResult.compare`.

    Attributes
    ----------
    labels_ : list of matplotlib.text.Annotation
    bars_ : list of matplotlib.lines.Line2D
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    References
    ----------
    .. [1] Demšar (2006). Statistical comparisons of classifiers over multiple data sets. Journal of
       Machine Learning Research 7, 1-30.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.benchmarking.statistics import compare_methods
    >>> from emstellar.displays import RankDisplay
    >>> table = pd.DataFrame({"A": [0.9, 0.8, 0.85], "B": [0.7, 0.6, 0.8]})
    >>> display = RankDisplay(compare_methods(table)).plot()
    >>> [label.get_text() for label in display.labels_]
    ['A  1.00', '2.00  B']
    """

    def __init__(self, comparison):
        self.comparison = comparison

    @classmethod
    def from_benchmark(cls, result, *, ax=None, **compare):
        """Compare the methods of a benchmark and draw their ranks.

        Parameters
        ----------
        result : BenchmarkResult
        ax : matplotlib.axes.Axes, optional
        **compare
            Arguments of `emstellar.BenchmarkResult.compare`.

        Returns
        -------
        RankDisplay
        """
        return cls(result.compare(**compare)).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.

        Returns
        -------
        RankDisplay
        """
        ranks = self.comparison.ranks
        groups = self.comparison.groups()
        half = (len(ranks) + 1) // 2
        top = 0.35 * (len(groups) + 1)
        # Ticks of two digits need room beside the names.
        width = max(7.2, 3.6 + 0.4 * len(ranks))
        self.ax_, self.figure_ = get_axes(ax, (width, 1.3 + 0.3 * half + 0.2 * len(groups)))
        self.ax_.set(xlim=(0.4, len(ranks) + 0.6), ylim=(-top - 0.6 * half - 0.2, 0.8))
        self.ax_.spines[["left", "right", "bottom"]].set_visible(False)
        self.ax_.spines["top"].set_position(("data", 0))
        self.ax_.xaxis.set_ticks_position("top")
        self.ax_.set_xticks(range(1, len(ranks) + 1))
        self.ax_.set_yticks([])
        self.bars_ = [
            self.ax_.plot(
                [low - 0.05, high + 0.05], [-0.35 * (i + 1)] * 2, color="black", linewidth=4
            )[0]
            for i, (low, high) in enumerate(groups)
        ]
        self._write_names(ranks, half, top)
        self.ax_.set_title(self._title(), fontsize="medium")
        return self

    def _title(self):
        """Say over how many units the ranks are, and what they can tell apart."""
        comparison = self.comparison
        text = f"Average rank by {plain_text(metric_label(comparison.metric))} over "
        text += f"{count(comparison.n_units, comparison.unit)}; "
        if not comparison.can_rank:
            return text + "too few to rank methods"
        if len(comparison.ranks) == 2:
            (pair,) = comparison.pairs.itertuples()
            found = "a" if pair.p_holm < comparison.alpha else "no"
            return text + f"{found} difference found (p {pair.p_holm:.2g})"
        if comparison.friedman_p >= comparison.alpha:
            return text + f"ranks do not differ (Friedman's p {comparison.friedman_p:.2g})"
        return text + f"critical difference {comparison.critical_difference:.2f}"

    def _write_names(self, ranks, half, top):
        """Write the better half on the left, the others on the right, lines to their ranks."""
        self.labels_ = []
        for i, (name, rank) in enumerate(ranks.items()):
            left = i < half
            row = i if left else len(ranks) - 1 - i
            y = -top - 0.6 * row - 0.3
            x = 0.4 if left else len(ranks) + 0.6
            self.ax_.plot([rank, rank, x], [0, y, y], color="0.4", linewidth=0.8)
            text = f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}"
            self.labels_.append(
                self.ax_.annotate(
                    plain_text(text),
                    (x, y),
                    (-4 if left else 4, 0),
                    textcoords="offset points",
                    ha="right" if left else "left",
                    va="center",
                )
            )
