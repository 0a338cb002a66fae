"""Feature banks: from an image to a table of filter values, one row per pixel.

A bank is a function from an image (height, width, channels) to features (height, width,
n_features), and the number of pixels around a pixel that its features depend on, so that large
images can be computed in blocks of rows.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from skimage.feature import multiscale_basic_features

from emstellar.segmenters.ilastik_bank import ilastik_features
from emstellar.segmenters.weka_bank import weka_features

# Features of about so many pixels are held at once: 0.3 GB for the 76 of Weka.
BLOCK_PIXELS = 2**20


class FeatureBank(NamedTuple):
    """A function that computes features, and how far it sees."""

    compute: object
    margin: int | None


def row_blocks(bank, shape):
    """Return slices of rows which cover an image, each small enough to compute at once.

    Parameters
    ----------
    bank : FeatureBank
        A bank of unknown margin sees the whole image, so that there is one block.
    shape : tuple
        The image's shape: (height, width, ...).

    Returns
    -------
    list of slice
    """
    height, width = shape[:2]
    step = height if bank.margin is None else max(1, BLOCK_PIXELS // width)
    return [slice(start, min(start + step, height)) for start in range(0, height, step)]


def compute_rows(bank, image, rows):
    """Return the features of a block of rows, the same as if the whole image were computed.

    Parameters
    ----------
    bank : FeatureBank
        What to compute.
    image : ndarray of shape (height, width, n_channels)
        The whole image.
    rows : slice
        From `row_blocks`.

    Returns
    -------
    ndarray of shape (n_rows, width, n_features)

    Raises
    ------
    ValueError
        If the bank's features have not the height and width of the image.
    """
    margin = image.shape[0] if bank.margin is None else bank.margin
    top = max(0, rows.start - margin)
    part = image[top : rows.stop + margin]
    features = np.asarray(bank.compute(part))
    if features.ndim != 3 or features.shape[:2] != part.shape[:2]:
        raise ValueError(
            f"features returned an array of shape {features.shape} for an image of shape "
            f"{part.shape}; expected (height, width, n_features) with the image's height and width."
        )
    return features[rows.start - top : rows.stop - top]


def compute_pixels(bank, image, pixels):
    """Return the features of some pixels.

    Parameters
    ----------
    bank : FeatureBank
        What to compute.
    image : ndarray of shape (height, width, n_channels)
        The whole image.
    pixels : ndarray of shape (n_pixels,)
        Flat positions, sorted.

    Returns
    -------
    ndarray of shape (n_pixels, n_features)
    """
    width, parts = image.shape[1], []
    for rows in row_blocks(bank, image.shape):
        start, stop = np.searchsorted(pixels, [rows.start * width, rows.stop * width])
        if stop > start:
            features = compute_rows(bank, image, rows)
            table = features.reshape(-1, features.shape[-1])
            parts.append(table[pixels[start:stop] - rows.start * width])
    return np.concatenate(parts)


def per_channel(compute, image):
    """Return the features of each channel, side by side.

    Parameters
    ----------
    compute : callable
        From a float32 image (height, width) to features (height, width, n_features).
    image : ndarray of shape (height, width, n_channels)
        Any real dtype; converted to float32 without rescaling.

    Returns
    -------
    ndarray of shape (height, width, n_channels * n_features), float32
    """
    channels = np.moveaxis(np.asarray(image, dtype="float32"), -1, 0)
    return np.concatenate([compute(channel) for channel in channels], axis=-1, dtype="float32")


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
    `skimage.feature.multiscale_basic_features` with its defaults. The outermost pixels are
    repeated where an image is a single pixel high or wide, since a gradient needs two.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.segmenters.pixel_features import multiscale_features
    >>> multiscale_features(np.zeros((5, 1), dtype="float32")).shape
    (5, 1, 24)
    """
    height, width = channel.shape
    padding = (0, max(0, 2 - height)), (0, max(0, 2 - width))
    # One thread: how many cores a fit may use is the caller's to say.
    features = multiscale_basic_features(np.pad(channel, padding, mode="edge"), workers=1)
    return features[:height, :width]


# The margins are the sums of the radii of the filters that follow one another, and some pixels.
BANKS = {
    "multiscale": FeatureBank(partial(per_channel, multiscale_features), 72),
    "ilastik": FeatureBank(partial(per_channel, ilastik_features), 48),
    "weka": FeatureBank(partial(per_channel, weka_features), 32),
}
