"""Random fields: what all that is irregular in a synthetic image is made of."""

import numpy as np
from scipy import ndimage


def smooth_noise(rng, shape, scale):
    """Return a Gaussian random field of mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    shape : tuple of int
        Height and width.
    scale : float
        Distance, in pixels, over which the field changes; below 1.5 white noise is blurred,
        above it a coarse grid is interpolated, which costs the same for any scale.

    Returns
    -------
    ndarray of shape (height, width), float32
    """
    if scale < 1.5:
        field = ndimage.gaussian_filter(rng.standard_normal(shape, dtype="float32"), scale)
    else:
        grid = [int(np.ceil(size / scale)) + 4 for size in shape]
        knots = rng.standard_normal(grid, dtype="float32")
        offset = rng.uniform(1, 2, size=2)
        rows, columns = (
            start + np.arange(size) / scale for start, size in zip(offset, shape, strict=True)
        )
        field = _interpolate(_interpolate(knots, rows).T, columns).T
    return (field / max(field.std(), 1e-6)).astype("float32", copy=False)


def _interpolate(knots, positions):
    """Return the values at `positions` along the first axis, by cubic B-splines."""
    first = np.floor(positions).astype(int)
    t = (positions - first)[:, np.newaxis].astype("float32")
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * t**2 * (1 - t) + 3 * t + 1, t**3)
    return sum(w * knots[first + k - 1] for k, w in enumerate(weights)) / 6


class DriftingField:
    """A random field that changes slowly from section to section.

    The field of depth z is ``A cos(z / depth) + B sin(z / depth)`` with two independent fields
    A and B: of the same law at each depth, with correlation ``cos(dz / depth)`` between two.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    shape : tuple of int
        Height and width.
    scale : float
        As in `smooth_noise`.
    depth : float
        Depth, in pixels, over which the field changes.
    """

    def __init__(self, rng, shape, scale, depth):
        self.fields = smooth_noise(rng, shape, scale), smooth_noise(rng, shape, scale)
        self.depth = depth

    def at(self, z):
        """Return the field of depth `z`."""
        angle = z / self.depth
        return self.fields[0] * np.float32(np.cos(angle)) + self.fields[1] * np.float32(
            np.sin(angle)
        )
