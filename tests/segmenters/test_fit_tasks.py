"""Segmenters under scikit-learn's callbacks."""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from emstellar import RandomForestSegmenter, VotingSegmenter
from emstellar.metrics import get_scorer
from emstellar.segmenters import ThresholdedSegmenter

from .small import bright_discs, small_segmenter

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn has them from 1.9")
X, y = bright_discs()
TINY = RandomForestSegmenter(2, max_samples=100, random_state=0)


class Recorder:
    """Keeps what it is told, and stops after some tasks."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        self.begun.append("setup")

    def teardown(self, estimator, context):
        self.ended.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(f"{context.estimator_name} {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self.ended.append(f"{context.estimator_name} {context.task_name}")
        return self.ended[-1] == self.stop_after


@pytest.mark.backend
@pytest.mark.usefixtures("no_tracing")
def test_every_epoch_is_a_task_and_a_callback_may_stop():
    recorder = Recorder(stop_after="KerasSegmenter epoch 2")
    segmenter = small_segmenter(epochs=5).set_callbacks(recorder).fit(X, y)
    assert segmenter.n_iter_ == 2
    tasks = ["KerasSegmenter fit", "KerasSegmenter epoch 1", "KerasSegmenter epoch 2"]
    assert recorder.begun == ["setup", *tasks]
    assert recorder.ended == [*tasks[1:], tasks[0], "teardown"]
    undisturbed = small_segmenter(epochs=2).fit(X, y)
    assert_allclose(segmenter.predict_proba(X), undisturbed.predict_proba(X), atol=1e-6)


@pytest.mark.backend
@pytest.mark.usefixtures("no_tracing")
def test_the_scoring_monitor_scores_every_epoch():
    monitor = callback.ScoringMonitor(scoring=get_scorer("f1"))
    segmenter = small_segmenter(epochs=3, learning_rate=0.1).set_callbacks(monitor)
    segmenter.fit(X, y, validation_data=(X, y))
    found = [row["score"] for row in monitor.get_logs().data if row["task_name"] != "fit"]
    # Of the same images as the segmenter's own monitoring.
    assert_allclose(found, segmenter.history_["val_f1"], rtol=1e-6)


@pytest.mark.backend
@pytest.mark.usefixtures("no_tracing")
def test_copies_after_a_fit_share_no_network():
    segmenter = small_segmenter(epochs=1).set_callbacks(Recorder()).fit(X, y)
    copied = copy.copy(segmenter)
    assert copied.model_ is not segmenter.model_
    assert_allclose(copied.predict_proba(X), segmenter.predict_proba(X), atol=1e-6)
    assert pickle.loads(pickle.dumps(segmenter)).n_iter_ == 1
    assert clone(segmenter).fit(X, y).n_iter_ == 1


def test_callbacks_follow_the_members_of_an_ensemble():
    recorder = Recorder()
    VotingSegmenter([("a", TINY), ("b", TINY), ("c", "drop")]).set_callbacks(recorder).fit(X, y)
    assert recorder.begun == [
        "setup",
        "VotingSegmenter fit",
        "VotingSegmenter fit a",
        "RandomForestSegmenter fit",
        "VotingSegmenter fit b",
        "RandomForestSegmenter fit",
    ]
    assert recorder.ended[-2:] == ["VotingSegmenter fit", "teardown"]


def test_the_choice_of_a_threshold_is_a_task():
    monitor = callback.ScoringMonitor(scoring=get_scorer("f1"))
    segmenter = ThresholdedSegmenter(TINY, cv=2).set_callbacks(monitor).fit(X, y)
    rows = {row["task_name"]: row.get("score") for row in monitor.get_logs().data}
    assert rows["fit"] == pytest.approx(get_scorer("f1")(segmenter, X, y))


def test_a_progress_bar_on_a_search_of_segmenters(capsys):
    search = GridSearchCV(TINY, {"max_depth": [1, 2]}, cv=2, scoring=get_scorer("f1"))
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, y)
    assert "RandomForestSegmenter" in capsys.readouterr().out
    assert np.isfinite(search.best_score_)
