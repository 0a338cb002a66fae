"""Average ranks of methods: Friedman's test and the critical difference."""

from math import factorial, prod

import numpy as np
from scipy import stats


def average_ranks(table):
    """Return the average rank of each method, 1 is best, in order.

    Parameters
    ----------
    table : DataFrame
        One row per unit, one column per method; higher is better.

    Returns
    -------
    Series
    """
    return table.rank(axis=1, ascending=False).mean().sort_values()


def critical_difference(n_methods, n_units, alpha=0.05, inflation=1.0):
    """Return Nemenyi's critical difference of average ranks.

    Parameters
    ----------
    n_methods, n_units : int
    alpha : float, default=0.05
    inflation : float, default=1.0
        How many times larger the variance of a mean is than that of independent units, as in
        `friedman`.

    Returns
    -------
    float

    References
    ----------
    Demšar (2006). Journal of Machine Learning Research 7, 1-30, section 3.2.2.

    Examples
    --------
    The worked example of the paper: 4 classifiers on 14 data sets, at 0.05 and at 0.10.

    >>> from emstellar.benchmarking.statistics import critical_difference
    >>> round(critical_difference(4, 14), 2), round(critical_difference(4, 14, 0.10), 2)
    (1.25, 1.12)
    """
    quantile = stats.studentized_range.ppf(1 - alpha, n_methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(n_methods * (n_methods + 1) * inflation / (6 * n_units)))


def friedman(table, inflation=1.0, df=None):
    """Return the p-value of Friedman's test that all methods have equal ranks.

    Friedman's chi-square is conservative; Iman and Davenport's [1]_ ratio,
    F = (n - 1) chi² / (n (k - 1) - chi²) with k - 1 and (k - 1) (n - 1) degrees of freedom, is
    what Demšar [2]_ recommends.

    Parameters
    ----------
    table : DataFrame of shape (n_units, n_methods)
    inflation : float, default=1.0
        How many times larger the variance of a mean is than that of independent units: for the
        folds of a cross-validation 1 + n n_test / n_train, by which the ratio F is divided, as
        t² is in the corrected resampled t-test [3]_.
    df : int, optional
        The degrees of freedom of a difference of two methods, n - 1 by default.

    Returns
    -------
    float
        NaN for fewer than three methods or two units. At least the share of orders that are as
        extreme as agreement of all (independent) units.

    References
    ----------
    .. [1] Iman and Davenport (1980). Approximations of the critical region of the Friedman
       statistic. Communications in Statistics A 9, 571-595.
    .. [2] Demšar (2006). Journal of Machine Learning Research 7, 1-30, section 3.2.2.
    .. [3] Nadeau and Bengio (2003). Inference for the generalization error. Machine Learning 52,
       239-281.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.benchmarking.statistics import friedman
    >>> table = pd.DataFrame({"A": [9, 8, 7, 9], "B": [7, 6, 8, 6], "C": [5, 7, 6, 5]})
    >>> round(friedman(table), 3)
    0.084
    """
    n_units, n_methods = table.shape
    if n_methods < 3 or n_units < 2:
        return np.nan
    if (table.nunique(axis=1) == 1).all():
        return 1.0
    ranks = table.rank(axis=1)
    chi2 = float(stats.friedmanchisquare(*ranks.to_numpy().T).statistic)
    least = _p_of_agreement(ranks, max(1.0, n_units / inflation))
    rest = n_units * (n_methods - 1) - chi2
    # If all units agree, the ratio is infinite.
    if rest <= 1e-9 * chi2:
        return least
    ratio = (n_units - 1) * chi2 / rest / inflation
    df = n_units - 1 if df is None else df
    return max(least, float(stats.f.sf(ratio, n_methods - 1, df * (n_methods - 1))))


def _p_of_agreement(ranks, n_independent):
    """Return how probable it is that all units order the methods alike, ties as they are."""
    ties = (np.unique(row, return_counts=True)[1].tolist() for row in ranks.to_numpy())
    orders = max(factorial(ranks.shape[1]) / prod(map(factorial, tied)) for tied in ties)
    return float(orders ** (1 - n_independent))


def stretches(ranks, difference):
    """Return the stretches of average ranks that lie within one critical difference.

    Parameters
    ----------
    ranks : iterable of float
    difference : float

    Returns
    -------
    list of (low, high)
        The longest ones that hold two or more methods.
    """
    ranks = sorted(ranks)
    found = [(low, max(rank for rank in ranks if rank - low < difference)) for low in ranks]
    return [
        (low, high)
        for i, (low, high) in enumerate(found)
        if high > low and not any(high <= other for _, other in found[:i])
    ]
