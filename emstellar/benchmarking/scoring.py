"""Scores of probability maps, by the same scorers that cross_validate uses."""

import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from ..base import BaseSegmenter
from ..metrics import compute_scores, get_scorer
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

# They cut the truth at each of their thresholds.
GREY_METRICS = ("v_rand", "v_info")


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
    >>> from emstellar.benchmarking.scoring import Scoring
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
        self.threshold = threshold

    @property
    def names(self):
        """The metrics, in order."""
        return list(self.scorers)

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
            NaN where the metric is undefined.
        per_image : dict of str to list of float
        """
        pooled = self._score(probabilities, X, y, classes)
        images = [
            self._score(*(take(values, [i]) for values in (probabilities, X, y)), classes)
            for i in range(len(y))
        ]
        return pooled, {name: [scores[name] for scores in images] for name in self.scorers}

    def _score(self, probabilities, X, y, classes):
        segmenter, masks = PredictedSegmenter(probabilities, classes), _cut_grey(y)
        ours = [name for name, scorer in self.scorers.items() if scorer is None]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            scores = {}
            # One call for many metrics: they share their confusion counts and floods.
            for names, truth in _split_by_truth(ours, y, masks):
                scores |= self._score_ours(names, segmenter, X, truth)
            for name, scorer in self.scorers.items():
                if scorer is not None:
                    call = get_scorer(scorer)
                    scores[name] = _or_nan(lambda call=call: call(segmenter, X, masks))
        return {name: float(scores[name]) for name in self.scorers}

    def _score_ours(self, names, segmenter, X, y):
        def compute(*names):
            labels = segmenter.classes_
            maps = segmenter.predict_proba(X)
            return compute_scores(names, y, maps, threshold=self.threshold, labels=labels)

        try:
            return compute(*names)
        except ValueError:
            return {name: _or_nan(lambda name=name: compute(name)[name]) for name in names}


def _or_nan(score):
    """Return what `score` returns, NaN where a metric refuses an image (AUC where one class is)."""
    try:
        return score()
    except ValueError as error:
        warnings.warn(f"Scoring failed, the score is NaN: {error}", stacklevel=5)
        return np.nan


def _cut_grey(y):
    """Return masks as they are, and the grey truth as 0 and 1."""
    if not any(_is_grey(mask) for mask in y):
        return y
    return [(np.asarray(mask) > 0.5).astype("uint8") for mask in y]


def _is_grey(mask):
    mask = np.asarray(mask)
    return mask.dtype.kind == "f" and not np.array_equal(mask, np.floor(mask))


def _split_by_truth(names, y, masks):
    """Return which metrics see which truth."""
    if masks is y:
        parts = [(names, y)]
    else:
        grey = [name for name in names if name in GREY_METRICS]
        parts = [(grey, y), ([name for name in names if name not in grey], masks)]
    return [(tuple(chosen), truth) for chosen, truth in parts if chosen]
