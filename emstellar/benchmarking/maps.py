"""Probability maps in little space: one channel for two classes, and fewer bits."""

import numpy as np

MAP_DTYPES = ("float16", "float32", "uint8")


def encode_maps(probabilities, dtype):
    """Return the maps image by image in `dtype`, of two classes only the foreground.

    Parameters
    ----------
    probabilities : ndarray or list of ndarray
        Of shape (height, width, n_classes) each.
    dtype : {"float16", "float32", "uint8"}
        8 bits hold 0..1 as 0..255. In each, the most probable class of every pixel, which among
        equals is the first, stays what it was.

    Returns
    -------
    list of ndarray of shape (height, width) or (height, width, n_classes)

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.benchmarking.maps import encode_maps
    >>> encode_maps(np.array([[[[0.5, 0.5], [0.498, 0.502]]]]), "uint8")
    [array([[127, 128]], dtype=uint8)]
    """
    return [_encode(image, dtype) for image in probabilities]


def _encode(image, dtype):
    image = np.asarray(image, dtype="float32")
    winner = image.argmax(axis=-1)
    if image.shape[-1] == 2:
        return _on_the_right_side(_round(image[..., 1], dtype), winner == 1)
    return _with_winner(_round(image, dtype), winner)


def _round(image, dtype):
    return (
        (image * 255).round().clip(0, 255).astype(dtype)
        if dtype == "uint8"
        else image.astype(dtype)
    )


def _on_the_right_side(foreground, wins):
    """Return the foreground's map, above one half where it wins and there only."""
    whole = foreground.dtype == np.uint8
    # Half of 255 is between two numbers.
    below = foreground.dtype.type(127 if whole else 0.5)
    return np.where(wins, np.maximum(foreground, _next(below)), np.minimum(foreground, below))


def _with_winner(image, winner):
    """Return maps of several classes in which those that won still do."""
    lost = image.argmax(axis=-1) != winner
    # What rounding made equal, or nearly, is set apart by the least there is.
    image[lost, winner[lost]] = _next(image[lost].max(axis=-1))
    return image


def _next(values):
    """Return the next larger number of the same type."""
    whole = values.dtype == np.uint8
    return values + np.uint8(1) if whole else np.nextafter(values, values.dtype.type(1))


def decode_maps(maps):
    """Return float32 probabilities (height, width, n_classes) from what `encode_maps` made.

    Parameters
    ----------
    maps : list of ndarray

    Returns
    -------
    ndarray of shape (n_images, height, width, n_classes), or list when sizes differ
    """
    images = [_decode(image) for image in maps]
    return np.stack(images) if len({image.shape for image in images}) == 1 else images


def _decode(image):
    image = image.astype("float32") / (255 if image.dtype == np.uint8 else 1)
    return np.stack([1 - image, image], axis=-1) if image.ndim == 2 else image
