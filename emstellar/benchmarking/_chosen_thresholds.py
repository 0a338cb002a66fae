"""Every method at the threshold that its validation images choose, and never the scored ones.

In cross-validation the threshold of a fold is chosen on the validation images of the *other* folds
of the same method, without those that the fold itself is scored on; on test images, on all
validation images of the method. So no threshold is chosen on maps of the images that it is reported
on; in cross-validation these images were among those that the other folds' models learned from.
"""

import warnings
from dataclasses import replace
from inspect import signature

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning

from ..metrics.scorers import find_metric
from ..metrics.threshold_search import (
    SEARCHED_THRESHOLDS,
    count_exceeded,
    middle_of_best,
    scores_of_counts,
)
from ._ensembles import make_ensembles
from ._record import Kind
from ._scoring import Scoring
from ._task import keep_scores

# Best where neither kind of error prevails; sensitivity alone would make all foreground.
BALANCED = ("f1", "jaccard", "accuracy", "balanced_accuracy", "matthews", "cohen_kappa")
COLUMNS = ["method", "kind", "repeat", "fold", "subset", "threshold", "n_images"]


def choosing_metric(metrics):
    """Return which metric chooses: the first that weighs both kinds of errors, else F1.

    Parameters
    ----------
    metrics : list of str

    Examples
    --------
    >>> from emstellar.benchmarking._chosen_thresholds import choosing_metric
    >>> choosing_metric(["sensitivity", "jaccard", "f1"]), choosing_metric(["v_rand"])
    ('jaccard', 'f1')
    """
    return next((metric for metric in metrics if metric in BALANCED), "f1")


