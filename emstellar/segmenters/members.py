"""What an ensemble asks of its members before they are fitted."""

import inspect
from collections import Counter

import numpy as np
from sklearn import get_config
from sklearn.frozen import FrozenEstimator
from sklearn.utils.metadata_routing import process_routing
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


def join_classes(classes):
    """Return the classes of an ensemble.

    Parameters
    ----------
    classes : dict of str to array-like
        The classes that each member knows.

    Returns
    -------
    ndarray of shape (n_classes,)

    Raises
    ------
    ValueError
        If no member knows all: their labels then mean different things, or nobody could tell
        the classes apart.

    Examples
    --------
    >>> from emstellar.segmenters.members import join_classes
    >>> join_classes({"a": [0, 2], "b": [0, 1, 2]})
    array([0, 1, 2])
    """
    union = np.unique(np.concatenate([np.asarray(own) for own in classes.values()]))
    if all(len(own) < len(union) for own in classes.values()):
        said = ", ".join(f"{name!r} {np.asarray(own).tolist()}" for name, own in classes.items())
        raise ValueError(
            f"The members were trained on different labels: {said}. Train them on masks of one "
            "coding, such as 0 and 1; of several classes, at least one member must know all."
        )
    return union


def fit_arguments(member, sample_weight=None, groups=None, validation_data=None):
    """Return the keyword arguments by which a fit's metadata reach a member, without routing.

    Parameters
    ----------
    member : segmenter, search or pipeline
        A pipeline hands metadata to its last step, a search to what it searches; a frozen
        member needs none.
    sample_weight : array-like, optional
        Weights of images or pixels, which every member must take.
    groups : array-like of shape (n_images,), optional
        Groups of the images, for a member that splits them or searches.
    validation_data : tuple, optional
        What a member that monitors its training is given.

    Returns
    -------
    dict of str to object

    Raises
    ------
    ValueError
        If the member's fit takes no weights.
    """
    if isinstance(member, FrozenEstimator):
        return {}
    given = {"sample_weight": sample_weight, "groups": groups, "validation_data": validation_data}
    given = {name: value for name, value in given.items() if value is not None}
    keys = {name: _fit_key(member, name) for name in given}
    if "sample_weight" in keys and keys["sample_weight"] is None:
        raise ValueError(
            f"Underlying estimator {type(member).__name__} does not support sample weights."
        )
    return {keys[name]: value for name, value in given.items() if keys[name] is not None}


def _fit_key(member, parameter):
    """Return the name of a fit's parameter in that of a segmenter, a search or a pipeline."""
    if has_fit_parameter(member, parameter):
        return parameter
    if hasattr(member, "steps"):
        name, last = member.steps[-1]
        key = _fit_key(last, parameter)
        return key and f"{name}__{key}"
    if not _passes_on(member):
        return None
    # A search takes groups for its splitter, and splits by them whatever it searches.
    return parameter if parameter == "groups" else _fit_key(member.estimator, parameter)


def _passes_on(member):
    """Tell whether a member is a search, which passes all keywords on to what it searches."""
    return hasattr(member, "estimator") and any(
        parameter.kind is parameter.VAR_KEYWORD
        for parameter in inspect.signature(member.fit).parameters.values()
    )


def routed_arguments(ensemble, members, metadata, params):
    """Return what the fit of each member is given.

    Parameters
    ----------
    ensemble : estimator
        The router, asked for its `get_metadata_routing`.
    members : dict of str to segmenter
        By their names in the router.
    metadata : dict of str to object
        `sample_weight`, `groups` and `validation_data`, or None.
    params : dict of str to object
        Further metadata, which only routing can place.

    Returns
    -------
    dict of str to dict
        The keyword arguments of each member's fit.

    Raises
    ------
    ValueError
        For `params` without metadata routing, and as `fit_arguments`.
    """
    if get_config()["enable_metadata_routing"]:
        given = {name: value for name, value in metadata.items() if value is not None}
        routed = process_routing(ensemble, "fit", **given, **params)
        return {name: routed[name]["fit"] for name in members}
    if params:
        raise ValueError(
            f"{type(ensemble).__name__}.fit got {sorted(params)}, which it can pass on only with "
            "sklearn.set_config(enable_metadata_routing=True)."
        )
    return {name: fit_arguments(member, **metadata) for name, member in members.items()}
