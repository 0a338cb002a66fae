"""What the checks work with: small images, cheap clones of a segmenter, one observed fit."""

import copy
import random
import sys
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
from skimage.data import binary_blobs
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

# The greatest value that a parameter of this name keeps while a segmenter is checked.
SMALL = {"epochs": 2, "steps_per_epoch": 2, "n_estimators": 5, "patch_size": 32}


def make_check_images(n_images=4, shape=(32, 32), *, n_channels=None, random_state=0):
    """Return small noisy images of bright blobs, and the blobs.

    Parameters
    ----------
    n_images : int, default=4
        How many.
    shape : tuple of int, default=(32, 32)
        Height and width in pixels.
    n_channels : int, default=None
        None leaves the channel axis out.
    random_state : int, default=0
        Decides blobs and noise.

    Returns
    -------
    X : ndarray of shape (n_images, height, width[, n_channels]), uint8
    y : ndarray of shape (n_images, height, width), int64
        0 and 1; about a third of the pixels are 1.

    Examples
    --------
    >>> from emstellar.testing import make_check_images
    >>> X, y = make_check_images(2, (17, 23))
    >>> X.shape, y.shape
    ((2, 17, 23), (2, 17, 23))
    """
    rng = np.random.default_rng(random_state)
    height, width = shape
    blobs = [
        binary_blobs(max(shape), blob_size_fraction=0.3, volume_fraction=0.35, rng=rng)
        for _ in range(n_images)
    ]
    y = np.stack(blobs)[:, :height, :width].astype("int64")
    bright = y if n_channels is None else y[..., np.newaxis]
    size = y.shape if n_channels is None else (*y.shape, n_channels)
    X = 80 + 70 * bright + rng.normal(0, 20, size)
    return X.clip(0, 255).astype("uint8"), y


def prepared(segmenter):
    """Return a clone that is quick to fit and repeatable.

    Parameters
    ----------
    segmenter : estimator
        Left as it is.

    Returns
    -------
    estimator
        Its parameters ``epochs``, ``steps_per_epoch``, ``n_estimators`` and ``patch_size`` are
        lowered to those of `SMALL`, also inside of nested estimators; ``random_state`` is 0
        where it was no int; ``warm_start`` is False.
    """
    cheap = clone(segmenter)
    changes = {}
    for key, value in cheap.get_params(deep=True).items():
        name = key.rpartition("__")[2]
        if name in SMALL and _is_greater(value, SMALL[name]):
            changes[key] = SMALL[name]
        elif name == "warm_start":
            changes[key] = False
        elif name == "random_state" and not isinstance(value, (int, np.integer)):
            changes[key] = 0
    return cheap.set_params(**changes)


def _is_greater(value, limit):
    return not isinstance(value, (str, type(None))) and np.max(value) > limit


@dataclass(frozen=True)
class Observation:
    """A fit, and what there was before and after it."""

    segmenter: Any
    returned: Any
    X: np.ndarray
    y: np.ndarray
    parameters: tuple
    states: tuple
    data: tuple

    @property
    def probabilities(self):
        """What the fitted segmenter predicts for the images of the fit."""
        return self.segmenter.predict_proba(self.X)


# A fit of a network takes seconds, so checks share fits where they can. Only those of the last
# segmenter are kept, since a test suite may check many.
_LAST = {}


def remembered(segmenter, make):
    """Return ``make(segmenter)``, made once until another segmenter is asked for.

    Parameters
    ----------
    segmenter : estimator
        What is checked.
    make : callable
        Fits clones of it and returns what checks look at.
    """
    if _LAST.get("segmenter") is not segmenter:
        _LAST.clear()
        _LAST["segmenter"] = segmenter
    if make not in _LAST:
        _LAST[make] = make(segmenter)
    return _LAST[make]


def forget():
    """Release the fits that are kept."""
    _LAST.clear()


def observed_fit(segmenter):
    """Return the `Observation` of a fit of `segmenter` to `make_check_images`, in uint8."""
    return remembered(segmenter, _observe_integers)


def observed_float_fit(segmenter):
    """Return the `Observation` of the same fit to images in float64."""
    return remembered(segmenter, _observe_floats)


def _observe_integers(segmenter):
    return _observe(prepared(segmenter), "uint8")


def _observe_floats(segmenter):
    return _observe(prepared(segmenter), "float64")


def _observe(segmenter, dtype):
    X, y = make_check_images()
    X = X.astype(dtype)
    before = fingerprints(segmenter), global_states(), (X.copy(), y.copy())
    returned = segmenter.fit(X, y)
    after = fingerprints(segmenter), global_states(), (X, y)
    return Observation(segmenter, returned, *before[2], *zip(before, after, strict=True))


def fitted_proba(segmenter, X, y, *weights):
    """Return what a fresh clone of `segmenter`, fitted to the data, predicts for `X`."""
    return prepared(segmenter).fit(X, y, *weights).predict_proba(X)


def accepts_weights(segmenter):
    """Tell whether `fit` of the segmenter has a parameter ``sample_weight``."""
    return has_fit_parameter(segmenter, "sample_weight")


def fingerprints(segmenter):
    """Return for each parameter, nested ones too, something that changes when the value does."""
    return {name: _fingerprint(value) for name, value in segmenter.get_params(deep=True).items()}


def _fingerprint(value):
    if hasattr(value, "get_config"):
        # A pickle of a Keras object holds the time of day.
        return repr(value.get_config())
    try:
        return joblib.hash(value)
    except Exception:
        # What cannot be pickled, such as a lambda, can still be told from another object.
        return id(value)


def global_states():
    """Return the global states that a segmenter must leave alone, by name."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    states = {
        "numpy.random": (name, keys.tobytes(), *rest),
        "random": random.getstate(),
        "numpy.geterr": tuple(np.geterr().items()),
    }
    keras = sys.modules.get("keras")
    if keras is not None:
        states["keras.config.floatx"] = keras.config.floatx()
        states["keras.config.dtype_policy"] = keras.config.dtype_policy().name
        states["keras.config.image_data_format"] = keras.config.image_data_format()
    return copy.deepcopy(states)


def changed(before, after):
    """Return the names whose values differ between two dictionaries."""
    return sorted(name for name in before.keys() & after.keys() if before[name] != after[name])


def assert_same(found, expected, message, *, atol=0.0):
    """Raise an AssertionError that begins with `message` unless the maps are the same.

    Parameters
    ----------
    found, expected : ndarray or list of ndarray
        Both of the same kind.
    message : str
        What it means if they differ.
    atol : float, default=0
        How far apart values may be.
    """
    assert isinstance(found, list) == isinstance(expected, list), (
        f"{message}: {type(found).__name__} instead of {type(expected).__name__}"
    )
    assert len(found) == len(expected), f"{message}: {len(found)} images, not {len(expected)}"
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol, err_msg=f"{message} (image {i})")
