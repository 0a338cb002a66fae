"""Score classes that a segmenter has not seen in training, as in a fold that lacks one."""

import warnings

import numpy as np

from emstellar.metrics.inputs import BINARY_ENCODINGS
from emstellar.validation import UNLABELLED, is_sequence_of_arrays


def add_unseen_classes(y_true, y_prob, labels):
    """Return probabilities and classes, with those classes of the masks that training lacked.

    A segmenter that has seen no pixel of a class gives it probability 0, and is scored so.

    Parameters
    ----------
    y_true : array-like of shape (n_images, height, width) or sequence of masks
    y_prob : array-like of shape (n_images, height, width, n_classes) or sequence of such
        From `predict_proba`.
    labels : array-like of shape (n_classes,)
        The segmenter's classes.

    Returns
    -------
    y_prob, labels
        As they were where the masks hold no other class, or are only encoded differently.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics.unseen_classes import add_unseen_classes
    >>> y_prob = np.array([[[[0.2, 0.8]]]])
    >>> add_unseen_classes(np.array([[[2]]]), y_prob, [0, 1])
    (array([[[[0.2, 0.8, 0. ]]]]), [0, 1, 2])
    """
    known = np.asarray(labels).tolist()
    found = _labels_of(y_true)
    unseen = sorted(found - set(known))
    if not unseen or _differ_in_encoding(found, set(known)):
        return y_prob, labels
    warnings.warn(
        f"The masks to be scored hold the classes {unseen}, of which the training masks had no "
        f"pixel (those had {known}). They are scored as never predicted.",
        UserWarning,
        stacklevel=3,
    )

    def widen(image):
        zeros = np.zeros((*image.shape[:-1], len(unseen)), dtype=image.dtype)
        return np.concatenate([image, zeros], axis=-1)

    is_list = is_sequence_of_arrays(y_prob)
    wide = [widen(np.asarray(image)) for image in y_prob] if is_list else widen(np.asarray(y_prob))
    return wide, known + unseen


def _labels_of(y_true):
    """Return the labels of masks; none for what is not integral, which metrics judge."""
    masks = [np.asarray(mask) for mask in y_true]
    if any(m.dtype.kind not in "biuf" or not np.array_equal(m, np.floor(m)) for m in masks):
        return set()
    return {int(label) for mask in masks for label in np.unique(mask)} - {UNLABELLED}


def _differ_in_encoding(found, known):
    """Tell whether masks of 0 and 1 met a segmenter of 0 and 255, or the other way round."""
    return known in BINARY_ENCODINGS and any(found <= encoding for encoding in BINARY_ENCODINGS)
