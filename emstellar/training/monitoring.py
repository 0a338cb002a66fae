"""What can be said of a fit's monitor and patches before anything is trained; without Keras."""

import numpy as np

from emstellar import metrics
from emstellar.constraints import did_you_mean


def check_monitor(parameters, *, has_validation=True):
    """Raise if nothing of the name that a network is to monitor will be recorded.

    Parameters
    ----------
    parameters : TrainingParameters
        `monitor` and `validation_fraction` are looked at.
    has_validation : bool, default=True
        Whether there are validation images besides those that are set aside.

    Raises
    ------
    ValueError
        For an unknown name, with the nearest ones, and for a score without validation images.

    Examples
    --------
    >>> from emstellar import UNetSegmenter
    >>> from emstellar.training.monitoring import check_monitor
    >>> check_monitor(UNetSegmenter(monitor="val_f2"))
    Traceback (most recent call last):
        ...
    ValueError: monitor='val_f2' is unknown: it must be 'loss', 'val_loss' or 'val_' before a name \
of emstellar.metrics.get_scorer_names(), such as 'val_f1'. Did you mean 'val_f1' ...
    """
    monitor, names = parameters.monitor, metrics.get_scorer_names()
    if monitor in ("loss", "val_loss"):
        return
    if not monitor.startswith("val_") or monitor.removeprefix("val_") not in names:
        valid = ["loss", "val_loss", *(f"val_{name}" for name in names)]
        raise ValueError(
            f"monitor={monitor!r} is unknown: it must be 'loss', 'val_loss' or 'val_' before "
            f"a name of emstellar.metrics.get_scorer_names(), such as 'val_f1'."
            f"{did_you_mean(monitor, valid)}"
        )
    if parameters.validation_fraction is None and not has_validation:
        raise ValueError(
            f"monitor={monitor!r} needs validation images: set validation_fraction, for example "
            "0.2, or pass validation_data=(X_val, y_val) to fit."
        )


def check_before_training(estimator, shapes, *, has_validation=False):
    """Raise if a network, or one inside an ensemble, cannot be trained on images of some shapes.

    An ensemble or a benchmark would find out only when the methods before it have been trained.

    Parameters
    ----------
    estimator : estimator
        A segmenter; members of `VotingSegmenter` and the segmenter in `ThresholdedSegmenter` are
        looked at too, frozen ones, searches and pipelines are not.
    shapes : list of tuple (height, width)
        Those of the training images.
    has_validation : bool, default=False
        Whether fits will be given `validation_data`.

    Raises
    ------
    ValueError
        As `check_monitor`, and if patches are larger than every image.

    Examples
    --------
    >>> from emstellar import UNetSegmenter, VotingSegmenter
    >>> from emstellar.training.monitoring import check_before_training
    >>> voting = VotingSegmenter([("unet", UNetSegmenter(patch_size=256))])
    >>> check_before_training(voting, [(128, 128), (128, 512)])
    Traceback (most recent call last):
        ...
    ValueError: patch_size=256 is larger than each of the images, of which the largest has height \
and width (128, 512); choose a smaller patch_size or 'auto'.
    """
    inner = getattr(estimator, "_members_to_train", list)
    for member in inner():
        check_before_training(member, shapes, has_validation=has_validation)
    if isinstance(getattr(estimator, "monitor", None), str) and hasattr(estimator, "patch_size"):
        check_monitor(estimator, has_validation=has_validation)
        _check_patch_size(estimator.patch_size, shapes)


def _check_patch_size(wanted, shapes):
    if np.asarray(wanted).dtype.kind not in "iu" or np.size(wanted) > 2:
        # "auto", or what the check of the parameters refuses.
        return
    sides = np.array(shapes)
    if not (sides >= np.broadcast_to(wanted, 2)).all(axis=1).any():
        largest = tuple(sides[sides.prod(axis=1).argmax()].tolist())
        raise ValueError(
            f"patch_size={wanted!r} is larger than each of the images, of which the largest has "
            f"height and width {largest}; choose a smaller patch_size or 'auto'."
        )
