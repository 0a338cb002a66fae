"""What an ensemble asks of its members before they are fitted."""

import inspect
from collections import Counter

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import has_fit_parameter

from emstellar.base import is_segmenter


def is_dropped(member):
    """Tell whether `member` is the string "drop"."""
    return isinstance(member, str) and member == "drop"


def freeze(member):
    """Return `member` wrapped so that `fit` and `clone` leave it as it is."""
    return member if isinstance(member, FrozenEstimator) else FrozenEstimator(member)


def name_estimators(estimators):
    """Return (name, estimator) pairs: the class in lower case, numbered where it repeats.

    Parameters
    ----------
    estimators : sequence of estimators
        Frozen ones are named by what they hold.

    Returns
    -------
    list of (str, estimator) pairs

    Examples
    --------
    >>> from emstellar import PixelSegmenter, RandomForestSegmenter
    >>> from emstellar.segmenters.members import name_estimators
    >>> members = [RandomForestSegmenter(), PixelSegmenter(), RandomForestSegmenter()]
    >>> [name for name, _ in name_estimators(members)]
    ['randomforestsegmenter-1', 'pixelsegmenter', 'randomforestsegmenter-2']
    """
    inner = [e.estimator if isinstance(e, FrozenEstimator) else e for e in estimators]
    names = [type(estimator).__name__.lower() for estimator in inner]
    counts, seen, pairs = Counter(names), Counter(), []
    for name, estimator in zip(names, estimators, strict=True):
        seen[name] += 1
        pairs.append((f"{name}-{seen[name]}" if counts[name] > 1 else name, estimator))
    return pairs


def check_members(estimators):
    """Raise if no member is left or one is no segmenter.

    Parameters
    ----------
    estimators : list of (str, estimator) pairs
        "drop" stands for a member left out.

    Raises
    ------
    ValueError
        Naming the member.
    """
    kept = [(name, member) for name, member in estimators if not is_dropped(member)]
    if not kept:
        raise ValueError("All estimators are dropped. At least one is required to be an estimator.")
    for name, member in kept:
        instance = hasattr(member, "__sklearn_tags__") and not isinstance(member, type)
        if not instance or not is_segmenter(member):
            raise ValueError(f"The estimator {name!r} should be a segmenter. Got {member!r}.")


def check_member_weights(weights, estimators):
    """Raise if `weights` are not one usable weight per member.

    Parameters
    ----------
    weights : array-like of shape (n_estimators,) or None
        How much each member counts.
    estimators : list of (str, estimator) pairs
        Weights of members that are "drop" are not looked at.

    Raises
    ------
    ValueError
        If they are not as many, negative, not finite or all zero.
    """
    if weights is None:
        return
    if len(weights) != len(estimators):
        raise ValueError(
            "Number of `estimators` and weights must be equal; got "
            f"{len(weights)} weights, {len(estimators)} estimators"
        )
    kept = np.asarray(weights, dtype=float)[[not is_dropped(member) for _, member in estimators]]
    if not np.isfinite(kept).all() or kept.min() < 0 or kept.sum() == 0:
        raise ValueError(
            f"weights must be finite, zero or positive, and not all zero. Got {weights!r}."
        )


def weight_arguments(member, sample_weight):
    """Return the keyword arguments by which `sample_weight` reaches the fit of `member`.

    Parameters
    ----------
    member : segmenter, search or pipeline
        A pipeline hands weights to its last step, a search to what it searches; a frozen
        member needs none.
    sample_weight : array-like or None
        Weights of images or pixels.

    Returns
    -------
    dict of str to array-like

    Raises
    ------
    ValueError
        If the member's fit takes no weights.
    """
    if sample_weight is None or isinstance(member, FrozenEstimator):
        return {}
    key = _weight_key(member)
    if key is None:
        raise ValueError(
            f"Underlying estimator {type(member).__name__} does not support sample weights."
        )
    return {key: sample_weight}


def _weight_key(member):
    """Return the name of the weights in the fit of a segmenter, a search or a pipeline."""
    if has_fit_parameter(member, "sample_weight"):
        return "sample_weight"
    if hasattr(member, "steps"):
        name, last = member.steps[-1]
        key = _weight_key(last)
        return key and f"{name}__{key}"
    # A search passes all keywords on to the fit of what it searches.
    passes_on = any(
        parameter.kind is parameter.VAR_KEYWORD
        for parameter in inspect.signature(member.fit).parameters.values()
    )
    return _weight_key(member.estimator) if passes_on and hasattr(member, "estimator") else None
