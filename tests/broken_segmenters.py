"""A segmenter that keeps all conventions, and many that each break one."""

import numpy as np
from scipy.special import softmax

from emstellar import BaseSegmenter
from emstellar.validation import (
    check_images,
    check_masks,
    check_weights,
    encode_masks,
    find_classes,
    is_sequence_of_arrays,
)


class BrightnessSegmenter(BaseSegmenter):
    """The nearer a pixel's brightness to the mean of a class, the more probable the class.

    The means start at random and are moved towards those of the data, so that the result depends
    on where a fit starts, as that of a network does.
    """

    def __init__(self, *, epochs=3, random_state=None):
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        images = check_images(X, name=type(self).__name__)
        masks = check_masks(y, images, name=type(self).__name__)
        weights = check_weights(sample_weight, images)
        classes = find_classes(masks, name=type(self).__name__)
        codes = encode_masks(masks, classes)
        self.classes_ = classes
        self.n_features_in_ = self.n_channels_in_ = images[0].shape[-1]
        self.means_ = self._start()
        for _ in range(self.epochs):
            self._approach(images, codes, weights)
        return self

    def _start(self):
        rng = np.random.default_rng(self.random_state)
        return rng.uniform(0, 255, (len(self.classes_), self.n_channels_in_))

    def _approach(self, images, codes, weights):
        values = np.concatenate([image.reshape(-1, image.shape[-1]) for image in images])
        codes = np.concatenate([code.ravel() for code in codes])
        if weights is None:
            weights = np.ones(len(codes))
        else:
            weights = np.concatenate([weight.ravel() for weight in weights])
        for k in range(len(self.classes_)):
            own = (codes == k) & (weights > 0)
            if own.any():
                mean = np.average(values[own], axis=0, weights=weights[own])
                self.means_[k] += 0.5 * (mean - self.means_[k])

    def predict_proba(self, X):
        self._check_is_fitted()
        images = check_images(X, n_channels=self.n_channels_in_, name=type(self).__name__)
        maps = [self._map(image) for image in images]
        return maps if is_sequence_of_arrays(X) else np.stack(maps)

    def _check_is_fitted(self):
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)

    def _map(self, image):
        distances = np.abs(image[..., np.newaxis, :] - self.means_).mean(axis=-1)
        return softmax(-distances / 20, axis=-1).astype("float32")


class ContinuesFromOldMeans(BrightnessSegmenter):
    """The original's worst defect: fold k went on from the weights of fold k - 1."""

    def _start(self):
        return self.means_ if hasattr(self, "means_") else super()._start()


class SharesItsMeans(BrightnessSegmenter):
    """The same through a variable of the module or the class: clones share it."""

    shared = {}  # noqa: RUF012

    def _start(self):
        return self.shared.setdefault("means", super()._start())


class ReadsGlobalState(BrightnessSegmenter):
    def _start(self):
        np.random.seed(0 if self.random_state is None else self.random_state)
        return np.random.uniform(0, 255, (len(self.classes_), self.n_channels_in_))


class IgnoresRandomState(BrightnessSegmenter):
    def _start(self):
        return np.random.default_rng().uniform(0, 255, (len(self.classes_), self.n_channels_in_))


