"""Count how often each pair of labels occurs in two label images, in bounded memory.

The table is kept as a list of the pairs that occur: a dense one of a million by a million labels
has no place in memory. Labels come in runs along a row, so runs are counted, not pixels; and the
arrays are read in slabs, so that they may be larger than memory.
"""

from typing import NamedTuple

import numpy as np

# Tables up to this size cost less than sorting the few labels of a chunk.
MAX_TABLE = 2**14


class PairCounts(NamedTuple):
    """The pairs of labels that occur and how often they do; see `count_pairs`."""

    first: np.ndarray
    second: np.ndarray
    counts: np.ndarray

    def select(self, keep):
        """Return the pairs where the boolean array `keep` is true."""
        return PairCounts(self.first[keep], self.second[keep], self.counts[keep])

    def totals(self, side):
        """Return the numbers of pixels of the labels of one side, "first" or "second"."""
        _, position = np.unique(getattr(self, side), return_inverse=True)
        return np.bincount(position, self.counts).astype(np.int64)


def count_pairs(first, second, *, chunk_size=2**18):
    """Return how often each pair of labels occurs at the same place of two arrays.

    Parameters
    ----------
    first, second : array-like of the same shape
        Integer labels. Anything that can be sliced along its first axis will do, such as a
        memory-mapped, zarr or HDF5 array.
    chunk_size : int, default=262144
        How many pixels are read at a time, at least one slice of the first axis.

    Returns
    -------
    PairCounts
        Three arrays of shape (n_pairs,): the labels in `first`, those in `second` and the
        number of pixels of each pair; sorted by the labels.

    Raises
    ------
    ValueError
        If the shapes differ or there is no pixel.
    TypeError
        If the labels are not integers.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics.contingency import count_pairs
    >>> pairs = count_pairs(np.array([1, 1, 2, 2]), np.array([5, 5, 5, 6]))
    >>> pairs.counts
    array([2, 1, 1])
    """
    if first.shape != second.shape:
        raise ValueError(
            f"Label arrays must have the same shape, got {first.shape} and {second.shape}."
        )
    if 0 in first.shape:
        raise ValueError(f"Found label arrays without pixels: shape {first.shape}.")
    parts, limit = [], chunk_size
    for slab in _slabs(first.shape, chunk_size):
        parts.append(_sum_equal(*_runs(np.asarray(first[slab]), np.asarray(second[slab]))))
        if sum(part.counts.size for part in parts) > limit:
            parts = [_sum_parts(parts)]
            limit = max(limit, 2 * parts[0].counts.size)
    return _sum_parts(parts)


def _slabs(shape, chunk_size):
    per_slice = max(int(np.prod(shape[1:])), 1)
    step = max(chunk_size // per_slice, 1)
    return [slice(start, start + step) for start in range(0, shape[0], step)]


def _runs(first, second):
    """Return (labels, labels, lengths) of the runs of equal pairs."""
    first, second = _flat_integers(first), _flat_integers(second)
    starts_here = first[1:] != first[:-1]
    starts_here |= second[1:] != second[:-1]
    starts = np.concatenate([[0], np.flatnonzero(starts_here) + 1])
    return first[starts], second[starts], np.diff(starts, append=first.size)


def _flat_integers(labels):
    flat = labels.ravel()
    if flat.dtype.kind not in "biu":
        raise TypeError(f"Labels must be integers, got dtype {flat.dtype}.")
    return flat.view(np.uint8) if flat.dtype.kind == "b" else flat


def _sum_equal(first, second, counts):
    """Return the pairs, each once, with the sum of its counts."""
    rows, row = _ranks(first)
    columns, column = _ranks(second)
    cells, position = _ranks(row * columns.size + column)
    sums = np.bincount(position, counts).astype(np.int64)
    return PairCounts(rows[cells // columns.size], columns[cells % columns.size], sums)


def _ranks(labels):
    """Return the sorted labels that occur, and the position of each label among them.

    As `numpy.unique` does, but without sorting where the labels are close together.
    """
    low = labels.min()
    span = int(labels.max()) - int(low) + 1
    if span > max(4 * labels.size, MAX_TABLE):
        return np.unique(labels, return_inverse=True)
    offsets = (labels - low).astype(np.intp)
    occurs = np.zeros(span, dtype=bool)
    occurs[offsets] = True
    ranks = np.cumsum(occurs) - 1
    return np.flatnonzero(occurs).astype(labels.dtype) + low, ranks[offsets]


def _sum_parts(parts):
    if len(parts) == 1:
        return parts[0]
    return _sum_equal(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
