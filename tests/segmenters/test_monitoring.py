"""What a fit tells of its validation images, epoch by epoch."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning

import emstellar
from emstellar import metrics

from .small import bright_discs, small_segmenter, two_convolutions

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("no_tracing")]
X, y = bright_discs()
VALIDATION = {"validation_data": (X[3:], y[3:])}
MONITORED = ("val_loss", "val_f1", "val_jaccard", "val_roc_auc", "val_v_rand")


def test_v_rand_is_computed_every_so_many_epochs():
    options = {"epochs": 4, "validation_freq": 2, "monitor": "val_v_rand", "learning_rate": 0.3}
    segmenter = small_segmenter(restore_best=False, **options).fit(X[:3], y[:3], **VALIDATION)
    for name in MONITORED:
        assert_array_equal(np.isnan(segmenter.history_[name]), [True, False, True, False])
    expected = metrics.get_scorer("v_rand")(segmenter, X[3:], y[3:])
    assert_allclose(segmenter.history_["val_v_rand"][-1], expected, rtol=1e-6)
    assert segmenter.best_iter_ in (2, 4)


def test_convergence_is_told_under_each_criterion():
    # A learning rate that jumps about, so that the criteria do not agree.
    options = {"epochs": 12, "monitor": "val_v_rand", "learning_rate": 0.5, "patience": None}
    segmenter = small_segmenter(**options).fit(X[:3], y[:3], **VALIDATION)
    history = segmenter.history_
    assert set(segmenter.convergence_times_) == set(MONITORED)
    for name, seconds in segmenter.convergence_times_.items():
        best = np.argmin if name == "val_loss" else np.argmax
        assert seconds == history["elapsed"][best(history[name])]
    assert segmenter.convergence_time_ == segmenter.convergence_times_["val_v_rand"]
    assert len(set(segmenter.convergence_times_.values())) > 1


def test_a_criterion_without_any_value_has_no_convergence_time(tmp_path):
    segmenter = small_segmenter(epochs=2, validation_freq=3).fit(X[:3], y[:3], **VALIDATION)
    assert np.isnan(list(segmenter.convergence_times_.values())).all()
    assert (segmenter.n_iter_, segmenter.best_iter_) == (2, 2)
    segmenter.save(tmp_path / "file")
    again = emstellar.load(tmp_path / "file", network=two_convolutions)
    assert np.isnan(again.convergence_times_["val_f1"])


def test_patience_waits_for_the_next_value():
    options = {"epochs": 12, "validation_freq": 4, "patience": 1, "monitor": "val_f1"}
    segmenter = small_segmenter(**options).fit(X[:3], y[:3], **VALIDATION)
    assert segmenter.n_iter_ % 4 == 0
    assert segmenter.n_iter_ >= 8
    scores = segmenter.history_["val_f1"][3::4]
    assert segmenter.best_iter_ == 4 * (1 + np.argmax(scores))


def test_epochs_without_validation_images_have_no_scores():
    segmenter = small_segmenter(epochs=2).fit(X[:3], y[:3], **VALIDATION)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        segmenter.partial_fit(X[:3], y[:3])
    history = segmenter.history_
    assert {len(values) for values in history.values()} == {3}
    assert_array_equal(np.isnan(history["val_f1"]), [False, False, True])
    assert not np.isnan(history["loss"]).any()
