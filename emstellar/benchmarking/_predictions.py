"""Probability maps made elsewhere, as methods of a benchmark."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..fingerprints import fingerprint_arrays
from ..validation import is_sequence_of_arrays
from ._record import ALL_FOLDS, Record
from .environment import describe_environment
from .job import keep_scores


@dataclass
class Prediction:
    """A method of which only the maps are known.

    Attributes
    ----------
    method : str
    probabilities : ndarray, or list of ndarray of shape (height, width, n_classes)
    classes : list
    """

    method: str
    probabilities: Any
    classes: list

    repeat, fold, kind, asked, keep_model = 0, ALL_FOLDS, "segmenter", "", False

    @property
    def fingerprint(self):
        """Equal for equal maps."""
        parts = (fingerprint_arrays(self.probabilities), self.classes)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def run(self, data, scoring, map_dtype):
        """Return the record of the scores."""
        record = Record(
            self.method,
            self.repeat,
            self.fold,
            images={"test": list(range(len(self.probabilities)))},
            classes=self.classes,
            environment=describe_environment(),
        )
        X, y = data.subset("test")
        keep_scores(record, "test", self.probabilities, X, y, self.classes, scoring)
        record.keep_maps("test", self.probabilities, map_dtype)
        return record


def check_predictions(predictions, masks, classes):
    """Return one `Prediction` per method.

    Parameters
    ----------
    predictions : dict of str to array-like or sequence of array-like
    masks : list of ndarray of shape (height, width)
    classes : sequence
        The labels in the order of the maps.

    Raises
    ------
    ValueError
        If there is no method, or the maps of one are not as many or not of the size of the masks,
        have not one channel per class, or are not in [0, 1].
    """
    if not predictions:
        raise ValueError("predictions is empty: the maps of at least one method are required.")
    return [
        Prediction(name, _check_maps(name, maps, masks, len(classes)), list(classes))
        for name, maps in predictions.items()
    ]


def _check_maps(name, maps, masks, n_classes):
    maps = maps if is_sequence_of_arrays(maps) else np.asarray(maps)
    if len(maps) != len(masks):
        raise ValueError(f"Found {len(maps)} maps of {name!r} for {len(masks)} masks.")
    checked = [
        _check_map(np.asarray(image, dtype="float32"), mask, n_classes, f"Map {i} of {name!r}")
        for i, (image, mask) in enumerate(zip(maps, masks, strict=True))
    ]
    return np.stack(checked) if isinstance(maps, np.ndarray) else checked


def _check_map(image, mask, n_classes, who):
    if image.shape[:2] != mask.shape or image.ndim not in (2, 3):
        raise ValueError(f"{who} has shape {image.shape}, but its mask has {mask.shape}.")
    if not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(
            f"{who} holds values from {image.min()} to {image.max()}; probabilities lie in "
            "[0, 1]. Divide 8-bit maps by 255."
        )
    image = np.stack([1 - image, image], axis=-1) if image.ndim == 2 else image
    if image.shape[-1] != n_classes:
        raise ValueError(f"{who} has {image.shape[-1]} channels for {n_classes} classes.")
    return image
