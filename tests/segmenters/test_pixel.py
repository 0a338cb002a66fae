import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from emstellar import is_segmenter
from emstellar.segmenters import PixelSegmenter, RandomForestSegmenter, windows
from emstellar.segmenters.multiscale_bank import multiscale_features


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.zeros((3, 20, 24), dtype=int)
    y[:, 5:14, 6:18] = 1
    return rng.normal(size=y.shape) + 3 * y, y


@pytest.fixture(scope="module")
def forest(data):
    return RandomForestSegmenter(10, random_state=0).fit(*data)


def test_probabilities_are_those_of_the_classifier_on_the_table_of_features(data):
    X, y = data
    table = np.concatenate([multiscale_features(np.float32(x)).reshape(-1, 24) for x in X])
    expected = GaussianNB().fit(table, y.ravel()).predict_proba(table)
    found = PixelSegmenter(GaussianNB()).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(found.reshape(-1, 2), expected, atol=1e-6)


def test_probabilities_have_the_promised_form(forest, data):
    probabilities = forest.predict_proba(data[0])
    assert probabilities.shape == (3, 20, 24, 2)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-6)
    assert (forest.predict(data[0]) == data[1]).mean() > 0.95
    assert forest.n_features_in_ == forest.n_channels_in_ == 1
    assert is_segmenter(forest)


def test_list_of_images_gives_list_with_the_same_values(forest, data):
    X = data[0]
    whole = forest.predict_proba(X)
    single = forest.predict_proba(list(X))
    assert isinstance(single, list)
    assert all(np.array_equal(a, b) for a, b in zip(whole, single, strict=True))
    ragged = forest.predict_proba([X[0], X[1, :7, :5], X[2, :1, :1]])
    assert [p.shape for p in ragged] == [(20, 24, 2), (7, 5, 2), (1, 1, 2)]


def test_fit_takes_a_list_of_images_of_different_sizes(data):
    X, y = data
    images, masks = [X[0], X[1, :12, :10]], [y[0], y[1, :12, :10]]
    segmenter = RandomForestSegmenter(5, random_state=0).fit(images, masks)
    assert segmenter.predict(images)[1].shape == (12, 10)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_channels(n_channels, data):
    y = data[1]
    X = np.stack([data[0]] * n_channels, axis=-1)
    segmenter = RandomForestSegmenter(5, random_state=0).fit(X, y)
    assert segmenter.n_channels_in_ == n_channels
    assert segmenter.estimator_.n_features_in_ == 24 * n_channels
    with pytest.raises(ValueError, match=f"X has 2 features, but .* expecting {n_channels}"):
        segmenter.predict(np.zeros((1, 8, 8, 2)))


@pytest.mark.parametrize("labels", [[False, True], [0, 255], [3, 7], [0.0, 1.0]])
def test_predictions_are_in_the_labels_of_the_masks(labels, data):
    X, y = data
    y = np.array(labels)[y]
    segmenter = RandomForestSegmenter(5, random_state=0).fit(X, y)
    assert segmenter.classes_.tolist() == labels
    assert segmenter.predict(X).dtype == y.dtype
    assert (segmenter.predict(X) == y).mean() > 0.9


def test_three_classes(data):
    X, y = data
    y = y.copy()
    y[:, :, 20:] = 5
    segmenter = RandomForestSegmenter(5, random_state=0).fit(X, y)
    assert segmenter.predict_proba(X).shape == (3, 20, 24, 3)
    assert segmenter.classes_.tolist() == [0, 1, 5]


def test_unlabelled_pixels_have_no_influence(data):
    X, y = data
    sparse, weight = y.copy(), np.ones(y.shape)
    sparse[:, ::2] = -1
    weight[:, ::2] = 0
    wrong = np.where(weight == 0, 1 - y, y)
    kwargs = {"n_estimators": 5, "max_samples": 200, "random_state": 0}
    expected = RandomForestSegmenter(**kwargs).fit(X, sparse, np.ones(y.shape)).predict_proba(X)
    found = RandomForestSegmenter(**kwargs).fit(X, wrong, weight).predict_proba(X)
    assert np.array_equal(found, expected)


def test_image_without_labelled_pixels_contributes_nothing(data):
    X, y = data
    y = y.copy()
    y[2] = -1
    with_it = RandomForestSegmenter(5, random_state=0).fit(X, y).predict_proba(X)
    without = RandomForestSegmenter(5, random_state=0).fit(X[:2], y[:2]).predict_proba(X)
    assert np.array_equal(with_it, without)


