"""Checks that a fit depends on its data and its seed only, and changes nothing else."""

import random
import tempfile
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np

from emstellar.testing.subject import (
    accepts_weights,
    assert_same,
    changed,
    fitted_proba,
    global_states,
    make_check_images,
    observed_fit,
    prepared,
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


def check_repeatable(segmenter):
    """Check that the same `random_state` gives the same maps, whatever the global random states."""
    fit = observed_fit(segmenter)
    with _other_global_states():
        found = fitted_proba(segmenter, fit.X, fit.y)
    assert_same(found, fit.probabilities, "two fits with the same random_state differ")


def check_idempotent_fit(segmenter):
    """Check that a second `fit` to the same data gives what the first gave."""
    fit = observed_fit(segmenter)
    refitted = prepared(segmenter).fit(fit.X, fit.y).fit(fit.X, fit.y)
    assert_same(
        refitted.predict_proba(fit.X),
        fit.probabilities,
        "a second fit to the same data differs from the first: it does not start anew",
    )


def check_independent_fits(segmenter):
    """Check that a `fit` remembers nothing of the data of earlier ones: no leak between folds."""
    other, truth = make_check_images(random_state=1)
    first = fitted_proba(segmenter, other, truth)
    fit = observed_fit(segmenter)
    used = prepared(segmenter).fit(fit.X, fit.y).fit(other, truth)
    words = "a fit is not independent of {}: in a cross-validation this leaks between folds"
    assert_same(used.predict_proba(other), first, words.format("an earlier fit to other data"))
    fresh = fitted_proba(segmenter, other, truth)
    assert_same(fresh, first, words.format("fits of other clones"))


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
    """Check that `fit` and `predict` do not alter images, masks or weights."""
    fit = observed_fit(segmenter)
    for name, before, after in zip(("X", "y"), *fit.data, strict=True):
        assert np.array_equal(before, after), f"fit altered {name}"
    # Floating-point images are where work in place would show.
    X, y = fit.X.astype("float64"), fit.y
    given = {"X": X, "y": y}
    if accepts_weights(segmenter):
        given["sample_weight"] = np.full(y.shape, 2.0)
    copies = {name: array.copy() for name, array in given.items()}
    prepared(segmenter).fit(**given).predict(X)
    altered = [name for name, array in given.items() if not np.array_equal(array, copies[name])]
    assert not altered, f"fit or predict altered {altered}"


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
