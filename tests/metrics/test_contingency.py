"""Counts of label pairs equal a dense table, in chunks of any size."""

import numpy as np
import pytest
from sklearn.metrics.cluster import contingency_matrix

from emstellar.metrics.contingency import count_pairs

rng = np.random.default_rng(6)
FIRST = np.repeat(rng.integers(0, 5, (4, 6, 5)), 3, axis=-1)
SECOND = np.repeat(rng.integers(0, 7, (4, 6, 5)), 3, axis=-1)


@pytest.mark.parametrize("chunk_size", [1, 90, 10**6])
def test_equals_dense_table(chunk_size):
    pairs = count_pairs(FIRST, SECOND, chunk_size=chunk_size)
    dense = np.zeros((5, 7), dtype=int)
    dense[pairs.first, pairs.second] = pairs.counts
    np.testing.assert_array_equal(dense, contingency_matrix(FIRST.ravel(), SECOND.ravel()))
    np.testing.assert_array_equal(pairs.totals("first"), np.bincount(FIRST.ravel()))
    np.testing.assert_array_equal(pairs.totals("second"), np.bincount(SECOND.ravel()))


def test_huge_labels_and_many_regions():
    first = rng.integers(0, 2**63, 1000, dtype=np.uint64)
    second = np.arange(1000, dtype=np.int64)
    pairs = count_pairs(first, second, chunk_size=64)
    assert pairs.counts.sum() == len(pairs.counts) == 1000
    order = np.argsort(pairs.second)
    np.testing.assert_array_equal(pairs.first[order], first)


def test_wrong_shapes():
    with pytest.raises(ValueError, match=r"same shape, got \(4, 6, 15\) and \(4, 6, 5\)"):
        count_pairs(FIRST, SECOND[..., ::3])
    with pytest.raises(ValueError, match="without pixels"):
        count_pairs(FIRST[:0], SECOND[:0])
