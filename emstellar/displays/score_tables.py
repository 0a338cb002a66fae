"""What displays compute from the tables of a benchmark."""


def mean_scores(summary):
    """Return the means of a summary as a table of methods and metrics."""
    return summary.xs("mean", axis=1, level="statistic")


def normalize_columns(scores):
    """Return the scores with the lowest of each column at 0 and the highest at 1.

    Parameters
    ----------
    scores : DataFrame

    Returns
    -------
    DataFrame
        A column whose scores are all equal is 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays.score_tables import normalize_columns
    >>> normalize_columns(pd.DataFrame({"f1": [0.2, 0.4, 0.6], "auc": [0.9, 0.9, 0.9]}))
        f1  auc
    0  0.0  1.0
    1  0.5  1.0
    2  1.0  1.0
    """
    span = scores.max() - scores.min()
    normalized = (scores - scores.min()) / span.where(span > 0)
    equal = scores.notna() & (span == 0)
    return normalized.mask(equal, 1.0)


def pareto_front(table):
    """Return the methods that no other beats in both score and cost.

    Parameters
    ----------
    table : DataFrame
        With columns `score` (higher is better) and `cost` (lower is better).

    Returns
    -------
    DataFrame
        Those rows that are better than all cheaper ones, by cost.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.displays.score_tables import pareto_front
    >>> table = pd.DataFrame({"score": [0.9, 0.8, 0.7], "cost": [3, 1, 2]}, index=[*"ABC"])
    >>> pareto_front(table).index.tolist()
    ['B', 'A']
    """
    ordered = table.sort_values(["cost", "score"], ascending=[True, False])
    return ordered[ordered["score"] > ordered["score"].cummax().shift(fill_value=-float("inf"))]
