"""Checks of the forms of images and predictions: arrays, lists, sizes, dtypes."""

import numpy as np
from sklearn.metrics import jaccard_score

from emstellar.testing.subject import (
    assert_same,
    make_check_images,
    observed_fit,
    observed_float_fit,
    prepared,
)

# A prediction may depend in the last digits on how many images are processed at once.
ROUNDING = 1e-5


def check_probabilities(segmenter):
    """Check that `predict_proba` gives float32 maps, classes last, in [0, 1], of sum 1."""
    fit = observed_fit(segmenter)
    found = fit.probabilities
    expected = (*fit.y.shape, 2)
    assert found.shape == expected, (
        f"predict_proba returns shape {found.shape}; expected {expected}: one channel per "
        "class, the classes last, also when there are two"
    )
    assert found.dtype == np.float32, f"predict_proba returns {found.dtype} instead of float32"
    assert found.min() >= 0, f"a probability is negative: {found.min()}"
    assert found.max() <= 1, f"a probability is greater than 1: {found.max()}"
    np.testing.assert_allclose(
        found.sum(axis=-1), 1, atol=ROUNDING, err_msg="probabilities of a pixel must sum to 1"
    )


def check_predict(segmenter):
    """Check that `predict` returns values of `classes_` of the highest probability."""
    fit = observed_fit(segmenter)
    labels, classes = fit.segmenter.predict(fit.X), fit.segmenter.classes_
    assert labels.shape == fit.y.shape, f"predict returns shape {labels.shape}, not {fit.y.shape}"
    assert labels.dtype == classes.dtype, f"predict returns {labels.dtype}, not {classes.dtype}"
    unknown = np.setdiff1d(labels, classes)
    assert not len(unknown), f"predict returns {unknown}, which is not among {classes}"
    probabilities = fit.probabilities
    codes = np.searchsorted(classes, labels)[..., np.newaxis]
    taken = np.take_along_axis(probabilities, codes, axis=-1)[..., 0]
    assert (taken >= probabilities.max(axis=-1) - ROUNDING).all(), (
        "predict does not return the class of the highest predict_proba"
    )


def check_score(segmenter):
    """Check that `score` is the Jaccard index of the foreground, over all pixels."""
    fit = observed_fit(segmenter)
    found = fit.segmenter.score(fit.X, fit.y)
    expected = jaccard_score(fit.y.ravel(), fit.segmenter.predict(fit.X).ravel(), zero_division=0)
    assert 0 <= found <= 1, f"score returns {found}, which is not in [0, 1]"
    np.testing.assert_allclose(found, expected, atol=ROUNDING, err_msg="score is not the Jaccard")


def check_one_image(segmenter):
    """Check that a stack of one image stays a stack of one."""
    fit = observed_fit(segmenter)
    found = fit.segmenter.predict_proba(fit.X[:1])
    assert found.shape == (1, *fit.y.shape[1:], 2), f"for one image the shape is {found.shape}"
    labels = fit.segmenter.predict(fit.X[:1])
    assert labels.shape == (1, *fit.y.shape[1:]), f"for one image the shape is {labels.shape}"


def check_image_sizes(segmenter):
    """Check that images of other sizes than in `fit` are predicted in their own."""
    fitted = observed_fit(segmenter).segmenter
    for shape in ((17, 23), (40, 33)):
        X, _ = make_check_images(2, shape)
        found = fitted.predict_proba(X).shape
        assert found == (2, *shape, 2), f"images of {shape} pixels give maps of shape {found}"


def check_channel_axis(segmenter):
    """Check that an axis of one channel changes nothing."""
    fit = observed_fit(segmenter)
    found = fit.segmenter.predict_proba(fit.X[..., np.newaxis])
    assert_same(found, fit.probabilities, "a channel axis of length 1 changes predict_proba")


def check_list_at_predict(segmenter):
    """Check that a list of images gives a list, with the maps of the array; sizes may differ."""
    fit = observed_fit(segmenter)
    for method in (fit.segmenter.predict_proba, fit.segmenter.predict):
        found = method(list(fit.X))
        assert isinstance(found, list), (
            f"{method.__name__} of a list returns {type(found).__name__} instead of a list"
        )
        whole = list(method(fit.X))
        assert_same(found, whole, f"{method.__name__} of a list differs", atol=ROUNDING)
    ragged = [fit.X[0], fit.X[1, :17, :23]]
    shapes = [p.shape for p in fit.segmenter.predict_proba(ragged)]
    assert shapes == [(32, 32, 2), (17, 23, 2)], f"a ragged list gives maps of shapes {shapes}"


def check_order_of_images(segmenter):
    """Check that the prediction of an image does not depend on the images around it."""
    fit = observed_fit(segmenter)
    whole = fit.probabilities
    order = [2, 0, 3, 1]
    reordered = fit.segmenter.predict_proba(fit.X[order])
    assert_same(reordered, whole[order], "predict_proba depends on the order", atol=ROUNDING)
    part = fit.segmenter.predict_proba(fit.X[2:3])
    assert_same(part, whole[2:3], "predict_proba depends on the other images", atol=ROUNDING)


def check_dtypes_at_predict(segmenter):
    """Check that the dtype of the images does not matter."""
    fit = observed_fit(segmenter)
    for dtype in ("uint16", "float32", "float64"):
        found = fit.segmenter.predict_proba(fit.X.astype(dtype))
        assert_same(found, fit.probabilities, f"{dtype} changes the prediction", atol=ROUNDING)


def check_dtypes_at_fit(segmenter):
    """Check that `fit` gives the same for images in uint8 and in float64."""
    integers, floats = observed_fit(segmenter), observed_float_fit(segmenter)
    words = "fit to float64 differs from uint8"
    assert_same(floats.probabilities, integers.probabilities, words, atol=ROUNDING)


def check_list_at_fit(segmenter):
    """Check that `fit` gives the same for lists of images and masks as for arrays."""
    fit = observed_fit(segmenter)
    fitted = prepared(segmenter).fit(list(fit.X), list(fit.y))
    assert_same(fitted.predict_proba(fit.X), fit.probabilities, "fit to a list differs")


def check_images_of_different_sizes(segmenter):
    """Check that `fit` takes a list of images of different sizes, and `score` too."""
    X, y = make_check_images()
    images, masks = [X[0], X[1, :20], X[2, :, :24]], [y[0], y[1, :20], y[2, :, :24]]
    fitted = prepared(segmenter).fit(images, masks)
    shapes = [p.shape for p in fitted.predict(images)]
    assert shapes == [m.shape for m in masks], f"the predictions have shapes {shapes}"
    score = fitted.score(images, masks)
    assert 0 <= score <= 1, f"score returns {score}, which is not in [0, 1]"
