"""Spoil masks in known ways, to see which metric notices.

Each function takes a mask of shape (height, width), a strength and a random generator, and
returns a new mask. At strength 0 it returns the mask.
"""

import numpy as np
from scipy import ndimage
from skimage.draw import line
from skimage.measure import regionprops

ATTEMPTS = 200


def erode(mask, n_pixels, rng):
    """Take `n_pixels` off all borders."""
    return _repeat(ndimage.binary_erosion, mask, n_pixels, border_value=1)


def dilate(mask, n_pixels, rng):
    """Add `n_pixels` at all borders; objects nearer than twice that are merged."""
    return _repeat(ndimage.binary_dilation, mask, n_pixels)


def _repeat(operation, mask, n, **options):
    return operation(mask, iterations=n, **options) if n else mask.copy()


def shift(mask, n_pixels, rng):
    """Move everything `n_pixels` to the right; background comes in at the left."""
    return ndimage.shift(mask, (0, n_pixels), order=0, cval=0)


def drop(mask, share, rng):
    """Remove a share of the objects."""
    labels, chosen = _choose(mask, share, rng)
    return mask & ~np.isin(labels, chosen)


def split(mask, share, rng):
    """Cut a share of the objects in two across their longer axis, by a line of background."""
    labels, chosen = _choose(mask, share, rng)
    spoiled = mask.copy()
    for region in regionprops(np.where(np.isin(labels, chosen), labels, 0)):
        along = np.array([np.cos(region.orientation), np.sin(region.orientation)])
        distance = (region.coords - np.array(region.centroid)) @ along
        # A band of this width is crossed by no side-to-side step, whatever its direction.
        cut = region.coords[np.abs(distance) <= np.abs(along).max()]
        spoiled[tuple(cut.T)] = False
    return spoiled


def merge(mask, share, rng):
    """Join a share of the objects with the object nearest to each, by a bridge of 3 pixels."""
    labels, chosen = _choose(mask, share, rng)
    bridges = np.zeros_like(mask)
    if labels.max() > 1:
        for label in chosen:
            bridges |= _bridge(labels, label)
    return mask | bridges


def _bridge(labels, label):
    """Return the straight way from an object to the nearest other one, as a mask."""
    others = (labels > 0) & (labels != label)
    distance, nearest = ndimage.distance_transform_edt(~others, return_indices=True)
    inside = np.argwhere(labels == label)
    start = inside[np.argmin(distance[tuple(inside.T)])]
    end = nearest[(slice(None), *start)]
    way = np.zeros(labels.shape, dtype=bool)
    way[line(*start, *end)] = True
    return ndimage.binary_dilation(way)


def add(mask, share, rng):
    """Add false objects, copies of true ones on the background, as a share of their number."""
    labels, chosen = _choose(mask, share, rng)
    spoiled = mask.copy()
    boxes = ndimage.find_objects(labels)
    for label in chosen:
        shape = boxes[label - 1]
        _place(spoiled, labels[shape] == label, rng)
    return spoiled


def _place(mask, thing, rng):
    """Put `thing` where it touches nothing, in place; give up where it does not fit."""
    room = np.array(mask.shape) - thing.shape
    taken = ndimage.binary_dilation(mask, np.ones((3, 3)))
    for _ in range(ATTEMPTS):
        top, left = rng.integers(0, room + 1)
        window = np.s_[top : top + thing.shape[0], left : left + thing.shape[1]]
        if not (taken[window] & thing).any():
            mask[window] |= thing
            return


def _choose(mask, share, rng):
    """Return the labels of the objects and those of a random share of them."""
    labels, n_objects = ndimage.label(mask)
    return labels, rng.permutation(n_objects)[: round(share * n_objects)] + 1


BY_PIXELS = {"erode": erode, "dilate": dilate, "shift": shift}
BY_SHARE = {"drop": drop, "add": add, "split": split, "merge": merge}
