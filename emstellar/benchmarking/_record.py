"""What is kept of one finished job."""

import json
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

import numpy as np

from .maps import decode_maps, encode_maps

ALL_FOLDS = -1


class Kind(StrEnum):
    """What a method of a benchmark is.

    A fold ensemble has the folds of one segmenter as members, an ensemble different segmenters.
    """

    SEGMENTER = "segmenter"
    FOLD_ENSEMBLE = "fold ensemble"
    ENSEMBLE = "ensemble"


@dataclass
class Record:
    """One finished (or failed) job: a method on a fold in a repeat, or an ensemble.

    Attributes
    ----------
    method : str
        The name of the segmenter or ensemble.
    repeat, fold : int
        Counted from 0; fold -1 stands for all folds together.
    kind : Kind
    of_method : str
        The segmenter that it is, or whose folds it has; empty for an ensemble of several.
    ensemble : str
        Which ensemble it is, such as "average voting"; empty for a segmenter.
    fingerprint : str
        What the job depends on.
    asked : str
        The same without code and versions: what the user asked for.
    libraries : dict of str to str
        The versions in the fingerprint.
    scorers : dict of str to str
        The fingerprint of each metric's scorer.
    images : dict of str to list of int
        For "validation" and "test" the positions of the images that were predicted.
    pooled : dict of str to dict of str to float
        For each subset and metric the score of all images together.
    per_image : dict of str to dict of str to list of float
        The same, image by image.
    undefined : dict of str to dict of str to str
        For each subset and metric whose pooled score is NaN, why.
    foreground : dict of str to dict of str to list of int
        For each subset the foreground pixels of each image, "true" and "predicted"; empty where
        there is no one foreground.
    history : dict of str to list of float
        The training curves, one value per epoch.
    convergence : dict of str to float
        For each monitored criterion the seconds to its best epoch.
    resources, complexity : dict of str to float
    classes : list
        The labels, in the order of the maps.
    busy : list of list of float
        When the machine fitted and predicted: begin and end in seconds since 1970.
    host : str
        Which machine that was.
    environment : dict of str to str
        Versions.
    error : dict of str to str
        Type, message and traceback of what went wrong; empty when all went well.
    deaths : list of dict
        The computations of further metrics that ended their process: "scorers", the fingerprint
        by name of each metric that was computed, and "error", as above.
    maps : dict of str to list of ndarray
        The probability maps of each subset, as `encode_maps` made them.
    model : segmenter, StoredModel or None
        The fitted segmenter, if it is kept.
    """

    method: str
    repeat: int
    fold: int
    kind: Kind = Kind.SEGMENTER
    of_method: str = ""
    ensemble: str = ""
    fingerprint: str = ""
    asked: str = ""
    libraries: dict = field(default_factory=dict)
    scorers: dict = field(default_factory=dict)
    images: dict = field(default_factory=dict)
    pooled: dict = field(default_factory=dict)
    per_image: dict = field(default_factory=dict)
    undefined: dict = field(default_factory=dict)
    foreground: dict = field(default_factory=dict)
    history: dict = field(default_factory=dict)
    convergence: dict = field(default_factory=dict)
    resources: dict = field(default_factory=dict)
    complexity: dict = field(default_factory=dict)
    classes: list = field(default_factory=list)
    busy: list = field(default_factory=list)
    host: str = ""
    environment: dict = field(default_factory=dict)
    error: dict = field(default_factory=dict)
    deaths: list = field(default_factory=list)
    maps: Any = field(default_factory=dict, repr=False)
    model: Any = field(default=None, repr=False)

    def __post_init__(self):
        self.kind = Kind(self.kind)
        if self.kind is Kind.SEGMENTER:
            self.of_method = self.method

    def call_as(self, other):
        """Take over what `other`, a record or task of the same results, is called."""
        self.method, self.of_method, self.ensemble = other.method, other.of_method, other.ensemble

    @property
    def failed(self):
        """Whether the job ended in an error."""
        return bool(self.error)

    @property
    def key(self):
        """The method, repeat and fold."""
        return self.method, self.repeat, self.fold

    def after_death(self, scorers):
        """Return the record as failed, if computing some of these metrics has ended a process.

        Parameters
        ----------
        scorers : dict of str to str
            The fingerprints, by name, of the metrics that the record lacks.

        Returns
        -------
        Record
            This one, if there was no such death.
        """
        for death in self.deaths:
            if death["scorers"].items() <= scorers.items():
                return replace(self, error=death["error"])
        return self

    def keep_maps(self, subset, probabilities, dtype):
        """Keep the maps of a subset in `dtype`."""
        self.maps = {**self.maps, subset: encode_maps(probabilities, dtype)}

    def probabilities(self, subset):
        """Return the maps of a subset as `predict_proba` would, up to the rounding of `dtype`."""
        return decode_maps(self.maps[subset])

    def to_json(self):
        """Return all but maps and model as text."""
        names = [f.name for f in fields(self) if f.name not in ("maps", "model")]
        values = {name: getattr(self, name) for name in names}
        return json.dumps(values, indent=1, default=_plain)

    @classmethod
    def from_dict(cls, values):
        """Return the record that `to_json` wrote, without maps and model."""
        return cls(**values)


def _plain(value):
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON serializable")
