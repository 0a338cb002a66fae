"""The segmenters that compete: their names and their seeds."""

from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.base import clone


def name_segmenters(segmenters):
    """Return the segmenters as a dict from name to segmenter.

    Parameters
    ----------
    segmenters : dict, list of segmenters, list of (name, segmenter) tuples, or segmenter
        Without names, a segmenter is called after its class; segmenters of one class also after
        the parameters in which they differ.

    Returns
    -------
    dict of str to segmenter
        In the order given.

    Raises
    ------
    ValueError
        If there is no segmenter, or two bear one name.
    TypeError
        If one cannot segment, or is a class instead of an instance.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.benchmarking._methods import name_segmenters
    >>> list(name_segmenters([RandomForestSegmenter(10), RandomForestSegmenter(20)]))
    ['RandomForest(n_estimators=10)', 'RandomForest(n_estimators=20)']
    """
    if isinstance(segmenters, dict):
        pairs = list(segmenters.items())
    elif hasattr(segmenters, "fit"):
        pairs = _with_names([segmenters])
    else:
        pairs = _with_names(list(segmenters))
    if not pairs:
        raise ValueError("segmenters is empty: at least one segmenter is required.")
    for name, segmenter in pairs:
        _check_segmenter(name, segmenter)
    names = Counter(name for name, _ in pairs)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise ValueError(f"Names of segmenters must be unique, got {twice} more than once.")
    return dict(pairs)


def _check_segmenter(name, segmenter):
    if not isinstance(name, str) or not name:
        raise TypeError(f"Names of segmenters must be non-empty strings, got {name!r}.")
    if isinstance(segmenter, type):
        raise TypeError(f"{name!r} is a class; pass an instance: {segmenter.__name__}().")
    missing = [method for method in ("fit", "predict_proba") if not hasattr(segmenter, method)]
    if missing:
        raise TypeError(f"{name!r} ({segmenter!r}) is no segmenter: it has no {missing[0]!r}.")


def _with_names(items):
    pairs = [item if isinstance(item, tuple) and len(item) == 2 else (None, item) for item in items]
    unnamed = [segmenter for name, segmenter in pairs if name is None]
    for segmenter in unnamed:
        if isinstance(segmenter, type):
            # Before its parameters are asked for, which a class has none of.
            _check_segmenter(segmenter.__name__, segmenter)
    automatic = iter(_automatic_names(unnamed))
    return [(next(automatic) if name is None else name, item) for name, item in pairs]


def _automatic_names(segmenters):
    kinds = [type(segmenter).__name__.removesuffix("Segmenter") for segmenter in segmenters]
    return [
        kind
        + _difference(segmenter, [s for s, k in zip(segmenters, kinds, strict=True) if k == kind])
        for segmenter, kind in zip(segmenters, kinds, strict=True)
    ]


def _difference(segmenter, siblings):
    """Return the parameters that set a segmenter apart from its siblings, as written in code."""
    own = segmenter.get_params(deep=False) if len(siblings) > 1 else {}
    others = [sibling.get_params(deep=False) for sibling in siblings]
    differing = [key for key in own if len({repr(params.get(key)) for params in others}) > 1]
    return f"({', '.join(f'{key}={own[key]!r}' for key in differing)})" if differing else ""


def seeded_clone(segmenter, random_state, repeat, fold):
    """Return an unfitted copy with random states that depend on the seed, repeat and fold only.

    All methods share the seed of a fold, so that adding a method changes no other.

    Parameters
    ----------
    segmenter : segmenter
        Not changed.
    random_state : int or None
        With None, the copy keeps the random states that it has.
    repeat, fold : int
        Which job the copy is for.

    Returns
    -------
    segmenter
    """
    copy = clone(segmenter)
    if repeat:
        # Else a repeat without a seed of its own would go on where another was stopped.
        copy.set_params(**_checkpoints_of(copy, f"repeat{repeat}"))
    if random_state is None:
        return copy
    keys = sorted(
        key
        for key in copy.get_params(deep=True)
        if key == "random_state" or key.endswith("__random_state")
    )
    seeds = np.random.SeedSequence([random_state, repeat, fold]).generate_state(max(len(keys), 1))
    # The halves of 2**32 above are refused by some libraries that take signed integers.
    return copy.set_params(**{key: int(seed >> 1) for key, seed in zip(keys, seeds, strict=False)})


def _checkpoints_of(segmenter, name):
    """Return sub-folders of all checkpoint folders of a segmenter and its members."""
    return {
        key: Path(value) / name
        for key, value in segmenter.get_params(deep=True).items()
        if key.rpartition("__")[2] == "checkpoint" and value is not None
    }
