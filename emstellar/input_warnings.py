"""Warnings about images and masks, given once: `warn_of_input`, `inputs_were_judged`."""

import warnings
from contextlib import contextmanager
from contextvars import ContextVar

_JUDGED = ContextVar("inputs_were_judged", default=False)


@contextmanager
def inputs_were_judged():
    """Within it, images and masks are not judged again: whoever opens it has done so.

    A benchmark judges all images once, before its first job, and not in each job.

    Examples
    --------
    >>> from emstellar.input_warnings import are_inputs_judged, inputs_were_judged
    >>> with inputs_were_judged():
    ...     are_inputs_judged()
    True
    """
    token = _JUDGED.set(True)
    try:
        yield
    finally:
        _JUDGED.reset(token)


def are_inputs_judged():
    """Tell whether somebody has judged images and masks already."""
    return _JUDGED.get()


def warn_of_input(message):
    """Warn of images or masks that are probably not what the user thinks they are."""
    warnings.warn(message, UserWarning, stacklevel=4)