def test_class_of_weight_zero_keeps_its_column_at_zero(data):
    X, y = data
    y = y.copy()
    y[:, 0] = 2
    segmenter = RandomForestSegmenter(5, random_state=0).fit(X, y, (y < 2).astype(float))
    assert segmenter.classes_.tolist() == [0, 1, 2]
    assert (segmenter.predict_proba(X)[..., 2] == 0).all()


def test_weights_reach_the_classifier(data):
    X, y = data
    heavy = np.where(y == 1, 50.0, 1.0)
    table = np.concatenate([multiscale_features(np.float32(x)).reshape(-1, 24) for x in X])
    expected = GaussianNB().fit(table, y.ravel(), heavy.ravel()).predict_proba(table)
    found = PixelSegmenter(GaussianNB()).fit(X, y, heavy).predict_proba(X)
    np.testing.assert_allclose(found.reshape(-1, 2), expected, atol=1e-5)


def test_weights_per_image_equal_constant_weights_per_pixel(data):
    X, y = data
    segmenter = PixelSegmenter(LogisticRegression())
    images = segmenter.fit(X, y, [1, 2, 3]).predict_proba(X)
    pixels = segmenter.fit(X, y, np.ones(y.shape) * [[[1]], [[2]], [[3]]]).predict_proba(X)
    assert np.array_equal(images, pixels)


def test_weights_with_a_classifier_that_takes_none(data):
    message = "KNeighborsClassifier does not support sample weights"
    with pytest.raises(ValueError, match=message):
        PixelSegmenter(KNeighborsClassifier()).fit(*data, np.ones(3))


def test_weights_that_are_zero_on_all_labelled_pixels(data):
    X, y = data
    y = y.copy()
    y[:, :10] = -1
    with pytest.raises(ValueError, match="All labelled pixels have zero weight"):
        RandomForestSegmenter().fit(X, y, (y == -1).astype(float))


@pytest.mark.parametrize(
    ("max_samples", "n_pixels"), [(None, 1440), (1.0, 1440), (0.25, 360), (100, 99), (10**6, 1440)]
)
def test_max_samples(max_samples, n_pixels, data):
    seen = []

    class Recorder(GaussianNB):
        def fit(self, X, y):
            seen.append(np.bincount(y))
            return super().fit(X, y)

    PixelSegmenter(Recorder(), max_samples=max_samples, random_state=0).fit(*data)
    counts = seen[0]
    assert counts.sum() == n_pixels
    assert counts[1] == int(n_pixels / 1440 * data[1].sum() + 1e-9)


def test_random_state_alone_decides(data):
    X, y = data
    kwargs = {"n_estimators": 3, "max_samples": 100}
    first, second, other = (
        RandomForestSegmenter(**kwargs, random_state=seed).fit(X, y).predict_proba(X)
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    generators = [np.random.RandomState(3) for _ in range(2)]
    given = [RandomForestSegmenter(**kwargs, random_state=g).fit(X, y) for g in generators]
    assert np.array_equal(given[0].predict_proba(X), given[1].predict_proba(X))


@pytest.mark.parametrize("random_state", [None, 0])
def test_global_random_state_is_left_alone(random_state, data):
    before = np.random.get_state()
    RandomForestSegmenter(2, random_state=random_state).fit(*data).predict(data[0])
    after = np.random.get_state()
    assert before[0] == after[0]
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_seed_of_the_estimator_is_respected(data):
    segmenter = PixelSegmenter(RandomForestClassifier(3, random_state=5), random_state=0)
    assert segmenter.fit(*data).estimator_.random_state == 5
    nested = PixelSegmenter(make_pipeline(StandardScaler(), RandomForestClassifier(3)))
    assert nested.fit(*data).estimator_[-1].random_state is not None
    assert nested.estimator[-1].random_state is None


@pytest.mark.parametrize(
    "estimator",
    [
        None,
        HistGradientBoostingClassifier(max_iter=10, min_samples_leaf=5),
        CalibratedClassifierCV(GaussianNB(), cv=2),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
)
def test_any_classifier_learns(estimator, data):
    X, y = data
    segmenter = PixelSegmenter(estimator, max_samples=300, random_state=0).fit(X, y)
    assert (segmenter.predict(X) == y).mean() > 0.85


def test_callable_features(data):
    X, y = data
    segmenter = PixelSegmenter(GaussianNB(), features=lambda image: image**2).fit(X, y)
    expected = GaussianNB().fit(X.reshape(-1, 1) ** 2, y.ravel())
    found = segmenter.predict_proba(X).reshape(-1, 2)
    np.testing.assert_allclose(found, expected.predict_proba(X.reshape(-1, 1) ** 2), atol=1e-6)


def test_callable_features_of_a_wrong_shape(data):
    with pytest.raises(ValueError, match=r"features returned an array of shape \(20, 24\)"):
        PixelSegmenter(features=lambda image: image[..., 0]).fit(*data)


def test_windows_do_not_show(monkeypatch, data):
    X, y = np.tile(data[0], (1, 6, 2)), np.tile(data[1], (1, 6, 2))
    segmenter = PixelSegmenter(GaussianNB(), max_samples=500, random_state=0)
    whole = segmenter.fit(X, y).predict_proba(X)
    monkeypatch.setattr(windows, "SIDE", 40)
    np.testing.assert_allclose(segmenter.predict_proba(X), whole, atol=1e-3)
    np.testing.assert_allclose(segmenter.fit(X, y).predict_proba(X), whole, atol=1e-3)


def test_windows_of_any_function_are_exact(monkeypatch, data):
    X, y = data
    segmenter = RandomForestSegmenter(5, features=lambda image: image**2, random_state=0)
    whole = segmenter.fit(X, y).predict_proba(X)
    monkeypatch.setattr(windows, "SIDE", 7)
    assert np.array_equal(segmenter.predict_proba(X), whole)
    assert np.array_equal(segmenter.fit(X, y).predict_proba(X), whole)


def test_other_images_have_no_influence(forest, data):
    X = data[0].copy()
    alone = forest.predict_proba(X[:1])
    X[1:] *= 1000
    assert np.array_equal(forest.predict_proba(X)[:1], alone)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "float32", "float64"])
