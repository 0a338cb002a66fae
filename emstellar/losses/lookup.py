"""From the name of a loss, or any other description of one, to a loss."""

import functools
import inspect
import sys

from emstellar._keras import keras
from emstellar.constraints import did_you_mean
from emstellar.losses.base import SegmentationLoss
from emstellar.losses.combined import CompoundLoss, KerasLoss


@functools.cache
def own_losses(table="LOSSES"):
    """Return the losses of this package by name: what makes one of `class_weight`.

    Parameters
    ----------
    table : {"LOSSES", "KERAS_LOSSES"}, default="LOSSES"
        Whether by our own names, or by those of Keras' losses that ours stand for. Each module
        that defines a public loss ends in such a table.

    Returns
    -------
    dict of str to callable
    """
    from emstellar import losses

    modules = {getattr(losses, name).__module__: None for name in losses.__all__}
    tables = [getattr(sys.modules[module], table, {}) for module in modules]
    return {name: loss for found in tables for name, loss in found.items()}


def get_loss_names():
    """Return the names that `get_loss` knows, apart from those of Keras.

    Returns
    -------
    list of str
        Sorted.

    Examples
    --------
    >>> from emstellar.losses import get_loss_names
    >>> get_loss_names()[:4]
    ['auto', 'bce', 'boundary_weighted_cross_entropy', 'cross_entropy']
    """
    return sorted(own_losses())


def get_loss(identifier, class_weight=None):
    """Return a new loss.

    Parameters
    ----------
    identifier : str, keras.losses.Loss, subclass of it or callable
        One of `get_loss_names` or a sum of them such as ``"bce+dice"``; the name of a Keras
        loss such as ``"mse"``; a loss class; a loss object, which is copied; or a function
        ``(y_true, y_pred)`` that gives one value per pixel. ``"auto"`` is the cross-entropy.
        A class, object or function that is not of this package is wrapped in `KerasLoss`.
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes. None leaves a loss object its own.

    Returns
    -------
    keras.losses.Loss

    Raises
    ------
    ValueError
        If the name is unknown; the message holds the nearest names.
    TypeError
        If `identifier` is none of these, or a loss object cannot be copied.

    Examples
    --------
    >>> from emstellar.losses import get_loss
    >>> [term.name for term in get_loss("bce+dice").losses]
    ['CrossEntropy', 'Dice']
    >>> get_loss("dise")
    Traceback (most recent call last):
        ...
    ValueError: 'dise' is not the name of a loss. Did you mean 'dice'? ...
    """
    if isinstance(identifier, str):
        return _by_name(identifier, class_weight)
    if isinstance(identifier, type) and issubclass(identifier, keras.losses.Loss):
        return _from_class(identifier, class_weight)
    if isinstance(identifier, keras.losses.Loss):
        return _copy(identifier, class_weight)
    if callable(identifier) and not isinstance(identifier, type):
        return KerasLoss(identifier, class_weight)
    raise TypeError(
        "loss must be the name of a loss, a keras.losses.Loss or a function (y_true, y_pred), "
        f"got {identifier!r} instead."
    )


def _by_name(name, class_weight):
    terms = [term.strip() for term in name.split("+")]
    losses = [_one_by_name(term, class_weight) for term in terms]
    return losses[0] if len(losses) == 1 else CompoundLoss(losses, name=name)


def _one_by_name(name, class_weight):
    own = {**own_losses(), **own_losses("KERAS_LOSSES")}.get(name)
    if own is not None:
        return own(class_weight)
    try:
        found = keras.losses.get(name)
    except ValueError:
        raise ValueError(_unknown(name)) from None
    return KerasLoss(found, class_weight)


def _unknown(name):
    keras_names = [key for key, value in vars(keras.losses).items() if inspect.isfunction(value)]
    hint = did_you_mean(name, {*own_losses(), *keras_names})
    return (
        f"{name!r} is not the name of a loss.{hint} Valid names are {get_loss_names()}, "
        "sums of them such as 'bce+dice', and the names of Keras' losses."
    )


def _from_class(cls, class_weight):
    if issubclass(cls, SegmentationLoss):
        return cls(class_weight)
    return KerasLoss(cls(), class_weight)


def _copy(loss, class_weight):
    """Return an equal loss, with `class_weight` if there is one."""
    if isinstance(loss, CompoundLoss):
        terms = [_copy(term, class_weight) for term in loss.losses]
        return CompoundLoss(terms, loss.weights, name=loss.name)
    if class_weight is None and isinstance(loss, SegmentationLoss):
        class_weight = loss.class_weight
    if isinstance(loss, KerasLoss):
        inner = loss.loss
        inner = _rebuild(inner) if isinstance(inner, keras.losses.Loss) else inner
        return KerasLoss(inner, class_weight, name=loss.name)
    copy = _rebuild(loss)
    if isinstance(loss, SegmentationLoss):
        copy.class_weight = None if class_weight is None else [float(w) for w in class_weight]
        return copy
    return KerasLoss(copy, class_weight)


def _rebuild(loss):
    try:
        return type(loss).from_config(loss.get_config())
    except TypeError as error:
        raise TypeError(
            f"The loss {type(loss).__name__} cannot be copied: its get_config must return all "
            "parameters of its constructor."
        ) from error
