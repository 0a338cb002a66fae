"""Scores of probability maps that lie in folders, one per method."""

import re
from pathlib import Path

import numpy as np

from ..io import pair_by_name, read_images, read_masks
from .reproduction import describe_folders
from .result import BenchmarkResult
from .scoring import DEFAULT_SCORING


def score_folders(
    predictions,
    truth,
    *,
    images=None,
    scoring=DEFAULT_SCORING,
    threshold=0.5,
    n_jobs=None,
    verbose=1,
):
    """Score the probability maps of several methods against the true masks.

    Parameters
    ----------
    predictions : path-like
        A folder that holds one folder or stack file per method, named after it, with 8-bit,
        16-bit or float maps of the foreground.
    truth : path-like
        The folder or stack of masks: of two values, or grey.
    images : path-like, optional
        The folder or stack of the images, for overlays.
    scoring : sequence of str, default=the nine of the paper
        Names of metrics.
    threshold : float, default=0.5
        Foreground is what is strictly more probable; V_Rand and V_Info try many themselves.
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
        If maps and masks do not match in name, number or size, or differ in type; the message
        lists which.

    Notes
    -----
    Maps and masks are matched by their names or, where no name of a method is that of a mask,
    by the last number in the names. Integers are divided by their type's maximum. Of masks of two
    values the higher one is the foreground.

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
    _check_types(masks, names)
    maps = {}
    for method, path in _find_methods(Path(predictions)).items():
        try:
            maps[method] = _read_maps(path, masks, names)
        except ValueError as error:
            raise ValueError(f"Method {method!r}: {error}") from error
    X = None if images is None else _in_order_of(masks, names, *read_images(images))
    result = BenchmarkResult.from_predictions(
        maps,
        [_as_truth(mask) for mask in masks],
        X=X,
        scoring=scoring,
        threshold=threshold,
        n_jobs=n_jobs,
        verbose=verbose,
        description=f"{len(masks)} masks: {', '.join(names)}.",
    )
    options = {"images": None if images is None else str(images)}
    options |= {"scoring": result.metrics, "threshold": threshold}
    result.manifest["code"] = describe_folders(str(predictions), str(truth), options)
    return result


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


def _read_maps(path, masks, names):
    maps, map_names = read_images(path)
    _check_types(maps, map_names)
    return [_scale(image) for image in _in_order_of(masks, names, maps, map_names)]


def _in_order_of(masks, names, images, image_names):
    """Return the images in the order of the masks."""
    key = None if set(names) & set(image_names) else _last_number
    _, ordered, _ = pair_by_name((masks, names), (images, image_names), key=key)
    return ordered


def _last_number(name):
    numbers = re.findall(r"\d+", name)
    return int(numbers[-1]) if numbers else name


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


def _scale(image):
    """Return a map with values in [0, 1]."""
    if image.dtype.kind == "b":
        return image.astype("float32")
    if image.dtype.kind == "u":
        return image.astype("float32") / np.float32(np.iinfo(image.dtype).max)
    return image


def _as_truth(mask):
    """Return masks of two values as 0 and 1, and grey ones as floats in [0, 1]."""
    values = np.unique(mask)
    if len(values) > 2:
        return _scale(mask)
    return (mask == values[-1]).astype("uint8") if values[-1] else np.zeros(mask.shape, "uint8")
