"""Scores of probability maps, by the same scorers that cross_validate uses."""

import warnings
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..base import BaseSegmenter
from ..fingerprints import identify
from ..metrics import get_scorer
from ..metrics.image_scores import ImageScores
from ..metrics.options import check_threshold
from ..metrics.scorers import find_metric
from ..metrics.unseen_classes import add_unseen_classes
from ._data import take

DEFAULT_SCORING = (
    "f1",
    "v_rand",
    "v_info",
    "accuracy",
    "sensitivity",
    "specificity",
    "ppv",
    "npv",
    "jaccard",
)


class PredictedSegmenter(BaseSegmenter):
    """A segmenter whose answer is known: it hands back given probability maps.

    So whatever takes a fitted segmenter (any scorer, `VotingSegmenter.from_fitted`) takes maps.

    Parameters
    ----------
    probabilities : ndarray or list of ndarray
        As `predict_proba` gave them.
    classes : array-like of shape (n_classes,)
        The labels.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.benchmarking._scoring import PredictedSegmenter
    >>> maps = np.array([[[[0.2, 0.8], [0.7, 0.3]]]])
    >>> PredictedSegmenter(maps, np.array([0, 255])).predict(None)
    array([[[255,   0]]])
    """

    def __init__(self, probabilities, classes):
        self.probabilities = probabilities
        self.classes = classes

    def __sklearn_is_fitted__(self):
        return True

    @property
    def classes_(self):
        """The labels."""
        return np.asarray(self.classes)

    def fit(self, X, y):
        """Do nothing: the answer is known."""
        return self

    def predict_proba(self, X):
        """Return the maps, whatever `X` is."""
        return self.probabilities


class Scores(NamedTuple):
    """The scores of some images.

    Attributes
    ----------
    pooled : dict of str to float
        Of all images together; NaN where the metric is undefined. With more than two classes
        there is also a score of each class, of the name that `name_class` gives.
    per_image : dict of str to list of float
        The same, image by image, each at the threshold that serves all images.
    undefined : dict of str to str
        Why a pooled score is NaN.
    foreground : dict of str to list of int
        With the keys "true" and "predicted" the foreground pixels of each image; empty where
        there is no one foreground.
    """

    pooled: dict
    per_image: dict
    undefined: dict
    foreground: dict


def name_class(metric, label):
    """Return the name of a metric of one of several classes.

    Examples
    --------
    >>> from emstellar.benchmarking._scoring import name_class
    >>> name_class("f1", 2)
    'f1 (class 2)'
    """
    return f"{metric} (class {label})"


class Scoring:
    """What is scored, and how.

    Parameters
    ----------
    scoring : str, sequence of str, or dict of str to scorer or name
        As `cross_validate` has it.
    threshold : float, default=0.5
        What a foreground probability must exceed, in metrics of ours that have one threshold.

    Attributes
    ----------
    names : list of str
        The metrics, in order.

    Raises
    ------
    ValueError
        For an unknown name, with the nearest ones, or no metric at all.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.benchmarking._scoring import Scoring
    >>> maps, y = np.array([[[[0.2, 0.8], [0.7, 0.3]]]] * 2), np.array([[[1, 1]], [[1, 0]]])
    >>> Scoring(["ppv", "sensitivity"]).score(maps, None, y, [0, 1])[1]
    {'ppv': [1.0, 1.0], 'sensitivity': [0.5, 1.0]}
    """

    def __init__(self, scoring, threshold=0.5):
        if isinstance(scoring, dict):
            self.scorers = {name: None if s == name else s for name, s in scoring.items()}
        else:
            self.scorers = dict.fromkeys([scoring] if isinstance(scoring, str) else scoring)
        if not self.scorers:
            raise ValueError("scoring is empty: at least one metric is required.")
        for name, scorer in self.scorers.items():
            get_scorer(name if scorer is None else scorer)
        self.threshold = check_threshold(threshold)

    @property
    def names(self):
        """The metrics, in order."""
        return list(self.scorers)

    @cached_property
    def fingerprints(self):
        """For each metric a digest of what its scores depend on besides maps and masks."""
        return {
            name: identify((get_scorer(scorer or name), self.threshold)).fingerprint
            for name, scorer in self.scorers.items()
        }

    def without(self, names):
        """Return the scoring of all other metrics, or None if none is left."""
        left = {name: scorer for name, scorer in self.scorers.items() if name not in names}
        return (
            Scoring({n: n if s is None else s for n, s in left.items()}, self.threshold)
            if left
            else None
        )

    def score(self, probabilities, X, y, classes):
        """Return the scores of all images pooled, as `cross_validate` gives, and image by image.

        Metrics that choose a threshold choose one for all images, also for the scores of these.

        Parameters
        ----------
        probabilities : ndarray or list of ndarray
            From `predict_proba`.
        X, y : array-like or sequence of arrays
            The images, or None, and their true masks: labels, or for V_Rand and V_Info the grey
            truth in [0, 1], which all other metrics cut at one half.
        classes : array-like of shape (n_classes,)
            The labels.

        Returns
        -------
        pooled : dict of str to float
        per_image : dict of str to list of float
            As in `Scores`.
        """
        return self.score_all(probabilities, X, y, classes)[:2]

    def score_all(self, probabilities, X, y, classes):
        """Return the `Scores` of images; the arguments are those of `score`."""
        masks = _cut_grey(y)
        probabilities, classes = add_unseen_classes(masks, probabilities, classes)
        options = {"threshold": self.threshold, "labels": np.asarray(classes).tolist()}
        # One object for many metrics: they share their confusion counts and floods.
        cut = ImageScores(masks, probabilities, **options)
        grey = cut if masks is y else ImageScores(y, probabilities, **options)
        scores = Scores({}, {}, {}, cut.foreground())
        for name, scorer in self.scorers.items():
            if scorer is None:
                images = grey if find_metric(name).takes_grey_truth else cut
                self._keep(scores, name, images.score(name))
            else:
                self._call(scores, name, get_scorer(scorer), probabilities, X, masks, classes)
        return scores

    def _keep(self, scores, name, found):
        """Add the scores of one of our metrics."""
        scores.pooled[name], scores.per_image[name] = found.pooled, found.images
        if found.reason:
            scores.undefined[name] = found.reason
        for label, (pooled, images) in found.classes.items():
            of_class = name_class(name, label)
            scores.pooled[of_class], scores.per_image[of_class] = pooled, images

    def _call(self, scores, name, scorer, probabilities, X, masks, classes):
        """Add the scores of a scorer of the user's, which sees all images or one."""

        def call(*choice):
            maps, images, truth = (take(v, *choice) if choice else v for v in arrays)
            try:
                return float(scorer(PredictedSegmenter(maps, classes), images, truth)), ""
            except ValueError as error:
                return np.nan, str(error)

        arrays = probabilities, X, masks
        scores.pooled[name], reason = call()
        if reason:
            warnings.warn(f"Scoring by {name} failed, the score is NaN: {reason}", stacklevel=4)
        if np.isnan(scores.pooled[name]):
            scores.undefined[name] = reason or "the scorer returned NaN"
        scores.per_image[name] = [call([i])[0] for i in range(len(masks))]


def _cut_grey(y):
    """Return masks as they are, and the grey truth as 0 and 1."""
    if not any(_is_grey(mask) for mask in y):
        return y
    return [(np.asarray(mask) > 0.5).astype("uint8") for mask in y]


def _is_grey(mask):
    mask = np.asarray(mask)
    return mask.dtype.kind == "f" and not np.array_equal(mask, np.floor(mask))
