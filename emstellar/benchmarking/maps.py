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
        8 bits hold 0..1 as 0..255; what is above one half stays above, what is not stays not.

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
    image = image[..., 1] if image.shape[-1] == 2 else image
    if dtype == "uint8":
        return np.ceil(image * 255 - 0.5).clip(0, 255).astype("uint8")
    return image.astype(dtype)


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
