"""What a benchmark was asked for, as its store and its report know it."""

from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..model_selection import BlockKFold


class PlannedJob(NamedTuple):
    """A job as the plan names it.

    Attributes
    ----------
    method : str
    repeat, fold : int
    fingerprint, asked : str
        As in `Identity`.
    """

    method: str
    repeat: int
    fold: int
    fingerprint: str = ""
    asked: str = ""

    @property
    def key(self):
        """The method, repeat and fold."""
        return self.method, self.repeat, self.fold


@dataclass(frozen=True)
class FoldSizes:
    """What a comparison must know of the folds.

    Attributes
    ----------
    blocks : bool
        Whether they are those of a `BlockKFold`.
    n_train, n_validation : list of int
        How many images each fold has on either side.
    redrawn : bool or None
        Whether an image is validated in more than one fold; None where a store does not say.
    """

    blocks: bool
    n_train: list
    n_validation: list
    redrawn: bool | None = None

    @classmethod
    def of(cls, cv, splits):
        """Return the sizes of the folds `splits` that the splitter `cv` has made."""
        validated = np.concatenate([validation for _, validation in splits])
        return cls(
            isinstance(cv, BlockKFold),
            [len(train) for train, _ in splits],
            [len(validation) for _, validation in splits],
            len(np.unique(validated)) < len(validated),
        )


@dataclass(frozen=True)
class BenchmarkPlan:
    """What a benchmark was asked for.

    Attributes
    ----------
    methods : dict of str to str
        The segmenters, as they are written in code.
    scoring, ensembles : list of str
    names : dict of str to list of str
        What the images of "validation" and "test" are called, where that is known.
    jobs : list of PlannedJob
    map_dtype : str
    monitor_folds : bool
    splits : list of [train, validation]
        The positions of the images of each fold.
    folds : FoldSizes or None
        None where nothing was fitted.
    threshold : float
        What a foreground probability must exceed.
    code : str
        That repeats the benchmark.
    environment : dict of str to str
    joined : bool
        Whether several calls on one store are joined, of which none held the votes of all.
    """

    methods: dict
    scoring: list
    ensembles: list
    names: dict = field(default_factory=dict)
    jobs: list = field(default_factory=list)
    map_dtype: str = "float16"
    monitor_folds: bool = False
    splits: list = field(default_factory=list)
    folds: FoldSizes | None = None
    threshold: float = 0.5
    code: str = ""
    environment: dict = field(default_factory=dict)
    joined: bool = False

    def to_dict(self):
        """Return what a store keeps, as JSON can hold it."""
        return {
            "methods": self.methods,
            "scoring": self.scoring,
            "ensembles": self.ensembles,
            "names": self.names,
            "jobs": [list(job) for job in self.jobs],
            "context": [self.map_dtype, self.monitor_folds, self.splits],
            "folds": None if self.folds is None else asdict(self.folds),
            "code": self.code,
            "environment": self.environment,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]):
        """Return the plan that `to_dict` wrote.

        Parameters
        ----------
        values : dict
            Further keys are left out; those that older versions did not write may be missing.

        Returns
        -------
        BenchmarkPlan
        """
        context = values.get("context") or []
        folds = values.get("folds")
        return cls(
            **{name: values[name] for name in ("methods", "scoring", "ensembles")},
            names=values.get("names") or {},
            jobs=[PlannedJob(*job) for job in values["jobs"]],
            **dict(zip(("map_dtype", "monitor_folds", "splits"), context, strict=False)),
            folds=None if folds is None else FoldSizes(**folds),
            code=values.get("code", ""),
            environment=values.get("environment") or {},
            joined=values.get("joined", False),
        )
