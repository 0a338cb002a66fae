"""The tables of a benchmark as they are written to CSV files."""

FRAMES = ("scores", "fold_scores", "curves", "resources", "errors")
SCORES = FRAMES[:2]


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
