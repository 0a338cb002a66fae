"""Probabilities of the classes at each pixel of a window: by compiled forests or any classifier."""

from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from emstellar.compiled import compiled_module

# Pixels that go through a tree together, 8 x 8.
BLOCK = 64
# Features of about so many bytes are asked of one tree after the other: half of a usual cache.
_CHUNK_BYTES = 2**19


def make_asker(estimator):
    """Return a function that asks a fitted classifier about features of pixels.

    Parameters
    ----------
    estimator : classifier
        Fitted, with ``predict_proba``.

    Returns
    -------
    callable
        From features (height, width, n_features) to probabilities (height, width, n_classes),
        those of the classifier's ``predict_proba``. With numba, forests of scikit-learn are
        walked through by compiled code, equal but for rounding in float64.
    """

    def ask(features):
        table = np.ascontiguousarray(features).reshape(-1, features.shape[-1])
        return estimator.predict_proba(table).reshape(*features.shape[:2], -1)

    compiled = compiled_module("emstellar.segmenters.forest_compiled")
    if compiled is None or type(estimator) not in (RandomForestClassifier, ExtraTreesClassifier):
        return ask
    forest = flatten(estimator)

    def ask_compiled(features):
        features = features.astype("float32", copy=False)
        # What scikit-learn refuses or treats as missing stays its business.
        if features.shape[-1] != estimator.n_features_in_ or not np.isfinite(features).all():
            return ask(features)
        return _count(compiled, forest, features, estimator.n_jobs)

    return ask_compiled


class FlatForest(NamedTuple):
    """The trees of a forest in three arrays; see `forest_compiled.count_votes`."""

    roots: np.ndarray
    nodes: np.ndarray
    leaves: np.ndarray
    capacity: int


def flatten(forest):
    """Return the trees of a fitted forest in three arrays.

    Parameters
    ----------
    forest : RandomForestClassifier or ExtraTreesClassifier
        Fitted to one output.

    Returns
    -------
    FlatForest
    """
    roots, nodes, leaves = [], [], []
    n_nodes = n_leaves = 0
    for tree in (estimator.tree_ for estimator in forest.estimators_):
        shares = tree.value[:, 0]
        is_leaf = tree.children_left < 0
        # A leaf of one class is a number in its parent, unless it is the whole tree.
        is_sure = is_leaf & (shares.max(axis=1) == 1) & (np.arange(tree.node_count) > 0)
        stays = ~is_sure
        numbers = np.where(is_sure, -1 - shares.argmax(axis=1), np.cumsum(stays) - 1 + n_nodes)
        table = np.empty((tree.node_count, 4), dtype=np.int32)
        table[:, 0] = np.where(is_leaf, -1, tree.feature * BLOCK)
        table[:, 1] = _round_down(tree.threshold).view(np.int32)
        table[:, 2] = numbers[tree.children_left]
        table[:, 3] = numbers[tree.children_right]
        table[is_leaf & stays, 2] = n_leaves + np.arange(np.sum(is_leaf & stays))
        roots.append(n_nodes)
        nodes.append(table[stays])
        leaves.append(shares[is_leaf & stays])
        n_nodes, n_leaves = n_nodes + stays.sum(), n_leaves + len(leaves[-1])
    capacity = max(len(table) for table in nodes)
    return FlatForest(np.array(roots), np.concatenate(nodes), np.concatenate(leaves), capacity)


def _round_down(thresholds):
    """Return the largest float32 up to each threshold, so that comparisons stay the same."""
    rounded = thresholds.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded > thresholds, below, rounded)


def _zeros_at_cache_lines(shape):
    """Return float32 zeros that start where a cache line does, so that no vector spans two."""
    memory = np.zeros(np.prod(shape) + 16, dtype=np.float32)
    start = -memory.ctypes.data % 64 // 4
    return memory[start : start + np.prod(shape)].reshape(shape)


def _count(compiled, forest, features, n_jobs):
    """Return the mean of the trees' probabilities at each pixel of a window."""
    height, width, n_features = features.shape
    down, across = -(-height // 8), -(-width // 8)
    blocks = _zeros_at_cache_lines((down * across, n_features, BLOCK))
    active = np.zeros(len(blocks), dtype=np.uint64)
    planes = np.ascontiguousarray(np.moveaxis(features, -1, 0))
    compiled.pack_blocks(planes, blocks, active)
    n_classes = forest.leaves.shape[1]
    votes = np.zeros((len(blocks), n_classes, BLOCK))
    size = max(1, _CHUNK_BYTES // blocks[0].nbytes)
    nodes = forest.nodes.ravel()
    Parallel(n_jobs=n_jobs, require="sharedmem")(
        delayed(compiled.count_votes)(
            blocks[start : start + size].ravel(),
            n_features,
            active[start : start + size],
            forest.roots,
            nodes,
            nodes.view(np.float32),
            forest.leaves,
            forest.capacity,
            votes[start : start + size].ravel(),
        )
        for start in range(0, len(blocks), size)
    )
    votes /= len(forest.roots)
    image = votes.reshape(down, across, n_classes, 8, 8).transpose(0, 3, 1, 4, 2)
    return image.reshape(8 * down, 8 * across, n_classes)[:height, :width]
