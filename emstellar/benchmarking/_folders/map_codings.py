"""What the numbers in files of masks and probability maps mean: decided once per folder."""

from dataclasses import dataclass

import numpy as np

from ...pixel_values import count_values, find_mixed_codings, list_values, measure_flatness
from ...validation import UNLABELLED

# Foreground is whatever is not 0, as in images of numbered objects.
NONZERO = "nonzero"
# Of so few values (or fewer) integers are classes or votes, not grey values.
_FEW = 20
_SHARE_OF_FLAWS = 0.01
_WHICH = (
    "Say which value is the foreground by foreground=VALUE (--foreground VALUE), or "
    "'nonzero' for all but 0; or save masks of two values."
)
_WHICH_MAPS = (
    "These seem to be classes or numbered objects, not probabilities. Save masks of two values, "
    "or maps as floats in [0, 1]; if they are maps, say which value stands for 1 by maximum=VALUE "
    "(--maximum VALUE)."
)
_SCALE = (
    "Save maps as floats in [0, 1] or as integers up to the largest of their type, or say which "
    "value stands for 1 by maximum=VALUE (--maximum VALUE)."
)


@dataclass(frozen=True)
class Coding:
    """How a folder of masks is coded.

    Attributes
    ----------
    labels : tuple
        The values of masks, background first; empty for grey values.
    foreground : float, "nonzero" or None
        The label of the foreground; None for grey values.
    """

    labels: tuple = ()
    foreground: float | str | None = None

    def __str__(self):
        if self.foreground is None:
            return "grey values"
        which = "all but 0" if self.foreground == NONZERO else f"{self.foreground:g}"
        return f"{list_values(self.labels)} (foreground: {which})"

    def decode(self, mask):
        """Return 0 and 1, unlabelled pixels as -1; grey values as floats in [0, 1]."""
        if self.foreground is None:
            return scale(mask)
        inside = mask != 0 if self.foreground == NONZERO else mask == self.foreground
        found = inside.astype("uint8")
        if mask.dtype.kind in "if" and (mask == UNLABELLED).any():
            return np.where(mask == UNLABELLED, -1, found).astype("int8")
        return found


def scale(image):
    """Return integers divided by the largest of their type, booleans and floats as floats."""
    if image.dtype.kind in "ui":
        return image.astype("float32") / np.float32(np.iinfo(image.dtype).max)
    return image.astype("float32") if image.dtype.kind == "b" else image


def find_truth_coding(masks, names, foreground=None):
    """Return how the true masks of a folder are coded.

    Parameters
    ----------
    masks : sequence of ndarray of shape (height, width)
        All masks of the folder, of one type.
    names : sequence of str
        Their names.
    foreground : float or "nonzero", optional
        Which value is the foreground.

    Returns
    -------
    Coding

    Raises
    ------
    ValueError
        If one cannot tell what the values mean; the message says what was found.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.benchmarking._folders.map_codings import find_truth_coding
    >>> print(find_truth_coding([np.array([[1, 2]]), np.array([[1, 1]])], ["a", "b"]))
    1, 2 (foreground: 2)
    """
    _check_finite(masks, names)
    values, counts = count_values(masks)
    labels = tuple(value for value in values.tolist() if value != UNLABELLED)
    if foreground is not None:
        if foreground != NONZERO and foreground not in labels:
            raise ValueError(
                f"foreground={foreground} does not occur; found are {list_values(labels)}."
            )
        return Coding(labels, foreground)
    if len(labels) == 2 and _are_integral(labels):
        return Coding(labels, labels[1])
    if len(labels) < 2:
        return Coding(labels, _only_value(labels, values))
    _check_one_coding(masks, names)
    if _is_share(values) or (masks[0].dtype.kind == "u" and _is_grey(masks, values, counts)):
        return Coding()
    raise ValueError(f"They hold {_describe(masks, values)}. {_WHICH}")


def _only_value(labels, values):
    """Return the foreground of masks of one value."""
    if labels in ((0,), (False,)):
        if len(values) > 1:
            raise ValueError(
                "They hold nothing but 0 and -1, which means unlabelled: perhaps 0 and 255, read "
                "as signed bytes. Save them as unsigned bytes, such as PNG."
            )
        return labels[0] + 1
    if labels and labels[0] in (1, 255, 65535):
        return labels[0]
    raise ValueError(f"Each pixel holds the same value {list_values(labels)}. {_WHICH}")


