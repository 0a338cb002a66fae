"""Checks that wrong input is refused, in words that say what was wrong."""

import re
from unittest import SkipTest

import numpy as np
from scipy import sparse

from emstellar.testing.conventions import _is_fitted
from emstellar.testing.subject import accepts_weights, make_check_images, observed_fit, prepared


def _with(array, value):
    """Return `array` as float64 with one value replaced."""
    array = array.astype("float64")
    array[0, 3, 4] = value
    return array


def _wrong_images(X):
    """Return (what, images, exception, pattern of the message)."""
    return [
        ("one image without np.newaxis", X[0], ValueError, "Reshape your data"),
        ("1-D images", X[0, 0], ValueError, "Reshape your data"),
        ("5-D images", X[..., None, None], ValueError, "Reshape your data"),
        ("images with NaN", _with(X, np.nan), ValueError, "NaN"),
        ("images with infinity", _with(X, np.inf), ValueError, "infinity"),
        ("complex images", X * 1j, ValueError, "[Cc]omplex"),
        ("images of words", np.full(X.shape, "grey", dtype=object), ValueError, "convert|numeric"),
        ("a sparse matrix", sparse.csr_array(X[0]), TypeError, "[Ss]parse"),
        ("no images", X[:0], ValueError, r"0 sample\(s\)"),
        ("images without pixels", X[:, :0], ValueError, "without pixels"),
        ("images without channels", X[..., None][..., :0], ValueError, r"0 feature\(s\)"),
        (
            "images of different numbers of channels",
            [X[0], np.stack([X[1]] * 3, axis=-1), *X[2:]],
            ValueError,
            "same number of channels",
        ),
    ]


def _wrong_masks(y):
    """Return (what, masks, exception, pattern of the message)."""
    one_hot = np.stack([1 - y, y], axis=-1)
    names = np.where(y == 1, "cell", "background")
    return [
        ("no masks (None)", None, ValueError, "requires y to be passed, but the target y is None"),
        ("a mask too few", y[:-1], ValueError, "inconsistent numbers of samples"),
        ("masks of another size", y[:, :-2], ValueError, "height and width"),
        ("one-hot masks", one_hot, ValueError, "one-hot"),
        ("one label per image", y[:, 0, 0], ValueError, "masks"),
        ("continuous masks", y * 0.5 + 0.2, ValueError, "Unknown label type"),
        ("masks of strings", names, ValueError, "Unknown label type"),
        ("masks with NaN", _with(y, np.nan), ValueError, "NaN"),
        ("masks of one class", np.zeros_like(y), ValueError, "class"),
        ("masks without labels", np.full_like(y, -1), ValueError, "class|label"),
    ]


def _wrong_weights(y):
    """Return (what, weights, exception, pattern of the message)."""
    n_images = len(y)
    return [
        ("a weight too many", np.ones(n_images + 1), ValueError, "sample_weight"),
        ("weights of another size", np.ones((n_images, 3, 3)), ValueError, "sample_weight"),
        ("weights that are all zero", np.zeros(n_images), ValueError, "zero"),
        ("negative weights", -np.ones(n_images), ValueError, "negative"),
        ("weights with NaN", np.full(n_images, np.nan), ValueError, "NaN"),
    ]


def check_wrong_images(segmenter):
    """Check that `fit` refuses images of a wrong shape or kind and learns nothing from them."""
    X, y = make_check_images()
    for what, images, error, pattern in _wrong_images(X):
        _refuses_to_fit(segmenter, what, error, pattern, images, y)


def check_wrong_masks(segmenter):
    """Check that `fit` refuses masks that are missing, do not fit the images or hold no labels."""
    X, y = make_check_images()
    for what, masks, error, pattern in _wrong_masks(y):
        _refuses_to_fit(segmenter, what, error, pattern, X, masks)


def check_wrong_weights(segmenter):
    """Check that `fit` refuses weights that do not fit the images or leave nothing to learn."""
    if not accepts_weights(segmenter):
        raise SkipTest("fit has no parameter sample_weight")
    X, y = make_check_images()
    for what, weights, error, pattern in _wrong_weights(y):
        _refuses_to_fit(segmenter, what, error, pattern, X, y, weights)


def check_wrong_images_at_predict(segmenter):
    """Check that a fitted segmenter refuses wrong images, and another number of channels."""
    fit = observed_fit(segmenter)
    for what, images, error, pattern in _wrong_images(fit.X):
        _refuses(what, error, pattern, fit.segmenter.predict_proba, images)
    channels = np.stack([fit.X] * 3, axis=-1)
    words = r"X has 3 features, but .* is expecting 1 features? as input"
    _refuses("images of 3 channels after 1", ValueError, words, fit.segmenter.predict, channels)


def _refuses_to_fit(segmenter, what, error, pattern, *data):
    unfitted = prepared(segmenter)
    fitted_before = _is_fitted(unfitted)
    _refuses(what, error, pattern, unfitted.fit, *data)
    assert _is_fitted(unfitted) == fitted_before, f"after {what}, the segmenter counts as fitted"


def _refuses(what, error, pattern, method, *arguments):
    """Assert that a call raises `error` with a message that matches `pattern`."""
    begin = f"{method.__name__} with {what}: expected {error.__name__} matching {pattern!r}, got"
    raised = _raised_by(method, *arguments)
    assert raised is not None, f"{begin} no error"
    said = f"{type(raised).__name__}: {raised}"
    assert isinstance(raised, error), f"{begin} {said}"
    assert re.search(pattern, str(raised)), f"{begin} {said}"


def _raised_by(method, *arguments):
    try:
        method(*arguments)
    except Exception as error:
        return error
    return None
