"""Segmenters that classify each pixel by the filter values around it."""

from typing import ClassVar

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from emstellar.base import BaseSegmenter
from emstellar.constraints import (
    CALLABLE,
    NONE,
    RANDOM_STATE,
    InstanceOf,
    Interval,
    OneOf,
    Satisfies,
    check_parameters,
)
from emstellar.fit_tasks import CallbackSupportMixin, FitTask, with_callbacks
from emstellar.image_ranges import ImageRange
from emstellar.randomness import seed_from
from emstellar.segmenters.forest_votes import make_asker
from emstellar.segmenters.pixel_features import (
    BANKS,
    FunctionBank,
    compute_pixels,
)
from emstellar.segmenters.pixel_sampling import count_cells, draw_cells, draw_pixels
from emstellar.segmenters.windows import split_windows
from emstellar.validation import (
    UNLABELLED,
    check_images,
    check_masks,
    check_weights,
    encode_masks,
    find_classes,
    is_sequence_of_arrays,
)

_CLASSIFIER = Satisfies(
    lambda value: (
        hasattr(value, "predict_proba") and not isinstance(value, type) and is_classifier(value)
    ),
    "a scikit-learn classifier with predict_proba",
)
_SHARE = Satisfies(
    lambda value: isinstance(value, float) and 0 < value <= 1,
    "a float in the range (0, 1]",
)


