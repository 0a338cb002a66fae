"""Summaries of tidy score tables, and the tables that are written to CSV files."""

import numpy as np
import pandas as pd

STATISTICS = ("mean", "std_folds", "std_repeats", "std_images", "n_folds")
_BEGIN_FORMULAS = tuple("=+-@\t\r\n")
FRAMES = ("scores", "fold_scores", "curves", "resources", "errors")
SCORES = FRAMES[:2]
IMAGE_COUNTS = ("n_images", "n_undefined", "n_infinite", "n_empty", "n_false_alarms")


def summarize(scores, fold_scores, metrics, subset):
    """Return mean and spread of each metric for each method.

    Parameters
    ----------
    scores, fold_scores : DataFrame
        Of a `BenchmarkResult`.
    metrics : list of str
    subset : {"validation", "test"}

    Returns
    -------
    DataFrame
        Indexed by method, columns (metric, statistic).
    """
    pooled = _pick(fold_scores, metrics, subset)
    images = _pick(scores, metrics, subset)
    by = ["method", "metric"]
    # The spread between images is that of a typical model: folds and repeats are averaged first.
    per_image = images.groupby([*by, "image"], sort=False)["value"].mean()
    # Between repeats only the seed differs, once the folds of each are averaged.
    per_repeat = pooled.groupby([*by, "repeat"], sort=False)["value"].mean()
    table = pd.DataFrame(
        {
            "mean": pooled.groupby(by, sort=False)["value"].mean(),
            "std_folds": pooled.groupby(by, sort=False)["value"].std(),
            "std_repeats": per_repeat.groupby(by, sort=False).std(),
            "std_images": per_image.groupby(by, sort=False).std(),
            "n_folds": pooled.groupby(by, sort=False)["value"].count(),
        }
    )
    methods = list(dict.fromkeys(pooled["method"]))
    columns = pd.MultiIndex.from_product([metrics, STATISTICS], names=["metric", "statistic"])
    return table.unstack("metric").swaplevel(axis=1).reindex(index=methods, columns=columns)


def count_images(scores, foreground, metrics, subset):
    """Return how many image scores of each method and metric are undefined, and false alarms.

    Parameters
    ----------
    scores, foreground : DataFrame
        Of a `BenchmarkResult`.
    metrics : list of str
    subset : {"validation", "test"}

    Returns
    -------
    DataFrame of Int64
        Indexed by method, columns (metric, count); see `BenchmarkResult.image_counts`.
    """
    images = _pick(scores, metrics, subset)
    marked = images.assign(
        n_images=1, n_undefined=images["value"].isna(), n_infinite=np.isinf(images["value"])
    )
    counts = marked.groupby(["method", "metric"], sort=False)[list(IMAGE_COUNTS[:3])].sum()
    empty = foreground[(foreground["subset"] == subset) & (foreground["true"] == 0)]
    known = foreground.loc[foreground["subset"] == subset, "method"].unique()
    methods = counts.index.get_level_values("method")
    for name, rows in (("n_empty", empty), ("n_false_alarms", empty[empty["predicted"] > 0])):
        found = rows.groupby("method").size().reindex(known, fill_value=0)
        counts[name] = methods.map(found)
    columns = pd.MultiIndex.from_product([metrics, IMAGE_COUNTS], names=["metric", "count"])
    table = counts.unstack("metric").swaplevel(axis=1)
    return table.reindex(index=list(dict.fromkeys(images["method"])), columns=columns).astype(
        "Int64"
    )


def _pick(frame, metrics, subset):
    return frame[(frame["subset"] == subset) & frame["metric"].isin(metrics)]


def without_formulas(table):
    """Return a table whose texts no spreadsheet takes for formulas.

    Spreadsheets compute what begins with one of ``= + - @``, or with a tab or a line's end before
    these; an apostrophe in front makes it a text, see OWASP's page on CSV injection.

    Parameters
    ----------
    table : DataFrame

    Returns
    -------
    DataFrame
        With the same numbers; texts of cells, index and columns begin with an apostrophe where
        they have to.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.benchmarking._tables.summaries import without_formulas
    >>> table = pd.DataFrame({"image": ["=1+1", "a-1"], "f1": [-0.5, 1.0]}, index=["+b", "c"])
    >>> without_formulas(table)
        image   f1
    '+b  '=1+1 -0.5
    c      a-1  1.0
    """
    table = table.copy()
    for position, dtype in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype):
            table.isetitem(position, table.iloc[:, position].map(_as_text))
    table.index, table.columns = (axis.map(_as_text) for axis in (table.index, table.columns))
    return table


def _as_text(value):
    return f"'{value}" if isinstance(value, str) and value[:1] in _BEGIN_FORMULAS else value


def collect_tables(result):
    """Return every table that holds anything.

    Parameters
    ----------
    result : BenchmarkResult

    Returns
    -------
    dict of str to DataFrame
        By the names of the files, indexed by method. Scores at the thresholds that validation
        images choose stand apart, in tables whose names end in "chosen_threshold".
    """
    tables = _summaries(result)
    tables |= {name: getattr(result, name).set_index("method") for name in FRAMES}
    tables |= {"complexity": result.complexity}
    if not result.thresholds["threshold"].isna().all():
        tables |= {"thresholds": result.thresholds.set_index("method")}
        tables |= _at_chosen_thresholds(result.at_chosen_thresholds())
    return {name: table for name, table in tables.items() if len(table)}


def _at_chosen_thresholds(chosen):
    tables = _summaries(chosen) | {
        name: getattr(chosen, name).set_index("method") for name in SCORES
    }
    return {f"{name}_chosen_threshold": table for name, table in tables.items()}


def _summaries(result):
    return {f"summary_{subset}": _flat(result.summary(subset=subset)) for subset in result.subsets}


def _flat(summary):
    """Return a summary with columns of one level."""
    return summary.set_axis(["_".join(column) for column in summary.columns], axis=1)
