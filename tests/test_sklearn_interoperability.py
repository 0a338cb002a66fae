"""What of scikit-learn works on segmenters as it is, and what does in place of the rest."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, f1_score, jaccard_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    RandomizedSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    train_test_split,
    validation_curve,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from emstellar import (
    PixelSegmenter,
    RandomForestSegmenter,
    UNetSegmenter,
    VotingSegmenter,
    is_segmenter,
    metrics,
    model_selection,
)
from emstellar.segmenters import ThresholdedSegmenter
from emstellar.testing import check_segmenter, make_check_images
from tests.broken_segmenters import BrightnessSegmenter
from tests.segmenters.small import small_segmenter

X, Y = make_check_images(6)
GROUPS = np.repeat([0, 1, 2], 2)
FOREST = RandomForestSegmenter(3, max_samples=500, random_state=0)
NETWORK = small_segmenter(epochs=1)
U_NET = UNetSegmenter(
    width=1 / 32, epochs=1, optimizer="sgd", lr_schedule=None, learning_rate=0.01, random_state=0
)
GRIDS = {
    "RandomForestSegmenter": {"n_estimators": [1, 3]},
    "KerasSegmenter": {"learning_rate": [0.01, 0.03]},
    "UNetSegmenter": {"width": [1 / 32, 1 / 16], "learning_rate": [0.01]},
}


@pytest.fixture(
    params=[
        pytest.param(FOREST, id="forest"),
        pytest.param(NETWORK, id="network", marks=pytest.mark.backend),
        pytest.param(U_NET, id="u-net", marks=pytest.mark.slow),
    ]
)
def segmenter(request):
    if isinstance(request.param, UNetSegmenter):
        request.getfixturevalue("no_tracing")
    return clone(request.param)


@pytest.fixture
def grid(segmenter):
    return GRIDS[type(segmenter).__name__]


def _f1(fitted, X, y):
    return f1_score(y.ravel(), fitted.predict(X).ravel(), zero_division=0)


def test_clone(segmenter):
    cloned = clone(segmenter.fit(X, Y))
    assert cloned.get_params() == segmenter.get_params()
    with pytest.raises(NotFittedError):
        cloned.predict(X)


def test_cross_validate(segmenter):
    result = cross_validate(
        segmenter,
        X,
        Y,
        groups=GROUPS,
        cv=LeaveOneGroupOut(),
        scoring=metrics.get_scorers("f1", "v_rand"),
        return_estimator=True,
        return_indices=True,
        error_score="raise",
    )
    assert result["test_v_rand"].shape == (3,)
    assert np.isfinite(result["test_v_rand"]).all()
    for k, test in enumerate(result["indices"]["test"]):
        assert set(GROUPS[test]) == {k}
        assert result["test_f1"][k] == pytest.approx(_f1(result["estimator"][k], X[test], Y[test]))
    # The third fold knows nothing of the first two.
    alone = clone(segmenter).fit(X[:4], Y[:4]).predict_proba(X[4:])
    np.testing.assert_array_equal(result["estimator"][2].predict_proba(X[4:]), alone)


def test_cross_validate_runs_the_network_once_per_fold():
    calls = []

    class Counting(BrightnessSegmenter):
        def predict_proba(self, X):
            calls.append(len(X))
            return super().predict_proba(X)

    scoring = metrics.get_scorers("f1", "roc_auc", "v_rand")
    cross_validate(Counting(), X, Y, cv=3, scoring=scoring, error_score="raise")
    assert calls == [2, 2, 2]


def test_cross_val_score(segmenter):
    folds = {"cv": GroupKFold(2), "groups": GROUPS, "error_score": "raise"}
    scores = cross_val_score(segmenter, X, Y, **folds)
    assert ((scores >= 0) & (scores <= 1)).all()
    named = cross_val_score(segmenter, X, Y, scoring=metrics.get_scorer("jaccard"), **folds)
    np.testing.assert_allclose(named, scores)


def test_grid_search(segmenter, grid):
    search = GridSearchCV(
        segmenter,
        grid,
        cv=GroupKFold(2),
        scoring=metrics.get_scorers("f1", "accuracy"),
        refit="f1",
        error_score="raise",
    ).fit(X, Y, groups=GROUPS)
    assert np.isfinite(search.cv_results_["mean_test_accuracy"]).all()
    assert search.best_index_ == search.cv_results_["mean_test_f1"].argmax()
    assert is_segmenter(search)
    assert search.predict_proba(X).shape == (*Y.shape, 2)
    expected = clone(segmenter).set_params(**search.best_params_).fit(X, Y)
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))


def test_randomized_search(segmenter, grid):
    search = RandomizedSearchCV(
        segmenter, grid, n_iter=1, cv=KFold(2), random_state=0, error_score="raise"
    ).fit(X, Y)
    assert len(search.cv_results_["params"]) == 1
    assert 0 <= search.score(X, Y) <= 1


def test_learning_curve(segmenter):
    sizes, train, test = learning_curve(
        segmenter,
        X,
        Y,
        train_sizes=[2, 4],
        cv=KFold(3).split(X[:6], groups=None),
        scoring=metrics.get_scorer("f1"),
        error_score="raise",
    )
    assert sizes.tolist() == [2, 4]
    assert train.shape == test.shape == (2, 3)
    assert np.isfinite(test).all()


def test_validation_curve():
    _, test = validation_curve(
        FOREST, X, Y, param_name="n_estimators", param_range=[1, 3], cv=2, error_score="raise"
    )
    assert test.shape == (2, 2)


def test_pipeline(segmenter):
    halved = make_pipeline(FunctionTransformer(np.log1p), segmenter).fit(X, Y)
    expected = clone(segmenter).fit(np.log1p(X), Y).predict_proba(np.log1p(X))
    np.testing.assert_array_equal(halved.predict_proba(X), expected)
    assert halved.classes_.tolist() == [0, 1]
    assert halved.score(X, Y) == pytest.approx(
        jaccard_score(Y.ravel(), halved.predict(X).ravel(), zero_division=0)
    )
    scores = cross_val_score(
        halved, X, Y, cv=2, scoring=metrics.get_scorer("f1"), error_score="raise"
    )
    assert np.isfinite(scores).all()


def test_frozen_estimator(segmenter):
    segmenter.fit(X[:4], Y[:4])
    frozen = FrozenEstimator(segmenter)
    assert is_segmenter(frozen)
    assert clone(frozen).fit(X[4:], Y[4:]).estimator is segmenter
    scores = cross_val_score(
        frozen, X, Y, cv=2, scoring=metrics.get_scorer("f1"), error_score="raise"
    )
    assert scores == pytest.approx([_f1(segmenter, X[:3], Y[:3]), _f1(segmenter, X[3:], Y[3:])])


def test_train_test_split_and_weights_by_fold():
    weights = np.ones(Y.shape)
    parts = train_test_split(X, Y, weights, test_size=2, random_state=0)
    assert [len(part) for part in parts] == [4, 2] * 3
    result = cross_validate(
        FOREST, X, Y, cv=3, params={"sample_weight": weights}, error_score="raise"
    )
    assert result["test_score"].shape == (3,)


def test_images_of_different_sizes(segmenter):
    images = [x[:20] if i % 2 else x for i, x in enumerate(X)]
    masks = [y[:20] if i % 2 else y for i, y in enumerate(Y)]
    scores = cross_val_score(
        segmenter,
        images,
        masks,
        cv=2,
        scoring=metrics.get_scorer("f1"),
        error_score="raise",
    )
    assert np.isfinite(scores).all()


@pytest.mark.backend
def test_metadata_routing_brings_groups_to_splitter_and_fit():
    seen = []

    class Watching(type(NETWORK)):
        def fit(self, X, y, sample_weight=None, *, groups=None, validation_data=None):
            seen.append(sorted(set(groups)))
            return super().fit(X, y, sample_weight, groups=groups, validation_data=validation_data)

    with config_context(enable_metadata_routing=True):
        watching = Watching(**NETWORK.get_params(deep=False)).set_params(validation_fraction=0.5)
        cross_validate(
            watching.set_fit_request(groups=True, sample_weight=True),
            X,
            Y,
            cv=LeaveOneGroupOut(),
            scoring=metrics.get_scorer("f1").set_score_request(sample_weight=False),
            params={"groups": GROUPS, "sample_weight": np.ones(6)},
            error_score="raise",
        )
    assert seen == [[1, 2], [0, 2], [0, 1]]


@pytest.mark.slow
@pytest.mark.parametrize("segmenter", [FOREST, NETWORK], ids=["forest", "network"])
def test_parallel_folds_give_the_same_scores(segmenter):
    scoring = metrics.get_scorers("f1", "roc_auc")
    serial, parallel = (
        cross_validate(
            segmenter,
            X,
            Y,
            cv=2,
            n_jobs=n_jobs,
            scoring=scoring,
            return_estimator=True,
            error_score="raise",
        )
        for n_jobs in (None, 2)
    )
    for name in ("test_f1", "test_roc_auc"):
        np.testing.assert_allclose(parallel[name], serial[name], rtol=1e-6)
    maps = [result["estimator"][0].predict_proba(X) for result in (serial, parallel)]
    np.testing.assert_allclose(*maps, atol=1e-6)


# What cannot work, because scikit-learn takes y of one dimension (or two) only, and what does.


@pytest.mark.parametrize("scoring", ["f1", "accuracy", "roc_auc", "jaccard"])
def test_names_of_scorers_are_taken_by_our_get_scorer(scoring):
    with pytest.raises(ValueError, match=r"not supported|dim"):
        cross_val_score(FOREST, X, Y, cv=2, scoring=scoring, error_score="raise")
    ours = metrics.get_scorer(scoring)
    assert np.isfinite(cross_val_score(FOREST, X, Y, cv=2, scoring=ours)).all()


def test_names_of_our_scorers_are_unknown_to_scikit_learn():
    with pytest.raises(ValueError, match="'scoring' parameter of cross_val_score must be"):
        cross_val_score(FOREST, X, Y, cv=2, scoring="v_rand")
    scoring = metrics.get_scorer("v_rand")
    assert np.isfinite(cross_val_score(FOREST, X, Y, cv=2, scoring=scoring)).all()


def test_cross_val_predict():
    with pytest.raises(ValueError, match="could not be broadcast"):
        cross_val_predict(FOREST, X, Y, cv=3, method="predict_proba")
    found = model_selection.cross_val_predict(FOREST, X, Y, cv=3, method="predict_proba")
    assert found.shape == (*Y.shape, 2)
    expected = clone(FOREST).fit(X[2:], Y[2:]).predict_proba(X[:2])
    np.testing.assert_array_equal(found[:2], expected)


def test_cross_val_predict_of_images_of_different_sizes():
    images, masks = [X[0, :20], *X[1:]], [Y[0, :20], *Y[1:]]
    with pytest.raises(ValueError, match="inhomogeneous"):
        cross_val_predict(FOREST, images, masks, cv=3)
    found = model_selection.cross_val_predict(FOREST, images, masks, cv=3)
    assert [p.shape for p in found] == [mask.shape for mask in masks]


def test_voting_classifier():
    members = [("a", FOREST), ("b", PixelSegmenter(GaussianNB()))]
    with pytest.raises(ValueError, match="Unknown label type"):
        VotingClassifier(members, voting="soft").fit(X, Y)
    found = VotingSegmenter(members).fit(X, Y).predict_proba(X)
    mean = np.mean([clone(member).fit(X, Y).predict_proba(X) for _, member in members], axis=0)
    np.testing.assert_allclose(found, mean, atol=1e-6)


@pytest.mark.parametrize(
    ("of_segmenters", "of_pixels"),
    [
        (BaggingClassifier(FOREST), BaggingClassifier(GaussianNB(), 2)),
        (
            StackingClassifier([("forest", FOREST)]),
            StackingClassifier([("bayes", GaussianNB())], LogisticRegression(), cv=2),
        ),
        (CalibratedClassifierCV(FOREST), CalibratedClassifierCV(GaussianNB(), cv=2)),
    ],
    ids=["bagging", "stacking", "calibration"],
)
def test_meta_classifiers_work_inside_of_a_pixel_segmenter(of_segmenters, of_pixels):
    with pytest.raises(ValueError, match=r"Unknown label type|dim 3"):
        of_segmenters.fit(X, Y)
    segmenter = PixelSegmenter(of_pixels, max_samples=300, random_state=0).fit(X, Y)
    assert segmenter.score(X, Y) > 0.5


def test_tuned_thresholds():
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        TunedThresholdClassifierCV(FOREST).fit(X, Y)
    segmenter = ThresholdedSegmenter(FOREST, cv=2).fit(X, Y)
    assert 0 < segmenter.threshold_ < 1
    assert segmenter.score(X, Y) > 0.5


def test_stratified_folds():
    with pytest.raises(ValueError, match="dim 3"):
        cross_val_score(FOREST, X, Y, cv=StratifiedKFold(2), error_score="raise")
    masks = Y.copy()
    masks[:2, 8:] = 0
    fraction = masks.mean(axis=(1, 2))
    folds = list(StratifiedKFold(2).split(X, fraction > 0.2))
    assert [(fraction[test] <= 0.2).sum() for _, test in folds] == [1, 1]
    assert np.isfinite(cross_val_score(FOREST, X, masks, cv=folds, error_score="raise")).all()


def test_standard_scaler():
    with pytest.raises(ValueError, match="dim 3"):
        make_pipeline(StandardScaler(), FOREST).fit(X, Y)
    scaled = make_pipeline(FunctionTransformer(_standardise), FOREST).fit(X, Y)
    assert scaled.score(X, Y) > 0.5


def _standardise(X):
    mean, std = X.mean(axis=(1, 2), keepdims=True), X.std(axis=(1, 2), keepdims=True)
    return (X - mean) / std


def test_displays_of_classifiers():
    fitted = clone(FOREST).fit(X, Y)
    with pytest.raises(ValueError, match="only supports classifiers"):
        ConfusionMatrixDisplay.from_estimator(fitted, X, Y)
    display = ConfusionMatrixDisplay.from_predictions(Y.ravel(), fitted.predict(X).ravel())
    assert display.confusion_matrix.sum() == Y.size


def test_check_estimator_checks_next_to_nothing():
    with pytest.warns(SkipTestWarning, match="Can't test estimator"):
        results = check_estimator(clone(FOREST))
    assert len(results or []) <= 2
    ours = check_segmenter(BrightnessSegmenter())
    assert len([r for r in ours if r["status"] == "passed"]) >= 35
