"""The text of a saved segmenter: what it must hold, and of which kinds."""

import math
import warnings

import numpy as np

import emstellar
from emstellar.image_ranges import ImageRange

FORMAT = 1
_NUMBER = (int, float)
# What a header holds, and of which types.
_FORM = {
    "class": str,
    "parameters": dict,
    "fitted": dict,
    "classes": dict,
    "n_channels_in": int,
    "normalization": list,
    "backend": str,
    "versions": dict,
    "has_optimizer": bool,
}
FITTED = {
    "history_": dict,
    "n_iter_": int,
    "best_iter_": int,
    "convergence_time_": _NUMBER,
    "convergence_times_": dict,
    "fit_time_": _NUMBER,
    "seed_": int,
}
_LOWEST = {"n_iter_": 1, "best_iter_": 1, "convergence_time_": 0, "fit_time_": 0, "seed_": 0}
_UNLABELLED = -1


def check_format(header, path):
    """Raise a ValueError if the header is of no format that this version reads."""
    versions, number = header.get("versions"), header.get("format")
    version = versions.get("emstellar") if isinstance(versions, dict) else None
    if not isinstance(version, str) or not _is(number, int):
        raise ValueError(f"{path} is not a segmenter saved by emstellar: its header is incomplete.")
    if number < 1:
        raise ValueError(
            f"{path} is not a segmenter saved by emstellar: its format is {number}, expected 1 to "
            f"{FORMAT}."
        )
    if number > FORMAT:
        raise ValueError(
            f"{path} was written by emstellar {version} in format {number}; this version reads up "
            f"to {FORMAT}. Update emstellar."
        )
    warn_of_version(version, path)


def warn_of_version(version, what):
    """Warn if something was written by another version of emstellar."""
    if version != emstellar.__version__:
        warnings.warn(
            f"{what} was written by emstellar {version}, this is {emstellar.__version__}: check a "
            "prediction before you rely on it.",
            stacklevel=5,
        )


def check_header(header):
    """Raise a ValueError if an item of the header is missing, of another type or out of range."""
    _check_types(header, _FORM, "header")
    fitted = header["fitted"]
    _check_types(fitted, FITTED, "fitted attributes")
    for name, lowest in _LOWEST.items():
        # NaN is the time of what never had a value.
        if fitted[name] < lowest:
            raise ValueError(f"its {name} is {fitted[name]}, expected {lowest} or more")
    for name, values in fitted["history_"].items():
        _check_numbers(values, f"its history_ of {name}")
    _check_numbers(list(fitted["convergence_times_"].values()), "its convergence_times_")
    _check_checkpoint(header["parameters"])


def _check_checkpoint(parameters):
    if parameters.get("checkpoint") is not None:
        raise ValueError(
            f"it names a checkpoint folder, {parameters['checkpoint']!r}, into which fit would "
            "write; a saved segmenter holds none"
        )


def set_fitted(segmenter, header):
    """Give an unfitted segmenter the fitted attributes of a header that `check_header` passed."""
    for name in FITTED:
        setattr(segmenter, name, header["fitted"][name])
    segmenter.classes_ = _classes(**header["classes"])
    n_channels = header["n_channels_in"]
    if n_channels < 1:
        raise ValueError(f"it has {n_channels} channels, expected at least one")
    segmenter.n_channels_in_ = segmenter.n_features_in_ = n_channels
    segmenter.normalization_ = _normalization(n_channels, *header["normalization"])
    # Files of earlier versions have none.
    found = header.get("image_range")
    segmenter.image_range_ = None if found is None else ImageRange.from_list(found)
    _set_schedule_start(segmenter, header.get("schedule_start"))


def _set_schedule_start(segmenter, start):
    """Set epoch and step at which a schedule began; files of earlier versions do not know them."""
    if start is None:
        return
    is_pair = isinstance(start, list) and [type(number) for number in start] == [int, int]
    if not is_pair or min(start) < 0:
        raise ValueError(f"its schedule_start is {start!r}, expected an epoch and a step")
    segmenter._schedule_start = tuple(start)


def _is(value, kind):
    """Tell whether a value is of a type, where True is no number."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _check_types(found, form, where):
    """Raise a ValueError unless `found` has an item of the right type for each of `form`."""
    for name, kind in form.items():
        if not _is(found.get(name), kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise ValueError(
                f"the {name!r} of its {where} is {found.get(name)!r}, expected "
                f"{' or '.join(k.__name__ for k in kinds)}"
            )


def _check_numbers(values, what):
    if not isinstance(values, list) or not all(_is(value, _NUMBER) for value in values):
        raise ValueError(f"{what} is {_short(values)}, expected numbers")


def _classes(values, dtype):
    dtype = np.dtype(dtype)
    # A dtype of text could be of any length.
    if dtype.kind not in "biuf":
        raise ValueError(f"its classes are of dtype {dtype}, expected integers or booleans")
    classes = np.array(values, dtype=dtype)
    if not np.array_equal(classes, np.unique(classes)) or len(classes) < 2:
        raise ValueError(f"its classes are {_short(values)}, expected at least two, sorted")
    if not dtype.kind == "b" and _UNLABELLED in values:
        raise ValueError("-1 is among its classes, which marks pixels without a label")
    return classes


def _normalization(n_channels, kind, mean, std):
    from emstellar.training.normalization import Normalization

    expected = n_channels if kind == "train" else 0
    if kind not in ("train", "image", None) or not len(mean) == len(std) == expected:
        raise ValueError(f"its normalisation is {[kind, mean, std]!r}, which nobody has fitted")
    numbers = [*mean, *std]
    if not all(_is(number, _NUMBER) and math.isfinite(number) for number in numbers):
        raise ValueError(f"its normalisation is by {_short(numbers)}, expected finite numbers")
    if not all(number > 0 for number in std):
        raise ValueError(f"its standard deviations are {_short(std)}, expected more than 0")
    return Normalization(kind, tuple(mean), tuple(std))


def _short(values):
    """Return values as text that fits into a message."""
    is_long = isinstance(values, list) and len(values) > 9
    text = repr(values[:9] if is_long else values)
    return text[:200] + "..." * (len(text) > 200 or is_long)
