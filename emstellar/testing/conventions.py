"""Checks of what scikit-learn expects of any estimator, and emstellar of any segmenter."""

import inspect
from unittest import SkipTest

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from emstellar.base import is_segmenter
from emstellar.testing.subject import (
    changed,
    fingerprints,
    make_check_images,
    observed_fit,
    prepared,
)


def check_clone(segmenter):
    """Check that a clone has equal parameters, is another object and is not fitted."""
    cloned = clone(segmenter)
    assert cloned is not segmenter, "clone returned the segmenter itself"
    assert type(cloned) is type(segmenter), f"clone returned a {type(cloned).__name__}"
    names = changed(fingerprints(segmenter), fingerprints(cloned))
    assert not names, f"clone changed the parameters {names}"
    fitted = [name for name in vars(observed_fit(segmenter).segmenter) if name.endswith("_")]
    kept = [name for name in fitted if name in vars(clone(observed_fit(segmenter).segmenter))]
    assert not kept, f"a clone of a fitted segmenter has the fitted attributes {kept}"


def check_parameters_roundtrip(segmenter):
    """Check that `set_params` takes what `get_params` returns, and no unknown names."""
    copied = clone(segmenter)
    before = fingerprints(copied)
    assert copied.set_params(**copied.get_params(deep=False)) is copied, (
        "set_params must return the segmenter"
    )
    names = changed(before, fingerprints(copied))
    assert not names, f"set_params(**get_params()) changed the parameters {names}"
    try:
        copied.set_params(no_such_parameter=1)
    except ValueError:
        return
    raise AssertionError("set_params accepted no_such_parameter=1; expected a ValueError")


def check_constructor(segmenter):
    """Check that the constructor stores each argument as it is and does no more."""
    signature = inspect.signature(type(segmenter)).parameters.values()
    variadic = [p.name for p in signature if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    assert not variadic, f"the constructor must name its parameters, found *{variadic}"
    given = clone(segmenter).get_params(deep=False)
    built = type(segmenter)(**given)
    for name, value in given.items():
        assert getattr(built, name) is value, f"the constructor does not store {name} as given"
    extra = sorted(name for name in vars(built) if name not in given and name[0] != "_")
    assert not extra, f"the constructor sets more than its parameters: {extra}"


def check_tags(segmenter):
    """Check that the tags say segmenter of images, not classifier nor regressor."""
    tags = get_tags(segmenter)
    assert is_segmenter(segmenter), (
        f"estimator_type is {tags.estimator_type!r} instead of 'segmenter': inherit from "
        "BaseSegmenter, as the leftmost base after any mixin"
    )
    assert not is_classifier(segmenter), "it must not be a classifier to scikit-learn"
    assert not is_regressor(segmenter), "it must not be a regressor to scikit-learn"
    assert tags.target_tags.required, "the tag target_tags.required must be True"
    assert tags.input_tags.three_d_array, "the tag input_tags.three_d_array must be True"
    assert not tags.input_tags.two_d_array, "the tag input_tags.two_d_array must be False"


def check_repr(segmenter):
    """Check that the text and the HTML of the segmenter, fitted or not, name its class."""
    name = type(segmenter).__name__
    for state in (clone(segmenter), observed_fit(segmenter).segmenter):
        assert name in repr(state), f"repr does not name the class: {state!r}"
        assert name in state._repr_html_(), "the HTML does not name the class"


def check_unfitted(segmenter):
    """Check that what needs `fit` raises a NotFittedError before it."""
    unfitted = prepared(segmenter)
    if _is_fitted(unfitted):
        raise SkipTest("the segmenter needs no fit")
    X, y = make_check_images()
    for method, arguments in (("predict", (X,)), ("predict_proba", (X,)), ("score", (X, y))):
        try:
            getattr(unfitted, method)(*arguments)
        except NotFittedError:
            continue
        except Exception as error:
            raise AssertionError(
                f"{method} before fit raised {type(error).__name__} instead of NotFittedError"
            ) from error
        raise AssertionError(f"{method} before fit raised nothing; expected a NotFittedError")


def _is_fitted(segmenter):
    try:
        check_is_fitted(segmenter)
    except NotFittedError:
        return False
    return True


def check_fit_returns_self(segmenter):
    """Check that `fit` returns the segmenter itself."""
    fit = observed_fit(segmenter)
    assert fit.returned is fit.segmenter, "fit must return self"


def check_fit_keeps_parameters(segmenter):
    """Check that `fit` leaves every parameter as it was, nested estimators and lists too."""
    names = changed(*observed_fit(segmenter).parameters)
    assert not names, f"fit changed the parameters {names}; keep what is learnt in attributes_"


def check_fitted_attributes(segmenter):
    """Check that `fit` sets `classes_` and `n_features_in_`, and no name without ``_``."""
    fit = observed_fit(segmenter)
    fitted = fit.segmenter
    assert np.array_equal(fitted.classes_, [0, 1]), f"classes_ is {fitted.classes_}, not [0 1]"
    for name in ("n_features_in_", "n_channels_in_"):
        found = getattr(fitted, name, None)
        missing = found is None and name == "n_channels_in_"
        assert missing or found == 1, f"{name} is {found}; expected 1, the number of channels"
    parameters = fitted.get_params(deep=False)
    public = [n for n in vars(fitted) if n not in parameters and n[0] != "_" and n[-1] != "_"]
    assert not public, f"fit sets attributes whose names do not end with an underscore: {public}"


def check_channels(segmenter):
    """Check that images of three channels are fitted; `n_features_in_` counts the channels."""
    X, y = make_check_images(n_channels=3)
    fitted = prepared(segmenter).fit(X, y)
    assert fitted.n_features_in_ == 3, f"n_features_in_ is {fitted.n_features_in_}, not 3"
    shape = fitted.predict_proba(X).shape
    assert shape == (*y.shape, 2), f"predict_proba of images with 3 channels has shape {shape}"
