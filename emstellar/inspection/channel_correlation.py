"""How much the features of a network repeat each other: `feature_correlation`."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
from scipy.stats import rv_histogram
from sklearn.utils.validation import check_is_fitted

from emstellar.randomness import seed_from
from emstellar.validation import check_images

from .feature_blocks import find_blocks, select_blocks
from .feature_values import sample_features

QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
N_BINS = 200
# Channels whose correlations with as many others are computed at a time.
CHUNK = 1024
# Up to so many channels the whole matrix is kept unless one says otherwise: 16 MB.
SMALL = 2000


@dataclass(frozen=True)
class FeatureCorrelation:
    """Correlations between the channels of a network, within and between its blocks.

    Attributes
    ----------
    channels : DataFrame
        One row per channel: its `block`, `layer` and position `channel` in the layer, and whether
        it is `constant`, so that it correlates with nothing and is left out.
    summary : DataFrame
        One row per pair of blocks (`block`, `other`), a block with itself among them: `n_pairs`
        of different channels, and of their correlations `mean`, `std`, `mean_abs` (of the absolute
        values) and the quantiles `q05`, `q25`, `median`, `q75`, `q95`.
    histograms : DataFrame
        How many pairs of channels have a correlation within each bin, by the same pairs of
        blocks; the columns are the bins.
    strongest : DataFrame of shape (n_channels, n_blocks)
        The largest absolute correlation of each channel with another channel of each block.
        In [0, 1], NaN for constant channels.
    matrix : ndarray of shape (n_channels, n_channels), float32, or None
        All correlations, NaN for constant channels, if they were to be kept.
    n_pixels : int
        Number of pixels that the correlations are over.

    See Also
    --------
    emstellar.displays.FeatureCorrelationDisplay : Draws it.

    Examples
    --------
    Four channels, the last of which is constant:

    >>> import numpy as np
    >>> from emstellar.inspection import FeatureCorrelation
    >>> values = np.array([[1, 2, -1, 5], [2, 4, -2, 5], [3, 6, -1, 5]])
    >>> correlation = FeatureCorrelation.from_values(values, ["B1", "B1", "B2", "B2"])
    >>> correlation.strongest.round(2).values.tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, nan], [nan, nan]]
    >>> correlation.summary["n_pairs"].to_dict()
    {('B1', 'B1'): 1, ('B1', 'B2'): 2, ('B2', 'B2'): 0}
    """

    channels: pd.DataFrame
    summary: pd.DataFrame
    histograms: pd.DataFrame
    strongest: pd.DataFrame
    matrix: np.ndarray | None
    n_pixels: int

    @classmethod
    def from_values(cls, values, channels, *, matrix="auto"):
        """Correlate the columns of a table of values.

        Parameters
        ----------
        values : array-like of shape (n_pixels, n_channels)
            Any real dtype.
        channels : DataFrame or sequence of str
            One row per channel with its `block`, or the blocks alone.
        matrix : "auto" or bool, default="auto"
            As in `feature_correlation`.

        Returns
        -------
        FeatureCorrelation
        """
        if not isinstance(channels, pd.DataFrame):
            channels = pd.DataFrame({"block": channels})
        return _Correlating(np.asarray(values), channels, matrix).run()


def feature_correlation(
    segmenter,
    X,
    blocks=None,
    *,
    layers="features",
    n_pixels=10_000,
    batch_size=1,
    matrix="auto",
    random_state=None,
):
    """Correlate the channels of a trained network within and between its blocks.

    Parameters
    ----------
    segmenter : segmenter
        Fitted, and one that trains a network, such as `UNetSegmenter`.
    X : array-like of shape (n_images, height, width[, channels]) or sequence of images
        The images at which the features are looked at.
    blocks : dict of str to str or list of str, optional
        Names of layers of ``segmenter.model_`` for each block. By default all layers, by
        resolution: one block per level of the encoder, one for the bottom, one per level of the
        decoder; B1 to B9 in a U-net.
    layers : {"features", "all"}, default="features"
        Which layers the blocks found by default hold. "features" has every feature once, at the
        end of a convolution with its normalisation and activation. "all" has it also before
        each, where it correlates with itself.
    n_pixels : int or None, default=10_000
        How many pixels of all images together are looked at, drawn at random, as many in each
        image; None takes all.
    batch_size : int, default=1
        Images that the network sees at a time.
    matrix : "auto" or bool, default="auto"
        Whether to keep the correlations of all channels with all; "auto" does up to 2000 channels.
    random_state : int, RandomState or None, default=None
        Decides the pixels.

    Returns
    -------
    FeatureCorrelation

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the segmenter is not fitted.
    TypeError
        If it does not train a network whose layers are known, or `blocks` is not a dict.
    ValueError
        If a layer is unknown or has no maps, or a parameter has a value that it cannot have.

    Notes
    -----
    The correlation is Pearson's, over pixels of all images pooled. Maps of different resolution
    are compared at the pixels of the image: each map is enlarged by repetition, as the networks
    of the study do it. Within a block this changes nothing; between blocks, detail finer than the
    coarser map counts as different. Dropout is off, as in prediction. A layer that is called
    several times stands for its first call; layers of a model within the model are not seen.

    Feature maps are read at the chosen pixels inside the network and then forgotten, batch by
    batch. What is kept is one float32 value per channel and pixel, 800 MB for 20,000 channels
    at 10,000 pixels; the correlations, in float64, are computed 1024 by 1024 channels and only
    counted. `n_pixels` is what the memory depends on, not the number or size of the images. The
    standard error of a correlation is at most ``1 / sqrt(n_pixels)`` if pixels were independent;
    coarse maps have fewer independent pixels, so look at many or large images. The strongest of
    many correlations is large by chance alone, the more so in blocks of many channels. The
    quantiles are those of a histogram of 200 bins, exact to 0.01.

    Constant channels, such as those of dead rectifiers, correlate with nothing and are left out;
    ``correlation.channels["constant"]`` tells which.

    The study [1]_ (Fig. 5) correlated about 20,000 channels of its U-net, as many as all
    convolutions, normalisations and activations have together. How it compared maps of different
    resolution is not stated.

    References
    ----------
    .. [1] Khadangi, Boudier, Rajagopal (2021). EM-stellar: benchmarking deep learning for electron
       microscopy image segmentation. Bioinformatics 37(1), 97-106.

    Examples
    --------
    >>> import keras
    >>> from emstellar import KerasSegmenter
    >>> from emstellar.datasets import make_em_images
    >>> from emstellar.inspection import feature_correlation
    >>> def small_network(input_shape, n_outputs):
    ...     inputs = keras.Input(input_shape)
    ...     fine = keras.layers.Conv2D(4, 3, padding="same", name="fine")(inputs)
    ...     coarse = keras.layers.Conv2D(6, 3, strides=2, padding="same", name="coarse")(fine)
    ...     both = keras.layers.Concatenate()([fine, keras.layers.UpSampling2D()(coarse)])
    ...     outputs = keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(both)
    ...     return keras.Model(inputs, outputs)
    >>> X, y = make_em_images(2, (32, 32), random_state=0)
    >>> segmenter = KerasSegmenter(small_network, size_multiple=2, epochs=1, random_state=0)
    >>> correlation = feature_correlation(segmenter.fit(X, y), X, random_state=0)
    >>> correlation.channels["block"].value_counts().to_dict()
    {'B2': 6, 'B1': 4, 'B3': 1}
    >>> int(correlation.summary.loc[("B1", "B2"), "n_pairs"])
    24
    """
    model = _get_model(segmenter)
    _check_parameters(layers, n_pixels, batch_size, matrix)
    images = check_images(X, n_channels=segmenter.n_channels_in_, name=type(segmenter).__name__)
    if blocks is None:
        found = find_blocks(model, 8 * segmenter.network_size_multiple, layers=layers)
    else:
        found = select_blocks(model, blocks)
    values = sample_features(
        segmenter,
        images,
        [layer for block in found.values() for layer in block],
        n_pixels=n_pixels,
        batch_size=batch_size,
        seed=seed_from(random_state),
    )
    return FeatureCorrelation.from_values(values, _list_channels(found), matrix=matrix)


def _get_model(segmenter):
    check_is_fitted(segmenter)
    if not getattr(getattr(segmenter, "model_", None), "inputs", None):
        raise TypeError(
            "Expected a segmenter whose model_ is a functional or sequential keras.Model, got "
            f"{type(segmenter).__name__}."
        )
    return segmenter.model_


def _check_parameters(layers, n_pixels, batch_size, matrix):
    if layers not in ("features", "all"):
        raise ValueError(f"layers must be 'features' or 'all', got {layers!r}.")
    if n_pixels is not None and n_pixels < 2:
        raise ValueError(f"n_pixels must be None or at least 2, got {n_pixels!r}.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size!r}.")
    _check_matrix(matrix)


def _check_matrix(matrix):
    if matrix not in ("auto", True, False):
        raise ValueError(f"matrix must be 'auto', True or False, got {matrix!r}.")


def _list_channels(blocks):
    rows = [
        (block, layer.name, channel)
        for block, layers in blocks.items()
        for layer in layers
        for channel in range(layer.output.shape[-1])
    ]
    return pd.DataFrame(rows, columns=["block", "layer", "channel"])


class _Correlating:
    """Correlates the channels of all pairs of blocks, some at a time, and counts."""

    def __init__(self, values, channels, matrix):
        _check_matrix(matrix)
        self.values = values
        self.center = values.mean(axis=0, dtype="float64")
        constant = _find_constant(values)
        self.channels = channels.assign(constant=constant)
        blocks = channels["block"].unique()
        n = len(channels)
        self.strongest = {block: np.full(n, np.nan) for block in blocks}
        keep = matrix is True or (matrix == "auto" and n <= SMALL)
        self.matrix = np.full((n, n), np.nan, dtype="float32") if keep else None
        varying = np.flatnonzero(~constant)
        self.chunks = {
            block: _split(varying[(channels["block"] == block).to_numpy()[varying]])
            for block in blocks
        }

    def run(self):
        """Return the correlations of all pairs of blocks."""
        tallies = {}
        for block, other in combinations_with_replacement(self.chunks, 2):
            tallies[block, other] = tally = _Tally()
            for i, rows in enumerate(self.chunks[block]):
                scaled = self._scale(rows)
                for columns in self.chunks[other][i if block == other else 0 :]:
                    tally.add(self._correlate(scaled, rows, columns, block, other))
        index = pd.MultiIndex.from_tuples(tallies, names=["block", "other"])
        bins = pd.IntervalIndex.from_breaks(_Tally.EDGES, closed="left")
        return FeatureCorrelation(
            channels=self.channels,
            summary=pd.DataFrame([tally.summarize() for tally in tallies.values()], index),
            histograms=pd.DataFrame([tally.counts for tally in tallies.values()], index, bins),
            strongest=pd.DataFrame(self.strongest, index=self.channels.index),
            matrix=self.matrix,
            n_pixels=len(self.values),
        )

    def _scale(self, columns):
        """Return channels with mean 0 and norm 1."""
        scaled = self.values[:, columns] - self.center[columns]
        return scaled / np.linalg.norm(scaled, axis=0)

    def _correlate(self, scaled, rows, columns, block, other):
        """Return the correlations of all pairs of different channels, each pair once."""
        same = rows is columns
        r = np.clip(scaled.T @ (scaled if same else self._scale(columns)), -1, 1)
        if self.matrix is not None:
            self.matrix[np.ix_(rows, columns)] = r
            self.matrix[np.ix_(columns, rows)] = r.T
        absolute = np.abs(r)
        if same:
            np.fill_diagonal(absolute, np.nan)
        self._note_strongest(rows, other, absolute, axis=1)
        self._note_strongest(columns, block, absolute, axis=0)
        return r[np.triu_indices(len(r), k=1)] if same else r.ravel()

    def _note_strongest(self, channels, block, absolute, axis):
        best = np.fmax.reduce(absolute, axis=axis)
        self.strongest[block][channels] = np.fmax(self.strongest[block][channels], best)


def _find_constant(values):
    """Tell which channels are constant, to as much as float32 can be off."""
    lowest, highest = values.min(axis=0), values.max(axis=0)
    return highest - lowest <= 1e-6 * np.maximum(np.abs(lowest), np.abs(highest))


def _split(channels):
    return [channels[start : start + CHUNK] for start in range(0, len(channels), CHUNK)]


class _Tally:
    """The distribution of correlations that come some at a time."""

    EDGES = np.linspace(-1, 1, N_BINS + 1).round(12)

    def __init__(self):
        self.counts = np.zeros(N_BINS, dtype="int64")
        self.sum = self.sum_of_absolute = self.sum_of_squares = 0.0

    def add(self, correlations):
        """Take notes of some correlations."""
        self.counts += np.histogram(correlations, self.EDGES)[0]
        self.sum += correlations.sum()
        self.sum_of_absolute += np.abs(correlations).sum()
        self.sum_of_squares += np.square(correlations).sum()

    def summarize(self):
        """Return number, moments and quantiles; NaN where there is no correlation."""
        n = int(self.counts.sum())
        if not n:
            names = ["mean", "std", "mean_abs", *QUANTILES]
            return {"n_pairs": 0, **dict.fromkeys(names, np.nan)}
        mean = self.sum / n
        quantiles = rv_histogram((self.counts, self.EDGES), density=False).ppf(
            list(QUANTILES.values())
        )
        return {
            "n_pairs": n,
            "mean": mean,
            "std": max(0.0, self.sum_of_squares / n - mean**2) ** 0.5,
            "mean_abs": self.sum_of_absolute / n,
            **dict(zip(QUANTILES, quantiles, strict=True)),
        }