def test_dtype_of_the_images_does_not_matter(dtype, data):
    X, y = (10 * data[0] + 40).clip(0, 255).round(), data[1]
    expected = RandomForestSegmenter(3, random_state=0).fit(X, y).predict_proba(X)
    X = X.astype(dtype)
    found = RandomForestSegmenter(3, random_state=0).fit(X, y).predict_proba(X)
    assert np.array_equal(found, expected)


def test_class_weight_is_by_label(data):
    X, y = data[0], data[1] * 255
    kwargs = {"n_estimators": 5, "min_samples_leaf": 50, "random_state": 0}
    plain = RandomForestSegmenter(**kwargs).fit(X, y)
    heavy = RandomForestSegmenter(class_weight={0: 1, 255: 100}, **kwargs).fit(X, y)
    assert (heavy.predict(X) == 255).sum() > (plain.predict(X) == 255).sum()


@pytest.mark.parametrize("copied", [lambda s: pickle.loads(pickle.dumps(s)), copy.deepcopy])
def test_copies_predict_the_same(copied, forest, data):
    assert np.array_equal(copied(forest).predict_proba(data[0]), forest.predict_proba(data[0]))


def test_clone_has_the_parameters_and_no_fit(forest):
    cloned = clone(forest)
    assert cloned.get_params() == forest.get_params()
    assert not hasattr(cloned, "estimator_")


@pytest.mark.parametrize(
    ("segmenter", "message"),
    [
        (PixelSegmenter(features="ilastick"), "'features' .* Did you mean 'ilastik'"),
        (PixelSegmenter(LinearSVC()), "'estimator' .* classifier with predict_proba"),
        (PixelSegmenter(StandardScaler()), "'estimator' .* classifier with predict_proba"),
        (PixelSegmenter(max_samples=0), r"'max_samples' .* an int in the range \[1, inf\)"),
        (PixelSegmenter(max_samples=1.5), r"'max_samples' .* a float in the range \(0, 1\]"),
        (PixelSegmenter(random_state="zero"), "'random_state'"),
        (RandomForestSegmenter(0), "'n_estimators' parameter of RandomForestSegmenter"),
        (RandomForestSegmenter(max_depth=0), "'max_depth'"),
        (RandomForestSegmenter(class_weight="fair"), "'class_weight'"),
    ],
)
def test_wrong_parameters(segmenter, message, data):
    with pytest.raises(ValueError, match=message):
        segmenter.fit(*data)


def test_keras_is_not_loaded():
    code = (
        "import sys, emstellar.segmenters as s; s.RandomForestSegmenter, s.VotingSegmenter; "
        "sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
