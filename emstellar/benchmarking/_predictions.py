"""Probability maps made elsewhere, as methods of a benchmark."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..fingerprints import fingerprint_arrays
from ..validation import is_sequence_of_arrays
from ._record import ALL_FOLDS
from ._task import Identity, Task, keep_scores


@dataclass
class Prediction(Task):
    """A method of which only the maps of the test images are known.

    Attributes
    ----------
    method : str
    repeat, fold : int
    probabilities : ndarray, or list of ndarray of shape (height, width, n_classes)
    classes : list
    """

    probabilities: Any
    classes: list

    of_method: ClassVar[str] = ""
    ensemble: ClassVar[str] = ""
    # There is no fit that may fail: what is wrong here is wrong with the call.
    keeps_errors: ClassVar[bool] = False

    @cached_property
    def identity(self):
        """Equal for equal maps."""
        return Identity.of(fingerprint_arrays(self.probabilities), self.classes)

    @property
    def images(self):
        """All of them."""
        return {"test": list(range(len(self.probabilities)))}

    def perform(self, record, data, scoring, map_dtype):
        """Score the maps; see `Task`."""
        record.classes = self.classes
        X, y, _ = data.test.parts
        keep_scores(record, "test", self.probabilities, X, y, self.classes, scoring)
        record.keep_maps("test", self.probabilities, map_dtype)


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
        Prediction(name, 0, ALL_FOLDS, _check_maps(name, maps, masks, len(classes)), list(classes))
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
