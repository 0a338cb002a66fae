"""The only place where images, masks and weights are judged.

Each function takes what a user may give (one array or a sequence of arrays) and returns a list
with one array per image, in one form: images (height, width, channels), masks and weights
(height, width). An array given stays uncopied; the messages are scikit-learn's where it has one.
"""

import warnings

import numpy as np
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_array

from emstellar.input_warnings import are_inputs_judged
from emstellar.mask_values import check_mask_values

UNLABELLED = -1


def is_sequence_of_arrays(X):
    """Tell whether `X` holds images one by one: a list, a tuple or a 1-D array of objects.

    A pandas Series of arrays is one too.
    """
    if isinstance(X, np.ndarray) or _is_series(X):
        return X.dtype == object and X.ndim == 1
    return isinstance(X, (list, tuple)) and len(X) > 0 and np.ndim(_first(X)) >= 2


def _is_series(X):
    return hasattr(X, "iloc") and getattr(X, "ndim", None) == 1


def as_list_of_series(X):
    """Return the items of a pandas Series as a list, and all else as it is.

    The items of a list are asked for by their place, those of a Series by their label.
    """
    return X.tolist() if _is_series(X) else X


def unmask_labels(y):
    """Return masks without numpy's own mask: what it hides is unlabelled.

    Parameters
    ----------
    y : array-like or sequence of arrays

    Returns
    -------
    array-like or list of arrays
        `y` itself where nothing is hidden; else of a type that holds ``-1``.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.validation import unmask_labels
    >>> unmask_labels(np.ma.array(np.uint8([[1, 255]]), mask=[[False, True]]))
    array([[ 1, -1]], dtype=int16)
    """
    if isinstance(y, (list, tuple)):
        return [unmask_labels(mask) for mask in y]
    hidden = _hidden(y)
    if hidden is None:
        return y
    signed = np.result_type(y.dtype, np.int8)
    return np.where(hidden, signed.type(UNLABELLED), y.data.astype(signed))


def _hidden(array):
    """Return what a numpy masked array hides; None if it is none or hides nothing."""
    hidden = np.ma.getmaskarray(array) if isinstance(array, np.ma.MaskedArray) else None
    return hidden if hidden is not None and hidden.any() else None


def _first(sequence):
    first = sequence[0]
    return first if hasattr(first, "ndim") else np.asarray(first, dtype=object)


def _check_finite_numbers(array, name):
    """Return `array` as a numeric array, with scikit-learn's messages for what is not one."""
    if sparse.issparse(array):
        raise TypeError(
            f"Sparse data was passed for {name}, but dense data is required. "
            "Use '.toarray()' to convert to a dense numpy array."
        )
    hidden = _hidden(array)
    if hidden is not None:
        raise ValueError(
            f"{name} is a masked array with {np.count_nonzero(hidden)} masked values, which would "
            "be read as if they were not masked. Mask y instead, or give those pixels the label -1 "
            "or sample_weight 0; {name}.filled(value) makes a plain array.".replace("{name}", name)
        )
    if getattr(array, "dtype", np.dtype(float)).kind in "mM":
        raise ValueError(f"{name} holds times of dtype {array.dtype}; expected numbers.")
    return check_array(
        array,
        ensure_2d=False,
        allow_nd=True,
        ensure_min_samples=0,
        ensure_min_features=0,
        input_name=name,
    )


