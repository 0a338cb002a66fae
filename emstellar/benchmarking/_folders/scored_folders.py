"""Scores of probability maps that lie in folders, one per method."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...io import pair_by_name, read_images, read_masks
from ...io.groups import find_groups
from .._reproduction.calls import describe_folders
from .._result import BenchmarkResult
from .._scoring import DEFAULT_SCORING
from .._tables.frames import scored_names
from .map_codings import decode_maps, find_truth_coding


def score_folders(
    predictions,
    truth,
    *,
    images=None,
    groups=None,
    scoring=DEFAULT_SCORING,
    threshold=0.5,
    foreground=None,
    maximum=None,
    pair_by=None,
    n_jobs=None,
    verbose=1,
):
    """Score the probability maps of several methods against the true masks.

    Parameters
    ----------
    predictions : path-like
        A folder that holds one folder or stack file per method, named after it, with masks or
        with 8-bit, 16-bit or float maps of the foreground.
    truth : path-like
        The folder or stack of true masks: of two values, or grey.
    images : path-like, optional
        The folder or stack of the images, for overlays.
    groups : str, optional
        A regular expression that finds the field, specimen or stack in the name of a mask: what
        counts as one observation when methods are compared. Without it all masks are one.
    scoring : sequence of str, default=the nine of the paper
        Names of metrics.
    threshold : float, default=0.5
        Foreground is what is strictly more probable; V_Rand and V_Info try many themselves.
    foreground : float or "nonzero", optional
        Which value of the true masks is the foreground, needed where they have more than two;
        "nonzero" stands for all but 0. It holds for masks of the same values among the methods.
    maximum : float, optional
        The value that stands for the probability 1 in the maps, such as 4095 in maps of 12 bits.
    pair_by : str, optional
        A regular expression that finds in each name what files are matched by, as `key` of
        `emstellar.io.pair_by_name`.
    n_jobs : int, optional
        How many methods are scored at once.
    verbose : int, default=1
        Whether to show progress.

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    FileNotFoundError
        If a folder is missing or holds nothing.
    ValueError
        If maps and masks do not match in name, number or size, the files of a folder differ in
        type, or one cannot tell what their values mean; the message says what was found.

    Warns
    -----
    UserWarning
        If a method is right where it is inverted.

    Notes
    -----
    Maps and masks are matched by their names or, where no name of a method is that of a mask,
    by what varies in the names: "V20007" of the method "V2" belongs to "truth0007".

    What values mean is decided once for all files of a folder. Masks hold two values (0 and 1, 0
    and 255, 1 and 2, booleans, or those of the truth), of which the higher one is the foreground.
    Other integers are grey: they are divided by their type's largest value, and must come near
    it. Floats lie in [0, 1]. Numbered objects and several classes are refused, but for
    `foreground`.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from emstellar.benchmarking import score_folders
    >>> from emstellar.io import write_images
    >>> masks = np.zeros((2, 16, 16), dtype="uint8")
    >>> masks[:, 4:12, 4:12] = 255
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     truth, maps = os.path.join(folder, "truth"), os.path.join(folder, "maps")
    ...     write_images(truth, masks, ["a", "b"])
    ...     write_images(os.path.join(maps, "perfect"), masks, ["a", "b"])
    ...     result = score_folders(maps, truth, scoring=["f1"], verbose=0)
    >>> float(result.summary().loc["perfect", ("f1", "mean")])
    1.0
    """
    masks, names = read_masks(truth)
    masks, coding = _explain("The true masks", _read_truth, masks, names, foreground)
    maps, words = {}, [f"{len(masks)} masks of {coding}: {', '.join(names)}."]
    for method, path in _find_methods(Path(predictions)).items():
        who = f"Method {method!r}"
        found, taken_for = _explain(
            who, _read_maps, path, masks, names, coding=coding, maximum=maximum, pair_by=pair_by
        )
        maps[method] = found
        _warn_of_inversion(who, found, masks)
        words.append(f"{method}: {taken_for}.")
    X = None if images is None else _in_order_of(masks, names, *read_images(images), pair_by)
    result = BenchmarkResult.from_predictions(
        maps,
        masks,
        X=X,
        groups=find_groups(groups, names),
        names=names,
        scoring=scoring,
        threshold=threshold,
        n_jobs=n_jobs,
        verbose=verbose,
        description=" ".join(words),
    )
    options = {"images": None if images is None else str(images)}
    options |= {"scoring": scored_names(result.metrics), "threshold": threshold}
    given = {"groups": groups, "foreground": foreground, "maximum": maximum, "pair_by": pair_by}
    options |= {name: value for name, value in given.items() if value is not None}
    code = describe_folders(str(predictions), str(truth), options)
    return BenchmarkResult(result.records, result.data, replace(result.plan, code=code))


def _explain(who, function, *args, **kwargs):
    """Return what the function does; its errors say whose files they are about."""
    try:
        return function(*args, **kwargs)
    except ValueError as error:
        raise ValueError(f"{who}: {error}") from error


def _read_truth(masks, names, foreground):
    """Return the masks as 0 and 1 (or grey floats), and how they were coded."""
    _check_types(masks, names)
    coding = find_truth_coding(masks, names, foreground)
    return [coding.decode(mask) for mask in masks], coding


def _find_methods(folder):
    """Return the folder or file of each method."""
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    folders = {path.name: path for path in entries if path.is_dir()}
    methods = folders or {path.stem: path for path in entries}
    if not methods:
        raise FileNotFoundError(f"{str(folder)!r} is empty; it must hold one folder per method.")
    return methods


def _read_maps(path, masks, names, *, coding, maximum, pair_by):
    """Return the maps of a method in the order of the masks, and what they were taken for."""
    maps, map_names = read_images(path)
    _check_types(maps, map_names)
    probabilities, taken_for = decode_maps(maps, map_names, coding, maximum)
    return _in_order_of(masks, names, probabilities, map_names, pair_by, "map"), taken_for


def _in_order_of(masks, names, images, image_names, pair_by, what="image"):
    """Return the images in the order of the masks."""
    _, ordered, _ = pair_by_name(
        (masks, names),
        (images, image_names),
        key=pair_by,
        sides=("true mask", what),
        remedy="say which part of them counts by pair_by=REGEX (--pair-by REGEX)",
    )
    return ordered


def _warn_of_inversion(who, maps, masks):
    """Warn of maps that are high where the masks are low."""
    labelled = [mask >= 0 for mask in masks]
    found = np.concatenate([image[w] for image, w in zip(maps, labelled, strict=True)])
    true = np.concatenate([mask[w] for mask, w in zip(masks, labelled, strict=True)])
    if np.ptp(found) > 0 and np.ptp(true) > 0 and np.corrcoef(found, true)[0, 1] < -0.5:
        warnings.warn(
            f"{who} is high where the true masks are low: its maps, or the masks, are probably "
            "inverted.",
            stacklevel=3,
        )


def _check_types(images, names):
    """Raise if the files differ in type, or have several channels."""
    kinds = {}
    for image, name in zip(images, names, strict=True):
        kinds.setdefault(str(image.dtype), name)
        if image.ndim != 2:
            raise ValueError(f"{name} has shape {image.shape}; maps and masks have one channel.")
    if len(kinds) > 1:
        found = ", ".join(f"{kind} ({name}, ...)" for kind, name in kinds.items())
        raise ValueError(f"The files differ in type: {found}.")
