"""Axes to draw on, without a word to pyplot where the caller has none."""

import matplotlib.pyplot as plt

METRIC_LABELS = {
    "f1": "F1",
    "v_rand": "V Rand",
    "v_info": "V Info",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "jaccard": "Jaccard",
    "auc": "AUC",
}


def metric_label(metric):
    """Return a metric's name as one would write it in a figure.

    Examples
    --------
    >>> from emstellar.displays.canvas import metric_label
    >>> metric_label("v_rand"), metric_label("neg_brier_score")
    ('V Rand', 'Neg brier score')
    """
    return METRIC_LABELS.get(metric, metric.replace("_", " ").capitalize())


def get_axes(ax, figsize):
    """Return `ax`, or new axes on a figure of that size in inches, and their figure."""
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax, ax.get_figure()
