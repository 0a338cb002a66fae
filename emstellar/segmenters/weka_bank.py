"""The default filters of Trainable Weka Segmentation, by scipy."""

from functools import cache
from itertools import combinations

import numpy as np
from scipy import ndimage

SIGMAS = (1, 2, 4, 8, 16)

# The plug-in calls a radius sigma: its Gaussian has 0.4 of it as standard deviation.
_DEVIATION = 0.4
_BORDER = "nearest"
_PATCH, _N_ANGLES = 19, 10


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
    the smaller eigenvalue, the orientation in [-pi/2, pi/2], and the two squared differences of
    eigenvalues ``trace**2 * ((xx - yy)**2 + 4 xy**2)`` and ``(xx - yy)**2 + 4 xy**2``.

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
    blurred = [channel, *(_blur(channel, sigma) for sigma in SIGMAS)]
    features = [*blurred]
    features += [np.hypot(_sobel(image, 0), _sobel(image, 1)) for image in blurred]
    for image in blurred:
        features += _second_derivatives(image)
    features += [narrow - wide for narrow, wide in combinations(blurred[1:], 2)]
    features += _membrane_projections(channel)
    return np.stack(features, axis=-1)


def _blur(channel, sigma):
    return ndimage.gaussian_filter(channel, _DEVIATION * sigma, mode=_BORDER)


def _sobel(image, axis):
    return ndimage.sobel(image, axis=axis, mode=_BORDER)


def _second_derivatives(image):
    x, y = _sobel(image, 1), _sobel(image, 0)
    xx, xy, yy = _sobel(x, 1), _sobel(x, 0), _sobel(y, 0)
    trace, squared_gap = xx + yy, (xx - yy) ** 2 + 4 * xy**2
    gap = np.sqrt(squared_gap)
    return [
        np.sqrt(xx**2 + xy**2 + yy**2),
        trace,
        xx * yy - xy**2,
        (trace + gap) / 2,
        (trace - gap) / 2,
        # Adding zero makes -0.0 positive, whose angle would be -pi.
        np.arctan2(2 * xy + 0.0, xx - yy) / 2,
        trace**2 * squared_gap,
        squared_gap,
    ]


def _membrane_projections(channel):
    responses = np.stack(
        [ndimage.correlate(channel, line, mode=_BORDER) for line in _membrane_lines()]
    )
    return [
        responses.mean(axis=0),
        responses.max(axis=0),
        responses.min(axis=0),
        responses.sum(axis=0),
        responses.std(axis=0, ddof=1),
        np.median(responses, axis=0),
    ]


@cache
def _membrane_lines():
    """Return the kernels: a vertical line two pixels wide, turned, each of sum 1."""
    line = np.zeros((_PATCH, _PATCH))
    line[:, _PATCH // 2 : _PATCH // 2 + 2] = 1
    step = 180 / _N_ANGLES
    turned = [ndimage.rotate(line, step * k, reshape=False, order=1) for k in range(_N_ANGLES)]
    return [kernel / kernel.sum() for kernel in turned]
