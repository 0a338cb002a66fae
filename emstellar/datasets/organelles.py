"""The shapes in a synthetic scene: bodies in three dimensions, cut by a section."""

from dataclasses import dataclass

import numpy as np

N_AXIS = 7


@dataclass
class Tube:
    """A curved tube with round ends, as most mitochondria are.

    Lengths are in pixels; positions are (row, column, depth). A section at depth z shows it
    smaller the further z is from its centre, shifted by its tilt, and not at all beyond
    `half_depth`.
    """

    centre: np.ndarray
    angle: float
    half_length: float
    radius: float
    half_depth: float
    bend: float
    tilt: np.ndarray
    waist: float

    @property
    def volume(self):
        """Volume in cubic pixels: the area of the middle section, times a mean height."""
        area = np.pi * self.radius**2 + 4 * self.half_length * self.radius
        return 4 / 3 * self.half_depth * area

    def axis(self, z):
        """Return points on the axis in the section at `z` and radii there, or None if absent."""
        height = (z - self.centre[2]) / self.half_depth
        if abs(height) >= 0.98:
            return None
        size = np.sqrt(1 - height**2)
        t = np.linspace(-1, 1, N_AXIS)
        along = t * self.half_length * size
        across = self.bend * (t**2 - 0.3) * self.half_length * size
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        points = np.column_stack([along * sin + across * cos, along * cos - across * sin])
        shift = self.centre[:2] + self.tilt * (z - self.centre[2])
        return points + shift, self.radius * size * (1 + self.waist * np.cos(3 * t))


def distance_to_tube(rows, columns, points, radii):
    """Return the signed distance to a tube in the plane and the position along its axis.

    Parameters
    ----------
    rows, columns : ndarray of shape (height, width)
        Coordinates of the pixels.
    points : ndarray of shape (n_points, 2)
        The axis, a line through points.
    radii : ndarray of shape (n_points,)
        The radius of the tube at each point.

    Returns
    -------
    distance : ndarray of shape (height, width)
        Negative inside.
    position : ndarray of shape (height, width)
        Length along the axis of the nearest point of the axis.
    """
    points, radii = points.astype("float32"), radii.astype("float32")
    start, (down, right) = points[:-1], np.diff(points, axis=0).T
    lengths = np.hypot(down, right) + np.float32(1e-6)
    rows, columns = rows[..., np.newaxis] - start[:, 0], columns[..., np.newaxis] - start[:, 1]
    unbounded = (rows * down + columns * right) / lengths**2
    t = np.clip(unbounded, 0, 1)
    distance = np.hypot(rows - t * down, columns - t * right)
    distance -= radii[:-1] + t * np.diff(radii)
    nearest = np.argmin(distance, axis=-1)[..., np.newaxis]
    # Beyond the ends the position goes on growing, so that cristae fill the round ends too.
    t[..., 0] = np.minimum(unbounded[..., 0], 1)
    t[..., -1] = np.maximum(unbounded[..., -1], 0)
    position = np.concatenate([[0], np.cumsum(lengths)[:-1]]) + t * lengths
    return (
        np.take_along_axis(distance, nearest, -1)[..., 0],
        np.take_along_axis(position, nearest, -1)[..., 0],
    )
