"""The segmenters that compete: their names, their seeds, their fingerprints."""

import hashlib
from collections import Counter

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone

WITHOUT_EFFECT = ("n_jobs", "verbose", "checkpoint")


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
    >>> from emstellar.benchmarking.methods import name_segmenters
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


def fingerprint_segmenter(segmenter):
    """Return a text that two segmenters share if they are of one class with equal parameters.

    Parameters without effect on what is learnt (`n_jobs`, `verbose`, `checkpoint`) do not count.

    Parameters
    ----------
    segmenter : segmenter

    Returns
    -------
    str
        Of 40 hexadecimal digits.

    Raises
    ------
    ValueError
        If a parameter (a lambda, for example) cannot be pickled.
    """
    try:
        return joblib.hash(_canonical(segmenter), hash_name="sha1")
    except Exception as error:
        raise ValueError(
            f"A parameter of {segmenter!r} cannot be fingerprinted, which `store` needs: {error}. "
            "Use functions and classes defined at the top level of a module."
        ) from error


def _canonical(value):
    """Replace estimators by their class and parameters, wherever they are nested."""
    if isinstance(value, BaseEstimator) and not isinstance(value, type):
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        params = sorted(value.get_params(deep=False).items())
        return kind, [(key, _canonical(v)) for key, v in params if key not in WITHOUT_EFFECT]
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return sorted((repr(key), _canonical(item)) for key, item in value.items())
    return value


def fingerprint_arrays(*arrays):
    """Return the SHA-256 of the dtypes, shapes and values of arrays or sequences of arrays.

    Parameters
    ----------
    *arrays : array-like, sequence of array-like, or None

    Returns
    -------
    str
        Of 64 hexadecimal digits.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.benchmarking.methods import fingerprint_arrays
    >>> ones = np.ones((2, 3, 4))
    >>> fingerprint_arrays(ones) == fingerprint_arrays(list(ones)) != fingerprint_arrays(-ones)
    True
    """
    digest = hashlib.sha256()
    for images in arrays:
        digest.update(f"|{'none' if images is None else len(images)}".encode())
        for image in () if images is None else images:
            image = np.ascontiguousarray(image)
            digest.update(f"{image.dtype.str}{image.shape}".encode())
            digest.update(image.tobytes())
    return digest.hexdigest()
