"""All methods by all metrics: `MetricHeatmapDisplay`."""

import re
from itertools import groupby

import matplotlib as mpl
import numpy as np

from ..metrics.labels import metric_label
from .canvas import get_axes, plain_text
from .score_tables import mean_scores, normalize_columns


class MetricHeatmapDisplay:
    """Heatmap of the scores of all methods by all metrics.

    The colours of each column go from its lowest to its highest score, the numbers are the
    scores themselves: so every metric shows its own ranking. Fig. 2 of the EM-stellar paper [1]_.

    Parameters
    ----------
    scores : DataFrame
        One row per method, one column per metric; higher is better.
    normalized : DataFrame
        The scores, each column scaled to [0, 1].
    boxed : list of str, default=()
        Methods to draw a box around.
    title : str, default=""

    Attributes
    ----------
    image_ : matplotlib.image.AxesImage
    text_ : ndarray of shape (n_methods, n_metrics), of matplotlib.text.Text
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    See Also
    --------
    emstellar.BenchmarkResult.summary : The numbers, with their spread.

    References
    ----------
    .. [1] Khadangi, Boudier, Rajagopal (2021). EM-stellar: benchmarking deep learning for electron
       microscopy image segmentation. Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays import MetricHeatmapDisplay
    >>> scores = pd.DataFrame({"f1": [0.9, 0.8], "v_rand": [0.7, 0.9]}, index=["A", "B"])
    >>> display = MetricHeatmapDisplay.from_scores(scores)
    >>> display.text_[0, 1].get_text()
    '0.7000'
    """

    def __init__(self, scores, normalized, *, boxed=(), title=""):
        self.scores = scores
        self.normalized = normalized
        self.boxed = boxed
        self.title = title

    @classmethod
    def from_benchmark(
        cls, result, *, metrics=None, subset=None, fold_ensembles=False, boxed=None, ax=None, **plot
    ):
        """Draw the mean scores of a benchmark.

        Parameters
        ----------
        result : BenchmarkResult
        metrics : list of str, optional
            All by default.
        subset : {"validation", "test"}, optional
            "test" where there are test scores, else "validation".
        fold_ensembles : bool, default=False
            Whether to show the votes of the folds of each method too.
        boxed : list of str, optional
            Methods to draw a box around; by default the variants of EM-net, as in the paper.
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        MetricHeatmapDisplay
        """
        subset = result.check_subset(subset)
        scores = mean_scores(result.summary(metrics, subset))
        if not fold_ensembles:
            scores = scores.drop(index=result.methods_of("fold ensemble"), errors="ignore")
        boxed = find_em_nets(result) if boxed is None else boxed
        return cls.from_scores(scores, boxed=boxed, title=f"{subset} images", ax=ax, **plot)

    @classmethod
    def from_scores(cls, scores, *, boxed=(), title="", ax=None, **plot):
        """Draw a table of scores.

        Parameters
        ----------
        scores : DataFrame
            One row per method, one column per metric; higher is better.
        boxed : list of str, default=()
        title : str, default=""
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        MetricHeatmapDisplay
        """
        display = cls(scores, normalize_columns(scores), boxed=boxed, title=title)
        return display.plot(ax=ax, **plot)

    def plot(self, ax=None, *, cmap="viridis", values_format=".4f"):
        """Draw the heatmap.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        cmap : str or matplotlib colormap, default="viridis"
        values_format : str, default=".4f"
            The format of the scores.

        Returns
        -------
        MetricHeatmapDisplay
        """
        rows, columns = self.scores.shape
        longest = max(len(str(name)) for name in self.scores.index)
        size = (1.6 + 0.085 * longest + 0.82 * columns, 1.3 + 0.36 * rows)
        self.ax_, self.figure_ = get_axes(ax, size)
        cmap = mpl.colormaps[cmap].with_extremes(bad="0.92") if isinstance(cmap, str) else cmap
        self.image_ = self.ax_.imshow(self.normalized, cmap=cmap, vmin=0, vmax=1, aspect="auto")
        self._write_scores(values_format)
        self.ax_.set_yticks(range(rows), map(plain_text, self.scores.index))
        self.ax_.set_xticks(
            range(columns), [plain_text(metric_label(name)) for name in self.scores.columns]
        )
        self.ax_.tick_params(length=0)
        self.ax_.tick_params(axis="x", labelrotation=30 if columns > 3 else 0)
        for label in self.ax_.get_xticklabels():
            label.set(ha="right" if columns > 3 else "center", rotation_mode="anchor")
        self._draw_boxes()
        self.ax_.set_title(plain_text(self.title))
        bar = self.figure_.colorbar(self.image_, ax=self.ax_, ticks=[0, 1], pad=0.02, aspect=30)
        bar.ax.set_yticklabels(["lowest", "highest"])
        bar.set_label("within each column", labelpad=-20)
        return self

    def _write_scores(self, values_format):
        self.text_ = np.empty(self.scores.shape, dtype=object)
        for (row, column), score in np.ndenumerate(self.scores.to_numpy(dtype=float)):
            *rgb, _ = self.image_.cmap(self.image_.norm(self.normalized.iat[row, column]))
            # The usual weights of red, green and blue in perceived brightness (Rec. 601).
            bright = np.dot(rgb, (0.299, 0.587, 0.114)) > 0.5
            self.text_[row, column] = self.ax_.text(
                column,
                row,
                "n/a" if np.isnan(score) else format(score, values_format),
                ha="center",
                va="center",
                color="black" if bright else "white",
                fontsize="small",
            )

    def _draw_boxes(self):
        """Draw one box around each run of neighbouring rows that are to be boxed."""
        for is_boxed, run in groupby(
            enumerate(self.scores.index), key=lambda row: row[1] in self.boxed
        ):
            rows = [row for row, _ in run]
            if is_boxed:
                corner = (-0.5, rows[0] - 0.5)
                box = mpl.patches.Rectangle(
                    corner,
                    self.scores.shape[1],
                    len(rows),
                    fill=False,
                    edgecolor="crimson",
                    linewidth=2,
                )
                box.set_clip_on(False)
                self.ax_.add_patch(box)


def find_em_nets(result):
    """Return the methods of a benchmark that are variants of EM-net, by class or by name.

    Parameters
    ----------
    result : BenchmarkResult

    Returns
    -------
    list of str
    """
    return [
        name
        for name in result.methods
        if re.match(r"em[-_ ]?net", name, re.IGNORECASE)
        or result.plan.methods.get(name, "").startswith("EMNetSegmenter(")
    ]
