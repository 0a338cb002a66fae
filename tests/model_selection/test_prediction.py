import numpy as np
import pytest
from sklearn import config_context
from sklearn.model_selection import KFold, LeaveOneGroupOut, ShuffleSplit
from sklearn.model_selection import cross_val_predict as sklearn_cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from emstellar import BaseSegmenter
from emstellar.model_selection import BlockKFold, cross_val_predict


class MeanSegmenter(BaseSegmenter):
    """Gives each pixel the class whose training brightness is nearest."""

    def fit(self, X, y, sample_weight=None):
        pixels = np.concatenate([np.ravel(image) for image in X])
        labels = np.concatenate([np.ravel(mask) for mask in y])
        self.classes_ = np.unique(labels[labels != -1])
        self.means_ = np.array([pixels[labels == label].mean() for label in self.classes_])
        self.n_features_in_ = 1
        self.n_images_ = len(X)
        if sample_weight is not None:
            assert len(sample_weight) == len(X)
            self.means_ = self.means_ + np.mean(sample_weight)
        return self

    def predict_proba(self, X):
        if isinstance(X, list):
            return [self._one(image) for image in X]
        return self._one(X)

    def predict_log_proba(self, X):
        return np.log(self._one(X))

    def _one(self, image):
        closeness = 1 / (1e-3 + np.abs(image[..., np.newaxis] - self.means_))
        return (closeness / closeness.sum(axis=-1, keepdims=True)).astype("float32")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, size=(6, 5, 7))
    return y + rng.normal(0, 0.4, size=y.shape), y


@pytest.mark.parametrize("cv", [None, 3, KFold(3, shuffle=True, random_state=0), BlockKFold(2)])
def test_masks_equal_those_of_scikit_learn(data, cv):
    X, y = data
    expected = sklearn_cross_val_predict(MeanSegmenter(), X, y, cv=cv)
    np.testing.assert_array_equal(cross_val_predict(MeanSegmenter(), X, y, cv=cv), expected)


def test_probabilities_are_those_of_the_fold_that_left_the_image_out(data):
    X, y = data
    groups = [2, 0, 1, 0, 2, 1]
    found = cross_val_predict(
        MeanSegmenter(), X, y, groups=groups, cv=LeaveOneGroupOut(), method="predict_proba"
    )
    assert found.shape == (6, 5, 7, 2)
    for i, group in enumerate(groups):
        others = np.flatnonzero(np.array(groups) != group)
        expected = MeanSegmenter().fit(X[others], y[others]).predict_proba(X[i])
        np.testing.assert_array_equal(found[i], expected)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
@pytest.mark.parametrize("as_objects", [False, True])
def test_images_of_different_sizes(data, method, as_objects):
    X, y = data
    images = [image[:, : 2 + i] for i, image in enumerate(X)]
    masks = [mask[:, : 2 + i] for i, mask in enumerate(y)]
    if as_objects:
        images = np.array([*images, None], dtype=object)[:-1]
    found = cross_val_predict(MeanSegmenter(), images, masks, cv=3, method=method)
    assert isinstance(found, list)
    assert [prediction.shape[:2] for prediction in found] == [mask.shape for mask in masks]


@pytest.mark.parametrize(
    ("method", "absent"), [("predict_proba", 0), ("predict_log_proba", np.finfo("float32").min)]
)
def test_a_class_that_one_fold_lacks_gets_a_column(data, method, absent):
    X, y = data
    y = np.where(y == 1, 7, 0)
    y[0, 0, :3] = 3
    found = cross_val_predict(MeanSegmenter(), X, y, cv=3, method=method)
    assert found.shape == (6, 5, 7, 3)
    assert (found[:2, ..., 1] == absent).all()
    assert (found[2:, ..., 1] != absent).all()


def test_unlabelled_is_no_class(data):
    X, y = data
    y[0, 0, 0] = -1
    assert cross_val_predict(MeanSegmenter(), X, y, cv=3, method="predict_proba").shape[-1] == 2


def test_parameters_of_fit_are_split_per_image(data):
    X, y = data
    weights = np.arange(6.0)
    found = cross_val_predict(
        MeanSegmenter(), X, y, cv=3, params={"sample_weight": weights}, method="predict_proba"
    )
    expected = MeanSegmenter().fit(X[2:], y[2:], weights[2:]).predict_proba(X[:2])
    np.testing.assert_array_equal(found[:2], expected)


def test_metadata_routing(data):
    X, y = data
    groups, weights = np.repeat([0, 1, 2], 2), np.arange(6.0)
    plain = cross_val_predict(
        MeanSegmenter(),
        X,
        y,
        groups=groups,
        cv=LeaveOneGroupOut(),
        params={"sample_weight": weights},
    )
    with config_context(enable_metadata_routing=True):
        routed = cross_val_predict(
            MeanSegmenter().set_fit_request(sample_weight=True),
            X,
            y,
            cv=LeaveOneGroupOut(),
            params={"sample_weight": weights, "groups": groups},
        )
    np.testing.assert_array_equal(routed, plain)


def test_jobs_and_pipelines_change_nothing(data):
    X, y = data
    expected = cross_val_predict(MeanSegmenter(), X, y, cv=3)
    pipeline = make_pipeline(FunctionTransformer(), MeanSegmenter())
    np.testing.assert_array_equal(cross_val_predict(pipeline, X, y, cv=3, n_jobs=2), expected)


def test_the_estimator_itself_stays_unfitted(data):
    segmenter = MeanSegmenter()
    cross_val_predict(segmenter, *data, cv=3)
    assert not hasattr(segmenter, "classes_")


def test_folds_must_test_each_image_once(data):
    with pytest.raises(ValueError, match=r"only works for partitions: .* 6 images exactly once"):
        cross_val_predict(MeanSegmenter(), *data, cv=ShuffleSplit(2, random_state=0))


def test_numbers_of_samples_must_agree(data):
    X, y = data
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[6, 5\]"):
        cross_val_predict(MeanSegmenter(), X, y[:5], cv=3)
