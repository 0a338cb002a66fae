"""What the report concludes: its headline, and the comparison beneath it."""

import numpy as np

from .._wording import count
from ..displays import RankDisplay
from ..metrics.labels import metric_label, metric_words
from ._pictures import embed, leading_metric
from ._tables import comparison_table


def headlines(result, subset):
    """Return the sentences at the head of the page.

    The first is the conclusion of the comparison, if methods can be compared; the means that
    follow claim nothing.

    Parameters
    ----------
    result : BenchmarkResult
    subset : {"validation", "test"}

    Returns
    -------
    list of str
    """
    sentences = []
    comparison = compare(result, subset)
    if comparison is not None:
        sentences.append(f"On {comparison.subset} images: {comparison.headline}")
    if comparison is None or comparison.subset != subset:
        sentences.append(_highest_mean(result, subset))
    if len(result.errors):
        failed = ", ".join(dict.fromkeys(result.errors["method"]))
        sentences.append(f"{count(len(result.errors), 'job')} failed ({failed}): see below.")
    if result.missing:
        missing = count(len(result.missing), "job")
        sentences.append(f"The benchmark is not finished: {missing} still to run.")
    if result.damage:
        damaged = count(len(result.damage), "file")
        sentences.append(
            f"Left out because damaged, and computed anew by the same call: {damaged}."
        )
    return sentences


def compare(result, subset):
    """Return the comparison of all methods, by cross-validation where there is one.

    Parameters
    ----------
    result : BenchmarkResult
    subset : {"validation", "test"}
        Where there is none.

    Returns
    -------
    Comparison or None
        None for one method, or where no unit has scores of all.
    """
    if len(result.methods_of("segmenter")) < 2:
        return None
    subset = "validation" if "validation" in result.subsets else subset
    try:
        return result.compare(leading_metric(result), subset)
    except ValueError:
        return None


def _highest_mean(result, subset):
    metric = leading_metric(result)
    means = result.summary(metric, subset)[metric, "mean"].dropna()
    if means.empty:
        return f"No method has a defined score on {subset} images."
    of_folds = means[means.index.isin(result.methods_of("fold ensemble"))]
    means = means.drop(of_folds.index)
    if means.empty:
        means, of_folds = of_folds, means
    best, label = means.idxmax(), metric_words(metric)
    if len(means) == 1:
        sentence = f"{best} has a mean {label} of {means[best]:.4f} on {subset} images."
    else:
        sentence = f"{best} has the highest mean {label} on {subset} images: {means[best]:.4f}."
    if len(of_folds) and of_folds.max() > means[best]:
        sentence += (
            f" Higher still, of what the folds of one method give together or the best of them "
            f"alone, is {of_folds.idxmax()}: {of_folds.max():.4f}."
        )
    if len(means) == 1:
        return sentence
    return sentence + " These means alone do not tell whether a difference is real."


def choose_segmenter(result):
    """Return the segmenter to put to use, and why this one.

    It is the one that the head of the page names, if that is a segmenter. Where there are
    validation images these choose it: test images are for the report.

    Parameters
    ----------
    result : BenchmarkResult

    Returns
    -------
    method, why : str
        The method is "" where none has a score.
    """
    subset, metric = result.subsets[0], leading_metric(result)
    words, where = metric_words(metric), f"on {subset} images"
    comparison = compare(result, subset)
    if comparison is None:
        means, leader = result.summary(metric, subset)[metric, "mean"], None
    else:
        means, leader = comparison.means, comparison.means.index[0]
        where = f"over {count(comparison.n_units, comparison.unit)} of {subset} images"
    means = means[means.index.isin(result.methods_of("segmenter"))]
    means = means[np.isfinite(means)]
    if means.empty:
        return "", ""
    best = means.idxmax()
    if len(result.plan.methods) == 1:
        return best, "the only segmenter here"
    why = f"the segmenter with the highest mean {words} {where}"
    notes = []
    if leader in result.methods_of("ensemble") and comparison.can_rank:
        notes.append(f"{leader}, named at the head of the page, takes several segmenters")
    if len(result.subsets) > 1:
        notes.append("test images are for the report, not for the choice")
    return best, why + (f" ({'; '.join(notes)})" if notes else "")


def describe_comparison(result, subset):
    """Return the section about differences, or None.

    Parameters
    ----------
    result : BenchmarkResult
    subset : {"validation", "test"}

    Returns
    -------
    dict or None
        With `conclusion`, `scores`, `image`, `note` and `table`.
    """
    comparison = compare(result, subset)
    if comparison is None:
        return None
    return {
        "conclusion": comparison.conclusion,
        "image": embed(RankDisplay(comparison).plot().figure_),
        "scores": f"A score here is the mean of single images over the {comparison.unit}s; the "
        "tables above pool the pixels of a fold's images, so their numbers differ.",
        "note": f"{metric_label(comparison.metric)} on {comparison.subset} images, "
        f"{count(comparison.n_units, comparison.unit)}. A corrected p-value is marked where mean, "
        "test and interval agree on who is better. Each interval is of one difference by itself; "
        "the last two columns are the probabilities that A or B is better, from the same "
        "differences.",
        "table": comparison_table(comparison),
    }
