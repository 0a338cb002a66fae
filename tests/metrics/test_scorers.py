"""Scorers work in scikit-learn's tools, with one prediction per fold."""

import pickle

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from emstellar import BaseSegmenter, metrics
from emstellar.metrics import scorers
from emstellar.metrics.entries import built_in_metrics

NAMES = sorted(built_in_metrics())
CALLS = []


class BrightnessSegmenter(BaseSegmenter):
    """Give bright pixels a high probability; note each prediction."""

    def __init__(self, gain=1.0):
        self.gain = gain

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.unique(y), 1
        return self

    def predict_proba(self, X):
        CALLS.append(len(X))
        foreground = np.clip(np.asarray(X) * self.gain, 0, 1)
        return np.stack([1 - foreground, foreground], axis=-1)


@pytest.fixture(params=[(0, 1), (0, 255), (1, 2), (False, True)], ids=str)
def data(request):
    rng = np.random.default_rng(7)
    truth = rng.random((6, 8, 8)) < 0.4
    X = np.clip(truth * 0.5 + rng.random(truth.shape) * 0.5, 0, 1)
    return X, np.array(request.param)[truth.astype(int)]


def test_all_scorers_share_one_prediction_per_fold(data):
    X, y = data
    CALLS.clear()
    scoring = metrics.get_scorers(*NAMES)
    results = cross_validate(
        BrightnessSegmenter(), X, y, cv=KFold(3), scoring=scoring, error_score="raise"
    )
    assert len(CALLS) == 3
    foreground = y == y.max()
    for name, metric in [("f1", metrics.f1_score), ("v_info", metrics.v_info_score)]:
        expected = [metric(foreground[test], X[test]) for _, test in KFold(3).split(X)]
        np.testing.assert_allclose(results[f"test_{name}"], expected)
    assert all(np.isfinite(results[f"test_{name}"]).all() for name in NAMES)
    assert (results["test_neg_brier"] < 0).all()


def test_multi_scorer_equals_the_single_ones(data):
    X, y = data
    CALLS.clear()
    options = {"cv": KFold(3), "error_score": "raise"}
    multi = metrics.multi_scorer(NAMES)
    together = cross_validate(BrightnessSegmenter(), X, y, scoring=multi, **options)
    assert len(CALLS) == 3
    for name in NAMES:
        scoring = metrics.get_scorer(name)
        alone = cross_val_score(BrightnessSegmenter(), X, y, scoring=scoring, **options)
        np.testing.assert_allclose(together[f"test_{name}"], alone)


def test_v_scores_are_computed_once_for_both(data, monkeypatch):
    X, y = data
    floods = []
    monkeypatch.setattr(
        "emstellar.metrics.threshold_sweep.thin_columns",
        lambda objects, needed: floods.append(1) or objects.astype(int),
    )
    segmenter = BrightnessSegmenter().fit(X, y)
    metrics.multi_scorer(["v_rand"])(segmenter, X, y)
    for_one = len(floods)
    metrics.multi_scorer(["v_rand", "v_info"])(segmenter, X, y)
    assert len(floods) == 2 * for_one


@pytest.mark.parametrize("make", [metrics.get_scorers, lambda *names: metrics.multi_scorer(names)])
def test_grid_search_with_several_metrics(data, make):
    X, y = data
    search = GridSearchCV(
        BrightnessSegmenter(),
        {"gain": [0.2, 1.0]},
        scoring=make("f1", "v_rand", "roc_auc"),
        refit="f1",
        cv=3,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"gain": 1.0}
    assert search.score(X, y) == pytest.approx(metrics.f1_score(y == y.max(), X))


def test_learning_curve_and_pipeline(data):
    X, y = data
    pipeline = make_pipeline(FunctionTransformer(np.sqrt), BrightnessSegmenter())
    _, _, scores = learning_curve(
        pipeline, X, y, cv=3, scoring=metrics.get_scorer("jaccard"), train_sizes=[2, 4]
    )
    assert scores.shape == (2, 3)
    assert np.isfinite(scores).all()


