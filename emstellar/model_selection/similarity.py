"""How alike images are, and masks: correlations, and which are equal to the last bit."""

import hashlib

import numpy as np

from ..validation import UNLABELLED

# Coarse enough that noise does not hide likeness and that thousands of images can be compared.
SIDE = 64


def correlate_images(images):
    """Return Pearson's correlation between all images, at a resolution of `SIDE` pixels.

    Parameters
    ----------
    images : list of ndarray of shape (height, width, channels)

    Returns
    -------
    ndarray of shape (n_images, n_images), float32
        NaN between images of different sizes, 0 for images of a single value.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.model_selection.similarity import correlate_images
    >>> image = np.arange(12.0).reshape(3, 4, 1)
    >>> correlate_images([image, 2 * image + 1, -image]).round(3)[0]
    array([ 1.,  1., -1.], dtype=float32)
    """
    return _correlate([_shrink(image) for image in images])


def correlate_masks(masks):
    """Return the correlation between all masks, class by class, at a resolution of `SIDE` pixels.

    Parameters
    ----------
    masks : list of ndarray of shape (height, width)
        Unlabelled pixels are of no class.

    Returns
    -------
    ndarray of shape (n_images, n_images), float32
        Of two classes the correlation of the foreground.
    """
    labels = np.unique(np.concatenate([np.unique(mask) for mask in masks]))
    labels = labels[labels != UNLABELLED]
    return _correlate([_shrink(mask[..., np.newaxis] == labels) for mask in masks])


def _shrink(image):
    """Return the means of blocks, at most `SIDE` by `SIDE` of them, with mean 0 per channel."""
    height, width, n_channels = image.shape
    rows, columns = -(-height // SIDE), -(-width // SIDE)
    cut = image[: height // rows * rows, : width // columns * columns].astype("float32")
    blocks = cut.reshape(height // rows, rows, width // columns, columns, n_channels)
    means = blocks.mean(axis=(1, 3))
    return means - means.mean(axis=(0, 1))


def _correlate(images):
    found = np.full((len(images), len(images)), np.nan, dtype="float32")
    shapes = [image.shape for image in images]
    for shape in set(shapes):
        chosen = [i for i, other in enumerate(shapes) if other == shape]
        vectors = np.stack([images[i].ravel() for i in chosen])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        # Rounding leaves a trace of an image of a single value.
        vectors = np.where(norms > 1e-4, vectors / np.maximum(norms, 1e-4), 0)
        found[np.ix_(chosen, chosen)] = vectors @ vectors.T
    return found


def hash_images(images):
    """Return a text for each image that only equal images share, empty for a single value.

    Parameters
    ----------
    images : list of ndarray

    Returns
    -------
    ndarray of str of shape (n_images,)
    """
    return np.array([_hash(image) for image in images])


def _hash(image):
    if (image == image.flat[0]).all():
        return ""
    content = np.ascontiguousarray(image)
    return hashlib.sha256(f"{image.shape}{image.dtype}".encode() + content.tobytes()).hexdigest()
