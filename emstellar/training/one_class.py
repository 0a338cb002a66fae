"""A warning of networks that call every pixel the same: `warn_of_one_class`."""

import warnings

import numpy as np

from emstellar.training.prediction import with_background

_CAUSES = (
    "Likely causes: too few epochs or steps (learning only begins); a learning_rate too low or too "
    "high; a rare foreground (class_weight='balanced', loss='bce+dice' or foreground_fraction "
    "help); images and masks that do not belong together."
)


def warn_of_one_class(maps, codes, classes, who):
    """Warn if all predictions are of one class where the masks are of several.

    Parameters
    ----------
    maps : iterator of ndarray of shape (height, width, n_outputs)
        What the network gives for each image; asked only until there are two classes.
    codes : list of ndarray of shape (height, width), int
        The masks as positions of classes; ``-1`` where unlabelled.
    classes : ndarray of shape (n_classes,)
        The labels.
    who : str
        Who predicts.

    Warns
    -----
    UserWarning
        With the likely causes.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from emstellar.training.one_class import warn_of_one_class
    >>> maps, codes = [np.array([[[0.1], [0.4]]])], [np.array([[0, 1]])]
    >>> with warnings.catch_warnings(record=True) as told:
    ...     warn_of_one_class(iter(maps), codes, np.array([0, 255]), "UNetSegmenter")
    >>> str(told[0].message)[:60]
    'UNetSegmenter calls every pixel of its 1 validation images 0'
    """
    true = np.unique(np.concatenate([np.unique(code[code >= 0]) for code in codes]))
    if len(true) < 2:
        return
    found = set()
    for image in maps:
        found |= set(np.unique(with_background(image).argmax(axis=-1)).tolist())
        if len(found) > 1:
            return
    truth = " and ".join(str(label) for label in classes[true].tolist())
    warnings.warn(
        f"{who} calls every pixel of its {len(codes)} validation images {classes[found.pop()]}, "
        f"though their masks hold {truth}: it has learnt nothing that separates them. {_CAUSES}",
        UserWarning,
        stacklevel=6,
    )
