"""Border thinning: objects grow over the border until only lines between them are left.

The flooding is that of Vincent and Soille (1991) on two grey levels, with a first-in first-out
queue. Which pixels become lines depends on the order of the queue, so the order is that of the
metrics of the ISBI-2012 challenge (Arganda-Carreras et al. 2015): pixels enter column by column,
neighbours left, up, right, down. All arrays here are transposed, so that this is memory order.
"""

import numpy as np
from scipy import ndimage


def thin_borders(objects, needed=None):
    """Return the objects as labels, grown until they meet at lines of one pixel.

    Parameters
    ----------
    objects : ndarray of shape (height, width), bool
        True inside objects, False on borders.
    needed : ndarray of shape (height, width), bool, optional
        Where labels are needed; by default everywhere. The flood stops when these are known.

    Returns
    -------
    ndarray of shape (height, width), int32
        The labels 1, 2, ... of the 4-connected objects, numbered column by column; 0 on lines.
        Without any object, all is one region. Pixels that are not needed may be 0 too.

    Notes
    -----
    A pixel next to one object takes its label; a pixel next to several becomes line, and so
    does a pixel all of whose decided neighbours are lines. Lines may be thicker than a pixel
    where only lines are near, and missing where objects touch by their corners.

    numba makes it faster, if installed; the labels are the same.

    References
    ----------
    Vincent and Soille, "Watersheds in digital spaces: an efficient algorithm based on immersion
    simulations", IEEE PAMI 13 (1991).

    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics.border_thinning import thin_borders
    >>> thin_borders(np.array([[True, False, False, False, False, True]]))
    array([[1, 1, 1, 0, 2, 2]], dtype=int32)
    """
    return thin_and_label(objects, needed)[0]


def thin_and_label(objects, needed=None):
    """Return (labels, number of objects), as `thin_borders` does."""
    seeds, n_objects = label_objects(objects)
    if n_objects == 0:
        return np.ones(objects.shape, dtype=np.int32), 1
    grow = choose_flood()
    labels = np.pad(seeds.T, 1)
    wanted = ~objects if needed is None else needed & ~objects
    grow(labels.ravel(), labels.shape[1], np.pad(wanted.T, 1).ravel())
    return labels[1:-1, 1:-1].T, n_objects


def label_objects(objects):
    """Return (labels, number) of the 4-connected objects, numbered column by column."""
    labels, n_objects = ndimage.label(objects.T, output=np.int32)
    return labels.T, n_objects


def choose_flood():
    """Return the flood compiled by numba, or the plain one where numba is missing."""
    try:
        from emstellar.metrics.border_thinning_compiled import flood_compiled
    except ImportError:
        return flood
    return flood_compiled


def flood(labels, stride, needed):
    """Grow the labels in place, one layer of the queue after the other.

    A pixel's label depends on earlier layers and on those neighbours of its own layer that are
    before it in the queue. So a layer is first decided from earlier layers; then the pixels
    with such neighbours are decided again until nothing changes. The dependences have no
    circles, so this ends where the queue would.

    Parameters
    ----------
    labels : ndarray of shape (n_pixels,), int32
        The seeds in a frame of zeros, flattened; changed in place.
    stride : int
        The length of a row.
    needed : ndarray of shape (n_pixels,), bool
        The border pixels to be decided.
    """
    offsets = np.array([[-stride], [-1], [stride], [1]])
    queued = _seeds_and_frame(labels, stride)
    order = np.where(labels > 0, -1, labels.size).astype(np.int32)
    layer = _first_layer(labels, stride, queued)
    start, undecided = 0, np.count_nonzero(needed)
    while layer.size and undecided:
        neighbours = layer + offsets
        queued[layer] = True
        order[layer] = np.arange(start, start + layer.size)
        _decide_layer(labels, order, layer, neighbours, start)
        undecided -= np.count_nonzero(needed[layer])
        start += layer.size
        layer = _next_layer(queued, order, neighbours)


def _seeds_and_frame(labels, stride):
    queued = (labels > 0).reshape(-1, stride)
    queued[[0, -1]] = True
    queued[:, [0, -1]] = True
    return queued.ravel()


def _first_layer(labels, stride, queued):
    """Return the border pixels beside seeds, in memory order."""
    seeds = labels.reshape(-1, stride) > 0
    touched = np.zeros_like(seeds)
    touched[1:-1, 1:-1] = seeds[:-2, 1:-1] | seeds[2:, 1:-1] | seeds[1:-1, :-2] | seeds[1:-1, 2:]
    return np.flatnonzero(touched.ravel() & ~queued)


def _next_layer(queued, order, neighbours):
    """Return the pixels not yet queued, each once, in the order in which they are first met."""
    met = neighbours.T[~queued[neighbours].T]
    turn = np.arange(met.size, dtype=order.dtype)
    # Of repeated indices the last assignment holds, so the reversed one leaves the first turn.
    order[met[::-1]] = turn[::-1]
    return met[order[met] == turn]


def _decide_layer(labels, order, layer, neighbours, start):
    labels[layer] = _decide(labels[neighbours])
    ranks = order[neighbours]
    own = order[layer]
    earlier = (ranks >= start) & (ranks < own)
    again = np.flatnonzero(earlier.any(axis=0))
    visible = ranks < own
    later = (ranks > own) & (ranks < start + layer.size)
    while again.size:
        pixels = layer[again]
        decided = _decide(labels[neighbours[:, again]] * visible[:, again])
        changed = decided != labels[pixels]
        labels[pixels] = decided
        changed = again[changed]
        again = np.unique(ranks[:, changed][later[:, changed]]) - start


def _decide(neighbours):
    """Return the one label among the columns' positive ones; 0 if there are several or none."""
    highest = neighbours.max(axis=0)
    several = ((neighbours != highest) & (neighbours > 0)).any(axis=0)
    highest[several] = 0
    return highest
