"""A segmenter whose threshold is chosen honestly: `ThresholdedSegmenter`."""

from typing import ClassVar

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import (
    UNUSED,
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.parallel import Parallel
from sklearn.utils.validation import check_is_fitted

from emstellar.base import BaseSegmenter
from emstellar.constraints import CALLABLE, NONE, InstanceOf, Interval, check_parameters
from emstellar.fit_tasks import CallbackSupportMixin, FitTask, with_callbacks
from emstellar.metrics import find_threshold
from emstellar.model_selection.folds import check_folds
from emstellar.model_selection.prediction import predict_folds
from emstellar.segmenters.members import check_members, routed_arguments
from emstellar.training.monitoring import check_before_training
from emstellar.validation import as_list_of_series, check_images, check_masks, find_classes


class ThresholdedSegmenter(CallbackSupportMixin, BaseSegmenter):
    """A segmenter with the threshold at which a metric is best on held-out training images.

    Parameters
    ----------
    estimator : segmenter
        Clones of it are fitted; two classes.
    metric : str or callable, default="f1"
        What the threshold shall maximise, as in `emstellar.metrics.find_threshold`.
    cv : int, cross-validation generator or iterable, default=None
        How the training images are split into inner folds; None means 5 contiguous ones. Each
        image must be tested once.
    thresholds : array-like of shape (n_thresholds,), default=None
        The thresholds tried; None means 0.01, 0.02, ..., 0.99.
    n_jobs : int, default=None
        How many inner folds are fitted at once; None means 1.

    Attributes
    ----------
    estimator_ : segmenter
        Fitted to all training images; its `predict_proba` gives the untouched probabilities.
    threshold_ : float
        The foreground is what `estimator_` finds more probable than this.
    threshold_search_ : ThresholdSearch
        All thresholds with their scores on the inner folds.
    classes_ : ndarray of shape (2,)
        The labels; the last is the foreground.
    n_features_in_ : int
        The number of channels of the images; only where `estimator_` tells.

    See Also
    --------
    emstellar.metrics.find_threshold : The same for given probabilities.
    sklearn.model_selection.TunedThresholdClassifierCV : The same for tables.

    Notes
    -----
    No image's own model has seen it when its probabilities choose the threshold, and no test
    image takes part. The probabilities of all inner folds are pooled, so one threshold is
    chosen for all.

    `predict_proba` stretches the probabilities on both sides of the threshold linearly, so that
    the threshold lies at 0.5: whatever cuts at 0.5 (scorers, ensembles) does what `predict`
    does. Ranks stay as they are, but the values are calibrated no more.

    References
    ----------
    .. [1] Lipton, Elkan and Naryanaswamy (2014). Optimal thresholding of classifiers to
       maximize F1 measure. ECML PKDD.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.datasets import make_em_images
    >>> from emstellar.segmenters import ThresholdedSegmenter
    >>> X, y = make_em_images(4, (32, 32), random_state=0)
    >>> forest = RandomForestSegmenter(n_estimators=5, random_state=0)
    >>> segmenter = ThresholdedSegmenter(forest, cv=2).fit(X, y)
    >>> 0 < segmenter.threshold_ < 1
    True
    >>> segmenter.predict(X).shape
    (4, 32, 32)
    """

    parameter_constraints: ClassVar = {
        "metric": [InstanceOf(str, "a str"), CALLABLE],
        "n_jobs": [Interval(int, None, None), NONE],
    }

    def __init__(self, estimator, *, metric="f1", cv=None, thresholds=None, n_jobs=None):
        self.estimator = estimator
        self.metric = metric
        self.cv = cv
        self.thresholds = thresholds
        self.n_jobs = n_jobs

    # `sample_weight` and `validation_data` are passed on to the segmenter, if it requests them.
    __metadata_request__fit: ClassVar = {
        "sample_weight": UNUSED,
        "validation_data": UNUSED,
        "groups": True,
    }

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, groups=None, validation_data=None, **params):
        """Find the threshold on inner folds, then fit the segmenter to all images.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The training images.
        y : array-like of shape (n_images, height, width) or sequence of masks
            Their masks, of two classes; pixels of ``-1`` are unlabelled.
        sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
            Weights of images or pixels, for the fits and the metric.
        groups : array-like of shape (n_images,), optional
            The group of each image, for `cv` and for a segmenter that splits images itself.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Images to monitor training with, for a segmenter that does.
        **params : dict
            Further metadata of the segmenter or of `cv`. Only with
            ``sklearn.set_config(enable_metadata_routing=True)``, where both get what they request,
            of the above too.

        Returns
        -------
        self : ThresholdedSegmenter
            Fitted.

        Raises
        ------
        ValueError
            If there are not two classes, in all images or in those that an inner fold is fitted
            to, or the metric depends on no threshold.
        """
        check_parameters(self, self.parameter_constraints)
        check_members([("estimator", self.estimator)])
        metadata = {
            "sample_weight": sample_weight,
            "groups": groups,
            "validation_data": validation_data,
        }
        arguments = routed_arguments(self, {"estimator": self.estimator}, metadata, params)
        images = check_images(X)
        shapes = [image.shape[:2] for image in images]
        check_before_training(self, shapes, has_validation=validation_data is not None)
        masks = check_masks(y, images)
        classes = find_classes(masks)
        if len(classes) != 2:
            raise ValueError(
                f"ThresholdedSegmenter needs two classes, but y holds {len(classes)}: "
                f"{classes.tolist()}."
            )
        X, y = as_list_of_series(X), as_list_of_series(y)
        split = check_cv(self.cv).split(X, y, **self._split_arguments(metadata, params))
        folds = check_folds(split, len(images))
        _check_classes_of_folds(folds, masks, classes)
        task = FitTask.begin(self, X, y, sample_weight, n_subtasks=2)
        choice = task.subtask("find threshold")
        probabilities = predict_folds(
            Parallel(n_jobs=self.n_jobs),
            self.estimator,
            X,
            y,
            check_cv(folds),
            arguments["estimator"],
            {},
            "predict_proba",
        )
        self.threshold_search_ = find_threshold(
            probabilities,
            None,
            y,
            self.metric,
            thresholds=self.thresholds,
            labels=classes,
            **({} if sample_weight is None else {"sample_weight": sample_weight}),
        )
        self.threshold_ = self.threshold_search_.threshold
        choice.end(usable=False)
        self.estimator_ = clone(self.estimator)
        last = task.subtask("fit to all images")
        with last.lend_to(self.estimator_):
            self.estimator_.fit(X, y, **arguments["estimator"])
        self.classes_ = self.estimator_.classes_
        last.end()
        task.end()
        return self

    def _members_to_train(self):
        """Return the segmenter, unfitted."""
        return [] if isinstance(self.estimator, FrozenEstimator) else [self.estimator]

    def _split_arguments(self, metadata, params):
        """Return what the inner splitter is given: groups, and what it requests beyond them."""
        groups = {"groups": metadata["groups"]}
        if not get_config()["enable_metadata_routing"]:
            return groups
        given = {name: value for name, value in metadata.items() if value is not None}
        return groups | process_routing(self, "fit", **given, **params).splitter.split

    def get_metadata_routing(self):
        """Return whether the segmenter or the splitter is given which metadata of `fit`.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            As that of `sklearn.model_selection.TunedThresholdClassifierCV`; `groups` are taken
            for the inner folds whether the splitter requests them or not.
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                estimator=self.estimator,
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
            .add(
                splitter=self.cv,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def predict_proba(self, X):
        """Return the probabilities, stretched so that the threshold lies at 0.5.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The images to segment.

        Returns
        -------
        ndarray of shape (n_images, height, width, 2), float32, or list of such arrays
            A list when `X` is a sequence.
        """
        check_is_fitted(self)
        probabilities = self.estimator_.predict_proba(X)
        if isinstance(probabilities, list):
            return [self._stretch(p) for p in probabilities]
        return self._stretch(probabilities)

    def _stretch(self, probabilities):
        foreground = np.asarray(probabilities[..., 1], dtype=np.float64)
        above = foreground > self.threshold_
        below_half = foreground / (2 * max(self.threshold_, np.finfo(float).tiny))
        over_half = 1 - (1 - foreground) / (2 * max(1 - self.threshold_, np.finfo(float).tiny))
        just_above = np.nextafter(np.float32(0.5), np.float32(1))
        stretched = np.where(above, np.maximum(over_half, just_above), np.minimum(below_half, 0.5))
        stretched = stretched.astype(np.float32)
        return np.stack([1 - stretched, stretched], axis=-1)

    @property
    def n_features_in_(self):
        """The number of channels of the images."""
        return self.estimator_.n_features_in_


def _check_classes_of_folds(folds, masks, classes):
    """Raise a ValueError, before any fit, if one would see a single class."""
    held = [np.isin(classes, mask) for mask in masks]
    for i, (train, _) in enumerate(folds):
        known = classes[np.any([held[k] for k in train], axis=0)]
        if len(known) < 2:
            raise ValueError(
                f"Inner fold {i} of ThresholdedSegmenter is fitted to {len(train)} images that "
                f"hold {known.tolist()} alone of the two classes {classes.tolist()}, so that no "
                "threshold can be chosen. Choose a cv whose training parts all hold both."
            )
