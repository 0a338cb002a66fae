"""Which parts of which images a training sees next, so that all pixels count alike."""

import threading
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

import numpy as np

# Sides of cells, as a share of the patch's: so small at least, but for images of a few patches.
# Smaller cells would waste more of what is computed, larger ones always be cut at the same places.
SMALLEST_SHARE = 0.7


class Cell(NamedTuple):
    """A rectangle of an image, at most as large as a patch.

    Parameters
    ----------
    image : int
        Position of the image.
    rows, columns : tuple of int
        Where the rectangle begins and ends.
    """

    image: int
    rows: tuple
    columns: tuple


class Deck:
    r"""Cells of all images, dealt in passes: in each, every labelled pixel lies in one cell.

    Parameters
    ----------
    weights : list of ndarray of shape (height, width)
        Weights of the pixels; cells without any weight are left out.
    patch_size : tuple of int
        Height and width of a patch in pixels.
    seed : int
        The seed of all choices.
    sampling : {"random", "grid"}, default="random"
        Whether each pass cuts the images in another way, or all of them into the fewest cells.

    Notes
    -----
    Windows of length p that lie within an image of length H cover its pixels equally often only
    side by side: the coverage of pixels x and x - 1 differs by :math:`q(x) - q(x - p)`, where
    q(t) is the probability that a window begins at t, so that q(1), ..., q(p - 1) must be 0. To
    let windows lie anywhere, a pass therefore cuts the image into n equal cells, p or less wide,
    a window is placed anywhere around its cell, and the pixels of the cell alone have weight. All
    cells of an image being equally large, no pixel counts more because it shares its patch with
    few others, as at borders that patches overhang.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.deck import Deck
    >>> deck = Deck([np.ones((4, 6))], patch_size=(4, 4), seed=0, sampling="grid")
    >>> sorted(cell.columns for cell in deck.deal(run=0, first=0, n_cells=2))
    [(0, 3), (3, 6)]
    """

    def __init__(self, weights, patch_size, seed, sampling="random"):
        self.shapes = np.array([weight.shape for weight in weights])
        self.patch_size = np.array(patch_size)
        self.seed = seed
        self.sampling = sampling
        self.fewest = -(-self.shapes // self.patch_size)
        # Of the images that are labelled everywhere, nothing need be known.
        self._labelled = [None if w.all() else np.nonzero(w) for w in weights]
        self._ends = defaultdict(list)
        self._lock = threading.Lock()
        # Two batches are prepared at a time, which may belong to two passes each.
        self._pass = lru_cache(maxsize=8)(self._shuffle)

    def deal(self, run, first, n_cells):
        """Return consecutive cells.

        Parameters
        ----------
        run : int
            A sequence of passes of its own.
        first, n_cells : int
            Position of the first cell in it, and the number of cells.

        Returns
        -------
        list of Cell
        """
        return [self._cell(run, position) for position in range(first, first + n_cells)]

    def cell_around(self, run, position, image, pixel):
        """Return the cell that holds a pixel in the pass which a position belongs to.

        Parameters
        ----------
        run, position : int
            As for `deal`.
        image : int
            Position of the image.
        pixel : tuple of int
            Row and column.

        Returns
        -------
        Cell
        """
        counts = self._counts(run, self._find(run, position)[0])[image]
        places = [
            int(np.searchsorted(_cuts(side, n), at, side="right")) - 1
            for side, n, at in zip(self.shapes[image], counts, pixel, strict=True)
        ]
        return self._as_cell(counts, image, *places)

    def _cell(self, run, position):
        number, place = self._find(run, position)
        image, row, column = self._pass(run, number)[place]
        return self._as_cell(self._counts(run, number)[image], int(image), row, column)

    def _as_cell(self, counts, image, row, column):
        rows, columns = (
            tuple(_cuts(side, n)[k : k + 2].tolist())
            for side, n, k in zip(self.shapes[image], counts, (row, column), strict=True)
        )
        return Cell(image, rows, columns)

    def _find(self, run, position):
        """Return the number of the pass that a position belongs to, and the place in it."""
        with self._lock:
            ends = self._ends[run]
            while not ends or ends[-1] <= position:
                ends.append((ends[-1] if ends else 0) + self._length(run, len(ends)))
        number = int(np.searchsorted(ends, position, side="right"))
        return number, position - (ends[number - 1] if number else 0)

    def _length(self, run, number):
        """Return the number of cells in a pass."""
        if all(labelled is None for labelled in self._labelled):
            return int(self._counts(run, number).prod(axis=1).sum())
        return len(self._pass(run, number))

    def _counts(self, run, number):
        """Return the number of cells along both sides of each image in a pass."""
        if self.sampling == "grid":
            return self.fewest
        share = self._rng(run, number, 0).uniform(SMALLEST_SHARE, 1, self.shapes.shape)
        wanted = np.round(self.shapes / (self.patch_size * share)).astype(int)
        return np.minimum(np.maximum(wanted, self.fewest), self.shapes)

    def _shuffle(self, run, number):
        """Return image, row and column of each cell of a pass, in the order of dealing."""
        cells = [
            np.insert(self._places(i, counts), 0, i, axis=1)
            for i, counts in enumerate(self._counts(run, number))
        ]
        return self._rng(run, number, 1).permutation(np.concatenate(cells))

    def _places(self, image, counts):
        """Return row and column of the cells of an image that have labels."""
        if self._labelled[image] is None:
            return np.stack(np.indices(counts), axis=-1).reshape(-1, 2)
        places = [
            np.searchsorted(_cuts(side, n), at, side="right") - 1
            for side, n, at in zip(self.shapes[image], counts, self._labelled[image], strict=True)
        ]
        return np.unique(np.stack(places, axis=-1), axis=0)

    def _rng(self, *key):
        # The first number tells this stream from that of the batches, see `PatchBatches`.
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(0, *key)))


def _cuts(side, n):
    """Return where `n` equal cells begin along a side, and where the last one ends."""
    return np.linspace(0, side, n + 1).round().astype(int)
