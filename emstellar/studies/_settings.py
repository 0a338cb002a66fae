"""The settings of `emstellar benchmark`: its defaults, a TOML file, the command line."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..constraints import (
    BOOLEAN,
    InstanceOf,
    Interval,
    OneOf,
    Satisfies,
    check_arguments,
    did_you_mean,
)
from ._configured_methods import choose_methods
from ._data import DATA_SETS, load_study
from ._methods import DEFAULT_METHODS

_TEXT = [InstanceOf(str, "a str")]
_NAMES = [
    Satisfies(
        lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
        "a list of str",
    )
]
_COUNT = [Interval(int, 1, None)]
_RATE = [Interval(float, 0, None)]
CONSTRAINTS = {
    "data": _TEXT,
    "cv": [Interval(int, 2, None), *_TEXT],
    "groups": _TEXT,
    "test_groups": _NAMES,
    "methods": _NAMES,
    "metrics": _NAMES,
    "folds": _COUNT,
    "repeats": _COUNT,
    "seed": [Interval(int, 0, None)],
    "width": [Interval(float, 0, None, closed="neither")],
    "epochs": _COUNT,
    "steps": _COUNT,
    "batch_size": _COUNT,
    "patch_size": _COUNT,
    "learning_rate": [Interval(float, 0, None, closed="neither")],
    "loss": _TEXT,
    "augmentation": [OneOf("flips", "mirrors", "paper", "strong", "none")],
    "head": [OneOf("paper", "direct")],
    "jobs": [Interval(int, None, None)],
    "store": _TEXT,
    "retry_failed": [BOOLEAN],
    "keep_models": [BOOLEAN],
    "out": _TEXT,
    "colors": [OneOf("paper", "colorblind")],
    "price_per_hour": _RATE,
    "watts": _RATE,
}


@dataclass(frozen=True)
class Settings:
    """What `emstellar benchmark` is told, by the names of its options.

    Attributes
    ----------
    data, cv, groups, test_groups, folds
        As in `emstellar.studies.load_study`.
    methods : list of str or None
        Short names and names of `tables`; by default all of `tables`, else four methods.
    tables : dict of str to dict
        Methods of one's own, see `emstellar.studies.configure_method`.
    width, epochs, steps, batch_size, patch_size, learning_rate, loss, augmentation, head
        Of all networks that have them; None leaves the segmenter's default.
    metrics, repeats, seed, jobs, store, retry_failed, keep_models
        As `scoring`, `n_repeats`, `random_state`, `n_jobs`, `store`, `retry_failed` and
        `keep_models` of `emstellar.benchmark`.
    out : str
        The folder of the results.
    colors, price_per_hour, watts
        As in `emstellar.report.render_report`.

    Examples
    --------
    >>> from emstellar.studies import Settings
    >>> settings = Settings("synthetic", methods=["forest"], folds=1)
    >>> settings.make_methods()
    {'Random forest': RandomForestSegmenter()}
    >>> len(settings.load_study().cv)
    1
    """

    data: str | None = None
    cv: Any = None
    groups: str | None = None
    test_groups: Sequence = ()
    folds: int | None = None
    methods: Sequence | None = None
    tables: dict = field(default_factory=dict)
    width: float = 0.25
    epochs: int = 30
    steps: int | None = None
    batch_size: int = 4
    patch_size: int | None = None
    learning_rate: float = 1e-3
    loss: str = "auto"
    augmentation: str = "mirrors"
    head: str = "paper"
    metrics: Sequence | None = None
    repeats: int = 1
    seed: int = 0
    jobs: int = 1
    store: str | None = None
    retry_failed: bool = False
    keep_models: bool = False
    out: str = "emstellar-benchmark"
    colors: str = "colorblind"
    price_per_hour: float = 0.0
    watts: float = 0.0

    def load_study(self):
        """Return the images.

        Returns
        -------
        Study
        """
        if self.data is None:
            raise ValueError(
                "Which images? Give --data, or data in the file of --config: "
                f"{', '.join(DATA_SETS)} or a folder."
            )
        return load_study(
            self.data,
            groups=self.groups,
            test_groups=self.test_groups,
            cv=self.cv,
            n_folds=self.folds,
            random_state=self.seed,
        )

    def make_methods(self):
        """Return the segmenters.

        Returns
        -------
        dict of str to segmenter
            Their parameters checked.
        """
        return choose_methods(
            self.methods or list(self.tables) or DEFAULT_METHODS,
            self.tables,
            width=self.width,
            epochs=self.epochs,
            steps_per_epoch=self.steps,
            batch_size=self.batch_size,
            patch_size=self.patch_size or "auto",
            learning_rate=self.learning_rate,
            loss=self.loss,
            augmentation=None if self.augmentation == "none" else self.augmentation,
            head=self.head,
        )

    def run_options(self):
        """Return the further keyword arguments of `emstellar.benchmark`."""
        scoring = {} if self.metrics is None else {"scoring": self.metrics}
        return scoring | {
            "n_repeats": self.repeats,
            "n_jobs": self.jobs,
            "store": self.store,
            "retry_failed": self.retry_failed,
            "keep_models": self.keep_models,
            "random_state": self.seed,
        }

    def page_options(self):
        """Return the keyword arguments of `emstellar.report.write_folder`."""
        return {name: getattr(self, name) for name in ("colors", "price_per_hour", "watts")}


def make_settings(given, config=None):
    """Return the settings: what is given goes over the file, the file over the defaults.

    Parameters
    ----------
    given : dict of str to object
        Settings by name; other keys are left out.
    config : path-like, optional
        A TOML file, see `read_config`.

    Returns
    -------
    Settings

    Raises
    ------
    ValueError, TypeError, OSError
        If the file is not there or no TOML, or a setting is unknown or not what it can be.

    Examples
    --------
    >>> from emstellar.studies import make_settings
    >>> make_settings({"data": "cardiac", "folds": 2}).run_options()["n_repeats"]
    1
    """
    given = {name: value for name, value in given.items() if name in CONSTRAINTS}
    check_arguments("emstellar benchmark", given, CONSTRAINTS)
    return Settings(**{**({} if config is None else read_config(config)), **given})


def read_config(path):
    """Return the settings that a TOML file holds.

    Parameters
    ----------
    path : path-like
        Its keys are the options of ``emstellar benchmark``, with underscores or dashes. `methods`
        is a list of names, or a table for each method, ``[methods.NAME]``.

    Returns
    -------
    dict of str to object
        Fields of `Settings`.

    Raises
    ------
    ValueError, TypeError
        For what is no TOML, an unknown key (with the nearest valid one) or a wrong value.
    FileNotFoundError

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from emstellar.studies import read_config
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "study.toml")
    ...     _ = path.write_text("data = 'cardiac'")
    ...     read_config(path)
    {'data': 'cardiac'}
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML file: {error}") from error
    values = {key.replace("-", "_"): value for key, value in content.items()}
    for key in values:
        if key not in CONSTRAINTS:
            known = list(CONSTRAINTS)
            raise ValueError(
                f"{path} has an unknown key {key!r}; the keys are {known}."
                f"{did_you_mean(key, known)}"
            )
    if isinstance(values.get("methods"), dict):
        values["tables"] = _check_tables(path, values.pop("methods"))
    check_arguments(str(path), values, CONSTRAINTS)
    return values


def _check_tables(path, tables):
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ValueError(
                f"{path} has methods.{name} = {table!r}; a method of one's own is a table, "
                f"[methods.{name}]."
            )
    return tables