class PixelSegmenter(CallbackSupportMixin, BaseSegmenter):
    """Segmentation by any scikit-learn classifier on features of pixels.

    The classical way, as in ilastik or Trainable Weka Segmentation: filters describe the
    surroundings of each pixel, a classifier learns from labelled pixels. It trains in a minute
    and from few labels (scribbles), but no pixel sees further than the widest filter.

    Parameters
    ----------
    estimator : classifier, default=None
        Any scikit-learn classifier with ``predict_proba``; a clone of it is fitted. None stands
        for ``RandomForestClassifier()``. Where its ``random_state`` is None, it is drawn from
        `random_state`.
    features : {"multiscale", "ilastik", "weka"} or callable, default="multiscale"
        The filters: "multiscale" are scikit-image's basic features (24 per channel),
        "ilastik" (49) and "weka" (76) those tools' banks. A callable takes an image (height,
        width, channels), as given, and returns features (height, width, n_features).
    max_samples : int, float or None, default=50_000
        How many labelled pixels to train on: at most so many in all images together (int), that
        share of them (float) or all (None). They are drawn at random without replacement; each
        class keeps its share, rounded, and at least one pixel.
    random_state : int, RandomState instance or None, default=None
        Seeds the drawing of pixels and the estimator. numpy's global state is never used.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier.
    classes_ : ndarray of shape (n_classes,)
        The labels found in the masks.
    n_features_in_, n_channels_in_ : int
        The number of channels of the images.
    image_range_ : ImageRange
        Between what values the training images lie; `predict_proba` warns of others.

    See Also
    --------
    RandomForestSegmenter : The same with a random forest, its parameters at hand.
    emstellar.datasets.make_scribbles : Simulate sparse labels.

    Notes
    -----
    Pixels labelled ``-1`` and pixels of weight 0 take no part in fit. Features of one image
    do not depend on other images.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from emstellar import PixelSegmenter
    >>> X = np.random.default_rng(0).normal(size=(2, 16, 16))
    >>> X[:, 4:12, 4:12] += 5
    >>> y = np.zeros((2, 16, 16), dtype=int)
    >>> y[:, 4:12, 4:12] = 1
    >>> segmenter = PixelSegmenter(LogisticRegression(max_iter=1000)).fit(X[:1], y[:1])
    >>> segmenter.predict_proba(X[1:]).shape
    (1, 16, 16, 2)
    >>> bool((segmenter.predict(X[1:]) == y[1:]).mean() > 0.9)
    True
    """

    parameter_constraints: ClassVar = {
        "estimator": [_CLASSIFIER, NONE],
        "features": [OneOf(*BANKS), CALLABLE],
        "max_samples": [Interval(int, 1, None), _SHARE, NONE],
        "random_state": [RANDOM_STATE, NONE],
    }

    def __init__(
        self, estimator=None, *, features="multiscale", max_samples=50_000, random_state=None
    ):
        self.estimator = estimator
        self.features = features
        self.max_samples = max_samples
        self.random_state = random_state

    @with_callbacks
    def fit(self, X, y, sample_weight=None):
        """Fit the classifier to the labelled pixels.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The training images.
        y : array-like of shape (n_images, height, width) or sequence of masks
            Their masks; pixels of ``-1`` are unlabelled and ignored.
        sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
            Weights of images or pixels, passed to the classifier.

        Returns
        -------
        self : PixelSegmenter

        Raises
        ------
        ValueError
            For parameters, images, masks or weights that cannot be used, and for weights with
            a classifier that takes none.
        """
        check_parameters(self, self.parameter_constraints)
        name = type(self).__name__
        images = check_images(X, name=name)
        masks = check_masks(y, images, name=name)
        weights = check_weights(sample_weight, images)
        task = FitTask.begin(self, X, y, sample_weight)
        classes = find_classes(masks, name=name)
        codes = encode_masks(masks, classes)
        if weights is not None:
            codes = [np.where(w > 0, c, UNLABELLED) for c, w in zip(codes, weights, strict=True)]
        rng = np.random.default_rng(seed_from(self.random_state))
        estimator = _seeded(clone(self._get_estimator()), rng)
        if weights is not None and not has_fit_parameter(estimator, "sample_weight"):
            raise ValueError(
                f"The estimator {type(estimator).__name__} does not support sample weights: "
                "its fit has no parameter sample_weight. Leave sample_weight out or choose "
                "another estimator."
            )
        features, labels, weights = self._draw_table(images, codes, weights, classes, rng)
        arguments = {} if weights is None else {"sample_weight": weights}
        self.estimator_ = estimator.fit(features, labels, **arguments)
        self.classes_ = classes
        self.n_features_in_ = self.n_channels_in_ = images[0].shape[-1]
        self.image_range_ = ImageRange.of(images)
        task.end()
        return self

    def _get_estimator(self):
        return RandomForestClassifier() if self.estimator is None else self.estimator

    def _get_bank(self):
        if isinstance(self.features, str):
            return BANKS[self.features]
        return FunctionBank(self.features)

    def _draw_table(self, images, codes, weights, classes, rng):
        """Return features, labels and weights (or None) of the drawn pixels."""
        cells = draw_cells(count_cells(codes, len(classes)), self.max_samples, rng)
        if not cells.any():
            raise ValueError(
                "All labelled pixels have zero weight in sample_weight: there is nothing to fit."
            )
        bank = self._get_bank()
        features, labels, drawn_weights = [], [], []
        for i in np.flatnonzero(cells.any(axis=1)):
            pixels = draw_pixels(codes[i], cells[i], rng)
            features.append(compute_pixels(bank, images[i], pixels))
            labels.append(classes[codes[i].ravel()[pixels]])
            if weights is not None:
                drawn_weights.append(weights[i].ravel()[pixels])
        return (
            np.concatenate(features),
            np.concatenate(labels),
            np.concatenate(drawn_weights) if weights is not None else None,
        )

    def predict_proba(self, X):
        """Return the probability of each class at every pixel.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The images to segment, of any size.

        Returns
        -------
        ndarray of shape (n_images, height, width, n_classes), or list of such per image, float32
            In [0, 1], summing to 1 over the classes; a list when `X` is a sequence.
        """
        check_is_fitted(self)
        name = type(self).__name__
        images = check_images(X, n_channels=self.n_channels_in_, name=name)
        # What an earlier version has pickled has none.
        seen = getattr(self, "image_range_", None)
        if seen is not None:
            seen.warn_of_others(images, name=name)
        ask = make_asker(self.estimator_)
        shapes = [(*image.shape[:2], len(self.classes_)) for image in images]
        if is_sequence_of_arrays(X):
            probabilities = [np.zeros(shape, dtype="float32") for shape in shapes]
        else:
            probabilities = np.zeros((len(images), *shapes[0]), dtype="float32")
        for image, out in zip(images, probabilities, strict=True):
            self._predict_image(image, ask, out)
        return probabilities

    def _predict_image(self, image, ask, out):
        # A class whose pixels all had weight 0 is unknown to the classifier: it stays at 0.
        columns = np.searchsorted(self.classes_, self.estimator_.classes_)
        compute_window = self._get_bank().prepare(image)
        for window in split_windows(image.shape):
            out[window.rows, window.columns][..., columns] = ask(compute_window(window))


