"""What every network function shares: checked arguments, scaled widths, seeds."""

import functools
import random
from numbers import Integral, Real
from typing import NamedTuple


class Method(NamedTuple):
    """A network as a method of the command: its name in tables, and what makes the variant."""

    title: str
    parameters: dict


class Published(NamedTuple):
    """How many parameters the original has, built as `parameters` say."""

    parameters: dict
    trainable: int
    non_trainable: int


def network(size_multiple, *, methods=None, published=()):
    """Make a decorator for functions that build a network.

    The decorated function checks its input shape, number of outputs and width before any weight
    is made. It is the one place that says what its network is: its keyword parameters, with
    annotations of what each may be (``emstellar.networks.parameters``), its docstring, and the
    attributes `size_multiple`, `methods` and `published`. A segmenter reads all of them.

    Parameters
    ----------
    size_multiple : int
        What the height and the width of the input must be multiples of.
    methods : dict of str to (str, dict), optional
        By short name (of the command ``emstellar benchmark --methods``) the name in tables and
        the parameters that make this variant.
    published : sequence of (dict, int, int), default=()
        By parameters how many trainable and other parameters the original has.

    Returns
    -------
    callable
        The decorator, for functions ``build(input_shape, n_outputs, *, width=1.0, ...)``.

    Examples
    --------
    >>> from emstellar.networks import build_unet
    >>> build_unet.size_multiple
    16
    >>> build_unet((100, 128, 1), 1)
    Traceback (most recent call last):
        ...
    ValueError: build_unet needs images whose height and width are multiples of 16 (or None), \
got input_shape=(100, 128, 1). Pad or crop them.
    """

    def decorate(build):
        @functools.wraps(build)
        def checked(input_shape, n_outputs, *, width=1.0, **parameters):
            name = build.__name__
            _check_input_shape(input_shape, size_multiple, name)
            if not _is_positive_integer(n_outputs):
                raise ValueError(f"{name} needs n_outputs >= 1, an int, got {n_outputs!r}.")
            if not isinstance(width, Real) or not width > 0:
                raise ValueError(f"{name} needs width > 0, a number, got {width!r}.")
            return build(tuple(input_shape), n_outputs, width=width, **parameters)

        checked.size_multiple = size_multiple
        checked.methods = {name: Method(*method) for name, method in (methods or {}).items()}
        checked.published = [Published(*counts) for counts in published]
        return checked

    return decorate


def _is_positive_integer(value):
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1


def _check_input_shape(input_shape, multiple, name):
    if len(input_shape) != 3 or not _is_positive_integer(input_shape[-1]):
        raise ValueError(
            f"{name} needs input_shape=(height, width, n_channels), where height and width may be "
            f"None, got {input_shape}."
        )
    for side in input_shape[:2]:
        if side is not None and (not _is_positive_integer(side) or side % multiple):
            raise ValueError(
                f"{name} needs images whose height and width are multiples of {multiple} "
                f"(or None), got input_shape={tuple(input_shape)}. Pad or crop them."
            )


def scale_filters(filters, width):
    """Return `filters` times `width`, rounded half up, but never less than 2.

    Two, because a layer of one channel behind a ReLU is easily dead from the start.

    Examples
    --------
    >>> from emstellar.networks.construction import scale_filters
    >>> [scale_filters(64, width) for width in (1.0, 0.25, 0.01)]
    [64, 16, 2]
    """
    return max(2, int(filters * width + 0.5))


def draw_seed():
    """Return a seed from the standard library's `random`, from which Keras draws its own.

    So whoever seeds `random` around the construction of a network decides its dropout too;
    a dropout layer without an explicit seed is irreproducible on the torch backend.
    """
    return random.randrange(2**31)
