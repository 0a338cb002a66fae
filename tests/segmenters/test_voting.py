import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from emstellar import BaseSegmenter, is_segmenter
from emstellar.segmenters import PixelSegmenter, VotingSegmenter

from .pixel_table import PixelTable

CLASSIFIERS = {
    "lr": LogisticRegression(),
    "nb": GaussianNB(),
    "rf": RandomForestClassifier(5, random_state=0),
}


class Constant(BaseSegmenter):
    """A fitted segmenter that answers the same probabilities everywhere."""

    def __init__(self, probabilities=(0.5, 0.5), classes=(0, 1)):
        self.probabilities = probabilities
        self.classes = classes

    def fit(self, X, y, sample_weight=None):
        self.classes_, self.n_features_in_ = np.array(self.classes), 1
        self.weight_ = sample_weight
        return self

    def predict_proba(self, X):
        if isinstance(X, list):
            return [self.predict_proba(x[np.newaxis])[0] for x in X]
        return np.broadcast_to(np.float32(self.probabilities), (*X.shape[:3], len(self.classes)))


def _fitted(*rows, classes=(0, 1)):
    return [Constant(row, classes).fit(None, None) for row in rows]


def _members(**classifiers):
    return [
        (name, PixelSegmenter(classifier, features=np.asarray))
        for name, classifier in classifiers.items()
    ]


X1 = np.zeros((2, 3, 4))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.zeros((4, 10, 12), dtype=int)
    y[:, 3:8, 3:9] = 1
    y[:, :2] = 2
    return rng.normal(size=(*y.shape, 2)) + y[..., np.newaxis], y


WEIGHTS = pytest.mark.parametrize("weights", [None, [2, 3, 4], [0.5, 0, 0.1]])


@WEIGHTS
def test_soft_voting_equals_scikit_learns_on_the_table_of_pixels(weights, data):
    X, y = data
    table = X.reshape(-1, 2)
    expected = VotingClassifier(list(CLASSIFIERS.items()), voting="soft", weights=weights)
    expected.fit(table, y.ravel())
    found = VotingSegmenter(_members(**CLASSIFIERS), weights=weights).fit(X, y)
    probabilities = found.predict_proba(X).reshape(-1, 3)
    np.testing.assert_allclose(probabilities, expected.predict_proba(table), atol=1e-6)
    assert np.array_equal(found.predict(X).ravel(), expected.predict(table))


@WEIGHTS
def test_hard_voting_equals_scikit_learns_on_the_table_of_pixels(weights, data):
    X, y = data
    table = X.reshape(-1, 2)
    expected = VotingClassifier(list(CLASSIFIERS.items()), voting="hard", weights=weights)
    votes = expected.fit(table, y.ravel()).transform(table)
    shares = [np.average(votes == k, axis=1, weights=weights) for k in range(3)]
    found = VotingSegmenter(_members(**CLASSIFIERS), voting="hard", weights=weights).fit(X, y)
    np.testing.assert_allclose(
        found.predict_proba(X).reshape(-1, 3), np.stack(shares, axis=1), atol=1e-6
    )
    # At ties scikit-learn takes the first class, and we look at the probabilities.
    first, second = np.sort(shares, axis=0)[:-3:-1]
    clear = first - second > 1e-6
    assert clear.mean() > 0.9
    assert np.array_equal(found.predict(X).ravel()[clear], expected.predict(table)[clear])


def test_table_view_equals_scikit_learns_voting(data):
    X, y = data[0].reshape(-1, 2), data[1].ravel()
    expected = VotingClassifier(list(CLASSIFIERS.items()), voting="soft").fit(X, y)
    found = PixelTable(VotingSegmenter(_members(**CLASSIFIERS))).fit(X, y)
    np.testing.assert_allclose(found.predict_proba(X), expected.predict_proba(X), atol=1e-6)