def decode_maps(maps, names, truth, maximum=None):
    """Return the maps of a folder as probabilities, and what they were taken for.

    Parameters
    ----------
    maps : sequence of ndarray of shape (height, width)
        All maps of the folder, of one type.
    names : sequence of str
        Their names.
    truth : Coding
        Of the true masks: a method may have kept their labels.
    maximum : float, optional
        The value that stands for the probability 1.

    Returns
    -------
    maps : list of ndarray of shape (height, width), float32
        In [0, 1].
    taken_for : str
        In words.

    Raises
    ------
    ValueError
        If one cannot tell what the values mean; the message says what was found.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.benchmarking._folders.map_codings import Coding, decode_maps
    >>> decode_maps([np.array([[0, 1]], "uint8")], ["a"], Coding((0, 255), 255))
    ([array([[0., 1.]], dtype=float32)], 'masks of 0, 1 (foreground: 1)')
    """
    _check_finite(maps, names)
    values, counts = count_values(maps)
    if maximum is not None:
        return _divide(maps, values, maximum), f"maps of 0 to {maximum:g}"
    coding = _find_labels(maps, values, truth)
    if coding is not None:
        return [_as_probability(coding, image) for image in maps], f"masks of {coding}"
    if _is_share(values):
        return list(maps), "maps of 0 to 1"
    _check_one_coding(maps, names)
    if maps[0].dtype.kind == "f" or values[0] < 0 or not _is_grey(maps, values, counts):
        remedy = _WHICH_MAPS if _seem_labels(maps, values) else _SCALE
        raise ValueError(f"They hold {_describe(maps, values)}. {remedy}")
    return [scale(image) for image in maps], f"maps of 0 to {np.iinfo(maps[0].dtype).max}"


def _find_labels(maps, values, truth):
    """Return the coding of maps that are masks, else None."""
    found = tuple(values.tolist())
    is_pair = len(found) == 2 and _are_integral(found) and (found[0] == 0 or found == (1, 2))
    # Two values of many, without that of the foreground, are 0 and 1 in other words.
    is_other_pair = is_pair and truth.foreground not in (NONZERO, *found)
    if truth.labels and set(found) <= set(truth.labels) and not is_other_pair:
        return Coding(truth.labels, truth.foreground)
    if is_pair or found == (0,):
        return Coding(found, found[-1] or 1)
    is_labels = truth.foreground == NONZERO and values.dtype.kind in "ui" and len(found) > 2
    if is_labels and not _is_grey(maps, values, np.ones(len(values))):
        return Coding(found, NONZERO)
    return None


def _as_probability(coding, image):
    return (coding.decode(image) == 1).astype("float32")


def _are_integral(values):
    return all(value == int(value) for value in values)


def _divide(maps, values, maximum):
    if values[0] < 0 or values[-1] > maximum:
        raise ValueError(
            f"They hold values from {values[0]} to {values[-1]}, outside of 0 to {maximum:g}, the "
            "maximum that was given."
        )
    return [image.astype("float32") / np.float32(maximum) for image in maps]


def _is_share(values):
    return values.dtype.kind == "f" and values[0] >= 0 and values[-1] <= 1


def _is_grey(images, values, counts):
    """Tell whether unsigned or positive integers are grey values up to the top of their type."""
    top = np.iinfo(images[0].dtype).max
    between = (values > 0) & (values < top)
    n_between, n_nonzero = counts[between].sum(), counts[values > 0].sum()
    if values[-1] <= top / 2:
        return False
    if n_between <= _SHARE_OF_FLAWS * min(counts.sum(), 5 * n_nonzero):
        return True
    if 2 < len(values) <= _FEW:
        return False
    return not _is_flat(images, values)


def _seem_labels(images, values):
    if values[0] < 0 or not _are_integral(values):
        return False
    return len(values) <= _FEW or _is_flat(images, values)


def _is_flat(images, values):
    """Tell whether values between the least and the largest form regions, as labels do."""
    flatness = measure_flatness(images, values[1:-1])
    return flatness.equal > 0.5 and flatness.jump > 0.03 * values[-1]


def _check_finite(images, names):
    for image, name in zip(images, names, strict=True):
        n_strange = 0 if image.dtype.kind != "f" else np.count_nonzero(~np.isfinite(image))
        if n_strange:
            raise ValueError(
                f"{name} holds NaN or infinity in {n_strange} of {image.size} pixels; write 0 or "
                "another probability there."
            )


def _check_one_coding(images, names):
    mixed = find_mixed_codings(images, names)
    if mixed:
        found = "; ".join(f"0 and {value} in {name}" for value, name in mixed.items())
        raise ValueError(f"They are coded in several ways: {found}. Save all of them in one way.")


def _describe(images, values):
    """Say which values there are, of which type."""
    dtype = images[0].dtype
    text = f"{len(values)} different values, {list_values(values)}, of type {dtype}"
    if dtype.kind not in "ui":
        return f"{text}, outside of [0, 1]"
    top = np.iinfo(dtype).max
    if values[0] < 0:
        return f"{text}, some of them negative"
    return f"{text}, which goes up to {top}" if values[-1] <= top / 2 else text