def test_sample_weight_reaches_the_metric(data):
    X, y = data
    segmenter = BrightnessSegmenter().fit(X, y)
    weights = np.arange(6)
    expected = metrics.f1_score(y, X, labels=segmenter.classes_, sample_weight=weights)
    assert metrics.get_scorer("f1")(segmenter, X, y, sample_weight=weights) == expected
    got = metrics.multi_scorer(["f1"])(segmenter, X, y, sample_weight=weights)
    assert got == {"f1": expected}


def test_scorers_pickle(data):
    X, y = data
    segmenter = BrightnessSegmenter().fit(X, y)
    for scorer in (metrics.get_scorer("v_rand"), metrics.multi_scorer(["f1", "v_rand"])):
        again = pickle.loads(pickle.dumps(scorer))
        assert again(segmenter, X, y) == scorer(segmenter, X, y)
        assert repr(again) == repr(scorer)


def test_a_metric_of_ones_own(data):
    X, y = data

    def missed(y_true, y_prob, *, labels):
        return float(np.mean((y_true == labels[-1]) & (y_prob[..., -1] <= 0.5)))

    metrics.register_scorer("missed_share", missed, greater_is_better=False)
    try:
        segmenter = BrightnessSegmenter().fit(X, y)
        expected = -missed(y, segmenter.predict_proba(X), labels=segmenter.classes_)
        assert metrics.get_scorer("missed_share")(segmenter, X, y) == expected
        both = metrics.multi_scorer(["missed_share", "f1"])(segmenter, X, y)
        assert both["missed_share"] == expected
        assert "missed_share" in metrics.get_scorer_names()
    finally:
        del scorers._REGISTERED["missed_share"]


def test_wrong_names_and_metrics():
    with pytest.raises(ValueError, match=r"'v_rnd' is not a valid .* Did you mean 'v_r"):
        metrics.get_scorers("f1", "v_rnd")
    with pytest.raises(ValueError, match="is not a valid scoring value"):
        metrics.multi_scorer(["no such"])
    with pytest.raises(ValueError, match="'f1' is a scorer of emstellar"):
        metrics.register_scorer("f1", metrics.f1_score)
    with pytest.raises(TypeError, match="metric must be a function"):
        metrics.register_scorer("mine", lambda y_true, y_prob: 0)


def test_callable_scoring_is_returned():
    assert metrics.get_scorer(len) is len


def test_unfitted_segmenter():
    with pytest.raises((NotFittedError, AttributeError)):
        metrics.get_scorer("f1")(BrightnessSegmenter(), np.zeros((1, 2, 2)), np.zeros((1, 2, 2)))


def test_scores_of_the_images():
    rng = np.random.default_rng(11)
    y_true = np.kron(rng.random((3, 4, 4)) < 0.5, np.ones((1, 3, 3))) > 0
    y_prob = np.clip(y_true * 0.5 + rng.random(y_true.shape) * 0.5, 0, 1)
    whole = metrics.compute_scores(NAMES, y_true, y_prob, threshold=0.6)
    images = metrics.compute_scores(NAMES, y_true, y_prob, threshold=0.6, per_image=True)
    assert list(whole) == list(images) == NAMES
    assert all(np.shape(images[name]) == (3,) for name in NAMES)
    expected = metrics.f1_score(y_true, y_prob, threshold=0.6, average=None)
    np.testing.assert_array_equal(images["f1"], expected)
    assert whole["boundary_f1"] == metrics.boundary_f1_score(y_true, y_prob, threshold=0.6)
    expected = metrics.hausdorff_distance(y_true, y_prob, percentile=95, threshold=0.6)
    assert whole["neg_hausdorff95"] == -expected
    assert whole["v_rand"] == pytest.approx(images["v_rand"].mean())
