"""Scores of probability maps, by the same scorers that cross_validate uses."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from ..base import BaseSegmenter
from ..metrics import get_scorer, multi_scorer
from .data import take

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
    >>> from emstellar.benchmarking.scoring import PredictedSegmenter
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


def check_scoring(scoring):
    """Return `scoring` as a dict from metric to None (a name of ours) or to a scorer.

    Parameters
    ----------
    scoring : str, sequence of str, or dict of str to scorer or name
        As `cross_validate` has it.

    Raises
    ------
    ValueError
        For an unknown name, with the nearest ones, or no metric at all.
    """
    if isinstance(scoring, dict):
        scorers = {name: None if scorer == name else scorer for name, scorer in scoring.items()}
    else:
        scorers = dict.fromkeys([scoring] if isinstance(scoring, str) else scoring)
    if not scorers:
        raise ValueError("scoring is empty: at least one metric is required.")
    for name, scorer in scorers.items():
        get_scorer(name if scorer is None else scorer)
    return scorers


def score_maps(probabilities, X, y, classes, scoring):
    """Return the scores of all images pooled, as `cross_validate` gives, and image by image.

    Parameters
    ----------
    probabilities : ndarray or list of ndarray
        From `predict_proba`.
    X, y : array-like or sequence of arrays
        The images and their true masks.
    classes : array-like of shape (n_classes,)
        The labels.
    scoring : dict
        From `check_scoring`.

    Returns
    -------
    pooled : dict of str to float
        NaN where the metric is undefined.
    per_image : dict of str to list of float
    """
    pooled = _score(probabilities, X, y, classes, scoring)
    images = [
        _score(*(take(values, [i]) for values in (probabilities, X, y)), classes, scoring)
        for i in range(len(y))
    ]
    return pooled, {name: [scores[name] for scores in images] for name in scoring}


def _score(probabilities, X, y, classes, scoring):
    segmenter = PredictedSegmenter(probabilities, classes)
    scorers = {name: multi_scorer((name,)) if s is None else s for name, s in scoring.items()}
    ours = tuple(name for name, scorer in scoring.items() if scorer is None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        try:
            # One call for all metrics of ours: they share their confusion counts and floods.
            scores = multi_scorer(ours)(segmenter, X, y) if ours else {}
        except ValueError:
            scores = {}
        for name in scoring.keys() - scores.keys():
            scores[name] = _score_one(scorers[name], segmenter, X, y)
    return {name: float(scores[name]) for name in scoring}


def _score_one(scorer, segmenter, X, y):
    """Return one score, NaN where the metric refuses an image (AUC where one class is)."""
    scorer = multi_scorer((scorer,)) if isinstance(scorer, str) else scorer
    try:
        score = scorer(segmenter, X, y)
    except ValueError as error:
        warnings.warn(f"Scoring failed, the score is NaN: {error}", stacklevel=4)
        return np.nan
    return next(iter(score.values())) if isinstance(score, dict) else score
