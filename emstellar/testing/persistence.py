"""Checks that a fitted segmenter can be copied, sent to another process and kept."""

import copy
import pickle
import tempfile
from pathlib import Path
from unittest import SkipTest

import joblib

from emstellar import segmenters
from emstellar.testing.subject import assert_same, observed_fit


def check_pickle(segmenter):
    """Check that a pickled and a deep-copied segmenter predict the same to the last bit."""
    fit = observed_fit(segmenter)
    expected = fit.probabilities
    again = pickle.loads(pickle.dumps(fit.segmenter))
    assert_same(again.predict_proba(fit.X), expected, "after pickle the prediction differs")
    again = copy.deepcopy(fit.segmenter)
    assert_same(again.predict_proba(fit.X), expected, "after deepcopy the prediction differs")


def check_joblib(segmenter):
    """Check that a segmenter written and read by joblib predicts the same to the last bit."""
    fit = observed_fit(segmenter)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "segmenter.joblib"
        joblib.dump(fit.segmenter, path)
        again = joblib.load(path)
    assert_same(
        again.predict_proba(fit.X), fit.probabilities, "after joblib the prediction differs"
    )


def check_save(segmenter):
    """Check that a saved and loaded segmenter predicts the same to the last bit."""
    name = type(segmenter).__name__
    if not hasattr(segmenter, "save") or name not in segmenters.__all__:
        raise SkipTest("emstellar.load reads emstellar's own segmenters that have save only")
    fit = observed_fit(segmenter)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "segmenter.emstellar"
        fit.segmenter.save(path)
        again = segmenters.load(path, network=getattr(segmenter, "network", None))
    assert_same(again.predict_proba(fit.X), fit.probabilities, "after load the prediction differs")
    assert again.classes_.tolist() == fit.segmenter.classes_.tolist(), "load changed classes_"
