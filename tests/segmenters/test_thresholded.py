"""ThresholdedSegmenter: the threshold comes from inner folds and holds wherever 0.5 is cut."""

from copy import deepcopy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold, LeaveOneGroupOut, cross_validate

from emstellar import BaseSegmenter, metrics
from emstellar.segmenters import ThresholdedSegmenter

rng = np.random.default_rng(13)
TRUTH = rng.random((6, 10, 10)) < 0.4
X = TRUTH * 0.2 + rng.random(TRUTH.shape) * 0.2  # a map whose best threshold is about 0.2
FITS = []


class DimSegmenter(BaseSegmenter):
    """Hand the images back as the foreground probability; note what it was fitted to."""

    def __init__(self, gain=1.0):
        self.gain = gain

    def fit(self, X, y, sample_weight=None):
        FITS.append((len(X), sample_weight))
        self.classes_, self.n_features_in_ = np.unique(y), 1
        return self

    def predict_proba(self, X):
        maps = [np.stack([1 - x, x], axis=-1) for x in np.asarray(X) * self.gain]
        return maps if isinstance(X, list) else np.array(maps)


@pytest.mark.parametrize("encoding", [(0, 1), (0, 255), (1, 2)])
def test_threshold_is_that_of_the_inner_folds(encoding):
    y = np.array(encoding)[TRUTH.astype(int)]
    FITS.clear()
    segmenter = ThresholdedSegmenter(DimSegmenter(), cv=3).fit(X, y)
    assert sorted(n for n, _ in FITS) == [4, 4, 4, 6]
    expected = metrics.find_threshold(X, None, TRUTH, "f1")
    assert segmenter.threshold_ == expected.threshold
    np.testing.assert_array_equal(segmenter.predict(X) == y.max(), segmenter.threshold_ < X)
    scored = metrics.get_scorer("f1")(segmenter, X, y)
    assert scored == pytest.approx(expected.score)
    assert scored > metrics.get_scorer("f1")(segmenter.estimator_, X, y)


def test_probabilities_are_stretched_about_the_threshold():
    segmenter = ThresholdedSegmenter(DimSegmenter(), thresholds=[0.25]).fit(X, TRUTH)
    values = np.array([[[0.0, 0.125, 0.25, np.nextafter(0.25, 1), 0.625, 1.0]]])
    stretched = segmenter.predict_proba(values)
    assert stretched.dtype == np.float32
    np.testing.assert_allclose(stretched[0, 0, :, 1], [0, 0.25, 0.5, 0.5, 0.75, 1], rtol=1e-6)
    np.testing.assert_allclose(stretched.sum(axis=-1), 1)
    assert segmenter.predict(values)[0, 0].tolist() == [False, False, False, True, True, True]


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_thresholds_at_the_ends(threshold):
    segmenter = ThresholdedSegmenter(DimSegmenter(), thresholds=[threshold]).fit(X, TRUTH)
    values = np.array([[[0.0, 0.5, 1.0]]])
    assert segmenter.predict(values).tolist() == (values > threshold).tolist()
    assert np.isfinite(segmenter.predict_proba(values)).all()


def test_lists_groups_and_weights():
    weights = np.arange(1.0, 7.0)
    FITS.clear()
    segmenter = ThresholdedSegmenter(DimSegmenter(), cv=LeaveOneGroupOut(), metric="v_rand")
    segmenter.fit(list(X), list(TRUTH), sample_weight=weights, groups=[0, 0, 1, 1, 2, 2])
    assert [len(w) for _, w in FITS] == [4, 4, 4, 6]
    assert isinstance(segmenter.predict(list(X)), list)
    assert segmenter.n_features_in_ == 1


def test_an_inner_fold_of_one_class_is_named_before_any_fit():
    empty = TRUTH.copy()
    empty[4:] = False
    FITS.clear()
    segmenter = ThresholdedSegmenter(DimSegmenter(), cv=LeaveOneGroupOut())
    message = r"Inner fold 0 .* fitted to 2 images that hold \[False\] alone of .* Choose a cv"
    with pytest.raises(ValueError, match=message):
        segmenter.fit(X[2:], empty[2:], groups=[0, 0, 1, 1])
    assert FITS == []
    # A test part of one class is no obstacle.
    assert segmenter.fit(X, empty, groups=[0, 0, 1, 1, 2, 2]).threshold_ > 0


def test_folds_are_drawn_once():
    # Else the folds that were checked would not be those of the fits.
    cv = KFold(3, shuffle=True, random_state=np.random.RandomState(0))
    first = [train.tolist() for train, _ in deepcopy(cv).split(X)]
    seen = []

    class Noting(DimSegmenter):
        def fit(self, X, y, sample_weight=None):
            seen.append(np.asarray(X)[:, 0, 0].tolist())
            return super().fit(X, y)

    ThresholdedSegmenter(Noting(), cv=cv).fit(X, TRUTH)
    assert seen[:3] == [X[train, 0, 0].tolist() for train in first]


def test_in_cross_validation():
    segmenter = ThresholdedSegmenter(DimSegmenter(), cv=2)
    scoring = metrics.get_scorers("f1", "v_rand")
    results = cross_validate(segmenter, X, TRUTH, cv=KFold(3), scoring=scoring)
    assert np.isfinite(results["test_f1"]).all()
    assert clone(segmenter).set_params(estimator__gain=0.5).estimator.gain == 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "roc_auc"}, "does not depend on a threshold"),
        ({"metric": 3}, "'metric' parameter of ThresholdedSegmenter must be"),
        ({"cv": "all"}, "Expected `cv` as an integer, a cross-validation object"),
        ({"n_jobs": 0.5}, "'n_jobs' parameter"),
        ({"estimator": KFold()}, "should be a segmenter"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        ThresholdedSegmenter(**{"estimator": DimSegmenter(), **parameters}).fit(X, TRUTH)


def test_wrong_masks_and_unfitted():
    with pytest.raises(ValueError, match=r"needs two classes, but y holds 3: \[0, 1, 2\]"):
        ThresholdedSegmenter(DimSegmenter()).fit(X, TRUTH + np.arange(10) // 9)
    with pytest.raises(NotFittedError):
        ThresholdedSegmenter(DimSegmenter()).predict(X)
