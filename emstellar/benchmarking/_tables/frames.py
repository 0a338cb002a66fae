"""Records as tidy tables: one row per value."""

import pandas as pd

from .._record import Kind

KEYS = ["method", "kind", "repeat", "fold"]
MACRO = " (macro)"


def score_frame(records, groups=None, groups_test=None):
    """Return the scores image by image.

    Returns
    -------
    DataFrame
        With columns method, kind, repeat, fold, subset, image, group, metric, value; `group` is
        None where groups are not known.
    """
    known = {"validation": groups, "test": groups_test}
    rows = [
        (*_keys(record), subset, image, _group(known[subset], image), name, value)
        for record in records
        for subset, scores in record.per_image.items()
        for name, values in _named(scores)
        for image, value in zip(record.images[subset], values, strict=True)
    ]
    columns = [*KEYS, "subset", "image", "group", "metric", "value"]
    return pd.DataFrame(rows, columns=columns)


def _group(groups, image):
    return None if groups is None else groups[image]


def _named(scores):
    """Yield names and scores; what is a mean over several classes is called "macro"."""
    for metric, value in scores.items():
        is_mean = any(name.startswith(f"{metric} (class ") for name in scores)
        yield (metric + MACRO if is_mean else metric), value


def scored_names(metrics):
    """Return the names by which metrics were asked for, each once.

    Examples
    --------
    >>> from emstellar.benchmarking._tables.frames import scored_names
    >>> scored_names(["f1 (macro)", "f1 (class 0)", "f1 (class 1)", "accuracy"])
    ['f1', 'accuracy']
    """
    return [name.removesuffix(MACRO) for name in metrics if " (class " not in name]


def undefined_frame(records):
    """Return the pooled scores that are NaN, and why.

    Returns
    -------
    DataFrame
        With columns method, kind, repeat, fold, subset, metric, reason.
    """
    rows = [
        (*_keys(record), subset, metric, reason)
        for record in records
        for subset, reasons in record.undefined.items()
        for metric, reason in reasons.items()
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "subset", "metric", "reason"])


def foreground_frame(records):
    """Return how many pixels of each image are foreground in the truth and as predicted.

    Returns
    -------
    DataFrame
        With columns method, kind, repeat, fold, subset, image, true, predicted; no rows where
        there are more than two classes.
    """
    rows = [
        (*_keys(record), subset, *row)
        for record in records
        for subset, counts in record.foreground.items()
        if counts
        for row in zip(record.images[subset], counts["true"], counts["predicted"], strict=True)
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "subset", "image", "true", "predicted"])


def fold_score_frame(records):
    """Return the scores of all images of a fold (or of the test set) pooled.

    Returns
    -------
    DataFrame
        With columns method, kind, repeat, fold, subset, metric, value.
    """
    rows = [
        (*_keys(record), subset, name, value)
        for record in records
        for subset, scores in record.pooled.items()
        for name, value in _named(scores)
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "subset", "metric", "value"])


def curve_frame(records):
    """Return the training curves.

    Returns
    -------
    DataFrame
        With columns method, kind, repeat, fold, epoch (counted from 1), quantity, value.
    """
    rows = [
        (*_keys(record), epoch, quantity, value)
        for record in records
        for quantity, values in record.history.items()
        for epoch, value in enumerate(values, start=1)
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "epoch", "quantity", "value"])


def convergence_frame(records):
    """Return the time to the best epoch under each criterion.

    Returns
    -------
    DataFrame
        With columns method, kind, repeat, fold, criterion, seconds.
    """
    rows = [(*_keys(r), name, seconds) for r in records for name, seconds in r.convergence.items()]
    return pd.DataFrame(rows, columns=[*KEYS, "criterion", "seconds"])


def resource_frame(records):
    """Return what each job cost: seconds, and MB of memory.

    Returns
    -------
    DataFrame
        One row per job; columns method, kind, repeat, fold and one per quantity.
    """
    rows = [dict(zip(KEYS, _keys(r), strict=True)) | r.resources for r in records if r.resources]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=KEYS)


def complexity_frame(records):
    """Return the parameters and floating-point operations of each method.

    Returns
    -------
    DataFrame
        Indexed by method; NaN for methods without a network.
    """
    columns = ["trainable_parameters", "non_trainable_parameters", "macs", "flops"]
    found = {}
    for record in records:
        if record.kind is Kind.SEGMENTER and (record.complexity or record.method not in found):
            found[record.method] = record.complexity
    frame = pd.DataFrame.from_dict(found, orient="index", columns=columns, dtype=float)
    return frame.rename_axis("method")


def error_frame(records):
    """Return the jobs that failed.

    Returns
    -------
    DataFrame
        With columns method, kind, repeat, fold, type, message, traceback.
    """
    rows = [
        (*_keys(r), *(r.error[c] for c in ("type", "message", "traceback")))
        for r in records
        if r.failed
    ]
    return pd.DataFrame(rows, columns=[*KEYS, "type", "message", "traceback"])


def _keys(record):
    return record.method, record.kind.value, record.repeat, record.fold
