"""The checks as pytest tests."""

import re

from emstellar.testing.running import segmenter_checks


def parametrize_with_segmenter_checks(segmenters, *, expected_failed_checks=None):
    """Return a pytest decorator that makes one test of each segmenter and check.

    Parameters
    ----------
    segmenters : list of estimators
        Instances; clones of them are checked, with the parameters lowered that
        `check_segmenter` names.
    expected_failed_checks : callable, default=None
        ``expected_failed_checks(segmenter) -> dict``: names of checks that may fail for that
        segmenter, with the reason. They are marked with ``pytest.mark.xfail``.

    Returns
    -------
    pytest.MarkDecorator
        For a function of the arguments ``segmenter`` and ``check``.

    Raises
    ------
    ImportError
        If pytest is not installed.
    TypeError
        If a segmenter is a class.

    See Also
    --------
    check_segmenter : All checks in one call.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.testing import parametrize_with_segmenter_checks
    >>> @parametrize_with_segmenter_checks([RandomForestSegmenter()])
    ... def test_segmenter(segmenter, check):
    ...     check(segmenter)
    """
    pytest = _import_pytest()
    cases = []
    for segmenter in segmenters:
        reasons = expected_failed_checks(segmenter) if expected_failed_checks else {}
        for _, check in segmenter_checks(segmenter):
            name = check.__name__
            marks = [pytest.mark.xfail(reason=reasons[name])] if name in reasons else []
            cases.append(
                pytest.param(segmenter, check, marks=marks, id=f"{_words(segmenter)}-{name}")
            )
    return pytest.mark.parametrize(("segmenter", "check"), cases)


def _import_pytest():
    try:
        import pytest
    except ImportError as error:
        raise ImportError(
            "parametrize_with_segmenter_checks needs pytest: python -m pip install pytest. "
            "check_segmenter does without."
        ) from error
    return pytest


def _words(segmenter):
    """Return the segmenter's text in one line, the same in every process."""
    text = re.sub(r"<function ([\w.<>]+) at 0x[0-9a-f]+>", r"\1", repr(segmenter))
    return re.sub(r" at 0x[0-9a-f]+|\s", "", text)
