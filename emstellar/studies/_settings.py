"""The settings of `emstellar benchmark`: its defaults, a TOML file, the command line."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..constraints import BOOLEAN, Interval, OneOf, check_arguments, did_you_mean
from ._configured_methods import choose_methods
from ._data import DATA_SETS, load_study
from ._methods import DEFAULT_METHODS
from ._options import (
    COUNT,
    NAMES,
    TEXT,
    arguments_for,
    constraints_of,
    described,
    option,
)
from ._splitters import CV_WORDS

_POSITIVE = Interval(float, 0, None, closed="neither")
_RATE = Interval(float, 0, None)
_TRAINING, _RUNNING, _PAGE = "training of the networks", "running", "report"


@described
@dataclass(frozen=True)
class Settings:
    """What `emstellar benchmark` is told, by the names of its options.

    Attributes
    ----------
    {options}
    tables : dict of str to dict
        Methods of one's own, see `emstellar.studies.configure_method`.

    Examples
    --------
    >>> from emstellar.studies import Settings
    >>> settings = Settings("synthetic", methods=["forest"], folds=1)
    >>> settings.make_methods()
    {'Random forest': RandomForestSegmenter()}
    >>> len(settings.load_study().cv)
    1
    """

    # A further option is a further field. `to` says which arguments it becomes: "data" of
    # `load_study`, "training" of all networks that have it, "run" of `benchmark`, "page" of the
    # report.
    data: str | None = option(
        None,
        TEXT,
        help=f"{', '.join(DATA_SETS)}, or a folder that holds the folders images and masks "
        "with files of equal names",
        to={"data": "source"},
    )
    groups: str | None = option(
        None,
        TEXT,
        metavar="REGEX",
        help="finds the group in an image's name",
        to={"data": "groups"},
    )
    test_groups: Sequence = option(
        (), NAMES, metavar="GROUP", help="held out as test", to={"data": "test_groups"}
    )
    methods: Sequence | None = option(None, NAMES, metavar="NAME", help="see emstellar networks")
    metrics: Sequence | None = option(
        None,
        NAMES,
        metavar="NAME",
        help="the nine of the paper",
        to={"run": "scoring"},
    )
    cv: int | str | None = option(
        None,
        Interval(int, 2, None),
        TEXT,
        metavar="SPLITTER",
        help=f"how to split: {CV_WORDS}; the data set's own by default",
        to={"data": "cv"},
    )
    folds: int | None = option(
        None, COUNT, metavar="N", help="use only the first N folds", to={"data": "n_folds"}
    )
    repeats: int = option(
        1, COUNT, metavar="N", help="fits per fold, other seeds", to={"run": "n_repeats"}
    )
    seed: int = option(
        0,
        Interval(int, 0, None),
        help="random state",
        to={"data": "random_state", "run": "random_state"},
    )
    width: float = option(
        0.25, _POSITIVE, help="factor of filters", group=_TRAINING, to={"training": "width"}
    )
    epochs: int = option(
        30,
        COUNT,
        help="passes over the training images",
        group=_TRAINING,
        to={"training": "epochs"},
    )
    steps: int | None = option(
        None,
        COUNT,
        metavar="N",
        help="steps per epoch",
        group=_TRAINING,
        to={"training": "steps_per_epoch"},
    )
    batch_size: int = option(
        4,
        COUNT,
        metavar="N",
        help="patches per step",
        group=_TRAINING,
        to={"training": "batch_size"},
    )
    patch_size: int | None = option(
        None,
        COUNT,
        metavar="PIXELS",
        help="side of the patches; what fits the images by default",
        group=_TRAINING,
        to={"training": "patch_size"},
        convert=lambda side: side or "auto",
    )
    learning_rate: float = option(
        1e-3,
        _POSITIVE,
        metavar="RATE",
        help="the highest",
        group=_TRAINING,
        to={"training": "learning_rate"},
    )
    loss: str = option(
        "auto", TEXT, help="bce, dice, bce+dice, ...", group=_TRAINING, to={"training": "loss"}
    )
    augmentation: str = option(
        "mirrors",
        OneOf("flips", "mirrors", "paper", "strong", "none"),
        help="flips, mirrors, paper, strong or none",
        group=_TRAINING,
        to={"training": "augmentation"},
        convert=lambda name: None if name == "none" else name,
    )
    head: str = option(
        "paper",
        OneOf("paper", "direct"),
        help="paper, or direct, which learns in fewer steps",
        group=_TRAINING,
        to={"training": "head"},
    )
    jobs: int = option(
        1,
        Interval(int, None, None),
        metavar="N",
        help="jobs at once",
        group=_RUNNING,
        to={"run": "n_jobs"},
    )
    store: str | None = option(
        None,
        TEXT,
        help="folder that keeps finished jobs; the same call resumes",
        group=_RUNNING,
        to={"run": "store"},
    )
    retry_failed: bool = option(
        False, BOOLEAN, help="run failed jobs again", group=_RUNNING, to={"run": "retry_failed"}
    )
    keep_models: bool = option(
        False,
        BOOLEAN,
        help="keep them in the store too",
        group=_RUNNING,
        to={"run": "keep_models"},
    )
    out: str = option("emstellar-benchmark", TEXT, help="folder of the results", group=_RUNNING)
    colors: str = option(
        "colorblind",
        OneOf("paper", "colorblind"),
        choices=("colorblind", "paper"),
        help="of right and wrong pixels in the overlays",
        group=_PAGE,
        to={"page": "colors"},
    )
    price_per_hour: float = option(
        0.0,
        _RATE,
        metavar="PRICE",
        help="of the machine, in any currency, to tell what each method cost",
        group=_PAGE,
        to={"page": "price_per_hour"},
    )
    watts: float = option(
        0.0,
        _RATE,
        help="that the machine draws, to tell its energy",
        group=_PAGE,
        to={"page": "watts"},
    )
    tables: dict = field(default_factory=dict)

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
        return load_study(**arguments_for("data", self))

    def make_methods(self):
        """Return the segmenters.

        Returns
        -------
        dict of str to segmenter
            Their parameters checked.
        """
        names = self.methods or list(self.tables) or DEFAULT_METHODS
        return choose_methods(names, self.tables, **arguments_for("training", self))

    def run_options(self):
        """Return the further keyword arguments of `emstellar.benchmark`."""
        options = arguments_for("run", self).items()
        return {name: value for name, value in options if value is not None}

    def page_options(self):
        """Return the keyword arguments of `emstellar.report.write_folder`."""
        return arguments_for("page", self)


CONSTRAINTS = constraints_of(Settings)


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
