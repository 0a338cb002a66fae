"""What counts as one observation: the units over which methods are compared."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..._wording import count
from .._record import ALL_FOLDS

CHOICES = (None, "image", "group")


@dataclass
class Observations:
    """The units of a comparison and what is known of the fits behind them.

    Attributes
    ----------
    table : DataFrame
        One row per unit, one column per method: the mean score of the unit's images.
    unit : {"image", "group", "block", "fold", "test set"}
    ratio : float
        Test images over training images of a fold; 0 where fits do not matter.
    of_fits : DataFrame or None
        Where several fits predict all units: one row per fit, the mean over the units.
    n_fits : int
        How many fits of each method stand behind the means.
    redrawn : bool
        Whether the folds are of splits that were drawn again and again.
    fitted_once : list of str
        The methods of which there is one fit, so that nothing can be said of others.
    notes : list of str
        What was assumed and left out.
    """

    table: pd.DataFrame
    unit: str
    ratio: float = 0.0
    of_fits: pd.DataFrame | None = None
    n_fits: int = 1
    redrawn: bool = False
    fitted_once: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    def options(self):
        """Return the arguments of `compare_methods` that tell of the fits."""
        names = ("unit", "ratio", "redrawn", "of_fits", "n_fits", "fitted_once", "notes")
        return {name: getattr(self, name) for name in names}


def observe(rows, subset, by=None, folds=None):
    """Return the units of a subset.

    Parameters
    ----------
    rows : DataFrame
        Of `BenchmarkResult.scores`: one metric on one subset.
    subset : {"validation", "test"}
    by : {"image", "group"}, optional
        What is asked for; the largest known unit by default.
    folds : FoldSizes, optional
        Of the plan.

    Returns
    -------
    Observations

    Raises
    ------
    ValueError
        If `by` asks for groups that are not known.

    Notes
    -----
    Images of one field, stack or block resemble each other, and images of one fold share one fitted
    model: neither are independent. On test images the units are their groups, and without groups
    there is one. In cross-validation the units are the folds, which are called groups or blocks
    where each fold is one of these; images of groups within a fold are averaged by group first. A
    stack of which each fold tests a part is the unit itself, and the spread between folds counts
    besides. Repeats, which differ by the seed alone, are averaged.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.benchmarking.statistics._observations import observe
    >>> rows = pd.DataFrame({"method": ["A"] * 4 + ["B"] * 4, "repeat": 0, "fold": [0, 0, 1, 1] * 2,
    ...                      "image": [0, 1, 2, 3] * 2, "group": None,
    ...                      "value": [0.9, 0.7, 0.6, 0.8, 0.5, 0.7, 0.6, 0.6]})
    >>> observe(rows, "validation").table
    method    A    B
    fold
    0       0.8  0.6
    1       0.7  0.6
    """
    grouped = rows["group"].notna().any()
    if by not in CHOICES or (by == "group" and not grouped):
        remedy = " (groups=, of test images groups_test=)" if by == "group" else ""
        raise ValueError(f"by={by!r} is not possible: by image, or by group where known{remedy}.")
    undefined = _undefined(rows)
    rows = _on_common_images(rows)
    if subset == "test":
        found = _observe_test(rows, by, grouped, folds)
    else:
        found = _observe_validation(rows, by, grouped, folds)
    found.notes += undefined
    return found


def _undefined(rows):
    undefined = rows[rows["value"].isna()]["image"].nunique()
    if not undefined:
        return []
    where = "there" if undefined == 1 else "on them"
    return [f"{count(undefined, 'image')} left out, as the score of a method is undefined {where}."]


def _on_common_images(rows):
    """Return the rows with NaN wherever a method has none: means are over the same images of all.

    Else a method that finds nothing, and so has no PPV, on hard images had the mean of easy ones.
    Methods without any score have no say.
    """
    scored = rows.loc[rows["value"].notna(), "method"].unique()
    for keys in (["repeat", "fold", "image"], ["image"]):
        asked = rows[rows["method"].isin(scored)]
        defined = asked["value"].notna().groupby([asked[key] for key in [*keys, "method"]]).any()
        common = defined.groupby(keys).all().rename("common")
        kept = rows[keys].merge(common, left_on=keys, right_index=True, how="left")["common"]
        rows = rows.assign(value=rows["value"].where(kept.eq(True)))
    return rows


def _unit_means(rows, unit, *within):
    """Return the table of units and methods: images are averaged over fits, then by `within`."""
    keys = list(dict.fromkeys(["method", unit, *within, "image"]))
    means = rows.groupby(keys, sort=True)["value"].mean()
    while len(keys) > 2:
        keys = keys[:-1]
        means = means.groupby(keys).mean()
    methods = list(dict.fromkeys(rows["method"]))
    return means.unstack("method")[methods]


def _observe_validation(rows, by, grouped, folds):
    blocks = bool(folds and folds.blocks)
    n_folds = rows["fold"].nunique()
    if by == "image":
        return _by_image(rows, "images of a fold share one fitted model")
    redrawn = _is_redrawn(rows, folds)
    options = {"ratio": _ratio(rows, folds), "redrawn": redrawn, "n_fits": _count_fits(rows)}
    if not grouped:
        table = _unit_means(rows, "fold")
        return Observations(table, "block" if blocks else "fold", **options)
    n_groups = rows["group"].nunique()
    if n_groups == 1:
        table = _unit_means(rows, "group")
        return Observations(table, "group", notes=["All images are of one group."])
    if (rows.groupby("group")["fold"].nunique() == 1).all():
        if n_groups == n_folds:
            return Observations(_unit_means(rows, "group"), "group", **options)
        note = (
            f"The {n_groups} groups were tested in {n_folds} folds; groups of one fold share one "
            "fitted model, so the folds are the observations."
        )
        return Observations(_unit_means(rows, "fold", "group"), "fold", notes=[note], **options)
    if redrawn:
        return Observations(_unit_means(rows, "fold", "group"), "fold", **options)
    note = f"Each group was cut over several of the {n_folds} folds, whose spread is counted too."
    of_fits = _unit_means(rows, "fold", "group")
    return Observations(
        _unit_means(rows, "group"), "group", of_fits=of_fits, notes=[note], **options
    )


def _by_image(rows, assumed):
    table = _unit_means(rows, "image")
    note = f"Images were taken as independent, as was asked for, although {assumed}."
    methods = list(table.columns)
    return Observations(table, "image", fitted_once=methods, notes=[note])


def _observe_test(rows, by, grouped, folds):
    notes = []
    if by == "image":
        unit = "image"
        kind = "are of few groups" if grouped else "may be of one piece of tissue"
        notes.append(f"Images were taken as independent, as was asked for, although they {kind}.")
    elif grouped:
        unit = "group"
    else:
        unit, rows = "test set", rows.assign(**{"test set": 0})
        n_images = rows["image"].nunique()
        notes.append(
            f"The {count(n_images, 'test image')} count as one, since it is not known of which "
            'groups they are (groups_test=); by="image" takes them as independent.'
        )
    # Votes of all folds are one model each.
    of_folds = rows[rows["fold"] != ALL_FOLDS]
    fit = "fold" if of_folds["fold"].nunique() > 1 else "repeat"
    several = _fitted_again(of_folds if fit == "fold" else rows, fit)
    once = [method for method in dict.fromkeys(rows["method"]) if method not in several]
    if not several:
        return Observations(_unit_means(rows, unit), unit, fitted_once=once, notes=notes)
    if fit == "repeat":
        notes.append(
            "All fits learned from the same training images: with others the order may turn round."
        )
    rows, failed = _common_fits(rows, fit, several)
    table = _unit_means(rows, unit)
    complete = rows[rows[unit].isin(table.dropna(axis=1, how="all").dropna().index)]
    of_fits = _means_of_fits(complete, fit, unit, once)
    if len(of_fits) < 2:
        return Observations(table, unit, fitted_once=list(table.columns), notes=notes)
    ratio = _ratio(rows, folds) if fit == "fold" else 0.0
    return Observations(
        table,
        unit,
        ratio,
        of_fits,
        n_fits=len(of_fits),
        fitted_once=once,
        notes=notes + failed,
    )


def _fitted_again(rows, fit):
    """Return the methods of several fits; repeats of which all scores are equal are one."""
    if fit == "fold":
        n_fits = rows.groupby("method")["fold"].nunique()
    else:
        table = rows.set_index(["method", "repeat", "fold", "image"])["value"]
        n_fits = table.unstack(["fold", "image"]).groupby("method").apply(_n_different)
    return n_fits.index[n_fits > 1].tolist()


def _common_fits(rows, fit, several):
    """Return the rows of the fits that none of several methods lacks, and what was left out."""
    fits = rows[rows["method"].isin(several)]
    n_methods = fits.groupby(fit)["method"].nunique()
    common = n_methods.index[n_methods == len(several)]
    if len(common) < 2 or len(common) == len(n_methods):
        return rows, []
    failed = count(len(n_methods) - len(common), fit)
    note = f"Left out because not every method has a model of it: {failed}."
    lost = rows["method"].isin(several) & ~rows[fit].isin(common)
    return rows[~lost], [note]


def _means_of_fits(rows, fit, unit, once):
    """Return the mean over the units of each fit; of a method fitted once it is the same."""
    means = _unit_means(rows, fit, unit)
    for method in once:
        means[method] = means[method].mean()
    return means.drop(index=ALL_FOLDS, errors="ignore").dropna(axis=1, how="all").dropna()


def _count_fits(rows):
    return int(rows.groupby("method")[["fold", "repeat"]].apply(_n_different).min())


def _n_different(rows):
    return len(rows.drop_duplicates())


def _is_redrawn(rows, folds):
    """Tell whether an image is validated in several folds, as those of RepeatedKFold are."""
    # Of a fold that failed there are no scores, so what was planned is asked first.
    if folds and folds.redrawn is not None:
        return folds.redrawn
    return bool((rows.groupby(["method", "repeat", "image"])["fold"].nunique() > 1).any())


def _ratio(rows, folds):
    """Return test images over training images of a fold, on average."""
    if folds:
        return float(np.mean(folds.n_validation) / np.mean(folds.n_train))
    n_images = rows["image"].nunique()
    tested = rows.groupby("fold")["image"].nunique().mean()
    return float(tested / (n_images - tested)) if n_images > tested else 0.0
