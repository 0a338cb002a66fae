"""Ensembles of fitted segmenters, made from their probability maps without another fit.

An ensemble is scored only on images that none of its members has seen. The models of the folds
together have seen every image of the cross-validation, so their vote is scored on the held-out
test images alone; so is the best fold, because its validation score has chosen it. The models of
different methods on one fold have not seen the images of that fold, and vote on these.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..segmenters import VotingSegmenter
from ._processes.resources import Meter
from ._record import ALL_FOLDS, Kind, Record
from ._scoring import PredictedSegmenter
from ._task import Identity, Task, keep_scores

BEST_FOLD = "best fold"
VOTINGS = {"average voting": "soft", "majority voting": "hard"}
DEFAULT_ENSEMBLES = (*VOTINGS, BEST_FOLD)


@dataclass
class Vote(Task):
    """A vote to be held, of several segmenters or of the folds of one.

    Attributes
    ----------
    method : str
        The name of the vote.
    repeat, fold : int
    ensemble : {"average voting", "majority voting"}
    members : list of Record
        Which have maps.
    subset : {"validation", "test"}
        The images voted on.
    of_method : str
        Whose folds vote; empty for several segmenters.
    """

    ensemble: str
    members: list
    subset: str
    of_method: str = ""

    @property
    def kind(self):
        """Whether folds of one segmenter vote."""
        return Kind.FOLD_ENSEMBLE if self.of_method else Kind.ENSEMBLE

    @property
    def voting(self):
        """How the votes are counted: "soft" or "hard"."""
        return VOTINGS[self.ensemble]

    @property
    def identity(self):
        """Equal for votes of equal members."""
        members = [member.fingerprint for member in self.members]
        return Identity.of(self.voting, self.subset, members)

    @property
    def images(self):
        """Those that all members predicted."""
        return {self.subset: self.members[0].images[self.subset]}

    def perform(self, record, data, scoring, map_dtype):
        """Hold the vote; see `Task`."""
        with Meter() as meter:
            probabilities, record.classes = self._vote()
        X, y, _ = data.scored_on(self.subset)[record.images[self.subset]].parts
        keep_scores(record, self.subset, probabilities, X, y, record.classes, scoring)
        record.keep_maps(self.subset, probabilities, map_dtype)
        record.resources = {"vote_time": meter.wall_time, "n_members": len(self.members)}

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


@dataclass
class BestFold(Task):
    """The chosen fold of a segmenter, on the test images.

    Attributes
    ----------
    method : str
    repeat, fold : int
    chosen : Record
        Of the fold whose model speaks.
    """

    chosen: Record

    kind: ClassVar[Kind] = Kind.FOLD_ENSEMBLE
    ensemble: ClassVar[str] = BEST_FOLD

    @property
    def of_method(self):
        """Whose fold it is."""
        return self.chosen.method

    @property
    def identity(self):
        """Equal for equal choices, whatever the metric that made them."""
        return Identity.of(BEST_FOLD, self.chosen.fingerprint)

    @property
    def images(self):
        """The test images alone: validation scores have chosen the fold."""
        return {"test": self.chosen.images["test"]}

    def perform(self, record, data, scoring, map_dtype):
        """Take over the maps and scores that the chosen fold has; see `Task`."""
        record.pooled = _test_part(self.chosen.pooled)
        record.per_image = _test_part(self.chosen.per_image)
        record.scorers = dict(self.chosen.scorers)
        record.classes = self.chosen.classes
        record.maps = {"test": self.chosen.maps["test"]}


def _test_part(scores):
    return {subset: dict(values) for subset, values in scores.items() if subset == "test"}


def choose_fold(records, metric):
    """Return the record of the fold with the highest validation score.

    Each fold is scored on the images that it held out itself; test scores play no part.

    Parameters
    ----------
    records : list of Record
        The folds of one method in one repeat.
    metric : str

    Returns
    -------
    Record or None
        The first of equal ones; None where no fold has a score.

    Examples
    --------
    >>> from emstellar.benchmarking._ensembles import choose_fold
    >>> from emstellar.benchmarking._record import Record
    >>> scores = [{"validation": {"f1": 0.7}}, {"validation": {"f1": 0.8}}]
    >>> folds = [Record("U-Net", 0, fold, pooled=pooled) for fold, pooled in enumerate(scores)]
    >>> choose_fold(folds, "f1").fold
    1
    """
    scores = {
        position: record.pooled.get("validation", {}).get(metric, np.nan)
        for position, record in enumerate(records)
    }
    known = [position for position, score in scores.items() if not np.isnan(score)]
    return records[max(known, key=scores.get)] if known else None


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
    list of Vote and BestFold
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
                found += _across_folds(method, repeat, name, folds, metric)
    return found


def _across_folds(of_method, repeat, name, folds, metric):
    method = f"{of_method}, {name}"
    if name in VOTINGS:
        where = (method, repeat, ALL_FOLDS)
        return _vote(where, name, folds, "test", of_method)
    chosen = choose_fold(folds, metric)
    if len(folds) < 2 or chosen is None or "test" not in chosen.images:
        return []
    return [BestFold(method, repeat, ALL_FOLDS, chosen)]


def _across_methods(name, repeat, records):
    votes = _vote((name, repeat, ALL_FOLDS), name, records, "test")
    for fold in sorted({record.fold for record in records}):
        members = [record for record in records if record.fold == fold]
        votes += _vote((name, repeat, fold), name, members, "validation")
    return votes


def _vote(where, name, members, subset, of_method=""):
    if len(members) < 2 or any(subset not in member.images for member in members):
        return []
    return [Vote(*where, name, members, subset, of_method)]
