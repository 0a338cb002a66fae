"""The model of the best fold, chosen by validation scores, as a method of its own."""

import hashlib
from dataclasses import dataclass

import numpy as np

from ._record import ALL_FOLDS, Record
from .environment import describe_environment

BEST_FOLD = "best fold"


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
    >>> from emstellar.benchmarking._best_fold import choose_fold
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


@dataclass
class BestFold:
    """The chosen fold of a method, on the test images.

    Attributes
    ----------
    method : str
    repeat : int
    chosen : Record
        Of the fold whose model speaks.
    """

    method: str
    repeat: int
    chosen: Record

    fold, kind, asked, keep_model = ALL_FOLDS, "fold ensemble", "", False

    @property
    def fingerprint(self):
        """Equal for equal choices, whatever the metric that made them."""
        return hashlib.sha256(repr((BEST_FOLD, self.chosen.fingerprint)).encode()).hexdigest()

    def run(self, data, scoring, map_dtype):
        """Return the record: maps and scores are those that the chosen fold has."""
        chosen = self.chosen
        return Record(
            self.method,
            self.repeat,
            self.fold,
            kind=self.kind,
            fingerprint=self.fingerprint,
            images={"test": chosen.images["test"]},
            pooled=_test_part(chosen.pooled),
            per_image=_test_part(chosen.per_image),
            scorers=dict(chosen.scorers),
            classes=chosen.classes,
            environment=describe_environment(),
            maps={"test": chosen.maps["test"]},
        )


def _test_part(scores):
    return {subset: dict(values) for subset, values in scores.items() if subset == "test"}