class ThresholdChoice:
    """Chooses thresholds from the stored maps of a benchmark, and scores the maps at them.

    Parameters
    ----------
    records : list of Record
        All that is finished.
    data : BenchmarkData
    metrics : list of str
    ensembles : sequence of str
        Which were asked for.

    Attributes
    ----------
    metric : str
        What is the highest at the chosen threshold.
    """

    def __init__(self, records, data, metrics, ensembles):
        self.data = data
        self.metric = choosing_metric(metrics)
        self.records = [record for record in records if not record.failed]
        segmenters = [record for record in records if record.kind is Kind.SEGMENTER]
        votes = make_ensembles(segmenters, tuple(ensembles), metrics[0])
        self._votes = {(vote.method, vote.repeat, vote.fold): vote for vote in votes}
        self._counts, self._chosen = {}, {}

    def why_not(self):
        """Return why no threshold can be chosen, or nothing."""
        classes = next((r.classes for r in self.records if r.classes), [])
        if classes and len(classes) != 2:
            return (
                f"Thresholds are chosen between two classes; here are {len(classes)}, and each "
                "pixel has the most probable one."
            )
        if not any(self._can_choose(record) for record in self.records):
            return (
                "No threshold was chosen: there are no validation images to choose it on, and on "
                "those that are scored it would be too good."
            )
        return ""

    def table(self):
        """Return the chosen threshold of each method, repeat, fold and subset.

        Returns
        -------
        DataFrame
            With `COLUMNS`; `threshold` is NaN where no other images could choose it, and in
            majority votes, whose members vote at thresholds of their own.
        """
        possible = not self.why_not()
        rows = [
            (*_keys(record), subset, *(self.choose(record, subset) if possible else (np.nan, 0)))
            for record in self.records
            for subset in record.pooled
        ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def choose(self, record, subset):
        """Return the threshold for what a record says of a subset, and how many images chose it.

        Parameters
        ----------
        record : Record
        subset : {"validation", "test"}

        Returns
        -------
        threshold : float
            NaN where there is none.
        n_images : int
        """
        vote = self._votes.get(record.key)
        if getattr(vote, "voting", None) == "hard":
            return np.nan, 0
        method = record.of_method or record.method
        scored = frozenset(record.images[subset] if subset == "validation" else ())
        key = method, record.repeat, scored
        if key not in self._chosen:
            self._chosen[key] = self._choose(*key)
        return self._chosen[key]

    def _choose(self, method, repeat, scored):
        counts = [
            count
            for record in self.records
            if (record.method, record.repeat) == (method, repeat) and self._can_choose(record)
            for image, count in self._count(record)
            if image not in scored
        ]
        return (_best_threshold(self.metric, counts) if counts else np.nan), len(counts)

    def _can_choose(self, record):
        return "validation" in record.pooled and "validation" in record.images

    def _count(self, record):
        """Return for each validation image of a record how many pixels exceed the thresholds."""
        if record.key not in self._counts:
            images = record.images["validation"]
            _, y, _ = self.data.development[images].parts
            maps = record.probabilities("validation")
            counts = count_exceeded(y, maps, SEARCHED_THRESHOLDS, labels=record.classes)
            self._counts[record.key] = list(zip(images, counts, strict=True))
        return self._counts[record.key]

    def rescore(self, record):
        """Return the record with all scores at its chosen thresholds.

        Parameters
        ----------
        record : Record

        Returns
        -------
        Record
            Metrics without a threshold keep their score; V_Rand and V_Info, which else search
            the best of many on the scored images themselves, are taken at the chosen one.
        """
        scored = replace(record, pooled={}, per_image={}, undefined={}, foreground={})
        for subset in record.pooled:
            maps, threshold = self._maps(record, subset)
            _keep_scores_at(scored, record, subset, maps, threshold, self.data)
        return scored

    def _maps(self, record, subset):
        """Return the maps of a record and the threshold to cut them at."""
        vote = self._votes.get(record.key)
        if getattr(vote, "voting", None) != "hard":
            return record.probabilities(subset), self.choose(record, subset)[0]
        thresholds = [self.choose(member, subset)[0] for member in vote.members]
        if np.isnan(thresholds).any():
            return record.probabilities(subset), np.nan
        maps = [member.probabilities(subset) for member in vote.members]
        return [_share_of_votes(images, thresholds) for images in zip(*maps, strict=True)], 0.5


def _keys(record):
    return record.method, record.kind.value, record.repeat, record.fold


def _best_threshold(metric, counts):
    scores = scores_of_counts(metric, counts)
    if np.isnan(scores).all():
        return np.nan
    return float(SEARCHED_THRESHOLDS[middle_of_best(scores)])


def _share_of_votes(images, thresholds):
    """Return the map of an image: how many members find the foreground at their threshold."""
    votes = [image[..., 1] > t for image, t in zip(images, thresholds, strict=True)]
    share = np.mean(votes, axis=0, dtype="float32")
    return np.stack([1 - share, share], axis=-1)


def _keep_scores_at(scored, record, subset, maps, threshold, data):
    """Fill in the scores of a subset: NaN where there is no threshold or no such metric of ours."""
    images = record.images[subset]
    names = list(record.pooled[subset])
    scored.pooled[subset] = dict.fromkeys(names, np.nan)
    scored.per_image[subset] = {name: [np.nan] * len(images) for name in names}
    functions = {name: _function(name) for name in names}
    ours = {name: function for name, function in functions.items() if function is not None}
    if np.isnan(threshold) or not ours:
        return
    _, y, _ = data.scored_on(subset)[images].parts
    sweeps = [name for name, function in ours.items() if _takes(function, "thresholds")]
    at_one = [name for name in ours if name not in sweeps]
    if at_one:
        scoring = Scoring(at_one, threshold)
        keep_scores(scored, subset, maps, None, y, record.classes, scoring)
    options = {"thresholds": threshold, "labels": record.classes}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        for name in sweeps:
            scored.pooled[subset][name] = float(ours[name](y, maps, **options))
            scored.per_image[subset][name] = ours[name](y, maps, average=None, **options).tolist()


def _function(name):
    """Return the function of a metric, None for a scorer that only its own benchmark knows."""
    try:
        return find_metric(name).function
    except ValueError:
        return None


def _takes(function, name):
    return name in signature(function).parameters
