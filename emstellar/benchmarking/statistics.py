"""Is a difference between methods real? Paired tests, intervals and ranks."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

TESTS = ("wilcoxon", "permutation")


@dataclass
class Comparison:
    """What can be said about the differences between methods.

    Attributes
    ----------
    metric, subset : str
        What was compared.
    unit : {"image", "group"}
        What counts as one observation.
    n_units : int
        How many there are.
    pairs : DataFrame
        One row per pair of methods: `method_a`, `method_b`, the mean `difference` a - b, its
        bootstrap interval `low` to `high`, `p_value` and Holm's `p_holm`.
    ranks : Series
        Average rank of each method, 1 is best.
    friedman_p : float
        Of the hypothesis that all methods are alike; NaN for two methods.
    critical_difference : float
        Average ranks that differ by less are not different (Nemenyi); NaN for one unit.
    alpha : float
        The level of significance.
    conclusion : str
        The same in words.
    """

    metric: str
    subset: str
    unit: str
    n_units: int
    pairs: pd.DataFrame
    ranks: pd.Series
    friedman_p: float
    critical_difference: float
    alpha: float
    conclusion: str

    def __str__(self):
        return self.conclusion

    def groups(self):
        """Return the stretches of average ranks within one critical difference.

        Returns
        -------
        list of (low, high)
            The longest stretches that hold two or more methods.
        """
        ranks = sorted(self.ranks)
        stretches = [
            (low, max(r for r in ranks if r - low < self.critical_difference)) for low in ranks
        ]
        return [
            (low, high)
            for i, (low, high) in enumerate(stretches)
            if high > low and not any(high <= other for _, other in stretches[:i])
        ]


def compare_methods(
    table,
    *,
    metric="score",
    subset="",
    unit="image",
    test="wilcoxon",
    alpha=0.05,
    n_resamples=9999,
    random_state=0,
):
    """Compare methods by their scores on the same images.

    Parameters
    ----------
    table : DataFrame
        One row per unit (image or group), one column per method; higher is better. Rows with NaN
        are left out.
    metric, subset, unit : str
        For the words of the conclusion.
    test : {"wilcoxon", "permutation"}, default="wilcoxon"
        The paired test, two-sided [1]_; "permutation" flips signs of the differences.
    alpha : float, default=0.05
        The level of significance; the intervals hold 1 - alpha.
    n_resamples : int, default=9999
        Of bootstrap and permutations.
    random_state : int, default=0

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For fewer than two methods, no complete row, or an unknown test.

    Notes
    -----
    The p-values of all pairs are corrected by Holm's step-down method [2]_. The critical difference
    of average ranks is Nemenyi's, q sqrt(k (k + 1) / (6 n)) [1]_.

    References
    ----------
    .. [1] Demšar (2006). Statistical comparisons of classifiers over multiple data sets. Journal of
       Machine Learning Research 7, 1-30.
    .. [2] Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian
       Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.benchmarking.statistics import compare_methods
    >>> table = pd.DataFrame({"A": [0.9, 0.8, 0.85], "B": [0.7, 0.6, 0.8]})
    >>> print(compare_methods(table))
    3 images cannot support a ranking of 2 methods by score: were one the best on every image, \
the p-value would still be 0.25.
    """
    table = table.dropna()
    if table.shape[1] < 2:
        raise ValueError(f"At least two methods are needed for a comparison, got {table.shape[1]}.")
    if table.empty:
        raise ValueError("There is no image on which all methods have a score.")
    if test not in TESTS:
        raise ValueError(f"test must be one of {TESTS}, got {test!r}.")
    rng = np.random.default_rng(random_state)
    rows = [
        (a, b, *_compare_pair((table[a] - table[b]).to_numpy(), test, alpha, n_resamples, rng))
        for a, b in combinations(table.columns, 2)
    ]
    columns = ["method_a", "method_b", "difference", "low", "high", "p_value"]
    pairs = pd.DataFrame(rows, columns=columns)
    pairs["p_holm"] = holm(pairs["p_value"])
    return Comparison(
        metric,
        subset,
        unit,
        len(table),
        pairs,
        table.rank(axis=1, ascending=False).mean().sort_values(),
        _friedman(table),
        critical_difference(table.shape[1], len(table), alpha),
        alpha,
        _conclude(table, pairs, metric, unit, alpha),
    )


def _compare_pair(differences, test, alpha, n_resamples, rng):
    """Return the mean difference, its interval and the p-value of no difference."""
    mean = differences.mean()
    if len(differences) < 2 or np.ptp(differences) == 0:
        low = high = mean if len(differences) > 1 else np.nan
    else:
        # Percentiles, because BCa fails on few and equal differences.
        low, high = stats.bootstrap(
            (differences,),
            np.mean,
            confidence_level=1 - alpha,
            n_resamples=n_resamples,
            method="percentile",
            random_state=rng,
        ).confidence_interval
    return mean, low, high, _p_value(differences, test, n_resamples, rng)


def _p_value(differences, test, n_resamples, rng):
    if not differences.any():
        return 1.0
    if test == "wilcoxon":
        return stats.wilcoxon(differences).pvalue
    return stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=n_resamples,
        random_state=rng,
    ).pvalue


def holm(p_values):
    """Return p-values corrected for their number by Holm's step-down method.

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)

    Returns
    -------
    ndarray of shape (n_tests,)

    References
    ----------
    Holm (1979). Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> from emstellar.benchmarking.statistics import holm
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=float)
    order = np.argsort(p_values)
    stepped = p_values[order] * np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.maximum.accumulate(stepped).clip(max=1)
    return corrected


def critical_difference(n_methods, n_units, alpha=0.05):
    """Return Nemenyi's critical difference of average ranks.

    Parameters
    ----------
    n_methods, n_units : int
    alpha : float, default=0.05

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
    return float(quantile * np.sqrt(n_methods * (n_methods + 1) / (6 * n_units)))


def _friedman(table):
    if table.shape[1] < 3 or len(table) < 2:
        return np.nan
    if (table.nunique(axis=1) == 1).all():
        return 1.0
    return float(stats.friedmanchisquare(*table.to_numpy().T).pvalue)


def _conclude(table, pairs, metric, unit, alpha):
    n_units, n_methods = table.shape
    # All signs equal is the most extreme of 2**n outcomes, on either side.
    least = min(1.0, 2 / 2**n_units * len(pairs))
    if least > alpha:
        return (
            f"{n_units} {unit}s cannot support a ranking of {n_methods} methods by {metric}: were "
            f"one the best on every {unit}, the p-value would still be {least:.2g}."
        )
    means = table.mean().sort_values(ascending=False)
    best = means.index[0]
    against = pairs[(pairs["method_a"] == best) | (pairs["method_b"] == best)]
    rivals = against["method_a"].where(against["method_a"] != best, against["method_b"])
    beaten = rivals[against["p_holm"] < alpha].tolist()
    equal = rivals[against["p_holm"] >= alpha].tolist()
    text = f"{best} has the highest mean {metric} over {n_units} {unit}s ({means.iloc[0]:.4f}). "
    if beaten:
        text += f"It is significantly better than {', '.join(beaten)}. "
    if equal:
        text += f"No significant difference from {', '.join(equal)} was found. "
    return text + f"(Paired test, Holm-corrected, level {alpha:g}.)"
