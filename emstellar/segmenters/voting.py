"""Ensembles of segmenters that vote on each pixel."""

from typing import ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from emstellar.base import BaseSegmenter
from emstellar.constraints import NONE, Interval, OneOf, Satisfies, check_parameters
from emstellar.fit_tasks import CallbackSupportMixin, FitTask, with_callbacks
from emstellar.segmenters.composition import NamedEstimatorsMixin, are_pairs, check_names
from emstellar.segmenters.members import (
    check_member_weights,
    check_members,
    freeze,
    is_dropped,
    join_classes,
    name_estimators,
    routed_arguments,
)
from emstellar.training.monitoring import check_before_training
from emstellar.validation import check_images

# Sums of weights are compared in float32.
_TIE = 1e-5


class VotingSegmenter(NamedEstimatorsMixin, CallbackSupportMixin, BaseSegmenter):
    """Soft voting or majority rule of several segmenters.

    Parameters
    ----------
    estimators : list of (str, segmenter) pairs
        The members; clones of them are fitted. A member may be any segmenter, also a search or
        a pipeline that ends in one, and ``"drop"`` leaves it out. A member wrapped in
        `sklearn.frozen.FrozenEstimator` is used as it is.
    voting : {"soft", "hard"}, default="soft"
        "soft" averages the members' probabilities; "hard" counts their predictions.
    weights : array-like of shape (n_estimators,), default=None
        How much each member counts; None counts all alike.
    n_jobs : int, default=None
        How many members are fitted at once; None means 1, -1 one per core.

    Attributes
    ----------
    estimators_ : list of segmenters
        The fitted members that are not "drop".
    named_estimators_ : Bunch
        The fitted members by name.
    classes_ : ndarray of shape (n_classes,)
        The classes of the members. One member must know them all; another, from a fold that
        lacked a class, gives probability 0 to it.
    n_features_in_, n_channels_in_ : int
        The number of channels of the images; only where a member tells.

    See Also
    --------
    VotingSegmenter.from_fitted : An ensemble of segmenters that are fitted already.
    sklearn.ensemble.VotingClassifier : The same for tables.

    Notes
    -----
    With ``voting="hard"``, `predict_proba` is the share of (weighted) votes, and `predict` the
    class with most votes. Where classes have equally many, `predict` takes the one of higher
    mean probability among them, then the first; the vote shares cannot show that, so their
    argmax may differ from `predict` at ties. Members are asked for probabilities on top of
    predictions only if there are ties.

    Members are asked one after the other, so that no more than one member's probabilities are
    held at a time.

    An ensemble of the segmenters of a cross-validation has seen all its images: score it on
    images that were in no fold.

    References
    ----------
    .. [1] Kuncheva, L. I. (2014). Combining Pattern Classifiers, 2nd ed., chapters 4 and 5.
       Wiley.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar import RandomForestSegmenter, VotingSegmenter
    >>> X = np.random.default_rng(0).normal(size=(2, 12, 12))
    >>> X[:, 3:9, 3:9] += 5
    >>> y = (X > 2.5).astype(int)
    >>> voting = VotingSegmenter([
    ...     ("shallow", RandomForestSegmenter(5, max_depth=2, random_state=0)),
    ...     ("deep", RandomForestSegmenter(5, random_state=0)),
    ... ], weights=[1, 2]).fit(X, y)
    >>> voting.predict_proba(X).shape
    (2, 12, 12, 2)
    >>> voting.get_params()["shallow__max_depth"]
    2
    """

    parameter_constraints: ClassVar = {
        "voting": [OneOf("soft", "hard")],
        "weights": [
            Satisfies(
                lambda value: np.ndim(value) == 1 and not isinstance(value, str), "array-like"
            ),
            NONE,
        ],
        "n_jobs": [Interval(int, None, None), NONE],
    }

    # It only passes them on: what is requested is asked of the members.
    __metadata_request__fit: ClassVar = dict.fromkeys(
        ("sample_weight", "groups", "validation_data"), UNUSED
    )

    def __init__(self, estimators, *, voting="soft", weights=None, n_jobs=None):
        self.estimators = estimators
        self.voting = voting
        self.weights = weights
        self.n_jobs = n_jobs

    @classmethod
    def from_fitted(cls, estimators, *, voting="soft", weights=None):
        """Return an ensemble of fitted segmenters, ready to predict.

        Parameters
        ----------
        estimators : list of segmenters or of (str, segmenter) pairs
            For example ``cross_validate(..., return_estimator=True)["estimator"]``. Without
            names they are called by their class, with a number where a class repeats
            ("unetsegmenter-1").
        voting : {"soft", "hard"}, default="soft"
            As in `VotingSegmenter`.
        weights : array-like of shape (n_estimators,), default=None
            As in `VotingSegmenter`.

        Returns
        -------
        VotingSegmenter
            Its members are wrapped in `sklearn.frozen.FrozenEstimator`: `fit` and `clone`
            leave them as they are.

        Raises
        ------
        NotFittedError
            If a member is not fitted.
        ValueError
            If no member knows all classes, as where masks of 0 and 1 trained one and masks of
            0 and 255 another.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.model_selection import cross_validate
        >>> from emstellar import RandomForestSegmenter, VotingSegmenter
        >>> X = np.random.default_rng(0).normal(size=(4, 12, 12))
        >>> y = (X > 0).astype(int)
        >>> folds = cross_validate(RandomForestSegmenter(3, random_state=0), X[:3], y[:3], cv=3,
        ...     return_estimator=True, scoring=lambda segmenter, X, y: 0)["estimator"]
        >>> voting = VotingSegmenter.from_fitted(folds, voting="hard")
        >>> list(voting.named_estimators_)
        ['randomforestsegmenter-1', 'randomforestsegmenter-2', 'randomforestsegmenter-3']
        >>> voting.predict(X[3:]).shape
        (1, 12, 12)
        """
        pairs = estimators if are_pairs(estimators) else name_estimators(estimators)
        for _, member in pairs:
            check_is_fitted(member)
        join_classes({name: member.classes_ for name, member in pairs})
        return cls(
            [(name, freeze(member)) for name, member in pairs], voting=voting, weights=weights
        )._check()

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, groups=None, validation_data=None, **params):
        """Fit a clone of every member.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The training images.
        y : array-like of shape (n_images, height, width) or sequence of masks
            Their masks.
        sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
            Weights of images or pixels, passed to each member.
        groups : array-like of shape (n_images,), optional
            The group of each image, passed to the members that split images by them.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Images to monitor training with, passed to the members that do.
        **params : dict
            Further metadata of the members. Only with
            ``sklearn.set_config(enable_metadata_routing=True)``, where each member gets what it
            requests by `set_fit_request`, of the above too.

        Returns
        -------
        self : VotingSegmenter

        Raises
        ------
        ValueError
            For parameters that cannot be used, for weights that a member does not accept, and
            for what the members raise.
        """
        self._check()
        members = {name: clone(m) for name, m in self.estimators if not is_dropped(m)}
        metadata = {
            "sample_weight": sample_weight,
            "groups": groups,
            "validation_data": validation_data,
        }
        arguments = routed_arguments(self, members, metadata, params)
        shapes = [image.shape[:2] for image in check_images(X)]
        check_before_training(self, shapes, has_validation=validation_data is not None)
        task = FitTask.begin(self, X, y, sample_weight, n_subtasks=len(members), in_order=False)
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_member)(member, X, y, arguments[name], task, f"fit {name}", place)
            for place, (name, member) in enumerate(members.items())
        )
        self._fitted = dict(zip(members, fitted, strict=True))
        task.end()
        return self

    def get_metadata_routing(self):
        """Return who among the members is given which metadata of `fit`.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            As that of `sklearn.ensemble.VotingClassifier`.
        """
        router = MetadataRouter(owner=self)
        to_fit = MethodMapping().add(caller="fit", callee="fit")
        for name, member in self.estimators:
            if not is_dropped(member):
                router.add(**{name: member}, method_mapping=to_fit)
        return router

    def _members_to_train(self):
        """Return the members that `fit` trains, unfitted."""
        members = [member for _, member in self.estimators if not is_dropped(member)]
        return [member for member in members if not isinstance(member, FrozenEstimator)]

    def _check(self):
        """Raise if a parameter is wrong, else return self."""
        check_parameters(self, self.parameter_constraints)
        check_names(self.estimators, self.get_params(deep=False))
        check_members(self.estimators)
        check_member_weights(self.weights, self.estimators)
        return self

    def __sklearn_is_fitted__(self):
        return self._get_fitted() is not None

    def _get_fitted(self):
        """Return the fitted members by name, or None."""
        if hasattr(self, "_fitted"):
            return self._fitted
        members = {name: m for name, m in self.estimators if not is_dropped(m)}
        frozen = all(
            isinstance(m, FrozenEstimator) and m.__sklearn_is_fitted__() for m in members.values()
        )
        return members if frozen and members else None

    def _require_fitted(self, attribute):
        members = self._get_fitted() if are_pairs(self.estimators) else None
        if members is None:
            raise AttributeError(f"{type(self).__name__} object has no {attribute} attribute.")
        return members

    @property
    def estimators_(self):
        """The fitted members."""
        return list(self._require_fitted("estimators_").values())

    @property
    def named_estimators_(self):
        """The fitted members by name, and "drop" for those left out."""
        members = self._require_fitted("named_estimators_")
        return Bunch(**{name: members.get(name, "drop") for name, _ in self.estimators})

    @property
    def classes_(self):
        """The union of the members' classes."""
        members = self._require_fitted("classes_")
        return join_classes({name: member.classes_ for name, member in members.items()})

    @property
    def n_features_in_(self):
        """The number of channels, from the first member that tells."""
        for member in self._require_fitted("n_features_in_").values():
            if hasattr(member, "n_features_in_"):
                return member.n_features_in_
        raise AttributeError(f"No member of {type(self).__name__} has n_features_in_.")

    @property
    def n_channels_in_(self):
        """The number of channels, from the first member that tells."""
        return self.n_features_in_

    def predict_proba(self, X):
        """Return the mean probability (soft) or the share of votes (hard) of each class.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The images to segment.

        Returns
        -------
        ndarray of shape (n_images, height, width, n_classes), or list of such per image, float32
            In [0, 1], summing to 1 over the classes; a list when `X` is a sequence.
        """
        check_is_fitted(self)
        return self._average(X, _ask_votes if self.voting == "hard" else _ask_probabilities)

    def predict(self, X):
        """Return the class of every pixel on which the members agree most.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The images to segment.

        Returns
        -------
        ndarray of shape (n_images, height, width), or list of ndarray of shape (height, width)
            Values of `classes_`; a list when `X` is a sequence.
        """
        if self.voting == "soft":
            return super().predict(X)
        shares = self.predict_proba(X)
        best = [_is_best(share) for share in _as_list(shares)]
        if all((b.sum(axis=-1) == 1).all() for b in best):
            winners = [b.argmax(axis=-1) for b in best]
        else:
            means = _as_list(self._average(X, _ask_probabilities))
            winners = [
                np.where(b, mean, -1).argmax(axis=-1) for b, mean in zip(best, means, strict=True)
            ]
        labels = [self.classes_[winner] for winner in winners]
        return labels if isinstance(shares, list) else np.stack(labels)

    def _average(self, X, ask):
        """Return the weighted mean of what `ask` gets from each member, class by class."""
        classes, members = self.classes_, self._get_fitted()
        weights = self._weights_of(members)
        total = None
        for name, member in members.items():
            answer = _ask_named(name, ask, member, X)
            parts = _as_list(answer)
            if total is None:
                total = [np.zeros((*p.shape[:-1], len(classes)), dtype="float32") for p in parts]
            columns = np.searchsorted(classes, member.classes_)
            for out, part in zip(total, parts, strict=True):
                out[..., columns] += np.float32(weights[name]) * part
        return total if isinstance(answer, list) else np.stack(total)

    def _weights_of(self, members):
        """Return the weights of the fitted members by name, summing to 1."""
        if self.weights is None:
            return dict.fromkeys(members, 1 / len(members))
        check_member_weights(self.weights, self.estimators)
        weights = dict(zip([name for name, _ in self.estimators], self.weights, strict=True))
        total = sum(weights[name] for name in members)
        return {name: weights[name] / total for name in members}


