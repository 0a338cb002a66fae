"""How each metric is written in figures, tables and sentences."""

# Names and abbreviations, which keep their letters within a phrase. Errors have a minus, so
# that of every score the higher is the better.
LABELS = {
    "f1": "F1",
    "jaccard": "Jaccard",
    "matthews": "Matthews correlation",
    "cohen_kappa": "Cohen's kappa",
    "ppv": "PPV",
    "npv": "NPV",
    "roc_auc": "ROC AUC",
    "neg_brier": "−Brier score",
    "neg_ece": "−ECE",
    "v_rand": "V_Rand",
    "v_info": "V_Info",
    "neg_adapted_rand_error": "−adapted Rand error",
    "neg_voi": "−variation of information",
    "neg_warping_error": "−warping error",
    "neg_pixel_error": "−pixel error",
    "boundary_f1": "boundary F1",
    "neg_hausdorff": "−Hausdorff distance",
    "neg_hausdorff95": "−Hausdorff distance, 95 %",
    "neg_surface_distance": "−surface distance",
    "instance_ap": "instance AP",
}


def metric_label(metric):
    """Return a metric's name as one would write it in a figure.

    Parameters
    ----------
    metric : str
        A name of `emstellar.metrics.get_scorer_names`, one of your own, or one of a training
        curve: "val_" stands for the validation images. What follows in brackets, "(macro)" or
        "(class 2)", stays.

    Returns
    -------
    str

    Examples
    --------
    >>> from emstellar.metrics.labels import metric_label
    >>> metric_label("v_rand"), metric_label("val_jaccard"), metric_label("average_precision")
    ('V_Rand', 'Validation Jaccard', 'Average precision')
    >>> metric_label("f1 (macro)")
    'F1 (macro)'
    """
    label = metric_words(metric)
    return label[:1].upper() + label[1:]


def metric_words(metric):
    """Return a metric's name as one would write it within a sentence.

    Parameters
    ----------
    metric : str
        As in `metric_label`.

    Returns
    -------
    str

    Examples
    --------
    >>> from emstellar.metrics.labels import metric_words
    >>> metric_words("v_rand"), metric_words("average_precision")
    ('V_Rand', 'average precision')
    """
    name, bracket, rest = metric.removeprefix("val_").partition(" (")
    words = LABELS.get(name, name.replace("_", " ")) + bracket + rest
    return f"validation {words}" if metric.startswith("val_") else words
