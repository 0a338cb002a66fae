"""The basic features of scikit-image at several scales."""

import numpy as np

from emstellar.segmenters.filter_bank import FilterBank
from emstellar.segmenters.separable_filters import (
    eigenvalues,
    gaussian,
    smooth,
    sobel,
)
from emstellar.segmenters.windows import cut, whole

SIGMAS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
N_FEATURES = 4 * len(SIGMAS)

_CUT_OFF = 4.0
_BORDER = "edge"


def multiscale_features(channel):
    """Return scikit-image's basic features at the scales 0.5, 1, 2, 4, 8 and 16 pixels.

    Parameters
    ----------
    channel : ndarray of shape (height, width), float32
        Of any size from one pixel up. Values are taken as they are.

    Returns
    -------
    ndarray of shape (height, width, 24), float32
        For each scale: the intensity after Gaussian smoothing, the magnitude of its gradient
        (Sobel) and the two eigenvalues of its Hessian matrix.

    Notes
    -----
    The values of `skimage.feature.multiscale_basic_features` with its defaults, but for the
    rounding of float32: differences stay below ``1e-6`` times the largest intensity. The outermost
    pixels are repeated where an image is a single pixel high or wide, since a gradient needs two.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.segmenters.multiscale_bank import multiscale_features
    >>> multiscale_features(np.zeros((5, 1), dtype="float32")).shape
    (5, 1, 24)
    """
    return BANK.compute(channel[..., np.newaxis])


def _fill(channel, window, planes):
    """Write the features of a window of an image.

    Parameters
    ----------
    channel : ndarray of shape (height, width)
        The whole image.
    window : Window
        Which part of it.
    planes : ndarray of shape (24, n_rows, n_columns), float32
        Where to.
    """
    if min(channel.shape) < 2:
        channel = np.pad(channel, [(0, max(0, 2 - n)) for n in channel.shape], mode="edge")
        window = window._replace(shape=channel.shape)
    # A gradient of gradients sees two pixels far.
    region = window.grow(2)
    widest = gaussian(SIGMAS[-1], _CUT_OFF).radius
    padded = cut(channel, whole(channel.shape), region, widest, _BORDER)
    padded = padded.astype("float32", copy=False)
    for i, sigma in enumerate(SIGMAS):
        kernel = gaussian(sigma, _CUT_OFF)
        surplus = widest - kernel.radius
        image = padded[surplus : padded.shape[0] - surplus, surplus : padded.shape[1] - surplus]
        _fill_scale(smooth(image, kernel), region, window, planes[4 * i : 4 * i + 4])


def _fill_scale(smoothed, region, window, planes):
    planes[0] = cut(smoothed, region, window)
    down, right = sobel(cut(smoothed, region, window, 1, _BORDER))
    # scikit-image divides its kernels by 4 and the sum of squares by 2.
    np.sqrt((down * down + right * right) * np.float32(1 / 32), out=planes[1])
    rows, columns = np.gradient(smoothed)
    hessian = np.gradient(rows, axis=0), np.gradient(rows, axis=1), np.gradient(columns, axis=1)
    planes[2], planes[3] = eigenvalues(*(cut(values, region, window) for values in hessian))


BANK = FilterBank(_fill, N_FEATURES)