class NormalisesInPlace(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        if isinstance(X, np.ndarray) and X.ndim > 2 and X.dtype == "float64":
            X -= 1
        return super().fit(X, y, sample_weight)


class WritesToMasks(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        if isinstance(y, np.ndarray):
            y[0, 0, 0] = y.max() - y[0, 0, 0]
        return self


class FindsClassesInUnlabelled(BrightnessSegmenter):
    """Takes -1 for a class."""

    def fit(self, X, y, sample_weight=None):
        y = np.asarray(y) if not isinstance(y, list) else y
        if isinstance(y, np.ndarray) and y.dtype.kind == "i" and (y == -1).any() and (y > 0).any():
            return super().fit(X, y + 1, sample_weight)
        return super().fit(X, y, sample_weight)


class WritesToWeights(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        if sample_weight is not None:
            sample_weight += 1
        return self


class TakesUnlabelledForBackground(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        if isinstance(y, np.ndarray) and y.dtype.kind == "i" and (y > 0).any():
            y = np.maximum(y, 0)
        return super().fit(X, y, sample_weight)


class IgnoresWeights(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        check_weights(sample_weight, check_images(X))
        return super().fit(X, y)


class AveragesPixelWeights(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        if np.ndim(sample_weight) == 1 and len(sample_weight) == len(X):
            sample_weight = np.sqrt(sample_weight)
        return super().fit(X, y, sample_weight)


class GuessesLabels(BrightnessSegmenter):
    """Assumes that masks are 0 and 1."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.classes_ = np.arange(len(self.classes_))
        return self


class TwoClassesOnly(BrightnessSegmenter):
    def _map(self, image):
        return super()._map(image)[..., :2]


class ReturnsForegroundOnly(BrightnessSegmenter):
    def _map(self, image):
        return super()._map(image)[..., 1]


class ReturnsFloat64(BrightnessSegmenter):
    def _map(self, image):
        return super()._map(image).astype("float64")


class DoesNotSumToOne(BrightnessSegmenter):
    def _map(self, image):
        return super()._map(image) ** 2


class PredictsTheOtherClass(BrightnessSegmenter):
    def predict(self, X):
        found = super().predict(X)
        flip = self.classes_[0] + self.classes_[-1]
        return [flip - f for f in found] if isinstance(found, list) else flip - found


class ScoresAccuracy(BrightnessSegmenter):
    def score(self, X, y, sample_weight=None):
        found = self.predict(X)
        return float(np.mean(np.concatenate([np.ravel(a == b) for a, b in zip(found, y)])))  # noqa: B905


class SqueezesOneImage(BrightnessSegmenter):
    def predict_proba(self, X):
        maps = super().predict_proba(X)
        return maps[0] if len(maps) == 1 else maps


class KnowsOneSizeOnly(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.shape_ = np.shape(X[0])[:2]
        return self

    def _map(self, image):
        return super()._map(image)[: self.shape_[0], : self.shape_[1]]


class StacksLists(BrightnessSegmenter):
    def predict_proba(self, X):
        maps = super().predict_proba(X)
        same = len({m.shape for m in maps}) == 1
        return np.stack(maps) if same else maps


class NormalisesByTheTestSet(BrightnessSegmenter):
    def predict_proba(self, X):
        self._check_is_fitted()
        check_images(X, n_channels=self.n_channels_in_, name=type(self).__name__)
        mean = np.float32(np.mean([np.mean(image) for image in X]))
        if is_sequence_of_arrays(X):
            return super().predict_proba([image - mean + 100 for image in X])
        return super().predict_proba(X - mean + np.float32(100))


class DividesIntegersBy255(BrightnessSegmenter):
    def _map(self, image):
        return super()._map(image / 255 if image.dtype == "uint8" else image)


class ListsAreOther(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        X = [image / 2 for image in X] if isinstance(X, list) else X
        return super().fit(X, y, sample_weight)


class ArraysOnly(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        if isinstance(X, list):
            return super().fit(np.stack(X), np.stack(y), sample_weight)
        return super().fit(X, y, sample_weight)


class DividesIntegersBy255AtFit(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        scaled = isinstance(X, np.ndarray) and X.dtype == "uint8"
        return super().fit(X / 255 if scaled else X, y, sample_weight)


class OneChannelOnly(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.n_features_in_ = np.shape(X)[1] if isinstance(X, np.ndarray) and X.ndim == 4 else 1
        return self


class AddsAChannelAxisTwice(BrightnessSegmenter):
    def predict_proba(self, X):
        if isinstance(X, np.ndarray) and X.ndim == 4 and X.shape[-1] == 1:
            X = X * 0
        return super().predict_proba(X)


class AcceptsNaN(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        return super().fit(_without_nan(X), y, sample_weight)

    def predict_proba(self, X):
        return super().predict_proba(_without_nan(X))


def _without_nan(X):
    is_float = isinstance(X, np.ndarray) and X.dtype.kind == "f"
    return np.nan_to_num(X) if is_float else X


class AcceptsOneHotMasks(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        if np.ndim(y) == 4 and np.shape(y)[-1] == 2:
            y = np.argmax(y, axis=-1)
        return super().fit(X, y, sample_weight)


class NegativeWeightsAreFine(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        weights = None if sample_weight is None else np.abs(sample_weight)
        return super().fit(X, y, weights)


class LearnsBeforeItChecks(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.arange(2)
        return super().fit(X, y, sample_weight)


class IsNoSegmenter(BrightnessSegmenter):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags


class PredictsUnfitted(BrightnessSegmenter):
    def _check_is_fitted(self):
        self.means_[0]


class ReturnsNothing(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)


class ChangesItsParameter(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.epochs += 1
        return self


class ConvertsInTheConstructor(BrightnessSegmenter):
    def __init__(self, *, epochs=3, random_state=None):
        self.epochs = epochs
        self.random_state = random_state
        self.n_epochs = epochs + 1


class TakesAnyParameter(BrightnessSegmenter):
    def set_params(self, **parameters):
        known = {k: v for k, v in parameters.items() if k != "no_such_parameter"}
        return super().set_params(**known)


class ClonesItsFit(BrightnessSegmenter):
    def __sklearn_clone__(self):
        copied = type(self)(**self.get_params())
        vars(copied).update(vars(self))
        return copied


class HidesItsName(BrightnessSegmenter):
    def __repr__(self, N_CHAR_MAX=700):
        return "segmenter"


class SetsBareAttributes(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.history = []
        return self


class RemembersPredictions(BrightnessSegmenter):
    def predict_proba(self, X):
        self.last_ = super().predict_proba(X)
        return self.last_


class CannotBePickled(BrightnessSegmenter):
    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.scale_ = lambda image: image
        return self


class LosesItsMeansWhenPickled(BrightnessSegmenter):
    def __getstate__(self):
        state = super().__getstate__()
        return {k: np.round(v) if k == "means_" else v for k, v in state.items()}


class WritesToItsInput(BrightnessSegmenter):
    """Works in place on what it puts back afterwards: read-only maps show it."""

    def fit(self, X, y, sample_weight=None):
        if isinstance(X, np.ndarray) and X.ndim == 3 and X.dtype == "uint8":
            first = X[0, 0, 0]
            X[0, 0, 0] = 0
            X[0, 0, 0] = first
        return super().fit(X, y, sample_weight)
