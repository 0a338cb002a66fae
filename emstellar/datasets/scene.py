"""A piece of synthetic tissue in three dimensions: cells, mitochondria and small dark bodies."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from .fields import DriftingField
from .organelles import Tube, distance_to_tube

FAR = 1e3


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


class Scene:
    """Tissue from which correlated sections are cut.

    Cells are a power diagram (a Voronoi diagram with weights, hence cells of many sizes) of
    random points in three dimensions, bent by a smooth deformation. Organelles stay inside one
    cell and do not touch each other.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    shape : tuple of int
        Height and width of the sections, in pixels.
    depth : float
        Sections are cut between depths 0 and `depth`, in pixels.
    cell_size, radius, size_spread, density, distractors : float
        As in `make_em_images`, with `radius` for ``organelle_radius``.
    """

    def __init__(self, rng, shape, depth, *, cell_size, radius, size_spread, density, distractors):
        self.shape = shape
        self._extent = np.array([*shape, depth], dtype=float)
        self._warps = [
            (amplitude, [DriftingField(rng, shape, scale, 30) for _ in range(2)])
            for amplitude, scale in ((0.10 * cell_size, 0.8 * cell_size), (1.2, 11.0))
        ]
        self._place_cells(rng, cell_size)
        self.tubes = self._place_tubes(rng, radius, size_spread, density)
        self.bodies = self._place_bodies(rng, radius, size_spread, distractors)

    def _box(self, margin):
        """Return the lowest and highest corner of the tissue, and its volume."""
        low, high = -margin * np.ones(3), self._extent + margin
        return low, high, np.prod(high - low)

    def _place_cells(self, rng, cell_size):
        low, high, volume = self._box(cell_size)
        n_cells = int(np.ceil(1.3 * volume / cell_size**3))
        self.grain, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.6)
        cos, sin = np.cos(self.grain), np.sin(self.grain)
        # Distances are measured in a squeezed space: cells are longer along the grain.
        squeeze = np.diag([stretch**0.5, stretch**-0.5, 0.8])
        self._metric = squeeze @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        self.cells = rng.uniform(low, high, size=(n_cells, 3)) @ self._metric.T
        weights = (0.4 * cell_size * rng.random(n_cells)) ** 2
        lifted = np.sqrt(weights.max() - weights)
        self._tree = cKDTree(np.column_stack([self.cells, lifted]))

    def _find_cells(self, points):
        """Return the cell of each point and the distance to the middle to the next cell."""
        points = points @ self._metric.T
        lifted = np.column_stack([points, np.zeros(len(points))])
        distances, cells = self._tree.query(lifted, k=2)
        between = self.cells[cells[:, 1]] - self.cells[cells[:, 0]]
        # The distance in the plane; a membrane cut obliquely looks wider, up to a limit.
        whole, flat = np.linalg.norm(between, axis=1), np.linalg.norm(between[:, :2], axis=1)
        power = distances[:, 1] ** 2 - distances[:, 0] ** 2
        return cells[:, 0], power / (2 * np.maximum(flat, 0.6 * whole) + 1e-6)

    def _best_positions(self, rng, radii, margin):
        """Return a place for each radius, deep in a cell and far from those placed before."""
        low, high, _ = self._box(margin)
        candidates = rng.uniform(low, high, size=(len(radii), 16, 3))
        rooms = self._find_cells(candidates.reshape(-1, 3))[1].reshape(candidates.shape[:2])
        placed = np.empty((len(radii), 3))
        for i, radius in enumerate(radii):
            room = rooms[i]
            if i:
                gaps = np.linalg.norm(candidates[i, :, np.newaxis] - placed[:i], axis=-1)
                room = np.minimum(room, np.min(gaps - 1.5 * radii[:i], axis=1))
            placed[i] = candidates[i, np.argmax(np.minimum(room, 2 * radius))]
        return placed

    def _place_tubes(self, rng, radius, size_spread, density):
        volume = self._box(2 * radius)[2]
        mean_volume = 27 * radius**3 * np.exp(3 * size_spread**2)
        count = round(3.1 * density * volume / mean_volume)
        spread = size_spread * rng.standard_normal(count)
        radii = radius * np.exp(np.clip(spread, None, 1.5 * size_spread) - size_spread**2 / 2)
        return [
            Tube(
                centre=centre,
                angle=rng.normal(self.grain, 0.5),
                half_length=r * rng.gamma(2.0, 0.8),
                radius=r,
                half_depth=r * rng.uniform(1.2, 3.0),
                bend=rng.normal(0, 0.25),
                tilt=rng.normal(0, 0.25, size=2),
                waist=rng.uniform(-0.12, 0.12),
            )
            for centre, r in zip(self._best_positions(rng, radii, 2 * radius), radii, strict=True)
        ]

    def _place_bodies(self, rng, radius, size_spread, distractors):
        low, high, volume = self._box(radius)
        mean_volume = 4 / 3 * np.pi * (0.5 * radius) ** 3
        count = round(distractors * 0.03 * volume / mean_volume)
        radii = 0.5 * radius * np.exp(size_spread * rng.standard_normal(count))
        centres = rng.uniform(low, high, size=(count, 3))
        return [
            Tube(
                centre=centre,
                angle=rng.uniform(0, np.pi),
                half_length=0.35 * r,
                radius=r,
                half_depth=r,
                bend=0.0,
                tilt=np.zeros(2),
                waist=0.0,
            )
            for centre, r in zip(centres, radii, strict=True)
        ]

    def cut(self, z, shift=(0.0, 0.0)):
        """Return the `Section` at depth `z`, in pixels, displaced by `shift`."""
        rows, columns = np.indices(self.shape, dtype="float32")
        rows, columns = rows + shift[0], columns + shift[1]
        for amplitude, (down, right) in self._warps:
            rows = rows + amplitude * down.at(z)
            columns = columns + amplitude * right.at(z)
        points = np.column_stack([rows.ravel(), columns.ravel(), np.full(rows.size, z)])
        cell, depth_in_cell = (a.reshape(self.shape) for a in self._find_cells(points))
        taken = np.full(self.shape, FAR)
        mitochondria = self._draw(self.tubes, z, rows, columns, cell, depth_in_cell, taken)
        bodies = self._draw(self.bodies, z, rows, columns, cell, depth_in_cell, mitochondria[0])
        return Section(cell, depth_in_cell, *mitochondria, bodies[0], bodies[1])

    def _draw(self, tubes, z, rows, columns, cell, depth_in_cell, taken):
        """Return signed distance, index and axial position of the nearest of `tubes`."""
        distance = np.full(self.shape, FAR)
        index = np.full(self.shape, -1)
        along = np.zeros(self.shape)
        for i, tube in enumerate(tubes):
            axis = tube.axis(z)
            box = None if axis is None else self._window(rows, columns, *axis)
            if box is None:
                continue
            own, position = distance_to_tube(rows[box], columns[box], *axis)
            home = self._home(own, cell[box])
            outside = np.where(cell[box] == home, 4.0 - depth_in_cell[box], FAR)
            apart = 2.5 - np.minimum(distance[box], taken[box])
            own = _smooth_maximum(own, np.maximum(outside, apart))
            _drop_crumbs(own)
            nearer = own < distance[box]
            distance[box][nearer] = own[nearer]
            index[box][nearer] = i
            along[box][nearer] = position[nearer]
        return distance, index, along

    def _window(self, rows, columns, points, radii):
        """Return the slices around a tube, or None if the section does not show it."""
        reach = radii.max() + 5
        low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
        origin = np.array([rows.mean(), columns.mean()]) - (np.array(self.shape) - 1) / 2
        low = np.floor(low - origin - 4).astype(int).clip(0, self.shape)
        high = np.ceil(high - origin + 4).astype(int).clip(0, self.shape)
        if np.any(high - low < 2):
            return None
        return slice(low[0], high[0]), slice(low[1], high[1])

    @staticmethod
    def _home(distance, cell):
        """Return the cell in which most of an organelle lies."""
        inside = cell[distance < 0]
        return np.bincount(inside).argmax() if inside.size else -1


def _smooth_maximum(a, b, width=5.0):
    """Return the larger value, rounded off where the two are within `width`."""
    return np.maximum(a, b) + np.clip(1 - np.abs(a - b) / width, 0, None) ** 2 * width / 4


def _drop_crumbs(distance, least=25):
    """Remove, in place, the pieces of an organelle that are too small to be one."""
    pieces, n_pieces = ndimage.label(distance < 0)
    if n_pieces:
        sizes = np.bincount(pieces.ravel())
        crumbs = (sizes < least)[pieces] & (pieces > 0)
        distance[crumbs] = 1.0
