"""The filters of ilastik's pixel classification, by scipy and scikit-image."""

from functools import cache
from math import factorial

import numpy as np
from scipy import ndimage
from skimage.feature import hessian_matrix_eigvals, structure_tensor_eigenvalues

SCALES = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)

# Windows in standard deviations, and the border: the image mirrored about its outermost pixel.
_FILTER_WINDOW, _PRESMOOTHING_WINDOW = 2.0, 3.5
_BORDER = "mirror"


def ilastik_features(channel):
    """Return the 49 features of ilastik's pixel classification in two dimensions.

    Parameters
    ----------
    channel : ndarray of shape (height, width), float32
        Of any size from one pixel up.

    Returns
    -------
    ndarray of shape (height, width, 49), float32
        Scale by scale (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0 pixels): Gaussian smoothing; then,
        but for the first scale, the Laplacian of Gaussian, the gradient magnitude, the
        difference of Gaussians ``G(s) - G(0.66 s)``, the two eigenvalues of the structure
        tensor (outer scale ``0.5 s``) and those of the Hessian matrix, larger ones first.

    Notes
    -----
    As in ilastik [1]_, scales above 1 are computed at scale 1 on an image smoothed with
    ``sqrt(s**2 - 1)``, and filters are cut off at 2 standard deviations (3.5 for that
    smoothing). The cut kernels of derivatives are corrected so that they give 0 on constants
    and the exact derivative of the monomial of their order.

    ilastik computes these filters with VIGRA, which this function does not call. The two were
    not compared number by number: equality is not the aim, and differences are to be expected,
    above all near the border.

    References
    ----------
    .. [1] Berg, S. et al. (2019). ilastik: interactive machine learning for (bio)image
       analysis. Nature Methods 16, 1226-1232.

    Examples
    --------
    The Laplacian at scale 0.7 of a paraboloid, row**2 + column**2, is 4:

    >>> import numpy as np
    >>> from emstellar.segmenters.ilastik_bank import ilastik_features
    >>> rows, columns = np.mgrid[-8:9, -8:9].astype("float32")
    >>> features = ilastik_features(rows**2 + columns**2)
    >>> features.shape
    (17, 17, 49)
    >>> print(f"{features[8, 8, 2]:.3f}")
    4.000
    """
    features = []
    for scale in SCALES:
        image, sigma = _presmooth(channel, scale)
        features.append(_filter(image, sigma, 0, 0))
        if scale > SCALES[0]:
            features += _edges_and_textures(image, sigma)
    return np.stack(features, axis=-1, dtype="float32", casting="same_kind")


def _presmooth(channel, scale):
    """Return an image and the scale at which to filter it so that both add up to `scale`."""
    if scale <= 1:
        return channel, scale
    sigma = np.sqrt(scale**2 - 1)
    smooth = ndimage.gaussian_filter(channel, sigma, mode=_BORDER, truncate=_PRESMOOTHING_WINDOW)
    return smooth, 1.0


def _edges_and_textures(image, sigma):
    row, column = _filter(image, sigma, 1, 0), _filter(image, sigma, 0, 1)
    hessian = [_filter(image, sigma, *orders) for orders in ((2, 0), (1, 1), (0, 2))]
    tensor = [
        _filter(product, 0.5 * sigma, 0, 0) for product in (row * row, row * column, column**2)
    ]
    return [
        hessian[0] + hessian[2],
        np.hypot(row, column),
        _filter(image, sigma, 0, 0) - _filter(image, 0.66 * sigma, 0, 0),
        *structure_tensor_eigenvalues(tensor),
        *hessian_matrix_eigvals(hessian),
    ]


def _filter(image, sigma, row_order, column_order):
    """Return a derivative of the smoothed image, of the given order along each axis."""
    rows = ndimage.convolve1d(image, _kernel(sigma, row_order), axis=0, mode=_BORDER)
    return ndimage.convolve1d(rows, _kernel(sigma, column_order), axis=1, mode=_BORDER)


@cache
def _kernel(sigma, order):
    """Return a Gaussian's derivative, cut off at the window and corrected for the cut."""
    radius = int(_FILTER_WINDOW * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    kernel = ndimage.gaussian_filter1d(
        (x == 0).astype(float), sigma, order=order, mode="constant", truncate=_FILTER_WINDOW
    )
    if order:
        kernel -= kernel.mean()
        kernel *= factorial(order) / np.sum(kernel * (-x) ** order)
    return kernel
