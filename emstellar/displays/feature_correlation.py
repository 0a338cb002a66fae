"""How much the features of a network repeat each other: `FeatureCorrelationDisplay`."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.ndimage import gaussian_filter

from .canvas import plain_text

# Along each axis of a density.
N_CELLS = 50
# Bins of the histograms that make one bin of the picture.
BINS_JOINED = 8
WITHIN = {"fill": True, "color": "0.7", "linewidth": 0}
OTHERS = {"color": "black", "linewidth": 0.9}


class FeatureCorrelationDisplay:
    """Correlations of the channels of a network within and between its blocks, as a pair plot.

    On the diagonal, the distribution of the correlations of a block's channels with each other
    (filled) and with those of all other blocks (line). Above it, every point is a channel of the
    row's or of the column's block: across, its strongest absolute correlation with another
    channel of the column's block, upwards that with one of the row's. A point far up and to the
    right repeats what both blocks hold. Below the diagonal, the densities of the same points,
    each block's scaled to its own maximum, and the mean absolute correlation of all pairs of
    channels between the two blocks.

    Parameters
    ----------
    correlation : FeatureCorrelation
        From `emstellar.inspection.feature_correlation`.
    title : str, default=""

    Attributes
    ----------
    histograms_ : list of matplotlib.patches.StepPatch
        The distributions within the blocks.
    others_ : list of matplotlib.patches.StepPatch
        The distributions between each block and all others.
    points_ : dict of (str, str) to list of matplotlib.collections.PathCollection
        By the blocks of row and column, the points of the one and of the other.
    densities_ : dict of (str, str) to list of matplotlib.image.AxesImage
        The densities likewise.
    legend_ : matplotlib.legend.Legend
    axes_ : ndarray of shape (n_blocks, n_blocks), of matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure or SubFigure

    See Also
    --------
    emstellar.inspection.feature_correlation : The numbers.

    Notes
    -----
    After Fig. 5 of the EM-stellar paper [1]_, which does not say what its panels off the diagonal
    have on their axes.

    References
    ----------
    .. [1] Khadangi, Boudier, Rajagopal (2021). EM-stellar: benchmarking deep learning for electron
       microscopy image segmentation. Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.displays import FeatureCorrelationDisplay
    >>> from emstellar.inspection import FeatureCorrelation
    >>> values = np.random.default_rng(0).normal(size=(100, 30))
    >>> correlation = FeatureCorrelation.from_values(values, ["B1"] * 10 + ["B2"] * 20)
    >>> FeatureCorrelationDisplay(correlation).plot().axes_.shape
    (2, 2)
    """

    def __init__(self, correlation, *, title=""):
        self.correlation = correlation
        self.title = title

    @classmethod
    def from_estimator(cls, estimator, X, blocks=None, *, title="", figure=None, **correlation):
        """Correlate the features of a fitted segmenter and draw the correlations.

        Parameters
        ----------
        estimator : segmenter
            Fitted, and one that trains a network.
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The images at which the features are looked at.
        blocks : dict of str to str or list of str, optional
            Names of layers for each block; by default all layers, by resolution.
        title : str, default=""
        figure : matplotlib.figure.Figure or SubFigure, optional
            New by default.
        **correlation
            Further arguments of `emstellar.inspection.feature_correlation`.

        Returns
        -------
        FeatureCorrelationDisplay
        """
        from ..inspection import feature_correlation

        found = feature_correlation(estimator, X, blocks, **correlation)
        return cls(found, title=title).plot(figure)

    def plot(self, figure=None, *, colors=("C0", "C1"), max_points=1000):
        """Draw the pair plot.

        Parameters
        ----------
        figure : matplotlib.figure.Figure or SubFigure, optional
            New by default, with an inch for each block.
        colors : pair of matplotlib colors, default=("C0", "C1")
            Of the channels of the row's block and of the column's.
        max_points : int, default=1000
            Of a block with more channels, so many points are drawn, evenly chosen.

        Returns
        -------
        FeatureCorrelationDisplay
        """
        blocks = list(self.correlation.strongest.columns)
        n = len(blocks)
        if figure is None:
            size = max(4.5, 1.1 * n + 0.6)
            figure = plt.figure(figsize=(size, size + 0.6), layout="constrained")
        self.figure_ = figure
        self.axes_ = figure.subplots(n, n, squeeze=False)
        self.histograms_, self.others_, self.points_, self.densities_ = [], [], {}, {}
        for i, row in enumerate(blocks):
            self._draw_distribution(self.axes_[i, i], row)
            for j, column in enumerate(blocks):
                if i < j:
                    self._draw_points(self.axes_[i, j], row, column, colors, max_points)
                elif i > j:
                    self._draw_densities(self.axes_[i, j], row, column, colors)
        self._label(blocks)
        self._draw_legend(colors)
        return self

    def _draw_distribution(self, ax, block):
        histograms = self.correlation.histograms
        edges = np.append(histograms.columns.left, 1.0)[::BINS_JOINED]
        pairs = [pair for pair in histograms.index if block in pair and pair != (block, block)]
        within = histograms.loc[(block, block)].to_numpy()
        others = histograms.loc[pairs].to_numpy().sum(axis=0)
        self.histograms_.append(ax.stairs(_density(within, edges), edges, **WITHIN))
        self.others_.append(ax.stairs(_density(others, edges), edges, **OTHERS))
        ax.set(xlim=(-1, 1), xticks=[-1, 0, 1], yticks=[])
        ax.set_ylim(bottom=0)

    def _draw_points(self, ax, row, column, colors, max_points):
        style = {"s": 6, "alpha": 0.6, "linewidth": 0, "rasterized": True}
        self.points_[row, column] = []
        for block, color in zip((row, column), colors, strict=True):
            x, y = self._pairs_of(block, row, column)
            chosen = np.linspace(0, len(x) - 1, min(len(x), max_points)).astype(int)
            points = ax.scatter(x[chosen], y[chosen], color=color, **style)
            self.points_[row, column].append(points)
        _finish_square(ax)

    def _draw_densities(self, ax, row, column, colors):
        style = {"extent": (0, 1, 0, 1), "origin": "lower", "aspect": "auto", "vmin": 0}
        self.densities_[row, column] = []
        for block, color in zip((row, column), colors, strict=True):
            x, y = self._pairs_of(block, row, column)
            counts, _, _ = np.histogram2d(y, x, N_CELLS, range=[(0, 1), (0, 1)])
            # Scott's rule for two dimensions, about a spread of 0.15.
            density = gaussian_filter(counts, 0.15 * N_CELLS * max(1, len(x)) ** (-1 / 6))
            shades = LinearSegmentedColormap.from_list("", [(color, 0.0), (color, 0.9)])
            image = ax.imshow(density, cmap=shades, interpolation="bilinear", **style)
            self.densities_[row, column].append(image)
        mean = self.correlation.summary.loc[(column, row), "mean_abs"]
        box = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1}
        place = {"transform": ax.transAxes, "ha": "left", "va": "top"}
        ax.text(0.05, 0.96, f"{mean:.2f}", fontsize="small", bbox=box, **place)
        _finish_square(ax)

    def _pairs_of(self, block, row, column):
        """Return the strongest correlations of a block's channels with two blocks."""
        strongest = self.correlation.strongest[self.correlation.channels["block"] == block]
        return strongest[[column, row]].dropna().to_numpy().T

    def _label(self, blocks):
        n = len(blocks)
        for (i, j), ax in np.ndenumerate(self.axes_):
            ax.tick_params(labelsize="x-small", length=2, pad=1.5)
            ax.tick_params(labelbottom=i == n - 1 or i == j, labelleft=j == 0)
            ax.spines[["top", "right"]].set_visible(False)
        for i, block in enumerate(blocks):
            self.axes_[0, i].set_title(plain_text(block), fontsize="medium")
            self.axes_[i, 0].set_ylabel(plain_text(block), fontsize="medium")
        self.figure_.supxlabel("Strongest |r| with the column's block", fontsize="medium")
        self.figure_.supylabel("Strongest |r| with the row's block", fontsize="medium")

    def _draw_legend(self, colors):
        dot = {"linestyle": "", "marker": "o", "markersize": 5}
        entries = {
            "r within the block": Patch(**WITHIN),
            "r with all other blocks": Line2D([], [], **OTHERS),
            "channels of the row's block": Line2D([], [], color=colors[0], **dot),
            "channels of the column's block": Line2D([], [], color=colors[1], **dot),
            "mean |r| between the blocks": Line2D(
                [], [], linestyle="", marker="$0.12$", markersize=18, color="black"
            ),
        }
        # The title stands in the legend, since the layout would draw one over the other.
        self.legend_ = self.figure_.legend(
            entries.values(),
            entries,
            title=plain_text(self.title),
            title_fontsize="large",
            loc="outside upper center",
            ncols=3 if len(self.axes_) > 4 else 2,
            frameon=False,
            fontsize="small",
        )


def _finish_square(ax):
    ax.plot([0, 1], [0, 1], color="0.7", linewidth=0.6, zorder=0)
    ax.set(xlim=(0, 1.02), ylim=(0, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])


def _density(counts, edges):
    """Return the density of `counts` in fewer bins."""
    counts = counts.reshape(-1, BINS_JOINED).sum(axis=1)
    return counts / max(1, counts.sum()) / np.diff(edges)
