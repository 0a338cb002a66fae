import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import jaccard_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from emstellar import is_segmenter
from emstellar.testing import make_check_images
from tests.broken_segmenters import BrightnessSegmenter


@pytest.fixture(scope="module")
def data():
    return make_check_images()


@pytest.fixture(scope="module")
def fitted(data):
    return BrightnessSegmenter(random_state=0).fit(*data)


def test_predict_takes_the_first_of_equally_probable_classes():
    class Undecided(BrightnessSegmenter):
        def predict_proba(self, X):
            return np.full((1, 2, 2, 3), 1 / 3, dtype="float32")

    segmenter = Undecided()
    segmenter.classes_ = np.array([4, 7, 9], dtype="uint8")
    found = segmenter.predict(None)
    assert found.dtype == "uint8"
    assert (found == 4).all()


def test_score_is_the_jaccard_index_of_scikit_learn(fitted, data):
    X, y = data
    expected = jaccard_score(y.ravel(), fitted.predict(X).ravel())
    assert fitted.score(X, y) == pytest.approx(expected)
    assert fitted.score(list(X), list(y)) == pytest.approx(expected)


def test_score_leaves_unlabelled_pixels_out(fitted, data):
    X, y = data
    y = y.copy()
    y[:, ::2] = -1
    expected = jaccard_score(y[:, 1::2].ravel(), fitted.predict(X)[:, 1::2].ravel())
    assert fitted.score(X, y) == pytest.approx(expected)


def test_score_takes_weights(fitted, data):
    X, y = data
    weights = np.array([0.0, 1.0, 2.0, 0.5])
    pixels = np.broadcast_to(weights[:, None, None], y.shape)
    expected = jaccard_score(y.ravel(), fitted.predict(X).ravel(), sample_weight=pixels.ravel())
    assert fitted.score(X, y, weights) == pytest.approx(expected)
    assert fitted.score(X, y, pixels) == pytest.approx(expected)


@pytest.mark.parametrize("labels", [[1, 2], [0, 255], [3.0, 7.0], [False, True]])
def test_score_knows_the_labels(labels, data):
    X, y = data
    masks = np.array(labels)[y]
    segmenter = BrightnessSegmenter(random_state=0).fit(X, masks)
    expected = jaccard_score(masks.ravel(), segmenter.predict(X).ravel(), pos_label=labels[1])
    assert segmenter.score(X, masks) == pytest.approx(expected)


def test_score_of_more_than_two_classes_is_the_mean_over_classes(data):
    X, y = data
    y = y.copy()
    y[:, :, 20:] = 7
    segmenter = BrightnessSegmenter(random_state=0).fit(X, y)
    expected = jaccard_score(y.ravel(), segmenter.predict(X).ravel(), average="macro")
    assert segmenter.score(X, y) == pytest.approx(expected)


def test_score_is_of_the_prediction_where_that_is_no_argmax(data):
    class Eager(BrightnessSegmenter):
        def predict(self, X):
            return self.classes_[(self.predict_proba(X)[..., 1] > 0.1).astype(int)]

    X, y = data
    segmenter = Eager(random_state=0).fit(X, y)
    expected = jaccard_score(y.ravel(), segmenter.predict(X).ravel())
    assert segmenter.score(X, y) == pytest.approx(expected)


@pytest.mark.parametrize(
    "wrapped",
    [
        BrightnessSegmenter(),
        FrozenEstimator(BrightnessSegmenter()),
        make_pipeline(FunctionTransformer(), BrightnessSegmenter()),
        GridSearchCV(BrightnessSegmenter(), {"epochs": [1, 2]}),
    ],
)
def test_what_is_a_segmenter(wrapped):
    assert is_segmenter(wrapped)
    assert not is_classifier(wrapped)
    assert not is_regressor(wrapped)


def test_what_is_no_segmenter():
    assert not is_segmenter(LogisticRegression())


def test_tags():
    tags = get_tags(BrightnessSegmenter())
    assert tags.estimator_type == "segmenter"
    assert tags.target_tags.required
    assert tags.input_tags.three_d_array
    assert not tags.input_tags.two_d_array
