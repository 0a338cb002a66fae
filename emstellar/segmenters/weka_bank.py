"""The default filters of Trainable Weka Segmentation."""

from functools import cache, lru_cache
from itertools import combinations

import numpy as np
from scipy import fft, ndimage

from emstellar.segmenters.filter_bank import FilterBank
from emstellar.segmenters.separable_filters import (
    eigenvalues,
    gaussian,
    smooth,
    sobel,
)
from emstellar.segmenters.windows import cut, whole

SIGMAS = (1, 2, 4, 8, 16)

# The plug-in calls a radius sigma: its Gaussian has 0.4 of it as standard deviation.
_DEVIATION = 0.4
_CUT_OFF = 4.0
_BORDER = "edge"
_PATCH, _N_ANGLES = 19, 10
# The weights of a second derivative by two Sobel filters add up to 64.
_ROUNDING = 64 * np.finfo("float32").eps
N_FEATURES = 76


def weka_features(channel):
    """Return the 76 default features of Trainable Weka Segmentation in two dimensions.

    Parameters
    ----------
    channel : ndarray of shape (height, width), float32
        Of any size from one pixel up.

    Returns
    -------
    ndarray of shape (height, width, 76), float32
        In this order, with "sigma" 1, 2, 4, 8, 16 (a Gaussian of standard deviation 0.4 sigma):
        the image; the image smoothed (5); the Sobel gradient's magnitude, without smoothing and
        at each sigma (6); eight values from second derivatives, likewise (48); the differences
        of Gaussians of each pair, narrow minus wide (10); membrane projections: the mean,
        maximum, minimum, sum, standard deviation and median over the responses to a line turned
        in ten steps of 18 degrees (6).

    Notes
    -----
    The eight values are, from the second derivatives ``xx``, ``xy``, ``yy`` by the Sobel pair
    applied twice: ``sqrt(xx**2 + xy**2 + yy**2)``, the trace, the determinant, the larger and
    the smaller eigenvalue, the orientation in [-pi/2, pi/2] (0 where the image is flat), and the
    two squared differences of eigenvalues ``trace**2 * ((xx - yy)**2 + 4 xy**2)`` and
    ``(xx - yy)**2 + 4 xy**2``.

    Written from a description of the plug-in's filters [1]_, and not compared with it number
    by number: equality is not the aim. Differences are to be expected from where Gaussians
    are cut off (here at 4 standard deviations), from the border (here the outermost pixels
    repeated) and from how the line is turned (here with linear interpolation).

    References
    ----------
    .. [1] Arganda-Carreras, I. et al. (2017). Trainable Weka Segmentation: a machine learning
       tool for microscopy pixel classification. Bioinformatics 33, 2424-2426.

    Examples
    --------
    A slope of 1 per pixel has a Sobel gradient of 8:

    >>> import numpy as np
    >>> from emstellar.segmenters.weka_bank import weka_features
    >>> features = weka_features(np.tile(np.arange(9, dtype="float32"), (9, 1)))
    >>> features.shape
    (9, 9, 76)
    >>> float(features[4, 4, 6])
    8.0
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
    planes : ndarray of shape (76, n_rows, n_columns), float32
        Where to.
    """
    # Two Sobel filters follow one another, each of which sees one pixel further.
    region = window.grow(2)
    for i, sigma in enumerate((0, *SIGMAS)):
        blurred = _blur(channel, region, sigma)
        planes[i] = cut(blurred, region, window)
        planes[6 + i] = _derivatives(blurred, region, window, planes[12 + 8 * i : 20 + 8 * i])
    for i, (narrow, wide) in enumerate(combinations(range(1, 6), 2)):
        np.subtract(planes[narrow], planes[wide], out=planes[60 + i])
    _project_membranes(channel, window, planes[70:])


def _blur(channel, region, sigma):
    held = whole(channel.shape)
    if sigma == 0:
        return cut(channel, held, region).astype("float32", copy=False)
    kernel = gaussian(_DEVIATION * sigma, _CUT_OFF)
    padded = cut(channel, held, region, kernel.radius, _BORDER)
    return smooth(padded.astype("float32", copy=False), kernel)


def _derivatives(blurred, region, window, planes):
    """Write the eight values from second derivatives; return the gradient's magnitude."""
    between = window.grow(1)
    y, x = sobel(cut(blurred, region, between, 1, _BORDER))
    yy, _ = sobel(cut(y, between, window, 1, _BORDER))
    xy, xx = sobel(cut(x, between, window, 1, _BORDER))
    trace, difference, mixed = xx + yy, xx - yy, xy * xy
    squared_gap = difference * difference + 4 * mixed
    np.sqrt(xx * xx + mixed + yy * yy, out=planes[0])
    planes[1] = trace
    np.subtract(xx * yy, mixed, out=planes[2])
    planes[3], planes[4] = eigenvalues(xx, xy, yy)
    np.divide(np.arctan2(2 * xy, difference), 2, out=planes[5])
    # Where the image is flat, only rounding has a direction.
    limit = cut(blurred, region, window) * _ROUNDING
    planes[5][squared_gap <= limit * limit] = 0
    np.multiply(trace * trace, squared_gap, out=planes[6])
    planes[7] = squared_gap
    y, x = cut(y, between, window), cut(x, between, window)
    return np.sqrt(x * x + y * y)


def _project_membranes(channel, window, planes):
    """Write the six statistics of the responses to a line in each direction."""
    margin = _PATCH // 2
    image = cut(channel, whole(channel.shape), window, margin, _BORDER)
    image = image.astype("float32", copy=False)
    # The kernels sum to 1, so that the mean may wait: small numbers keep more of their digits.
    mean = image.mean()
    size = tuple(fft.next_fast_len(n, real=True) for n in image.shape)
    product = fft.rfft2(image - mean, size) * _membrane_spectra(size)
    height, width = planes.shape[1:]
    responses = fft.irfft2(product, size, overwrite_x=True)[:, :height, :width] + mean
    responses.mean(axis=0, out=planes[0])
    responses.sum(axis=0, out=planes[3])
    responses.std(axis=0, ddof=1, out=planes[4])
    ordered = _sorted(responses)
    planes[1], planes[2] = ordered[-1], ordered[0]
    np.divide(ordered[_N_ANGLES // 2 - 1] + ordered[_N_ANGLES // 2], 2, out=planes[5])


def _sorted(planes):
    """Return planes such that each pixel's values ascend, by exchanges of neighbours.

    So few values are sorted several times as fast by whole planes as pixel by pixel.
    """
    planes = list(planes)
    for k in range(len(planes)):
        for i in range(k % 2, len(planes) - 1, 2):
            low, high = planes[i], planes[i + 1]
            planes[i], planes[i + 1] = np.minimum(low, high), np.maximum(low, high)
    return planes


@lru_cache(maxsize=8)
def _membrane_spectra(size):
    """Return the spectra of the kernels such that products with them are correlations."""
    lines = np.stack(_membrane_lines()).astype("float32")
    return np.conj(fft.rfft2(lines, size))


@cache
def _membrane_lines():
    """Return the kernels: a vertical line two pixels wide, turned, each of sum 1."""
    line = np.zeros((_PATCH, _PATCH))
    line[:, _PATCH // 2 : _PATCH // 2 + 2] = 1
    step = 180 / _N_ANGLES
    turned = [ndimage.rotate(line, step * k, reshape=False, order=1) for k in range(_N_ANGLES)]
    return [kernel / kernel.sum() for kernel in turned]


BANK = FilterBank(_fill, N_FEATURES)
