"""Checks of what masks and weights mean: values of labels, unlabelled pixels, weights."""

from unittest import SkipTest

import numpy as np

from emstellar.testing.subject import (
    accepts_weights,
    assert_same,
    fitted_proba,
    make_check_images,
    observed_fit,
    prepared,
    remembered,
)

ENCODINGS = (
    np.array([False, True]),
    np.array([1, 255], dtype="uint8"),
)


def check_label_values(segmenter):
    """Check that masks of other labels give the same maps, and labels as given."""
    fit = observed_fit(segmenter)
    for labels in ENCODINGS:
        fitted = prepared(segmenter).fit(fit.X, labels[fit.y])
        values = labels.tolist()
        assert fitted.classes_.tolist() == values, f"classes_ is {fitted.classes_}, not {values}"
        found = fitted.predict(fit.X)
        assert found.dtype == labels.dtype, f"predict returns {found.dtype}, not {labels.dtype}"
        assert np.isin(found, labels).all(), f"predict returns other values than {values}"
        same = fitted.predict_proba(fit.X)
        assert_same(same, fit.probabilities, f"labels {values} change predict_proba")


def check_three_classes(segmenter):
    """Check that masks of {0, 1, 7} give three channels; `score` is in [0, 1]."""
    X, y = make_check_images()
    y[:, :, 20:] = 7
    fitted = prepared(segmenter).fit(X, y)
    assert fitted.classes_.tolist() == [0, 1, 7], f"classes_ is {fitted.classes_}, not [0 1 7]"
    found = fitted.predict_proba(X)
    assert found.shape == (*y.shape, 3), f"predict_proba has shape {found.shape} for 3 classes"
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5, err_msg="the sum must be 1")
    assert np.isin(fitted.predict(X), [0, 1, 7]).all(), "predict returns other values than 0, 1, 7"
    score = fitted.score(X, y)
    assert 0 <= score <= 1, f"score returns {score}, which is not in [0, 1]"


def _hidden(y):
    """Return which pixels to leave without a label: every second row, and a whole image."""
    hidden = np.zeros(y.shape, dtype=bool)
    hidden[:, ::2] = True
    hidden[3] = True
    return hidden


def _fit_to_unlabelled(segmenter):
    """Return a fitted clone that was given unlabelled pixels."""
    X, y = make_check_images()
    weights = [np.ones(y.shape)] if accepts_weights(segmenter) else []
    return prepared(segmenter).fit(X, np.where(_hidden(y), -1, y), *weights)


def check_unlabelled_pixels(segmenter):
    """Check that pixels of -1 are no class."""
    fitted = remembered(segmenter, _fit_to_unlabelled)
    X, _ = make_check_images()
    found = fitted.classes_
    assert found.tolist() == [0, 1], f"with unlabelled pixels classes_ is {found}, not [0 1]"
    assert fitted.predict_proba(X).shape[-1] == 2, "unlabelled pixels give a channel of their own"
    assert np.isin(fitted.predict(X), [0, 1]).all(), "predict returns other values than 0 and 1"


def check_unlabelled_equals_weight_zero(segmenter):
    """Check that a pixel of -1 counts like one of weight 0, whatever its label."""
    _require_weights(segmenter)
    X, y = make_check_images()
    hidden = _hidden(y)
    weights = np.where(hidden, 0.0, 1.0)
    wrong = fitted_proba(segmenter, X, np.where(hidden, 1 - y, y), weights)
    unlabelled = remembered(segmenter, _fit_to_unlabelled).predict_proba(X)
    words = "pixels of -1 and pixels of weight 0 do not count alike: one of them has influence"
    assert_same(unlabelled, wrong, words)


def check_image_and_pixel_weights(segmenter):
    """Check that a weight per image equals that weight on each pixel, and has an effect."""
    _require_weights(segmenter)
    fit = observed_fit(segmenter)
    given = np.array([0.0, 1.0, 2.0, 5.0])
    weights = given.copy()
    images = fitted_proba(segmenter, fit.X, fit.y, weights)
    assert np.array_equal(weights, given), "fit altered sample_weight"
    pixels = np.ones(fit.y.shape) * weights[:, np.newaxis, np.newaxis]
    words = "weights per image differ from the same weights per pixel"
    assert_same(fitted_proba(segmenter, fit.X, fit.y, pixels), images, words)
    assert not np.array_equal(images, fit.probabilities), "sample_weight has no effect"


def _require_weights(segmenter):
    if not accepts_weights(segmenter):
        raise SkipTest("fit has no parameter sample_weight")