def test_soft_voting_by_hand():
    members = _fitted([0.9, 0.1], [0.4, 0.6], [0.3, 0.7])
    voting = VotingSegmenter.from_fitted(members)
    np.testing.assert_allclose(voting.predict_proba(X1)[0, 0, 0], [1.6 / 3, 1.4 / 3], rtol=1e-6)
    assert (voting.predict(X1) == 0).all()
    weighted = VotingSegmenter.from_fitted(members, weights=[1, 1, 2])
    np.testing.assert_allclose(weighted.predict_proba(X1)[0, 0, 0], [1.9 / 4, 2.1 / 4], rtol=1e-6)


def test_hard_voting_by_hand():
    members = _fitted([0.9, 0.1], [0.4, 0.6], [0.4, 0.6])
    voting = VotingSegmenter.from_fitted(members, voting="hard")
    np.testing.assert_allclose(voting.predict_proba(X1)[0, 0, 0], [1 / 3, 2 / 3], rtol=1e-6)
    assert (voting.predict(X1) == 1).all()


@pytest.mark.parametrize(
    ("rows", "weights", "winner"),
    [
        ([[0.6, 0.4], [0.1, 0.9]], None, 1),
        ([[0.9, 0.1], [0.4, 0.6]], None, 0),
        ([[0.7, 0.3], [0.3, 0.7]], None, 0),
        ([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]], [0.1, 0.2, 0.3], 0),
        ([[0.6, 0.4], [0.6, 0.4], [0.0, 1.0]], [0.1, 0.2, 0.3], 1),
    ],
)
def test_ties_of_votes_go_to_the_higher_mean_probability(rows, weights, winner):
    voting = VotingSegmenter.from_fitted(_fitted(*rows), voting="hard", weights=weights)
    np.testing.assert_allclose(voting.predict_proba(X1), 0.5, atol=1e-6)
    assert (voting.predict(X1) == winner).all()


def test_a_class_without_votes_cannot_win_a_tie():
    rows = [[0.5, 0.05, 0.45], [0.05, 0.5, 0.45]]
    voting = VotingSegmenter.from_fitted(_fitted(*rows, classes=(0, 1, 2)), voting="hard")
    assert (voting.predict(X1) == 0).all()


def test_hard_voting_counts_what_members_predict():
    class Cautious(Constant):
        def predict(self, X):
            return (self.predict_proba(X)[..., 1] > 0.9).astype(int)

    members = [Cautious((0.2, 0.8)).fit(None, None) for _ in range(3)]
    voting = VotingSegmenter.from_fitted(members, voting="hard")
    assert (voting.predict(X1) == 0).all()
    assert (voting.predict_proba(X1)[..., 0] == 1).all()


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_members_with_different_classes_are_aligned(voting):
    members = _fitted([0.2, 0.8], classes=(0, 255)) + _fitted([0.1, 0.3, 0.6], classes=(0, 7, 255))
    ensemble = VotingSegmenter.from_fitted(members, voting=voting)
    assert ensemble.classes_.tolist() == [0, 7, 255]
    expected = [0.15, 0.15, 0.7] if voting == "soft" else [0, 0, 1]
    np.testing.assert_allclose(ensemble.predict_proba(X1)[0, 0, 0], expected, atol=1e-6)
    assert (ensemble.predict(X1) == 255).all()


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_list_of_images_gives_list_with_the_same_values(voting, data):
    X, y = data
    ensemble = VotingSegmenter(_members(**CLASSIFIERS), voting=voting).fit(X, y)
    for ask in (ensemble.predict_proba, ensemble.predict):
        whole, single = ask(X), ask(list(X))
        assert isinstance(single, list)
        assert all(np.array_equal(a, b) for a, b in zip(whole, single, strict=True))
        ragged = ask([X[0], X[1, :3, :5]])
        assert ragged[1].shape[:2] == (3, 5)


def test_form_of_the_answers(data):
    ensemble = VotingSegmenter(_members(**CLASSIFIERS)).fit(*data)
    probabilities = ensemble.predict_proba(data[0])
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (4, 10, 12, 3)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-6)
    assert ensemble.n_features_in_ == ensemble.n_channels_in_ == 2
    assert is_segmenter(ensemble)


