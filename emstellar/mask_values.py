"""Values in masks that would become classes by accident: `check_mask_values`."""

import numpy as np
from skimage.measure import label as label_components

from emstellar.input_warnings import warn_of_input
from emstellar.pixel_values import count_values, find_mixed_codings, list_values, measure_flatness

# More values than this are rarely classes.
MANY = 20
# So many grey values between two others are no classes, unless they form regions.
_GREY, _FEW_GREY = 10, 5
_TINY_SHARE, _FEW_PIXELS = 1e-3, 10
# Numbered objects of the first images tell enough.
_N_IMAGES = 8
_UNLABELLED = -1
_REMEDY = "If they are classes, ignore this warning."


def check_mask_values(masks, *, name="This segmenter"):
    """Judge whether the values of masks are classes or came about by accident.

    Every value of a mask becomes a class. JPEG compression, interpolation, different codings in
    one folder and numbered objects make dozens of them, which a network would learn for hours.

    Parameters
    ----------
    masks : list of ndarray of shape (height, width)
        Integral values; ``-1`` is unlabelled.
    name : str, default="This segmenter"
        Who asks.

    Raises
    ------
    ValueError
        If some masks are coded as 0 and 1, others as 0 and 255; or where grey values lie between
        the others, as JPEG compression and interpolation leave them.

    Warns
    -----
    UserWarning
        If there are many values, a few pixels of a stray value, numbered objects, negative values,
        or 255 beside small numbers.

    Notes
    -----
    Regions of equal values are labels, however many; grey values are those whose neighbours are
    unequal. Labels that count from 0 or 1 may be rare; others (130 beside 0 and 255) may not.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.mask_values import check_mask_values
    >>> check_mask_values([np.array([[0, 1, 2]]).repeat(8, axis=1)])
    >>> check_mask_values([np.array([[0, 1]]), np.array([[0, 255]])], name="UNetSegmenter")
    Traceback (most recent call last):
        ...
    ValueError: The masks are coded in several ways, which UNetSegmenter would take for 3 classes: \
0 and 1 in y[0]; 0 and 255 in y[1]. Code them in one way, for example by [mask > 0 for mask in y].
    """
    values, counts = count_values(masks)
    labelled = values != _UNLABELLED if values.dtype.kind != "b" else np.ones(len(values), bool)
    values, counts = values[labelled], counts[labelled]
    if len(values) <= 2:
        return
    _check_codings(masks, len(values), name)
    _check_grey(masks, values, counts, name)
    for doubt in _find_doubts(masks, values, counts):
        warn_of_input(f"{name} takes each of the {len(values)} values in y for a class. {doubt}")


def _check_codings(masks, n_values, name):
    mixed = find_mixed_codings(masks, [f"y[{i}]" for i in range(len(masks))])
    if mixed:
        found = "; ".join(f"0 and {value} in {where}" for value, where in mixed.items())
        raise ValueError(
            f"The masks are coded in several ways, which {name} would take for {n_values} classes: "
            f"{found}. Code them in one way, for example by [mask > 0 for mask in y]."
        )


def _check_grey(masks, values, counts, name):
    if len(values) < _GREY or not _are_grey(masks, values, counts):
        return
    middle = (int(values[0]) + int(values[-1])) // 2
    raise ValueError(
        f"The masks hold {len(values)} values ({list_values(values)}), which {name} would take for "
        "as many classes. They are grey values, as JPEG compression, smoothing or interpolation "
        f"leave them: cut them at the middle, for example y > {middle}, and save masks as PNG or "
        "TIFF, resized by order=0 (nearest neighbour)."
    )


def _are_grey(masks, values, counts):
    """Tell whether values other than the two most frequent ones are grey, not regions."""
    others = np.sort(values[np.argsort(counts)[:-2]])
    return measure_flatness(masks, others).equal < 0.5


def _find_doubts(masks, values, counts):
    """Yield what makes one doubt that the values are classes; the gravest alone."""
    found = list_values(values)
    are_numbered = np.array_equal(values, np.arange(len(values)) + min(max(values[0], 0), 1))
    tiny = _TINY_SHARE * counts.sum()
    rare = values[counts < (min(_FEW_PIXELS, tiny) if are_numbered else tiny)]
    if values[0] < 0:
        yield (
            f"They are {found}; only -1 stands for unlabelled pixels. Were unsigned values read as "
            "signed ones?"
        )
    elif _are_objects(masks, values):
        yield (
            f"They are {found}, and each is one object of its image: are they the numbers of "
            f"objects? Then pass y > 0, a mask of two classes. {_REMEDY}"
        )
    elif len(values) > MANY:
        yield f"They are {found}. {_REMEDY}"
    elif len(values) >= _FEW_GREY and not are_numbered and _are_grey(masks, values, counts):
        yield (
            f"They are {found}, and those between the others seem to come from interpolation: "
            "resize masks by order=0 (nearest neighbour), or cut them, for example y > "
            f"{(int(values[0]) + int(values[-1])) // 2}. {_REMEDY}"
        )
    elif _is_void(values):
        yield (
            f"They are {found}: does {values[-1]} mark pixels to be ignored? Then set them to -1 "
            f"in masks of a signed type. {_REMEDY}"
        )
    elif len(rare):
        shares = ", ".join(
            f"{value} in {count} pixels"
            for value, count in zip(values.tolist(), counts.tolist(), strict=True)
            if value in rare
        )
        yield (
            f"They are {found}, some of them very rare ({shares}), as painting tools and "
            f"interpolation leave them. Replace those by their neighbours' values. {_REMEDY}"
        )


def _is_void(values):
    """Tell whether the last value is the largest of a type, beside labels that are numbered."""
    small = values[:-1]
    return values[-1] in (255, 65535) and np.array_equal(small, np.arange(len(small)) + small[0])


def _are_objects(masks, values):
    """Tell whether each label is one object of its image, as if objects were numbered."""
    if len(values) < 4 or values[0] not in (0, 1):
        return False
    n_labels = n_objects = 0
    in_order = True
    for mask in masks[:_N_IMAGES]:
        labels, first = np.unique(mask[mask > 0], return_index=True)
        in_order &= bool((np.diff(first) > 0).all())
        n_labels += len(labels)
        n_objects += label_components(np.maximum(mask, 0), connectivity=2).max()
    # Programs that number objects go from the upper left to the lower right.
    return n_objects <= 1.1 * n_labels and (in_order or n_labels > 6)
