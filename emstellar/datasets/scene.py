"""A piece of synthetic tissue in three dimensions: cells, mitochondria and small dark bodies."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from .fields import DriftingField
from .organelles import N_AXIS, Tube
from .section import Plane, Section

N_CANDIDATES = 16
# Share of a mitochondrion's volume that cell and neighbours leave it, measured on many images.
VISIBLE = 0.48


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
        n_cells = int(np.ceil(1.4 * volume / cell_size**3))
        self.grain, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.6)
        cos, sin = np.cos(self.grain), np.sin(self.grain)
        # Distances are measured in a squeezed space: cells are longer along the grain.
        squeeze = np.diag([stretch**0.5, stretch**-0.5, 0.8])
        self._metric = squeeze @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        self.cells = rng.uniform(low, high, size=(n_cells, 3)) @ self._metric.T
        weights = (0.55 * cell_size * rng.random(n_cells)) ** 2
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
        depth = power / (2 * np.maximum(flat, 0.6 * whole) + 1e-6)
        return cells[:, 0], depth.astype("float32")

    def _place_tubes(self, rng, radius, size_spread, density):
        """Return mitochondria, each where it has most room among a few places at random."""
        low, high, volume = self._box(2 * radius)
        placed, axes, radii = [], np.empty((0, 3)), np.empty(0)
        missing = density * volume / VISIBLE
        for _ in range(int(6 * missing / (27 * radius**3)) + 6):
            tube = self._draw_tube(rng, radius, size_spread)
            if missing < tube.volume / 2:
                break
            centres = rng.uniform(low, high, size=(N_CANDIDATES, 3))
            axis = np.column_stack([tube.axis(0)[0], np.zeros(N_AXIS)])
            points = centres[:, np.newaxis] + axis
            room = self._find_cells(points.reshape(-1, 3))[1].reshape(points.shape[:2])
            if placed:
                gaps = np.linalg.norm(points[:, :, np.newaxis] - axes, axis=-1) - radii
                room = np.minimum(room, gaps.min(axis=-1))
            best = np.argmax(np.minimum(room.min(axis=1), 1.2 * tube.radius))
            if room[best].min() > 0.15 * tube.radius:
                missing -= tube.volume
                placed.append(replace(tube, centre=centres[best]))
                axes = np.concatenate([axes, points[best]])
                radii = np.concatenate([radii, np.full(N_AXIS, tube.radius)])
        return placed

    def _draw_tube(self, rng, radius, size_spread):
        """Return a mitochondrion at the origin."""
        size = np.clip(size_spread * rng.standard_normal(), None, 1.5 * size_spread)
        r = radius * np.exp(size - size_spread**2 / 2)
        return Tube(
            centre=np.zeros(3),
            angle=rng.normal(self.grain, 0.5),
            half_length=r * rng.gamma(2.0, 0.8),
            radius=r,
            half_depth=r * rng.uniform(1.2, 3.0),
            bend=rng.normal(0, 0.25),
            tilt=rng.normal(0, 0.25, size=2),
            waist=rng.uniform(-0.12, 0.12),
        )

    def _place_bodies(self, rng, radius, size_spread, distractors):
        low, high, volume = self._box(radius)
        mean_volume = 4 / 3 * np.pi * (0.5 * radius) ** 3
        count = round(distractors * 0.025 * volume / mean_volume)
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
        cell, depth = (array.reshape(self.shape) for array in self._find_cells(points))
        plane = Plane(z, rows, columns, cell, depth)
        mitochondria = plane.draw(self.tubes)
        bodies = plane.draw(self.bodies, avoid=mitochondria[0])
        return Section(cell, depth, *mitochondria, *bodies[:2])
