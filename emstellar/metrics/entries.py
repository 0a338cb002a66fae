"""Metrics as entries of tables: each module of metrics ends in one, which says all of each.

A table is called ``METRICS`` and holds an `entry` for each name of
`emstellar.metrics.get_scorer_names`; the tables of all modules whose names are public are found.
"""

import sys
from functools import cache, partial
from inspect import signature
from typing import NamedTuple


class Metric(NamedTuple):
    """What is known of a metric besides its formula.

    Attributes
    ----------
    function : callable
        The public function, or one of the same form with an option set.
    sign : int
        1, or -1 where lower is better: scorers return the function's value times it.
    family : type or None
        Makes an object of masks and predictions, which metrics of one family share.
    take : callable or None
        ``take(object, **average)`` takes the score from it.
    by_class : bool
        Whether ``class_average=None`` gives one score per class.
    label : str or None
        How it is written, where not as its name with spaces: names and abbreviations.
    weighs_pixels : bool
        Whether it takes weights of pixels; all others take weights of images.
    threshold_free : bool
        Whether it judges probabilities, at no threshold.
    takes_grey_truth : bool
        Whether it takes the grey truth in [0, 1]; others are given a truth cut at one half.
    """

    function: object
    sign: int = 1
    family: object = None
    take: object = None
    by_class: bool = False
    label: str | None = None
    weighs_pixels: bool = False
    threshold_free: bool = False
    takes_grey_truth: bool = False


def entry(
    function, from_family, family, *, label=None, lower_is_better=False, options=None, **facts
):
    """Return a `Metric`.

    Parameters
    ----------
    function : callable
        ``function(y_true, y_prob, *, ...)``.
    from_family : callable
        The same, of the family's object: what ``family.score`` takes.
    family : type
        As in `Metric`.
    label : str, optional
        As in `Metric`.
    lower_is_better : bool, default=False
        Whether it is an error; its name then begins with ``neg_``.
    options : dict, optional
        Options under which `from_family` gives what `function` does.
    **facts
        Further fields of `Metric`.

    Returns
    -------
    Metric
    """

    def take(shared, **average):
        return shared.score(from_family, **average, **(options or {}))

    sign = -1 if lower_is_better else 1
    by_class = "class_average" in signature(function).parameters
    return Metric(function, sign, family, take, by_class, label, **facts)


def entries_of(family, **facts):
    """Return `entry` for metrics of one family, of which all facts are true."""
    return partial(entry, family=family, **facts)


@cache
def built_in_metrics():
    """Return the metrics of this package.

    Returns
    -------
    dict of str to Metric
        By name, from the tables of all modules that define a public name.
    """
    from emstellar import metrics

    modules = {getattr(metrics, name).__module__: None for name in metrics.__all__}
    tables = [getattr(sys.modules[module], "METRICS", {}) for module in modules]
    return {name: metric for table in tables for name, metric in table.items()}