def test_parameters_are_nested_as_in_scikit_learn(data):
    ensemble = VotingSegmenter(_members(**CLASSIFIERS))
    parameters = ensemble.get_params()
    assert parameters["lr"] is ensemble.estimators[0][1]
    assert parameters["rf__estimator__n_estimators"] == 5
    assert set(ensemble.get_params(deep=False)) == {"estimators", "voting", "weights", "n_jobs"}
    ensemble.set_params(lr="drop", rf__max_samples=50, voting="hard").fit(*data)
    assert len(ensemble.estimators_) == 2
    assert ensemble.named_estimators_["lr"] == "drop"
    assert ensemble.named_estimators_.rf is ensemble.estimators_[1]
    assert ensemble.named_estimators_.rf.max_samples == 50
    with pytest.raises(ValueError, match="Invalid parameter 'svm'"):
        ensemble.set_params(svm="drop")


def test_weight_of_a_dropped_member_is_left_out(data):
    X, y = data
    members = _members(**CLASSIFIERS)
    dropped = VotingSegmenter(members, weights=[5, 1, 2]).set_params(lr="drop").fit(X, y)
    short = VotingSegmenter(members[1:], weights=[1, 2]).fit(X, y)
    assert np.array_equal(dropped.predict_proba(X), short.predict_proba(X))


def test_fit_leaves_the_members_given_unfitted(data):
    members = _members(lr=LogisticRegression())
    ensemble = VotingSegmenter(members).fit(*data)
    assert not hasattr(members[0][1], "classes_")
    assert ensemble.estimators_[0] is not members[0][1]


def test_clone_and_grid_search(data):
    X, y = data
    ensemble = VotingSegmenter(_members(lr=LogisticRegression(), nb=GaussianNB()))
    grid = {"lr__estimator__C": [1e-4, 1.0], "lr": ["drop"], "voting": ["soft", "hard"]}
    for name, values in grid.items():
        search = GridSearchCV(ensemble, {name: values}, cv=2, scoring=_accuracy)
        assert search.fit(X, y).best_score_ > 0.5
    copied = clone(ensemble.fit(X, y))
    assert copied.get_params().keys() == ensemble.get_params().keys()
    with pytest.raises(NotFittedError):
        copied.predict(X)
    assert not hasattr(copied, "classes_")


def _accuracy(segmenter, X, y):
    return np.mean(segmenter.predict(X) == y)


@pytest.mark.parametrize("copied", [lambda e: e, clone, lambda e: pickle.loads(pickle.dumps(e))])
def test_from_fitted_needs_no_fit(copied, data):
    X, y = data
    folds = cross_validate(
        _members(nb=GaussianNB())[0][1], X, y, cv=3, return_estimator=True, scoring=_accuracy
    )["estimator"]
    ensemble = copied(VotingSegmenter.from_fitted(folds))
    expected = np.mean([fold.predict_proba(X) for fold in folds], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, atol=1e-6)
    ensemble.fit(X[:1], y[:1])
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, atol=1e-6)
    assert all(isinstance(m, FrozenEstimator) for m in ensemble.estimators_)


def test_from_fitted_names():
    one, two = _fitted([0.5, 0.5], [0.5, 0.5])
    names = list(VotingSegmenter.from_fitted([one, FrozenEstimator(two)]).named_estimators_)
    assert names == ["constant-1", "constant-2"]
    assert list(VotingSegmenter.from_fitted([one]).named_estimators_) == ["constant"]
    assert list(VotingSegmenter.from_fitted([("a", one)]).named_estimators_) == ["a"]


def test_from_fitted_refuses_what_is_not_fitted():
    with pytest.raises(NotFittedError, match="Constant instance is not fitted yet"):
        VotingSegmenter.from_fitted([Constant()])


def test_frozen_members_keep_their_fit_beside_new_ones(data):
    X, y = data
    frozen = _members(nb=GaussianNB())[0][1].fit(X[:1], y[:1])
    ensemble = VotingSegmenter([("old", FrozenEstimator(frozen)), *_members(lr=CLASSIFIERS["lr"])])
    with pytest.raises(NotFittedError):
        ensemble.predict(X)
    ensemble.fit(X, y)
    assert np.array_equal(ensemble.estimators_[0].predict_proba(X), frozen.predict_proba(X))


