"""What a metric does not see: `sensitivity_profile`."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import UndefinedMetricWarning

from emstellar.constraints import check_option
from emstellar.metrics.disturbances import BY_PIXELS, BY_SHARE
from emstellar.metrics.scorers import compute_scores
from emstellar.validation import is_sequence_of_arrays

DISTURBANCES = (*BY_PIXELS, *BY_SHARE)


def sensitivity_profile(
    metric,
    masks,
    *,
    disturbances=DISTURBANCES,
    pixels=(0, 1, 2, 4),
    shares=(0.0, 0.25, 0.5, 1.0),
    random_state=None,
):
    """Return how metrics answer to masks that are spoiled in known ways, ever more strongly.

    Parameters
    ----------
    metric : str, callable or sequence of these
        Names of `get_scorer_names`, or functions ``metric(y_true, y_pred)``.
    masks : array-like of shape (n_images, height, width) or sequence of masks
        The truth: objects are the 4-connected parts of what is not 0.
    disturbances : sequence of str, default=("erode", "dilate", "shift", "drop", "add", \
"split", "merge")
        What is done to all objects (the first three), or to a share of them: "add" puts copies
        of objects on the background, "merge" joins objects with the nearest other one.
    pixels : sequence of int, default=(0, 1, 2, 4)
        The strengths of "erode", "dilate" and "shift".
    shares : sequence of float, default=(0.0, 0.25, 0.5, 1.0)
        The strengths of the others, in [0, 1].
    random_state : int or None, default=None
        Seed of the choice of objects and places. The objects of a weaker disturbance are among
        those of a stronger one.

    Returns
    -------
    DataFrame
        One row for each disturbance, strength and metric, with the columns "disturbance",
        "strength", "unit" ("pixels" or "share"), "metric" and "score". NaN where the metric is
        undefined.

    Raises
    ------
    ValueError
        If a disturbance or metric is unknown, or a strength is out of range.

    Notes
    -----
    A metric that stays where it is cannot be trusted to notice such errors. V_Rand after border
    thinning, for one, stays at 1 when false objects double the number of objects.

    Examples
    --------
    Twice as many objects, and V_Rand has not noticed:

    >>> import numpy as np
    >>> from emstellar.metrics import sensitivity_profile
    >>> masks = np.zeros((1, 40, 40), dtype=bool)
    >>> masks[0, 5:12, 5:12] = masks[0, 25:33, 20:28] = True
    >>> profile = sensitivity_profile(["f1", "v_rand"], masks, disturbances=["add"],
    ...                               shares=[0, 1], random_state=0)
    >>> profile["score"].round(3).tolist()
    [1.0, 1.0, 0.667, 1.0]
    """
    if is_sequence_of_arrays(masks):
        masks = [np.asarray(mask) != 0 for mask in masks]
    else:
        masks = list(np.asarray(masks) != 0)
    metrics = [metric] if isinstance(metric, str) or callable(metric) else list(metric)
    rows = []
    for name in disturbances:
        check_option("disturbances", name, DISTURBANCES)
        unit, strengths = ("pixels", pixels) if name in BY_PIXELS else ("share", shares)
        for strength in strengths:
            spoiled = _spoil(masks, name, strength, random_state)
            for metric_name, score in _score(metrics, masks, spoiled):
                rows.append((name, strength, unit, metric_name, score))
    return pd.DataFrame(rows, columns=["disturbance", "strength", "unit", "metric", "score"])


def _spoil(masks, name, strength, random_state):
    _check_strength(name, strength)
    disturb = {**BY_PIXELS, **BY_SHARE}[name]
    seed = np.random.SeedSequence(random_state)
    children = seed.spawn(len(masks))
    return [
        disturb(mask, strength, np.random.default_rng(child))
        for mask, child in zip(masks, children, strict=True)
    ]


def _check_strength(name, strength):
    if name in BY_PIXELS:
        if strength != int(strength) or strength < 0:
            raise ValueError(f"pixels must be integers of at least 0. Got {strength!r}.")
    elif not 0 <= strength <= 1:
        raise ValueError(f"shares must lie in [0, 1]. Got {strength!r}.")


def _score(metrics, truth, spoiled):
    """Yield the name and the score of each metric."""
    with warnings.catch_warnings():
        # Where nothing is left a score is undefined, which is part of the answer.
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        named = compute_scores([m for m in metrics if isinstance(m, str)], truth, spoiled)
        for metric in metrics:
            if isinstance(metric, str):
                yield metric, float(named[metric])
            else:
                yield metric.__name__, float(metric(truth, spoiled))
