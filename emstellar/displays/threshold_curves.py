"""Scores of the same maps at many thresholds."""

import numpy as np
import pandas as pd

from ..metrics.threshold_search import scores_at

CURVE_THRESHOLDS = np.arange(1, 20) / 20


def score_thresholds(y_true, y_prob, metric="f1", thresholds=None, labels=None):
    """Return the score at each threshold.

    Parameters
    ----------
    y_true : array-like of shape (n_images, height, width) or sequence of masks
    y_prob : array-like or sequence of arrays
        Probability maps, as metrics take them.
    metric : str, default="f1"
        The name of a metric that has a threshold.
    thresholds : array-like, optional
        0.05 to 0.95 in steps of 0.05 by default.
    labels : array-like of shape (n_classes,), optional
        The classes in the order of the maps.

    Returns
    -------
    Series
        Indexed by threshold.

    Raises
    ------
    ValueError
        If the metric does not depend on a threshold.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.displays.threshold_curves import score_thresholds
    >>> y_true, y_prob = np.array([[[1, 1, 0, 0]]]), np.array([[[0.9, 0.4, 0.3, 0.1]]])
    >>> score_thresholds(y_true, y_prob, "accuracy", [0.2, 0.35]).tolist()
    [0.75, 1.0]
    """
    thresholds = CURVE_THRESHOLDS if thresholds is None else np.asarray(thresholds)
    scores = scores_at(metric, y_true, y_prob, thresholds, labels=labels)
    return pd.Series(scores, index=pd.Index(thresholds, name="threshold"), name=metric)