def check_images(X, *, n_channels=None, name="This segmenter"):
    """Return the images of `X` as a list of arrays of shape (height, width, channels).

    Parameters
    ----------
    X : array-like of shape (n_images, height, width[, channels]) or sequence of images
        An array, or a sequence of arrays of shape (height, width) or (height, width, channels)
        of any sizes, but of one number of channels. Any real dtype.
    n_channels : int, optional
        The number of channels that the images must have.
    name : str, default="This segmenter"
        Who asks, for the message about channels.

    Returns
    -------
    list of ndarray of shape (height, width, channels)
        Views of `X` where it is a numeric array, in its dtype.

    Raises
    ------
    ValueError
        For a wrong number of dimensions, no image, an image without pixels, different numbers
        of channels, NaN, infinity, complex or non-numeric values, values beyond those of float32
        and masked ones.
    TypeError
        For sparse input.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.validation import check_images
    >>> [image.shape for image in check_images(np.zeros((2, 32, 48)))]
    [(32, 48, 1), (32, 48, 1)]
    >>> check_images(np.zeros((32, 48)))
    Traceback (most recent call last):
        ...
    ValueError: Expected a stack of images of shape (n_images, height, width) or (n_images, \
height, width, channels), got 2D array with shape (32, 48) instead. Reshape your data using \
X[np.newaxis] if it contains a single image.
    """
    is_empty = isinstance(X, (list, tuple)) and not X
    if is_empty or is_sequence_of_arrays(X):
        images = [_check_one_image(image, f"X[{i}]") for i, image in enumerate(X)]
    else:
        images = list(_check_stack(X))
    if not images:
        raise ValueError(
            f"Found array with 0 sample(s) while a minimum of 1 is required by {name}."
        )
    for image in images:
        _check_range(image)
    _check_channels(images, n_channels, name)
    return images


def _check_range(image):
    """Raise if values of an image do not fit in the floats that all segmenters compute with."""
    if image.dtype.kind != "f" or image.dtype.itemsize <= 4:
        return
    if max(image.max(initial=0), -image.min(initial=0)) > np.finfo("float32").max:
        raise ValueError(
            "Input X contains a value too large for dtype('float32'), in which segmenters compute: "
            f"values lie between {image.min():.3g} and {image.max():.3g}. Divide the images by a "
            "common factor."
        )


def _check_stack(X):
    X = _check_finite_numbers(X, "X")
    if X.ndim == 2:
        raise ValueError(
            "Expected a stack of images of shape (n_images, height, width) or (n_images, height, "
            f"width, channels), got 2D array with shape {X.shape} instead. Reshape your data "
            "using X[np.newaxis] if it contains a single image."
        )
    if X.ndim not in (3, 4):
        raise ValueError(
            f"Expected 3D or 4D array, got {X.ndim}D array instead:\narray={X}.\n"
            "Reshape your data to (n_images, height, width) or (n_images, height, width, channels)."
        )
    if len(X) and 0 in X.shape[1:3]:
        raise ValueError(f"Found images without pixels: X has shape {X.shape}.")
    return X if X.ndim == 4 else X[..., np.newaxis]


def _check_one_image(image, name):
    image = _check_finite_numbers(image, name)
    if image.ndim not in (2, 3):
        raise ValueError(
            f"Expected {name} to have shape (height, width) or (height, width, channels), "
            f"got {image.ndim}D array with shape {image.shape} instead."
        )
    if 0 in image.shape[:2]:
        raise ValueError(f"Found an image without pixels: {name} has shape {image.shape}.")
    return image if image.ndim == 3 else image[..., np.newaxis]


def _check_channels(images, n_channels, name):
    found = images[0].shape[-1]
    for i, image in enumerate(images):
        if image.shape[-1] != found:
            raise ValueError(
                f"All images must have the same number of channels: X[0] has {found}, "
                f"X[{i}] has {image.shape[-1]}."
            )
    if found == 0:
        n_pixels = sum(image.shape[0] * image.shape[1] for image in images)
        raise ValueError(
            f"Found array with 0 feature(s) (shape=({n_pixels}, 0)) while a minimum of 1 is "
            f"required by {name}: the images have no channels."
        )
    if n_channels is not None and found != n_channels:
        raise ValueError(
            f"X has {found} features, but {name} is expecting {n_channels} features as input: "
            "the number of channels must be that of the images in fit."
        )