def _wrapped(segmenter):
    search = GridSearchCV(segmenter, {"max_samples": [50, 200]}, cv=2, scoring=_accuracy)
    return [("search", search), ("pipe", make_pipeline(FunctionTransformer(), segmenter))]


@pytest.mark.filterwarnings("ignore:The scoring .* does not support sample_weight")
@pytest.mark.parametrize("weighted", [False, True])
def test_members_may_be_searches_and_pipelines(weighted, data):
    X, y = data
    weight = np.ones(len(X)) if weighted else None
    ensemble = VotingSegmenter(_wrapped(_members(nb=GaussianNB())[0][1]))
    assert (ensemble.fit(X, y, weight).predict(X) == y).mean() > 0.6
    assert ensemble.classes_.tolist() == [0, 1, 2]


def test_weights_reach_every_member():
    weight = np.array([1.0, 2.0])
    y = np.zeros((2, 3, 4))
    members = [("plain", Constant()), ("pipe", make_pipeline(FunctionTransformer(), Constant()))]
    ensemble = VotingSegmenter(members).fit(X1, y, weight)
    assert ensemble.estimators_[0].weight_ is weight
    assert ensemble.estimators_[1][-1].weight_ is weight


def test_weights_with_a_member_that_takes_none(data):
    pipe = make_pipeline(FunctionTransformer(), _NoWeights())
    for member in (_NoWeights(), pipe):
        message = f"{type(member).__name__} does not support sample weights"
        with pytest.raises(ValueError, match=message):
            VotingSegmenter([("a", member)]).fit(*data, np.ones(4))


class _NoWeights(Constant):
    def fit(self, X, y):
        return super().fit(X, y)


def test_n_jobs_changes_nothing(data):
    X, y = data
    one = VotingSegmenter(_members(**CLASSIFIERS)).fit(X, y)
    two = VotingSegmenter(_members(**CLASSIFIERS), n_jobs=2).fit(X, y)
    np.testing.assert_allclose(
        one.estimators_[0].predict_proba(X), two.estimators_[0].predict_proba(X)
    )


@pytest.mark.parametrize(
    ("estimators", "parameters", "message"),
    [
        ([], {}, "non-empty list of .string, estimator. tuples"),
        ([Constant()], {}, "non-empty list of .string, estimator. tuples"),
        ([("a", Constant()), ("a", Constant())], {}, "not unique: .'a', 'a'"),
        ([("a__b", Constant())], {}, "must not contain __: got .'a__b'"),
        ([("voting", Constant())], {}, "conflict with constructor arguments: got .'voting'"),
        ([("a", "drop")], {}, "All estimators are dropped"),
        ([("a", KNeighborsClassifier())], {}, "'a' should be a segmenter"),
        ([("a", Constant)], {}, "'a' should be a segmenter"),
        ([("a", None)], {}, "'a' should be a segmenter"),
        ([("a", Constant())], {"voting": "sofd"}, "Did you mean 'soft'"),
        ([("a", Constant())], {"weights": [1, 2]}, "got 2 weights, 1 estimators"),
        ([("a", Constant())], {"weights": [0]}, "not all zero. Got .0."),
        ([("a", Constant())], {"weights": [-1]}, "zero or positive"),
        ([("a", Constant())], {"weights": 1}, "'weights' parameter .* array-like or None"),
        ([("a", Constant())], {"n_jobs": "two"}, "'n_jobs'"),
    ],
)
def test_wrong_parameters(estimators, parameters, message, data):
    with pytest.raises(ValueError, match=message):
        VotingSegmenter(estimators, **parameters).fit(*data)


def test_unfitted():
    ensemble = VotingSegmenter([("a", Constant())])
    with pytest.raises(NotFittedError, match="VotingSegmenter instance is not fitted yet"):
        ensemble.predict_proba(X1)
    with pytest.raises(AttributeError, match="has no estimators_ attribute"):
        ensemble.estimators_
