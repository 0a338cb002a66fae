"""What a fit is to do, judged before any weight is built: `plan_training`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from emstellar import losses, optimizers
from emstellar.tiling import check_overlap
from emstellar.training.augmentation import get_augmentation
from emstellar.training.callbacks import DEFAULT_VALIDATION_METRICS, check_callbacks
from emstellar.training.devices import check_settings
from emstellar.training.monitoring import check_monitor
from emstellar.training.prediction import pair
from emstellar.training.schedules import get_schedule


@dataclass
class TrainingPlan:
    """What the names and numbers among the parameters of a fit stand for.

    Parameters
    ----------
    patch_size : tuple of (int, int)
        Height and width.
    augment : callable or None
        The augmentation.
    class_weight : list of float, "balanced" or None
        One weight per class.
    loss : keras.losses.Loss
        The loss.
    metrics : tuple of str
        What to compute on validation images.
    """

    patch_size: tuple
    augment: Any
    class_weight: Any
    loss: Any
    metrics: tuple


def plan_training(parameters, data, size_multiple):
    """Return what a fit is to do.

    Parameters
    ----------
    parameters : TrainingParameters
        What the user asks for.
    data : TrainingData
        All images of the fit.
    size_multiple : int
        To what the sides of the network's input must be multiples.

    Returns
    -------
    TrainingPlan

    Raises
    ------
    ValueError
        For a name that is not known, and for numbers that fit neither data nor devices.
    """
    patch_size = _patch_size(parameters.patch_size, data.images)
    check_settings(parameters)
    augment = get_augmentation(parameters.augmentation)
    class_weight = _class_weight(parameters.class_weight, data.classes)
    loss = losses.get_loss(parameters.loss)
    optimizers.get_optimizer(parameters.optimizer, parameters.learning_rate)
    get_schedule(parameters.lr_schedule, parameters.learning_rate, 1)
    check_monitor(parameters)
    check_callbacks(parameters.callbacks)
    check_overlap(pair(parameters.tile_size), pair(parameters.overlap), size_multiple)
    return TrainingPlan(patch_size, augment, class_weight, loss, _metrics(parameters.monitor))


def _patch_size(wanted, images):
    """Return height and width of the patches."""
    sides = np.array([image.shape[:2] for image in images])
    if wanted == "auto":
        side = int(min(256, sides.min()))
        return side, side
    size = (wanted, wanted) if np.ndim(wanted) == 0 else tuple(wanted)
    # Smaller images are filled up, but where all are, most of the work would be for nothing.
    if not (sides >= size).all(axis=1).any():
        raise ValueError(
            f"patch_size={wanted!r} is larger than the smallest image, which has height and "
            f"width {tuple(sides.min(axis=0).tolist())}, and than all others; choose a smaller "
            "patch_size or 'auto'."
        )
    return size


def _class_weight(wanted, classes):
    """Return one weight per class, "balanced" or None."""
    if not isinstance(wanted, dict):
        return wanted
    unknown = [label for label in wanted if label not in classes]
    if unknown:
        raise ValueError(
            f"class_weight has labels {unknown} that are not among the classes {classes.tolist()}."
        )
    weights = [float(wanted.get(label, 1.0)) for label in classes]
    if not np.isfinite(weights).all() or min(weights) < 0 or max(weights) == 0:
        raise ValueError(
            "The weights in class_weight must be finite, zero or positive, and not all "
            f"zero. Got {wanted!r}."
        )
    return weights


def _metrics(monitor):
    """Return the names of the metrics to compute on the validation images."""
    if monitor in ("loss", "val_loss"):
        return DEFAULT_VALIDATION_METRICS
    return tuple(dict.fromkeys([*DEFAULT_VALIDATION_METRICS, monitor.removeprefix("val_")]))