def check_masks(y, images, *, name="This segmenter"):
    """Return the masks of `y` as a list of arrays of shape (height, width).

    Parameters
    ----------
    y : array-like of shape (n_images, height, width) or sequence of masks
        Boolean or integral values; ``-1`` marks unlabelled pixels, as numpy's own mask does. An
        array of shape (n_images, height, width, 1) is squeezed, with a warning.
    images : list of ndarray of shape (height, width, channels)
        The images of the masks, from `check_images`.
    name : str, default="This segmenter"
        Who asks.

    Returns
    -------
    list of ndarray of shape (height, width)
        In the dtype given.

    Raises
    ------
    ValueError
        If the masks are missing, are not as many or not of the size of the images, are one-hot
        encoded or hold values that are not labels.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.validation import check_images, check_masks
    >>> images = check_images(np.zeros((2, 32, 48)))
    >>> check_masks(np.zeros((2, 32, 40), dtype=bool), images)
    Traceback (most recent call last):
        ...
    ValueError: X[0] has height and width (32, 48) but y[0] has shape (32, 40).
    """
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None.")
    if is_sequence_of_arrays(y):
        masks = [_drop_channel(_check_labels(mask, f"y[{i}]"), 2) for i, mask in enumerate(y)]
    else:
        masks = list(_drop_channel(_check_labels(y, "y"), 3))
    if len(masks) != len(images):
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"[{len(images)}, {len(masks)}] (X and y must hold one mask per image)."
        )
    for i, (image, mask) in enumerate(zip(images, masks, strict=True)):
        if mask.shape != image.shape[:2]:
            raise ValueError(
                f"X[{i}] has height and width {image.shape[:2]} but y[{i}] has shape {mask.shape}."
            )
    return masks


def _check_labels(y, name):
    labels = unmask_labels(y if hasattr(y, "dtype") else np.asarray(y))
    if labels.dtype.kind in "OUS":
        raise ValueError(
            f"Unknown label type: {labels.dtype}. {name} must hold boolean or integer labels; "
            "encode names as integers first."
        )
    labels = _check_finite_numbers(labels, name)
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.floor(labels)):
        raise ValueError(
            f"Unknown label type: continuous. {name} holds values that are not integral; "
            "threshold soft labels first, for example y > 0.5."
        )
    return labels


def _drop_channel(labels, n_dimensions):
    if labels.ndim == n_dimensions:
        return labels
    if labels.ndim == n_dimensions + 1 and labels.shape[-1] == 1:
        warnings.warn(
            "Masks with a channel axis of length 1 were passed where (height, width) was "
            "expected; the axis is dropped.",
            DataConversionWarning,
            stacklevel=4,
        )
        return labels[..., 0]
    if labels.ndim == n_dimensions + 1:
        raise ValueError(
            f"The masks have shape {labels.shape}: y looks one-hot encoded: pass y.argmax(axis=-1)."
        )
    raise ValueError(
        "Expected masks of shape (n_images, height, width), one per image, "
        f"got {labels.ndim}D array with shape {labels.shape} instead."
    )


def check_weights(sample_weight, images):
    """Return the weights as a list of arrays of shape (height, width), or None.

    Parameters
    ----------
    sample_weight : array-like of shape (n_images,) or (n_images, height, width), sequence or None
        One weight per image or one per pixel; not negative, not all zero.
    images : list of ndarray of shape (height, width, channels)
        The images of the weights, from `check_images`.

    Returns
    -------
    list of ndarray of shape (height, width), float32, or None

    Raises
    ------
    ValueError
        If the weights are not as many or not of the size of the images, negative or all zero.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.validation import check_images, check_weights
    >>> images = check_images(np.zeros((2, 3, 4)))
    >>> check_weights([0.5, 2], images)[1].shape
    (3, 4)
    """
    if sample_weight is None:
        return None
    if is_sequence_of_arrays(sample_weight):
        weights = [_check_finite_numbers(w, "sample_weight") for w in sample_weight]
    else:
        weights = list(np.atleast_1d(_check_finite_numbers(sample_weight, "sample_weight")))
    if len(weights) != len(images):
        raise ValueError(f"sample_weight.shape[0] == {len(weights)}, expected {len(images)}!")
    for i, (weight, image) in enumerate(zip(weights, images, strict=True)):
        if weight.ndim and weight.shape != image.shape[:2]:
            raise ValueError(
                f"sample_weight[{i}] has shape {weight.shape}, expected a number or "
                f"{image.shape[:2]}, the size of X[{i}]."
            )
        if weight.min() < 0:
            raise ValueError("sample_weight holds negative weights; they must be zero or positive.")
    if all(weight.max() == 0 for weight in weights):
        raise ValueError("All weights in sample_weight are zero: there is nothing to fit.")
    return [
        np.broadcast_to(np.asarray(weight, dtype="float32"), image.shape[:2])
        for weight, image in zip(weights, images, strict=True)
    ]


