"""Augmentations that move pixels: flips, affine and elastic deformation.

Image, mask and weight always move together: one field of coordinates is drawn, at which the
image is read by quadratic splines, and mask and weight from the nearest pixel. What lies
outside the patch is its mirror image.
"""

import functools

import numpy as np
from scipy import ndimage
from scipy.interpolate import make_interp_spline

from emstellar.tiling import symmetries
from emstellar.training.transforms import Transform

# Linear interpolation would average away two fifths of the finest grain, on which a network then
# relies less than the images that it predicts deserve; quadratic splines keep four fifths of it.
SPLINE_ORDER = 2


class Flip(Transform):
    """One of the symmetries of the square, all equally often.

    Parameters
    ----------
    transpose : bool, default=True
        Whether quarter turns are among them: 8 symmetries instead of 4. Patches that are not
        square get the 4 that keep their shape.
    p : float in [0, 1], default=1.0
        How often it is applied; the identity is one of the symmetries.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.geometry import Flip
    >>> mask = np.array([[0, 1], [2, 3]], dtype="int32")
    >>> image = mask[..., np.newaxis].astype("float32")
    >>> Flip()(image, mask, None, np.random.default_rng(1))[1]
    array([[1, 0],
           [3, 2]], dtype=int32)
    """

    def __init__(self, transpose=True, *, p=1.0):
        self.transpose = transpose
        super().__init__(p=p)

    def transform(self, image, mask, weight, rng):
        """Return flipped copies."""
        choices = symmetries(square=self.transpose and mask.shape[0] == mask.shape[1])
        symmetry = choices[rng.integers(len(choices))]
        return tuple(
            None if array is None else np.ascontiguousarray(symmetry.apply(array))
            for array in (image, mask, weight)
        )


class Deformation(Transform):
    """Base class of smooth deformations; a subclass defines where each pixel is read from."""

    def displace(self, coordinates, rng):
        """Return new coordinates.

        Parameters
        ----------
        coordinates : ndarray of shape (2, height, width), float32
            For each pixel, the row and the column that it is read from.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of shape (2, height, width), float32
        """
        raise NotImplementedError(f"{type(self).__name__} must define displace.")

    def transform(self, image, mask, weight, rng):
        """Return deformed copies."""
        return warp(image, mask, weight, self.displace(_grid(mask.shape), rng))


class Affine(Deformation):
    """Rotation, zoom and shear about the centre of the patch, and a shift.

    Parameters
    ----------
    rotation : float, default=180.0
        Largest angle, in degrees; angles are uniform between minus and plus it.
    zoom : tuple of float, default=(0.8, 1.25)
        Smallest and largest magnification, drawn for each axis.
    shear : float, default=0.0
        Largest angle of shear, in degrees.
    shift : float, default=0.0
        Largest shift along each axis, as a share of the patch.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.geometry import Affine
    >>> mask = np.eye(32, dtype="int32")
    >>> image = mask[..., np.newaxis].astype("float32")
    >>> turned = Affine(rotation=30)(image, mask, None, np.random.default_rng(0))
    >>> [array.shape for array in turned[:2]], np.unique(turned[1])
    ([(32, 32, 1), (32, 32)], array([0, 1], dtype=int32))
    """

    def __init__(self, rotation=180.0, zoom=(0.8, 1.25), shear=0.0, shift=0.0, *, p=1.0):
        self.rotation = rotation
        self.zoom = zoom
        self.shear = shear
        self.shift = shift
        super().__init__(p=p)

    def displace(self, coordinates, rng):
        """Return the coordinates before the transformation."""
        size = np.array(coordinates.shape[1:])
        angle = np.deg2rad(rng.uniform(-self.rotation, self.rotation))
        shear = np.deg2rad(rng.uniform(-self.shear, self.shear))
        zoom = rng.uniform(*self.zoom, size=2)
        shift = rng.uniform(-self.shift, self.shift, size=2) * size
        cos, sin = np.cos(angle), np.sin(angle)
        matrix = [[cos, -sin], [sin, cos]] @ np.array([[1, np.tan(shear)], [0, 1]]) / zoom
        centre = (size - 1) / 2
        origin = centre + shift - matrix @ centre
        return _affine(matrix.astype("float32"), origin.astype("float32"), coordinates)


def _affine(matrix, origin, coordinates):
    rows, columns = coordinates
    return np.stack(
        [matrix[axis, 0] * rows + (matrix[axis, 1] * columns + origin[axis]) for axis in (0, 1)]
    )


