"""The filters of ilastik's pixel classification."""

import numpy as np

from emstellar.segmenters.filter_bank import FilterBank
from emstellar.segmenters.separable_filters import eigenvalues, gaussian, smooth
from emstellar.segmenters.windows import cut, whole

SCALES = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)

# Windows in standard deviations, and the border: the image mirrored about its outermost pixel.
_FILTER_WINDOW, _PRESMOOTHING_WINDOW = 2.0, 3.5
_BORDER = "reflect"


N_FEATURES = 1 + 8 * (len(SCALES) - 1)


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
    return BANK.compute(channel[..., np.newaxis])


def _fill(channel, window, planes):
    """Write the features of a window of an image.

    Parameters
    ----------
    channel : ndarray of shape (height, width)
        The whole image.
    window : Window
        Which part of it.
    planes : ndarray of shape (49, n_rows, n_columns), float32
        Where to.
    """
    region = window.grow(1)
    position = 0
    for scale in SCALES:
        image, sigma = _presmooth(channel, region, scale)
        if scale == SCALES[0]:
            planes[0] = cut(smooth(image, gaussian(sigma, _FILTER_WINDOW)), region, window)
            position = 1
        else:
            _edges_and_textures(image, sigma, region, window, planes[position : position + 8])
            position += 8


def _presmooth(channel, region, scale):
    """Return the image of a region, and the scale at which to filter it: both add up to `scale`.

    The image has as many pixels more on each side as the filter of that scale needs. Those beyond
    the border are right too, since the mirror of a smoothed image is the smoothed mirror.
    """
    sigma = min(scale, 1.0)
    margin = gaussian(sigma, _FILTER_WINDOW).radius
    held = whole(channel.shape)
    if scale <= 1:
        return cut(channel, held, region, margin, _BORDER).astype("float32"), sigma
    wide = gaussian(np.sqrt(scale**2 - 1), _PRESMOOTHING_WINDOW)
    padded = cut(channel, held, region, margin + wide.radius, _BORDER)
    return smooth(padded.astype("float32", copy=False), wide), sigma


def _edges_and_textures(image, sigma, region, window, planes):
    """Write the eight features of a scale."""
    kernels = [gaussian(sigma, _FILTER_WINDOW, order) for order in range(3)]
    # The filters along the first axis serve several along the second.
    partly = [kernel(image, 0) for kernel in kernels]
    row, column = kernels[0](partly[1], 1), kernels[1](partly[0], 1)
    tensor = [
        _filter_region(product, region, window, gaussian(0.5 * sigma, _FILTER_WINDOW))
        for product in (row * row, row * column, column * column)
    ]
    row, column, smoothed, rr, rc, cc = (
        cut(values, region, window)
        for values in (
            row,
            column,
            kernels[0](partly[0], 1),
            kernels[0](partly[2], 1),
            kernels[1](partly[1], 1),
            kernels[2](partly[0], 1),
        )
    )
    narrow = gaussian(0.66 * sigma, _FILTER_WINDOW)
    surplus = kernels[0].radius - narrow.radius
    inner = image[surplus : image.shape[0] - surplus, surplus : image.shape[1] - surplus]
    planes[0] = smoothed
    np.add(rr, cc, out=planes[1])
    np.sqrt(row * row + column * column, out=planes[2])
    np.subtract(smoothed, cut(smooth(inner, narrow), region, window), out=planes[3])
    planes[4], planes[5] = eigenvalues(*tensor)
    planes[6], planes[7] = eigenvalues(rr, rc, cc)


def _filter_region(values, region, window, kernel):
    return smooth(cut(values, region, window, kernel.radius, _BORDER), kernel)


BANK = FilterBank(_fill, N_FEATURES)
