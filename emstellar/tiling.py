"""Predict images larger than a network takes: overlapping tiles, blended without seams.

Pure numpy around a function that predicts a batch; nothing here knows what a network is.
"""

import functools
from typing import NamedTuple

import numpy as np


def predict_tiled(
    predict,
    image,
    *,
    tile_size=(512, 512),
    overlap=(64, 64),
    batch_size=1,
    multiple=1,
    n_outputs=None,
    progress=None,
):
    r"""Predict an image of any size in tiles that overlap, and blend what they say.

    Parameters
    ----------
    predict : callable
        ``predict(batch) -> maps``, from float32 (n, tile_height, tile_width, channels) to
        (n, tile_height, tile_width, n_outputs). All batches of an image have the same shape, so
        nothing is compiled twice; a batch is overwritten after the call.
    image : array-like of shape (height, width, channels)
        It is read in tiles, so that it may lie on disk.
    tile_size : tuple of int, default=(512, 512)
        Height and width of the tiles.
    overlap : tuple of int, default=(64, 64)
        How much neighbouring tiles overlap at least; less than `tile_size`.
    batch_size : int, default=1
        Tiles per call at most.
    multiple : int, default=1
        Tiles begin at multiples of it. A network that pools to 1/16 predicts a pixel the same
        in every tile only if this is a multiple of 16.
    n_outputs : int, optional
        The last axis of the maps, if it shall be checked.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of tiles after each batch.

    Returns
    -------
    ndarray of shape (height, width, n_outputs), float32

    Raises
    ------
    ValueError
        If the image has a wrong shape, the tiles are too small for the overlap, or the maps do
        not have the shape expected.

    Notes
    -----
    Images smaller than a tile, and the last tiles where `multiple` makes them reach beyond the
    image, are filled by reflection. The weight of a tile is the product of a weight along the
    height and one along the width, both falling over the middle half of the overlap as a raised
    cosine (the outer quarter of it, where the network sees the tile's edge, has none); each is
    divided by its sum over the tiles beforehand, so that the weights of a pixel add up to 1 and
    no map of sums is kept. Memory beyond the result is one batch and one row of tiles.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.tiling import predict_tiled
    >>> image = np.random.default_rng(0).random((100, 130, 1), dtype="float32")
    >>> result = predict_tiled(
    ...     lambda tiles: tiles, image, tile_size=(32, 64), overlap=(8, 8), batch_size=4)
    >>> result.shape, bool(np.abs(result - image).max() < 1e-6)
    ((100, 130, 1), True)
    """
    _check(image, tile_size, overlap, batch_size, multiple)
    tops, lefts = (
        _starts(length, size, lap, multiple)
        for length, size, lap in zip(image.shape, tile_size, overlap, strict=False)
    )
    tiles = [(row, column) for row in range(len(tops)) for column in range(len(lefts))]
    n_batches = -(-len(tiles) // batch_size)
    blend = _Blend(image.shape[:2], tile_size, tops, lefts, overlap)
    # Sharing tiles evenly between the batches leaves the least to fill up in the last one.
    batch = np.empty((-(-len(tiles) // n_batches), *tile_size, image.shape[2]), dtype="float32")
    for first in range(0, len(tiles), len(batch)):
        some = tiles[first : first + len(batch)]
        for tile, (row, column) in zip(batch, some, strict=False):
            _cut(image, tops[row], lefts[column], out=tile)
        batch[len(some) :] = batch[:1]
        maps = np.asarray(predict(batch))
        _check_maps(maps, batch, n_outputs)
        for (row, column), probabilities in zip(some, maps, strict=False):
            blend.add(row, column, probabilities)
        if progress is not None:
            progress(first + len(some), len(tiles))
    return blend.result


def _check(image, tile_size, overlap, batch_size, multiple):
    if len(image.shape) != 3 or 0 in image.shape:
        raise ValueError(
            "Expected an image of shape (height, width, channels) with at least one pixel, "
            f"got shape {tuple(image.shape)} instead."
        )
    check_overlap(tile_size, overlap, multiple)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}.")


def check_overlap(tile_size, overlap, multiple):
    """Raise a ValueError unless tiles that overlap so much leave a step of `multiple` pixels.

    Parameters
    ----------
    tile_size, overlap : tuple of int
        Height and width in pixels.
    multiple : int
        What the steps from tile to tile must be multiples of.
    """
    for size, lap in zip(tile_size, overlap, strict=True):
        if lap < 0 or size - lap < multiple:
            raise ValueError(
                f"overlap={tuple(overlap)} leaves tiles of tile_size={tuple(tile_size)} no step of "
                f"{multiple} or more pixels: make the overlap smaller or the tiles larger."
            )


def _check_maps(maps, batch, n_outputs):
    expected = (*batch.shape[:3], maps.shape[-1] if n_outputs is None else n_outputs)
    if maps.shape != expected:
        raise ValueError(
            f"predict gave maps of shape {maps.shape} for tiles of shape {batch.shape}; "
            f"expected {expected}."
        )


def _starts(length, size, overlap, multiple):
    """Return where the tiles along one axis begin."""
    last = max(0, length - size)
    last = -(-last // multiple) * multiple
    step = (size - overlap) // multiple * multiple
    return [*range(0, last, step), last]


def _cut(image, top, left, out):
    """Copy a tile of `image` to `out`, filled by reflection beyond the end."""
    part = np.asarray(image[top : top + out.shape[0], left : left + out.shape[1]])
    missing = [(0, wanted - found) for wanted, found in zip(out.shape, part.shape, strict=True)]
    out[...] = np.pad(part, missing, mode="reflect") if np.any(missing) else part


class _Blend:
    """The result so far, built from rows of tiles."""

    def __init__(self, shape, tile_size, tops, lefts, overlap):
        self.shape, self.tile_size = shape, tile_size
        self.tops, self.lefts = tops, lefts
        self.down = _weights(tops, tile_size[0], overlap[0])
        self.across = _weights(lefts, tile_size[1], overlap[1])
        self.result = None

    def add(self, row, column, maps):
        """Add the maps of a tile; tiles come row by row."""
        if self.result is None:
            self._allocate(maps.shape[-1])
        # Columns and outputs are one axis, because numpy is slow along short ones.
        np.multiply(maps.reshape(len(maps), -1), self.across[column], out=self.weighted)
        start = self.lefts[column] * self.result.shape[-1]
        self.row[:, start : start + self.weighted.shape[1]] += self.weighted
        if column == len(self.lefts) - 1:
            self._finish_row(row)

    def _allocate(self, n_outputs):
        height, width = self.tile_size
        self.across = [np.repeat(weights, n_outputs) for weights in self.across]
        self.result = np.zeros((*self.shape, n_outputs), dtype="float32")
        self.row = np.zeros((height, (self.lefts[-1] + width) * n_outputs), dtype="float32")
        self.weighted = np.empty((height, width * n_outputs), dtype="float32")

    def _finish_row(self, row):
        self.row *= self.down[row][:, np.newaxis]
        top = self.tops[row]
        target = self.result.reshape(self.shape[0], -1)[top : top + self.tile_size[0]]
        target += self.row[: target.shape[0], : target.shape[1]]
        self.row[...] = 0


def _weights(starts, size, overlap):
    """Return one weight per pixel of each tile along an axis, adding up to 1 over the tiles.

    The weights rise over the middle half of the overlap. The outer quarter counts for nothing:
    there a network has seen the tile's reflected edge instead of the image.
    """
    position = (np.arange(overlap) + 0.5) / max(1, overlap)
    ramp = np.sin(0.5 * np.pi * np.clip(2 * position - 0.5, 0, 1)) ** 2
    windows = np.ones((len(starts), size))
    windows[1:, :overlap] *= ramp
    windows[:-1, size - overlap :] *= ramp[::-1]
    total = np.zeros(starts[-1] + size)
    for start, window in zip(starts, windows, strict=True):
        total[start : start + size] += window
    return [
        (window / total[start : start + size]).astype("float32")
        for start, window in zip(starts, windows, strict=True)
    ]


class Symmetry(NamedTuple):
    """One of the eight symmetries of the square: a flip of the height, then quarter turns.

    Parameters
    ----------
    flip : bool
        Whether the first axis is reversed.
    quarter_turns : int
        How often the array is then turned by 90 degrees.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.tiling import Symmetry
    >>> turn = Symmetry(flip=False, quarter_turns=1)
    >>> turn.apply(np.array([[1, 2], [3, 4]]))
    array([[2, 4],
           [1, 3]])
    """

    flip: bool
    quarter_turns: int

    def apply(self, array, axes=(0, 1)):
        """Return a view of `array`, transformed in two of its axes."""
        array = np.flip(array, axes[0]) if self.flip else array
        return np.rot90(array, self.quarter_turns, axes)

    def undo(self, array, axes=(0, 1)):
        """Return a view of `array`, transformed back."""
        array = np.rot90(array, -self.quarter_turns, axes)
        return np.flip(array, axes[0]) if self.flip else array


def symmetries(square=True):
    """Return the symmetries of a square, or of a rectangle.

    Parameters
    ----------
    square : bool, default=True
        False leaves out the four that exchange height and width.

    Returns
    -------
    list of Symmetry
        8 or 4; the first is the identity.

    Examples
    --------
    >>> from emstellar.tiling import symmetries
    >>> len(symmetries()), len(symmetries(square=False))
    (8, 4)
    """
    turns = range(4) if square else (0, 2)
    return [Symmetry(flip, turn) for flip in (False, True) for turn in turns]


def with_symmetries(predict, *, turned=True):
    """Return a function that predicts under all symmetries and averages: test-time augmentation.

    Parameters
    ----------
    predict : callable
        ``predict(batch) -> maps``, from (n, height, width, channels) to
        (n, height, width, n_outputs).
    turned : bool, default=True
        Whether quarter turns are among the symmetries; a network that has only seen fibres along
        the rows does not know those along the columns. `predict` is then given images with
        height and width exchanged, too.

    Returns
    -------
    callable
        Of the same kind; 8 times as slow with quarter turns, else 4 times.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.tiling import with_symmetries
    >>> def first_row_only(batch):
    ...     return np.where(np.arange(2)[:, None, None] == 0, batch, 0)
    >>> with_symmetries(first_row_only)(np.ones((1, 2, 2, 1)))[0, :, :, 0]
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    return functools.partial(_predict_symmetric, predict, turned)


def _predict_symmetric(predict, turned, batch):
    axes = (1, 2)
    chosen = symmetries(square=turned)
    total = 0
    for symmetry in chosen:
        seen = np.ascontiguousarray(symmetry.apply(batch, axes))
        total = total + symmetry.undo(np.asarray(predict(seen)), axes)
    return total / len(chosen)
