"""How each metric is written in figures, tables and sentences."""

from emstellar.metrics.scorers import find_metric, is_known


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
    # Names and abbreviations keep their letters within a phrase.
    label = find_metric(name).label if is_known(name) else None
    words = (label or name.replace("_", " ")) + bracket + rest
    return f"validation {words}" if metric.startswith("val_") else words
