"""Border thinning: objects grow over the border until only lines between them are left.

The flooding is that of Vincent and Soille (1991) on two grey levels, with a first-in first-out
queue. Which pixels become lines depends on the order of the queue, so the order is that of the
metrics of the ISBI-2012 challenge (Arganda-Carreras et al. 2015): pixels enter column by column,
neighbours left, up, right, down. All arrays here are transposed, so that this is memory order.
"""

import numpy as np
from scipy import ndimage

from emstellar.compiled import compiled_module

NOT_QUEUED = np.iinfo(np.int32).max
# The label of pixels that the flood neither enters nor counts as a neighbour.
WALL = -1


def thin_borders(objects, needed=None, labelled=None):
    """Return the objects as labels, grown until they meet at lines of one pixel.

    Parameters
    ----------
    objects : ndarray of shape (height, width), bool
        True inside objects, False on borders.
    needed : ndarray of shape (height, width), bool, optional
        Where labels are needed; by default everywhere. The flood stops when these are known.
    labelled : ndarray of shape (height, width), bool, optional
        Which pixels there are; by default all. The others are as if cut out of the image: they
        are in no object, and nothing grows through them.

    Returns
    -------
    ndarray of shape (height, width), int32
        The labels 1, 2, ... of the 4-connected objects, numbered column by column; 0 on lines.
        Without any object, all is one region, and so is each 4-connected part of the labelled
        pixels that has none. Pixels that are not needed may be 0 too.

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
    needed, labelled = (
        None if mask is None else np.ascontiguousarray(mask.T) for mask in (needed, labelled)
    )
    return thin_columns(np.ascontiguousarray(objects.T), needed, labelled).T


def thin_columns(objects, needed=None, labelled=None):
    """Do what `thin_borders` does on transposed arrays, of shape (width, height).

    Columns in a row of memory are what the order of the queue asks for.
    """
    labels, n_objects = label_columns(objects, labelled)
    if n_objects == 0 and labelled is None:
        return np.ones(objects.shape, dtype=np.int32)
    wanted = ~objects if needed is None else needed & ~objects
    if labelled is not None:
        wanted &= labelled
        labels[~labelled] = WALL
    framed = np.pad(labels, 1)
    choose_flood()(framed.ravel(), framed.shape[1], np.pad(wanted, 1).ravel())
    thinned = framed[1:-1, 1:-1]
    return thinned if labelled is None else _fill_parts(thinned, labels > 0, labelled, n_objects)


def label_columns(objects, labelled=None):
    """Return (labels, number) of 4-connected objects, numbered along the rows of the array.

    Pixels that are not `labelled` are in no object and join none.
    """
    return ndimage.label(objects if labelled is None else objects & labelled, output=np.int32)


def _fill_parts(thinned, objects, labelled, n_objects):
    """Make each part of the labelled pixels that has no object one region."""
    parts, n_parts = ndimage.label(labelled, output=np.int32)
    has_object = np.zeros(n_parts + 1, dtype=bool)
    has_object[parts[objects]] = True
    empty = labelled & ~has_object[parts]
    thinned[empty] = n_objects + parts[empty]
    thinned[~labelled] = 0
    return thinned


def choose_flood():
    """Return the flood compiled by numba, or the plain one where numba is missing."""
    compiled = compiled_module("emstellar.metrics.border_thinning_compiled")
    return flood if compiled is None else compiled.flood_compiled


def flood(labels, stride, needed):
    """Grow the labels in place, one layer of the queue after the other.

    A pixel's label depends on earlier layers and on those neighbours of its own layer that are
    before it in the queue. So a layer is first decided from earlier layers; then the pixels
    with such neighbours are decided again until nothing changes. The dependences have no
    circles, so this ends where the queue would.

    Parameters
    ----------
    labels : ndarray of shape (n_pixels,), int32
        The seeds in a frame of zeros, flattened; changed in place. `WALL` is never entered.
    stride : int
        The length of a row.
    needed : ndarray of shape (n_pixels,), bool
        The border pixels to be decided.
    """
    offsets = np.array([[-stride], [-1], [stride], [1]])
    # The turn in the queue: -1 for seeds and the frame, the largest for what is not queued yet.
    turns = np.where(labels != 0, np.int32(-1), np.int32(NOT_QUEUED))
    grid = turns.reshape(-1, stride)
    grid[[0, -1]] = grid[:, [0, -1]] = -1
    layer = _first_layer(labels, turns, stride)
    start, undecided = 0, np.count_nonzero(needed)
    while layer.size and undecided:
        turns[layer] = np.arange(start, start + layer.size, dtype=np.int32)
        neighbours = layer + offsets
        around = turns.take(neighbours)
        _decide_layer(labels, layer, neighbours, around, start)
        undecided -= np.count_nonzero(needed.take(layer))
        start += layer.size
        layer = _next_layer(turns, neighbours, around)


def _first_layer(labels, turns, stride):
    """Return the border pixels beside seeds, in memory order."""
    seeds = labels.reshape(-1, stride) > 0
    touched = np.zeros_like(seeds)
    touched[1:-1, 1:-1] = seeds[:-2, 1:-1] | seeds[2:, 1:-1] | seeds[1:-1, :-2] | seeds[1:-1, 2:]
    return np.flatnonzero(touched.ravel() & (turns == NOT_QUEUED))


def _next_layer(turns, neighbours, around):
    """Return the pixels not yet queued, each once, in the order in which they are first met."""
    met = neighbours.T[around.T == NOT_QUEUED]
    places = np.arange(met.size, dtype=turns.dtype)
    # Of repeated indices the last assignment holds, so the reversed one leaves the first place.
    turns[met[::-1]] = places[::-1]
    return met[turns.take(met) == places]


def _decide_layer(labels, layer, neighbours, around, start):
    """Decide a layer from earlier ones, then again what depends on its own earlier pixels."""
    labels[layer] = _decide(labels.take(neighbours))
    own = np.arange(start, start + layer.size, dtype=np.int32)
    again = np.flatnonzero(((around >= start) & (around < own)).any(axis=0))
    while again.size:
        turns = around[:, again]
        decided = _decide(labels.take(neighbours[:, again]) * (turns < own[again]))
        pixels = layer[again]
        changed = again[decided != labels.take(pixels)]
        labels[pixels] = decided
        turns = around[:, changed]
        depend = (turns > own[changed]) & (turns < start + layer.size)
        again = np.unique(turns[depend]) - start


def _decide(neighbours):
    """Return the one label among the columns' positive ones; 0 if there are several or none."""
    highest = neighbours.max(axis=0)
    several = ((neighbours != highest) & (neighbours > 0)).any(axis=0)
    highest[several] = 0
    return highest
