import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from emstellar.segmenters import forest_votes
from emstellar.segmenters.forest_votes import make_asker


@pytest.fixture(params=["numba", "scikit-learn"])
def engine(request, monkeypatch):
    if request.param == "numba":
        pytest.importorskip("numba", reason="numba (the extra fast) is not installed")
    else:
        monkeypatch.setattr(forest_votes, "compiled_module", lambda name: None)
    return request.param


def _table(n_classes, n_features=5, n=400):
    rng = np.random.default_rng(n_classes)
    X = rng.normal(size=(n, n_features)).astype("float32")
    return X, (X[:, 0] + 0.5 * rng.normal(size=n) > 0).astype(int) + rng.integers(
        n_classes - 1, size=n
    )


def _features(height, width, n_features=5):
    rng = np.random.default_rng(3)
    smooth = np.cumsum(rng.normal(size=(height, width, n_features)), axis=0) / 3
    return smooth.astype("float32")


def _expect(estimator, features):
    table = features.reshape(-1, features.shape[-1])
    return estimator.predict_proba(table).reshape(*features.shape[:2], -1)


@pytest.mark.parametrize(
    "forest",
    [
        RandomForestClassifier(7, random_state=0),
        RandomForestClassifier(60, max_depth=3, random_state=0),
        RandomForestClassifier(5, max_leaf_nodes=9, class_weight="balanced", random_state=0),
        RandomForestClassifier(4, max_depth=1, n_jobs=2, random_state=0),
        ExtraTreesClassifier(6, min_samples_leaf=4, random_state=0),
    ],
)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_forests_answer_as_scikit_learns(forest, n_classes, engine):
    forest.fit(*_table(n_classes))
    features = _features(21, 34)
    expected = _expect(forest, features)
    np.testing.assert_allclose(make_asker(forest)(features), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (8, 8), (7, 17), (64, 3)])
def test_windows_of_any_size(shape, engine):
    forest = RandomForestClassifier(3, random_state=0).fit(*_table(3))
    features = _features(*shape)
    np.testing.assert_allclose(make_asker(forest)(features), _expect(forest, features), atol=1e-12)


def test_features_in_any_order_of_memory(engine):
    forest = RandomForestClassifier(3, random_state=0).fit(*_table(3))
    features = _features(12, 20)
    planes = np.ascontiguousarray(np.moveaxis(features, -1, 0))
    for given in (np.moveaxis(planes, 0, -1), features.astype(float), features[::-1][::-1]):
        np.testing.assert_allclose(make_asker(forest)(given), _expect(forest, features), atol=1e-12)


def test_values_at_the_thresholds_go_where_scikit_learn_sends_them(engine):
    # Thresholds lie halfway between integers and small fractions, not all of them float32.
    rng = np.random.default_rng(0)
    X = rng.integers(5, size=(300, 5)).astype("float32") / 10
    forest = RandomForestClassifier(20, random_state=0).fit(X, rng.integers(2, size=300))
    thresholds = np.concatenate([t.tree_.threshold for t in forest.estimators_])
    near = np.unique(thresholds).astype("float32")
    near = np.concatenate([np.nextafter(near, -9), near, np.nextafter(near, np.float32(9))])
    features = rng.choice(near, size=(40, 40, 5))
    np.testing.assert_allclose(make_asker(forest)(features), _expect(forest, features), atol=1e-12)


def test_one_class_is_certain(engine):
    forest = RandomForestClassifier(3).fit(np.zeros((5, 2)), np.ones(5))
    assert (make_asker(forest)(np.zeros((3, 4, 2))) == 1).all()


def test_missing_values_are_scikit_learns_business(engine):
    X, y = _table(2)
    features = _features(9, 9)
    features[2, 3, 1] = np.nan
    infinite = np.full((3, 3, 5), np.inf)
    with pytest.raises(ValueError, match="Input X contains infinity"):
        make_asker(RandomForestClassifier(3).fit(X, y))(infinite)
    X[::7, 1] = np.nan
    forest = RandomForestClassifier(3, random_state=0).fit(X, y)
    assert np.array_equal(make_asker(forest)(features), _expect(forest, features))


def test_wrong_number_of_features_is_refused_as_by_scikit_learn(engine):
    forest = RandomForestClassifier(3).fit(*_table(2))
    with pytest.raises(ValueError, match="expecting 5 features"):
        make_asker(forest)(_features(4, 4, n_features=3))


@pytest.mark.parametrize("estimator", [LogisticRegression(), DummyClassifier()])
def test_other_classifiers_are_asked_themselves(estimator, engine):
    estimator.fit(*_table(2))
    features = _features(6, 7)
    assert np.array_equal(make_asker(estimator)(features), _expect(estimator, features))


def test_heirs_of_forests_keep_their_own_answers(engine):
    class Timid(RandomForestClassifier):
        def predict_proba(self, X):
            return 0.5 + 0 * super().predict_proba(X)

    forest = Timid(3).fit(*_table(2))
    assert (make_asker(forest)(_features(3, 3)) == 0.5).all()