class Elastic(Deformation):
    """Smooth random deformation, as of a thin section that was stretched unevenly.

    Parameters
    ----------
    amount : float, default=4.0
        Standard deviation of the displacements on the grid, in pixels.
    spacing : float, default=48.0
        Distance of the points of the grid, in pixels; at least 4 of them lie along each axis.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Notes
    -----
    Normal displacements on a coarse grid, between which cubic splines interpolate, as in [1]_.

    References
    ----------
    .. [1] Ronneberger, Fischer, Brox (2015), U-Net: convolutional networks for biomedical image
       segmentation, MICCAI, 234-241, section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.geometry import Elastic
    >>> mask = np.eye(32, dtype="int32")
    >>> image = mask[..., np.newaxis].astype("float32")
    >>> bent = Elastic(amount=2)(image, mask, None, np.random.default_rng(0))
    >>> bool((bent[1] != mask).any())
    True
    """

    def __init__(self, amount=4.0, spacing=48.0, *, p=1.0):
        self.amount = amount
        self.spacing = spacing
        super().__init__(p=p)

    def displace(self, coordinates, rng):
        """Return the coordinates plus a smooth random field."""
        down, across = (_interpolation(n, self.spacing) for n in coordinates.shape[1:])
        knots = rng.normal(scale=self.amount, size=(2, down.shape[1], across.shape[1]))
        return coordinates + down @ knots.astype("float32") @ across.T


@functools.lru_cache(maxsize=16)
def _interpolation(length, spacing):
    """Return the matrix (length, n_knots) of cubic interpolation from knots to pixels."""
    n_knots = max(4, round(length / spacing) + 1)
    knots = np.linspace(0, max(1, length - 1), n_knots)
    # Level ends: without them the splines overshoot there and fold the image.
    spline = make_interp_spline(knots, np.eye(n_knots), k=3, bc_type="clamped")
    return spline(np.arange(length)).astype("float32")


class Warp(Transform):
    """Several deformations at once, with a single interpolation.

    Parameters
    ----------
    deformations : sequence of Deformation
        Each, drawn with its own probability, moves the coordinates that the one before left.
    p : float in [0, 1], default=1.0
        How often they are applied.

    Examples
    --------
    >>> from emstellar.training.geometry import Elastic, Warp
    >>> Warp([Elastic(p=0.5)])
    Warp(deformations=[Elastic(amount=4.0, spacing=48.0, p=0.5)], p=1.0)
    """

    def __init__(self, deformations, *, p=1.0):
        self.deformations = list(deformations)
        super().__init__(p=p)

    def transform(self, image, mask, weight, rng):
        """Return deformed copies, or what was given where no deformation was drawn."""
        drawn = [d for d in self.deformations if rng.random() < d.p]
        if not drawn:
            return image, mask, weight
        coordinates = _grid(mask.shape)
        for deformation in drawn:
            coordinates = deformation.displace(coordinates, rng)
        return warp(image, mask, weight, coordinates)


def _grid(shape):
    return np.indices(shape, dtype="float32")


def warp(image, mask, weight, coordinates):
    """Read a patch at other places.

    Parameters
    ----------
    image : ndarray of shape (height, width, channels), float32
        Interpolated by quadratic splines.
    mask : ndarray of shape (height, width), int32
        Read from the nearest pixel.
    weight : ndarray of shape (height, width), float32, or None
        Read from the nearest pixel.
    coordinates : ndarray of shape (2, height, width), float32
        For each pixel of the result, the row and the column to read from; outside the patch is
        its mirror image.

    Returns
    -------
    tuple of image, mask and weight

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.geometry import warp
    >>> mask = np.array([[0, 1, 2]], dtype="int32")
    >>> image = mask[..., np.newaxis].astype("float32")
    >>> places = np.array([[[0, 0, 0]], [[-1, 1, 4]]])
    >>> moved = warp(image, mask, None, places)
    >>> moved[0][..., 0].round(3) + 0, moved[1]
    (array([[0., 1., 1.]], dtype=float32), array([[0, 1, 1]], dtype=int32))
    """
    warped = np.empty_like(image)
    for channel in range(image.shape[-1]):
        warped[..., channel] = ndimage.map_coordinates(
            image[..., channel], coordinates, order=SPLINE_ORDER, mode="reflect"
        )
    nearest = tuple(
        _fold(np.rint(places).astype("int32"), length)
        for places, length in zip(coordinates, mask.shape, strict=True)
    )
    return warped, mask[nearest], None if weight is None else weight[nearest]


def _fold(indices, length):
    """Return indices of an axis for those of its endless mirror images."""
    indices = indices % (2 * length)
    return np.minimum(indices, 2 * length - 1 - indices)
