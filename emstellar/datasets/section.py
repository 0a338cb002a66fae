"""A plane through a synthetic scene, and what it shows."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .organelles import distance_to_tube

FAR = np.float32(1e3)
# Distances, in pixels, that organelles keep from each other and from the middle between cells.
GAP = np.float32(2.5)
GAP_TO_MEMBRANE = np.float32(4)
SMALLEST_AREA = 25


@dataclass
class Section:
    """What a section through a `Scene` shows; every field has the shape (height, width).

    Attributes
    ----------
    cell : ndarray of int
        Index of the cell.
    depth_in_cell : ndarray of float
        Distance to the middle between this cell and the next, in pixels.
    mitochondrion, body : ndarray of float
        Signed distance to the nearest mitochondrion and to the nearest other dark body.
    mitochondrion_index, body_index : ndarray of int
        Which one that is; -1 where none is near.
    along : ndarray of float
        Position along the axis of the mitochondrion, in pixels.
    """

    cell: np.ndarray
    depth_in_cell: np.ndarray
    mitochondrion: np.ndarray
    mitochondrion_index: np.ndarray
    along: np.ndarray
    body: np.ndarray
    body_index: np.ndarray


class Plane:
    """A plane in which organelles are drawn, each inside one cell and clear of the others.

    Parameters
    ----------
    z : float
        Its depth.
    rows, columns : ndarray of shape (height, width)
        Where each pixel lies in the scene.
    cell, depth_in_cell : ndarray of shape (height, width)
        As in `Section`.
    """

    def __init__(self, z, rows, columns, cell, depth_in_cell):
        self.z = z
        self.rows, self.columns = rows, columns
        self.cell, self.depth_in_cell = cell, depth_in_cell
        self._row_range = rows.min(axis=1), rows.max(axis=1)
        self._column_range = columns.min(axis=0), columns.max(axis=0)

    def draw(self, tubes, avoid=None):
        """Return signed distance, index and axial position of the nearest of `tubes`.

        Parameters
        ----------
        tubes : list of Tube
            What to draw.
        avoid : ndarray of shape (height, width), optional
            Signed distance to what is there already.
        """
        distance = np.full(self.cell.shape, FAR)
        index = np.full(self.cell.shape, -1)
        along = np.zeros(self.cell.shape, dtype="float32")
        for i, tube in enumerate(tubes):
            axis = tube.axis(self.z)
            box = None if axis is None else self._window(*axis)
            if box is None:
                continue
            own, position = distance_to_tube(self.rows[box], self.columns[box], *axis)
            taken = distance[box] if avoid is None else np.minimum(distance[box], avoid[box])
            own = _smooth_maximum(own, np.maximum(self._outside(own, box), GAP - taken))
            _drop_crumbs(own)
            nearer = own < distance[box]
            distance[box][nearer] = own[nearer]
            index[box][nearer] = i
            along[box][nearer] = position[nearer]
        return distance, index, along

    def _window(self, points, radii):
        """Return the slices around a tube, or None if the plane does not show it."""
        reach = radii.max() + 5
        low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
        ranges = (self._row_range, self._column_range)
        inside = [
            np.flatnonzero((most >= low[k]) & (least <= high[k]))
            for k, (least, most) in enumerate(ranges)
        ]
        if not inside[0].size or not inside[1].size:
            return None
        return tuple(slice(where[0], where[-1] + 1) for where in inside)

    def _outside(self, distance, box):
        """Return how far pixels lie outside the cell in which most of an organelle is."""
        inside = self.cell[box][distance < 0]
        home = np.bincount(inside).argmax() if inside.size else -1
        return np.where(self.cell[box] == home, GAP_TO_MEMBRANE - self.depth_in_cell[box], FAR)


def _smooth_maximum(a, b, width=5.0):
    """Return the larger value, rounded off where the two are within `width`."""
    return np.maximum(a, b) + np.clip(1 - np.abs(a - b) / width, 0, None) ** 2 * width / 4


def _drop_crumbs(distance):
    """Remove, in place, the pieces of an organelle that are too small to be one."""
    pieces, n_pieces = ndimage.label(distance < 0)
    if n_pieces:
        sizes = np.bincount(pieces.ravel())
        crumbs = (sizes < SMALLEST_AREA)[pieces] & (pieces > 0)
        distance[crumbs] = 1.0