def _seeded(estimator, rng):
    """Give every ``random_state`` of `estimator` that is None a number."""
    for key, value in sorted(estimator.get_params(deep=True).items(), key=lambda item: item[0]):
        if key.rpartition("__")[2] == "random_state" and value is None:
            estimator.set_params(**{key: int(rng.integers(2**31))})
    return estimator


class RandomForestSegmenter(PixelSegmenter):
    """Segmentation by a random forest on features of pixels.

    The classical baseline: what ilastik and Trainable Weka Segmentation do.

    Parameters
    ----------
    n_estimators : int, default=100
        The number of trees.
    max_depth : int, default=None
        The largest depth of a tree; None grows them until their leaves are pure.
    min_samples_leaf : int or float, default=1
        The least number (or share) of pixels in a leaf.
    max_features : {"sqrt", "log2"}, int, float or None, default="sqrt"
        How many features to consider at each split.
    features : {"multiscale", "ilastik", "weka"} or callable, default="multiscale"
        The filters, as in `PixelSegmenter`.
    max_samples : int, float or None, default=50_000
        How many labelled pixels to train on, as in `PixelSegmenter`. (Of these, each tree
        draws its own bootstrap sample.)
    class_weight : dict, "balanced", "balanced_subsample" or None, default=None
        Weights of classes, by label.
    n_jobs : int, default=None
        How many cores grow and ask trees; None means 1, -1 all.
    random_state : int, RandomState instance or None, default=None
        Seeds the drawing of pixels and the forest. numpy's global state is never used.

    Attributes
    ----------
    estimator_ : RandomForestClassifier
        The fitted forest.
    classes_ : ndarray of shape (n_classes,)
        The labels found in the masks.
    n_features_in_, n_channels_in_ : int
        The number of channels of the images.
    image_range_ : ImageRange
        Between what values the training images lie; `predict_proba` warns of others.

    See Also
    --------
    PixelSegmenter : The same with any classifier.

    Notes
    -----
    As the tools have it: ilastik is ``RandomForestSegmenter(features="ilastik")``, Weka
    ``RandomForestSegmenter(200, max_features=2, features="weka")``.

    References
    ----------
    .. [1] Breiman, L. (2001). Random forests. Machine Learning 45, 5-32.
    .. [2] Berg, S. et al. (2019). ilastik: interactive machine learning for (bio)image
       analysis. Nature Methods 16, 1226-1232.
    .. [3] Arganda-Carreras, I. et al. (2017). Trainable Weka Segmentation: a machine learning
       tool for microscopy pixel classification. Bioinformatics 33, 2424-2426.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar import RandomForestSegmenter
    >>> X = np.random.default_rng(0).normal(size=(2, 16, 16))
    >>> X[:, 4:12, 4:12] += 5
    >>> y = np.zeros((2, 16, 16), dtype="uint8")
    >>> y[:, 4:12, 4:12] = 255
    >>> segmenter = RandomForestSegmenter(10, random_state=0).fit(X[:1], y[:1])
    >>> segmenter.classes_
    array([  0, 255], dtype=uint8)
    >>> bool((segmenter.predict(X[1:]) == y[1:]).mean() > 0.9)
    True
    """

    parameter_constraints: ClassVar = {
        **PixelSegmenter.parameter_constraints,
        "n_estimators": [Interval(int, 1, None)],
        "max_depth": [Interval(int, 1, None), NONE],
        "min_samples_leaf": [Interval(int, 1, None), _SHARE],
        "max_features": [OneOf("sqrt", "log2"), Interval(int, 1, None), _SHARE, NONE],
        "class_weight": [OneOf("balanced", "balanced_subsample"), InstanceOf(dict), NONE],
        "n_jobs": [Interval(int, None, None), NONE],
    }

    def __init__(
        self,
        n_estimators=100,
        *,
        max_depth=None,
        min_samples_leaf=1,
        max_features="sqrt",
        features="multiscale",
        max_samples=50_000,
        class_weight=None,
        n_jobs=None,
        random_state=None,
    ):
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.max_features = max_features
        self.features = features
        self.max_samples = max_samples
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _get_estimator(self):
        return RandomForestClassifier(
            self.n_estimators,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            max_features=self.max_features,
            class_weight=self.class_weight,
            n_jobs=self.n_jobs,
        )
