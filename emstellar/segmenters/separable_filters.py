"""Filters of one axis after the other, as products with banded matrices.

A filter with the weights ``w`` along an axis is a product with a matrix that has ``w`` beside its
diagonal. Cut into square blocks, such products are among the fastest things that processors do,
so that wide Gaussians cost little, all in float32.
"""

from functools import cache
from math import factorial

import numpy as np
from scipy import linalg, ndimage


class AxisFilter:
    """Correlation with weights along one axis of a window.

    Parameters
    ----------
    weights : ndarray of shape (2 * radius + 1,)
        The weights, the middle one for the pixel itself.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.segmenters.separable_filters import AxisFilter
    >>> difference = AxisFilter(np.array([-1, 0, 1]))
    >>> difference(np.array([[1, 2, 4, 8]], dtype="float32"), axis=1)
    array([[3., 6.]], dtype=float32)
    """

    def __init__(self, weights):
        self.radius = len(weights) // 2
        # Small blocks waste less on zeros, large ones keep the processor busier.
        self.block = 32 if self.radius < 32 else 64
        column = np.zeros(self.block, dtype="float32")
        column[0] = weights[0]
        self.band = linalg.toeplitz(column, np.append(weights, np.zeros(self.block - 1)))
        self.band = np.ascontiguousarray(self.band, dtype="float32")

    def __call__(self, image, axis):
        """Return the filtered image, without the pixels whose surroundings are cut off.

        Parameters
        ----------
        image : ndarray of shape (height, width), float32
            The image with its margin.
        axis : int
            Along which axis, 0 or 1.

        Returns
        -------
        ndarray, float32
            Shorter by ``2 * radius`` along `axis`.
        """
        n = image.shape[axis] - 2 * self.radius
        out = np.empty((n, image.shape[1]) if axis == 0 else (image.shape[0], n), dtype="float32")
        for start in range(0, n, self.block):
            size = min(self.block, n - start)
            reach = slice(start, start + size + 2 * self.radius)
            band = self.band[:size, : size + 2 * self.radius]
            if axis == 0:
                np.matmul(band, image[reach], out=out[start : start + size])
            else:
                np.matmul(image[:, reach], band.T, out=out[:, start : start + size])
        return out


@cache
def gaussian(sigma, truncate, order=0):
    """Return the filter by a Gaussian or its derivative.

    Parameters
    ----------
    sigma : float
        The standard deviation in pixels.
    truncate : float
        Where the Gaussian is cut off, in standard deviations.
    order : int, default=0
        The order of the derivative. Cut kernels of derivatives are corrected so that they give
        0 on constants and the exact derivative of the monomial of their order.

    Returns
    -------
    AxisFilter
    """
    radius = int(truncate * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    response = ndimage.gaussian_filter1d(
        (x == 0).astype(float), sigma, order=order, mode="constant", truncate=truncate
    )
    weights = response[::-1]
    if order:
        weights = weights - weights.mean()
        weights *= factorial(order) / np.sum(weights * x.astype(float) ** order)
    return AxisFilter(weights)


def smooth(image, kernel):
    """Return an image filtered along both axes, smaller by the filter's radius on each side."""
    return kernel(kernel(image, 0), 1)


def sobel(image):
    """Return the Sobel derivatives of an image along its rows and its columns.

    Parameters
    ----------
    image : ndarray of shape (height + 2, width + 2), float32
        With a margin of one pixel.

    Returns
    -------
    along_axis_0, along_axis_1 : ndarray of shape (height, width), float32
        As `scipy.ndimage.sobel` has them: 8 times the slope.
    """
    steps, sums = image[2:] - image[:-2], image[2:] + image[:-2]
    sums += image[1:-1]
    sums += image[1:-1]
    along_axis_0 = steps[:, 2:] + steps[:, :-2]
    along_axis_0 += steps[:, 1:-1]
    along_axis_0 += steps[:, 1:-1]
    return along_axis_0, sums[:, 2:] - sums[:, :-2]


def eigenvalues(xx, xy, yy):
    """Return the larger and the smaller eigenvalue of symmetric 2 x 2 matrices.

    Parameters
    ----------
    xx, xy, yy : ndarray
        The elements of the matrices.

    Returns
    -------
    larger, smaller : ndarray
    """
    middle = (xx + yy) / 2
    gap = np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return middle + gap, middle - gap