def check_groups(groups, images, name="groups"):
    """Return `groups` as an array of shape (n_images,), or None.

    Raises
    ------
    ValueError
        If there is not one group per image.
    """
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.shape != (len(images),):
        raise ValueError(
            f"{name} has shape {groups.shape}, expected ({len(images)},): one group per image."
        )
    return groups


def find_classes(masks, *, name="This segmenter"):
    """Return the sorted labels that occur in `masks`, without the unlabelled ``-1``.

    Parameters
    ----------
    masks : list of ndarray of shape (height, width)
        From `check_masks`.
    name : str, default="This segmenter"
        Who asks.

    Returns
    -------
    ndarray of shape (n_classes,)
        In the dtype of the masks.

    Raises
    ------
    ValueError
        If fewer than two classes occur, or values are grey or coded in several ways, as
        `emstellar.mask_values.check_mask_values` has it, which also warns of others.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.validation import find_classes
    >>> find_classes([np.array([[0, 255], [-1, 0]])])
    array([  0, 255])
    """
    classes = np.unique(np.concatenate([np.unique(mask) for mask in masks]))
    if classes.dtype.kind != "b":
        classes = classes[classes != UNLABELLED]
    if len(classes) < 2:
        found = f"only one class: {classes[0]}" if len(classes) else "no labelled pixel"
        if len(classes) and any(mask.dtype == np.int8 and mask.min() == -1 for mask in masks):
            found += " (-1 is unlabelled; a 255 that was read as a signed byte is -1 too)"
        raise ValueError(
            f"{name} needs samples of at least 2 classes in the data, but the data contains {found}"
        )
    if len(classes) > 2 and not are_inputs_judged():
        check_mask_values(masks, name=name)
    return classes


def encode_masks(masks, classes):
    """Return the masks with each label replaced by its position in `classes`.

    Parameters
    ----------
    masks : list of ndarray of shape (height, width)
        From `check_masks`.
    classes : ndarray of shape (n_classes,)
        Sorted labels, from `find_classes`.

    Returns
    -------
    list of ndarray of shape (height, width), int32
        Unlabelled pixels are ``-1``.

    Raises
    ------
    ValueError
        If a mask holds a label that is not one of `classes`.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.validation import encode_masks
    >>> encode_masks([np.array([[0, 255], [-1, 0]])], np.array([0, 255]))
    [array([[ 0,  1],
           [-1,  0]], dtype=int32)]
    """
    return [_encode(mask, classes) for mask in masks]


def _encode(mask, classes):
    codes = np.searchsorted(classes, mask).clip(max=len(classes) - 1).astype("int32")
    strange = classes[codes] != mask
    if strange.any():
        unlabelled = mask == UNLABELLED
        unknown = np.unique(mask[strange & ~unlabelled])
        if len(unknown):
            raise ValueError(
                f"y contains labels that are not among the classes {classes.tolist()}: "
                f"{unknown.tolist()}"
            )
        codes[unlabelled] = UNLABELLED
    return codes