def _fit_member(member, X, y, arguments, task, name, place):
    """Return a member, fitted as a part of the ensemble's fit."""
    own = task.subtask(name, place)
    with own.lend_to(member):
        member.fit(X, y, **arguments)
    own.end(usable=False)
    return member


def _as_list(answer):
    """Return what a segmenter answers as a list with one array per image."""
    return answer if isinstance(answer, list) else list(answer)


def _ask_named(name, ask, member, X):
    """Return the answer of a member; whoever gives none, or NaN, is named."""
    try:
        answer = ask(member, X)
    except ValueError as error:
        raise ValueError(f"Member {name!r} of the vote cannot predict: {error}") from error
    for i, part in enumerate(_as_list(answer)):
        if np.isnan(np.max(part)):
            raise ValueError(
                f"Member {name!r} of the vote predicts NaN in image {i}: it has diverged or "
                "overflowed, and its vote would count for the first class. Leave it out: "
                f"set_params(**{{{name!r}: 'drop'}}), or not among the members of from_fitted."
            )
    return answer


def _ask_probabilities(member, X):
    return member.predict_proba(X)


def _ask_votes(member, X):
    """Return the predictions of `member` in the form of probabilities that are 0 or 1."""
    labels, classes = member.predict(X), np.asarray(member.classes_)
    votes = [label[..., np.newaxis] == classes for label in _as_list(labels)]
    return votes if isinstance(labels, list) else np.stack(votes)


def _is_best(shares):
    """Tell which classes have the most votes at each pixel, rounding aside."""
    return shares >= shares.max(axis=-1, keepdims=True) - _TIE
