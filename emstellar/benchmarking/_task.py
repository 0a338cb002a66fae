"""What a benchmark runs: one task for each method, repeat and fold."""

import hashlib
import traceback
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from ._record import Kind, Record
from .environment import describe_environment


@dataclass(frozen=True)
class Identity:
    """What a store tells a task by.

    Attributes
    ----------
    fingerprint : str
        Equal for tasks that must give equal results.
    asked : str
        The same without code and versions: equal for tasks that the user takes for equal.
    libraries : dict of str to str
        The versions in the fingerprint.
    """

    fingerprint: str = ""
    asked: str = ""
    libraries: dict = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, *parts):
        """Return the identity of what depends on `parts` and nothing else."""
        return cls(digest(parts))


def digest(parts):
    """Return the SHA-256 of values as they are written in code."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


UNKNOWN = Identity()


@dataclass
class Task(ABC):
    """A fit, a vote, the choice of a fold, or the scoring of given maps.

    Attributes
    ----------
    method : str
        Whose result it is.
    repeat, fold : int
    kind : Kind
    of_method, ensemble : str
        As in `Record`; fields or constants of each kind of task.
    keep_model : bool
        Whether the record holds the fitted segmenter.
    """

    method: str
    repeat: int
    fold: int

    kind: ClassVar[Kind] = Kind.SEGMENTER
    # Not annotated, because a fit has it as a field.
    keep_model = False
    # Whether an exception becomes part of the record; else it ends the benchmark.
    keeps_errors: ClassVar[bool] = True

    @property
    @abstractmethod
    def identity(self):
        """What a store tells the task by."""

    @property
    @abstractmethod
    def images(self):
        """For each subset the positions of the images that are predicted."""

    @abstractmethod
    def perform(self, record, data, scoring, map_dtype):
        """Fill in the record.

        Parameters
        ----------
        record : Record
            As `record` gives it.
        data : BenchmarkData
        scoring : Scoring
        map_dtype : str
            How probability maps are kept.
        """

    @property
    def key(self):
        """The method, repeat and fold."""
        return self.method, self.repeat, self.fold

    @property
    def fingerprint(self):
        """Equal for tasks that must give equal results."""
        return self.identity.fingerprint

    @property
    def asked(self):
        """The same without code and versions."""
        return self.identity.asked

    @property
    def libraries(self):
        """The versions in the fingerprint."""
        return self.identity.libraries

    def record(self):
        """Return what is known of the task before it runs."""
        return Record(
            self.method,
            self.repeat,
            self.fold,
            kind=self.kind,
            of_method=self.of_method,
            ensemble=self.ensemble,
            fingerprint=self.fingerprint,
            asked=self.asked,
            libraries=dict(self.libraries),
            images=self.images,
        )

    def run(self, data, scoring, map_dtype):
        """Return the finished record; an exception is kept in it, unless it is to be raised.

        Parameters
        ----------
        data : BenchmarkData
        scoring : Scoring
        map_dtype : str

        Returns
        -------
        Record
        """
        record = self.record()
        try:
            self.perform(record, data, scoring, map_dtype)
        except Exception as error:
            if not self.keeps_errors:
                raise
            record.error = describe_error(error)
        record.environment = describe_environment()
        return record


def keep_scores(record, subset, probabilities, X, y, classes, scoring):
    """Add the scores of a subset to `record`, beside those that it has; none without truth."""
    if y is None:
        return
    scores = scoring.score_all(probabilities, X, y, classes)
    record.pooled.setdefault(subset, {}).update(scores.pooled)
    record.per_image.setdefault(subset, {}).update(scores.per_image)
    record.undefined.setdefault(subset, {}).update(scores.undefined)
    record.foreground[subset] = scores.foreground
    record.scorers |= scoring.fingerprints


def describe_error(error):
    """Return type, message and traceback of an exception as text.

    It is transient where the machine was short of something: the same job may succeed next time.
    """
    transient = {"transient": "yes"} if isinstance(error, (OSError, MemoryError)) else {}
    return transient | {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }
