"""Ensembles of fitted segmenters, made from their probability maps without another fit.

An ensemble is scored only on images that none of its members has seen. The models of the folds
together have seen every image of the cross-validation, so their vote is scored on the held-out
test images alone; so is the best fold, because its validation score has chosen it. The models of
different methods on one fold have not seen the images of that fold, and vote on these.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from ..segmenters import VotingSegmenter
from ._best_fold import BEST_FOLD, BestFold, choose_fold
from ._processes.resources import Meter
from ._record import ALL_FOLDS, Record
from ._scoring import PredictedSegmenter
from .environment import describe_environment
from .job import describe_error, keep_scores

VOTINGS = {"average voting": "soft", "majority voting": "hard"}
DEFAULT_ENSEMBLES = (*VOTINGS, BEST_FOLD)


@dataclass
class Ensemble:
    """A vote to be held.

    Attributes
    ----------
    method : str
        The name of the ensemble.
    repeat, fold : int
    kind : {"ensemble", "fold ensemble"}
    voting : {"soft", "hard"}
    members : list of Record
        Which have maps.
    subset : {"validation", "test"}
        The images voted on.
    """

    method: str
    repeat: int
    fold: int
    kind: str
    voting: str
    members: list
    subset: str

    asked, keep_model = "", False

    @property
    def fingerprint(self):
        """Equal for votes of equal members."""
        parts = (self.voting, self.subset, [member.fingerprint for member in self.members])
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def run(self, data, scoring, map_dtype):
        """Return the record of the vote."""
        first = self.members[0]
        images = {self.subset: first.images[self.subset]}
        record = Record(
            self.method,
            self.repeat,
            self.fold,
            kind=self.kind,
            fingerprint=self.fingerprint,
            images=images,
            environment=describe_environment(),
        )
        try:
            with Meter() as meter:
                probabilities, record.classes = self._vote()
            X, y = data.take(self.subset, images[self.subset])
            keep_scores(record, self.subset, probabilities, X, y, record.classes, scoring)
            record.keep_maps(self.subset, probabilities, map_dtype)
            record.resources = {"vote_time": meter.wall_time, "n_members": len(self.members)}
        except Exception as error:
            record.error = describe_error(error)
        return record

    def _vote(self):
        members = [
            PredictedSegmenter(member.probabilities(self.subset), member.classes)
            for member in self.members
        ]
        images = [np.zeros(image.shape[:2]) for image in members[0].probabilities]
        # Numbered, because a method votes once for each fold; "__" would stand for parameters.
        names = [
            f"{i}. {member.method}, fold {member.fold}".replace("__", "_")
            for i, member in enumerate(self.members, start=1)
        ]
        named = list(zip(names, members, strict=True))
        vote = VotingSegmenter.from_fitted(named, voting=self.voting)
        return vote.predict_proba(images), vote.classes_.tolist()


def check_ensembles(ensembles):
    """Return the names of the ensembles as a tuple.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    names = (ensembles,) if isinstance(ensembles, str) else tuple(ensembles or ())
    for name in names:
        if name not in DEFAULT_ENSEMBLES:
            raise ValueError(f"Unknown ensemble {name!r}: choose among {list(DEFAULT_ENSEMBLES)}.")
    return names


def make_ensembles(records, names, metric):
    """Return the ensembles that finished records allow.

    Parameters
    ----------
    records : list of Record
        Of segmenters. A method that failed anywhere has no vote.
    names : tuple of str
        From `check_ensembles`.
    metric : str
        What the validation score of the best fold is.

    Returns
    -------
    list of Ensemble and BestFold
        On test images: the folds of each method, and all folds of all methods. On validation
        images: all methods, fold by fold.
    """
    failed = {record.method for record in records if record.failed}
    voters = [record for record in records if record.method not in failed]
    methods = list(dict.fromkeys(record.method for record in voters))
    found = []
    for name in names:
        for repeat in sorted({record.repeat for record in voters}):
            group = [record for record in voters if record.repeat == repeat]
            if len(methods) > 1 and name in VOTINGS:
                found += _across_methods(name, repeat, group)
            for method in methods:
                folds = [record for record in group if record.method == method]
                found += _across_folds(f"{method}, {name}", repeat, name, folds, metric)
    return found


def _across_folds(method, repeat, name, folds, metric):
    if name in VOTINGS:
        return _vote(method, "fold ensemble", repeat, name, folds, "test")
    chosen = choose_fold(folds, metric)
    if len(folds) < 2 or chosen is None or "test" not in chosen.images:
        return []
    return [BestFold(method, repeat, chosen)]


def _across_methods(name, repeat, records):
    votes = _vote(name, "ensemble", repeat, name, records, "test")
    for fold in sorted({record.fold for record in records}):
        members = [record for record in records if record.fold == fold]
        votes += _vote(name, "ensemble", repeat, name, members, "validation", fold)
    return votes


def _vote(method, kind, repeat, name, members, subset, fold=ALL_FOLDS):
    if len(members) < 2 or any(subset not in member.images for member in members):
        return []
    return [Ensemble(method, repeat, fold, kind, VOTINGS[name], members, subset)]
