"""Checks that a fit depends on its data and its seed only, and changes nothing else."""

import random
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np

from emstellar.testing.subject import (
    assert_same,
    changed,
    fitted_proba,
    global_states,
    make_check_images,
    observed_fit,
    observed_float_fit,
    prepared,
    remembered,
)


@contextmanager
def _other_global_states():
    """Give numpy and Python other random states within the block."""
    before = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(12345)  # noqa: NPY002
    random.seed(12345)
    try:
        yield
    finally:
        np.random.set_state(before[0])  # noqa: NPY002
        random.setstate(before[1])


@dataclass(frozen=True)
class History:
    """What one segmenter predicts after three fits, and a fresh one after the last of them."""

    first: np.ndarray
    again: np.ndarray
    later: np.ndarray
    fresh: np.ndarray


def _history(segmenter):
    X, y = make_check_images()
    other, truth = make_check_images(random_state=1)
    used = prepared(segmenter)
    with _other_global_states():
        first = used.fit(X, y).predict_proba(X)
    again = used.fit(X, y).predict_proba(X)
    later = used.fit(other, truth).predict_proba(other)
    return History(first, again, later, fitted_proba(segmenter, other, truth))


def check_repeatable(segmenter):
    """Check that the same `random_state` gives the same maps, whatever the global random states."""
    expected = observed_fit(segmenter).probabilities
    found = remembered(segmenter, _history).first
    assert_same(found, expected, "two fits with the same random_state differ")


def check_idempotent_fit(segmenter):
    """Check that a second `fit` to the same data gives what the first gave."""
    history = remembered(segmenter, _history)
    words = "a second fit to the same data differs from the first: it does not start anew"
    assert_same(history.again, history.first, words)


def check_independent_fits(segmenter):
    """Check that a `fit` remembers nothing of the data of earlier ones: no leak between folds."""
    history = remembered(segmenter, _history)
    words = "a fit depends on an earlier one to other data: a cross-validation leaks between folds"
    assert_same(history.later, history.fresh, words)


def check_global_states(segmenter):
    """Check that `fit` and `predict_proba` leave the global random states and settings alone."""
    fit = observed_fit(segmenter)
    names = changed(*fit.states)
    assert not names, f"fit changed the global state of {names}; use a generator of your own"
    before = global_states()
    fit.segmenter.predict_proba(fit.X)
    names = changed(before, global_states())
    assert not names, f"predict_proba changed the global state of {names}"


def check_input_unchanged(segmenter):
    """Check that `fit` and `predict` do not alter images and masks."""
    # Images of floats are where work in place would show.
    for fit in (observed_fit(segmenter), observed_float_fit(segmenter)):
        fit.segmenter.predict(fit.X)
        for name, before, after in zip(("X", "y"), *fit.data, strict=True):
            assert np.array_equal(before, after), f"fit or predict altered {name}"


def check_predict_leaves_no_trace(segmenter):
    """Check that `predict_proba` sets no attribute, and a second call gives the same."""
    fit = observed_fit(segmenter)
    before = set(vars(fit.segmenter))
    first = fit.segmenter.predict_proba(fit.X)
    added = sorted(set(vars(fit.segmenter)) ^ before)
    assert not added, f"predict_proba sets or removes the attributes {added}"
    assert_same(fit.segmenter.predict_proba(fit.X), first, "a second predict_proba differs")


def check_read_only_input(segmenter):
    """Check that read-only memory maps, as parallel workers get them, are as good as arrays."""
    fit = observed_fit(segmenter)
    # On Windows the files stay open as long as the maps live.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "data.joblib"
        joblib.dump([fit.X, fit.y], path)
        X, y = joblib.load(path, mmap_mode="r")
        found = fitted_proba(segmenter, X, y)
        del X, y
    assert_same(found, fit.probabilities, "fit to read-only memory maps differs")
