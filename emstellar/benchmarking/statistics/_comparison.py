"""Is a difference between methods real? All that is known of it, as a `Comparison`."""

from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from . import _conclusions as conclusions
from ._bayes import best_probabilities, pair_probabilities
from ._paired import TESTS, difference_of, signed_test, smallest_p, units_needed
from ._ranks import average_ranks, critical_difference, friedman, stretches


@dataclass
class Comparison:
    """What can be said about the differences between methods.

    Attributes
    ----------
    metric, subset : str
        What was compared.
    unit : {"image", "group", "block", "fold", "test set"}
        What counts as one observation.
    n_units : int
        How many there are.
    pairs : DataFrame
        One row per pair of methods: `method_a`, `method_b`, the `difference` of their means a - b,
        its confidence interval `low` to `high`, `p_value` and Holm's `p_holm`; `winner`, the
        method that is significantly better or ""; `p_a_better`, `p_equivalent` and `p_b_better`,
        the posterior probabilities; `units_needed`, how many units it takes to see this difference
        with 80 % power.
    ranks : Series
        Average rank of each method, 1 is best.
    friedman_p : float
        Of the hypothesis that all methods are alike; NaN for two methods.
    critical_difference : float
        Average ranks that differ by less are not different (Nemenyi).
    alpha : float
        The level of significance.
    conclusion : str
        The same in words.
    means : Series
        Mean score of each method over the units, the highest first.
    p_best : Series
        For each method the posterior probability that none is better by more than `rope`.
    rope : float
        The region of practical equivalence.
    smallest_p : float
        The smallest p-value of a test of so many units that assumes no distribution; of drawn
        permutations that of their number.
    test : {"t", "wilcoxon", "permutation"}
    ratio : float
        Test images over training images of a fold, by which a cross-validated t-test is corrected.
    n_fits : int
        How many fits of each method stand behind the unit means.
    fitted_once : tuple of str
        Methods of which there is a single fit: what is said of them is about this fitted model.
    notes : list of str
        What was assumed and left out, in words.
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
    conclusion: str = ""
    means: pd.Series = None
    p_best: pd.Series = None
    rope: float = 0.0
    smallest_p: float = np.nan
    test: str = "wilcoxon"
    ratio: float = 0.0
    n_fits: int = 1
    fitted_once: tuple = ()
    notes: list = field(default_factory=list)

    def __str__(self):
        return self.conclusion

    @property
    def headline(self):
        """The first sentences of the conclusion: who leads, by how much, how sure it is."""
        return conclusions.headline(self)

    @property
    def can_rank(self):
        """Whether so many units can support a ranking at all."""
        if self.n_units < 2:
            return False
        return self.test == "t" or self.smallest_p * len(self.pairs) <= self.alpha

    def worse_than(self, method):
        """Return the methods that are significantly worse than one of them.

        Parameters
        ----------
        method : str

        Returns
        -------
        list of str
        """
        won = self.pairs[self.pairs["winner"] == method]
        return won["method_a"].where(won["method_a"] != method, won["method_b"]).tolist()

    def groups(self):
        """Return the stretches of average ranks within one critical difference.

        Returns
        -------
        list of (low, high)
            The longest stretches that hold two or more methods; none where Friedman's test does
            not reject that all methods are alike, and for two methods.
        """
        rejected = self.friedman_p < self.alpha
        return stretches(self.ranks, self.critical_difference) if rejected else []


def compare_methods(
    table,
    *,
    metric="score",
    subset="",
    unit="image",
    test=None,
    alpha=0.05,
    rope=0.0,
    ratio=0.0,
    redrawn=None,
    of_fits=None,
    n_fits=2,
    fitted_once=(),
    notes=(),
    n_resamples=9999,
    random_state=0,
):
    """Compare methods by their scores on the same units.

    Parameters
    ----------
    table : DataFrame
        One row per unit (fold, block, group or image), one column per method; higher is better.
        Rows with NaN are left out, and methods without any score.
    metric, subset, unit : str
        For the words of the conclusion.
    test : {"t", "wilcoxon", "permutation"}, optional
        The paired test, two-sided; "permutation" flips signs of the differences. By default
        Wilcoxon's signed-rank test [1]_ where the units are independent, Student's t with the
        corrections of `ratio` and `of_fits` where these are given.
    alpha : float, default=0.05
        The level of significance; the intervals hold 1 - alpha.
    rope : float, default=0.0
        The region of practical equivalence: mean differences up to it matter to nobody.
    ratio : float, default=0.0
        Where units are the folds of a cross-validation: test images over training images of a
        fold, for the corrected resampled t-test [3]_.
    redrawn : bool, optional
        Whether these folds are of splits that are drawn again and again, of which more do not
        lower what common training images hide. By default guessed from `ratio`.
    of_fits : DataFrame, optional
        Where each of several fits predicts all units: one row per fit, the means over the units.
    n_fits : int, default=2
        How many fits of each method stand behind the unit means.
    fitted_once : sequence of str, default=()
        Methods of which there is a single fit: nothing is said of the method then, but of this
        fitted model.
    notes : sequence of str, default=()
        Further sentences for the conclusion.
    n_resamples : int, default=9999
        Of permutations.
    random_state : int, default=0

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For fewer than two methods, no complete row, an unknown test, a level `alpha` outside
        (0, 1) or a negative `rope`.

    Notes
    -----
    All statements are about the means over the units: the interval is Student's, and a method is
    called the winner of a pair only where its mean is higher, the test (with p-values corrected by
    Holm's step-down method [2]_) speaks for it, and the interval excludes 0. The average ranks,
    with Nemenyi's critical difference [1]_, are shown beside; where they disagree with the means,
    the conclusion says so. Infinite scores have no mean: of their pairs there is a p-value by
    ranks, and no winner.

    References
    ----------
    .. [1] Demšar (2006). Statistical comparisons of classifiers over multiple data sets. Journal of
       Machine Learning Research 7, 1-30.
    .. [2] Holm (1979). A simple sequentially rejective multiple test procedure. Scandinavian
       Journal of Statistics 6, 65-70.
    .. [3] Nadeau and Bengio (2003). Inference for the generalization error. Machine Learning 52,
       239-281.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.benchmarking.statistics import compare_methods
    >>> table = pd.DataFrame({"A": [0.9, 0.8, 0.85], "B": [0.7, 0.6, 0.8]})
    >>> print(compare_methods(table, unit="group"))
    3 groups cannot support a ranking of 2 methods by score: were one the best on every group, \
the p-value would still be 0.25.
    """
    table, dropped = _complete_rows(table, unit)
    if test not in (None, *TESTS):
        raise ValueError(f"test must be one of {TESTS}, got {test!r}.")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha, the level of significance, must lie in (0, 1), got {alpha!r}.")
    if not 0 <= rope < np.inf:
        raise ValueError(f"rope must be 0 or a positive difference of scores, got {rope!r}.")
    corrected = ratio > 0 or of_fits is not None
    test = test or ("t" if corrected else "wilcoxon")
    of_fits = None if of_fits is None else of_fits[table.columns]
    pairs = pd.DataFrame(
        [
            _compare_pair(
                table, a, b, (ratio, redrawn), of_fits, test, alpha, rope, n_resamples, random_state
            )
            for a, b in combinations(table.columns, 2)
        ]
    )
    pairs.insert(6, "p_holm", holm(pairs["p_value"]))
    pairs["winner"] = [_winner(pair, alpha) for pair in pairs.itertuples()]
    found = pairs.pop("found")
    pairs["units_needed"] = [
        units_needed(difference, alpha / len(pairs), test=test) for difference in found
    ]
    inflation, df = _inflation(found, ratio, len(table))
    means = table.mean().sort_values(ascending=False, kind="stable")
    comparison = Comparison(
        metric,
        subset,
        unit,
        len(table),
        pairs.drop(columns="sign"),
        average_ranks(table),
        friedman(table, inflation, df),
        critical_difference(table.shape[1], len(table), alpha, inflation),
        alpha,
        means=means,
        p_best=_probability_of_best(table, means, ratio, of_fits, rope, random_state),
        rope=rope,
        smallest_p=_smallest_p(len(table), test, n_resamples),
        test=test,
        ratio=ratio,
        n_fits=n_fits,
        fitted_once=tuple(method for method in means.index if method in fitted_once),
        notes=[*notes, *dropped],
    )
    comparison.conclusion = conclusions.conclude(comparison)
    return comparison


def _complete_rows(table, unit):
    """Return the units on which all methods have a score, and in words what was left out."""
    notes = []
    unscored = table.columns[table.isna().all()].tolist()
    if unscored and len(unscored) < table.shape[1]:
        notes.append(f"Left out without any score: {', '.join(map(str, unscored))}.")
        table = table.drop(columns=unscored)
    if table.shape[1] < 2:
        raise ValueError(f"At least two methods are needed for a comparison, got {table.shape[1]}.")
    complete = table.dropna()
    if complete.empty:
        raise ValueError(f"There is no {unit} on which all methods have a score.")
    if len(complete) < len(table):
        left_out = conclusions.count(len(table) - len(complete), unit)
        notes.append(f"Left out because not every method has a score there: {left_out}.")
    return complete, notes


def _compare_pair(table, a, b, folds, of_fits, test, alpha, rope, n_resamples, random_state):
    """Return the row of a pair, with the difference as an object and the sign of the test."""
    # Two infinite scores have no difference, so that means exist for both methods or for none.
    found = difference_of(
        (table[a] - table[b]).to_numpy(dtype=float),
        folds[0],
        None if of_fits is None else of_fits[a] - of_fits[b],
        redrawn=folds[1],
    )
    infinite = np.isnan(found.mean)
    if test == "t" and not infinite:
        p_value, sign = found.p_value(), np.sign(found.mean)
    else:
        test = "wilcoxon" if infinite else test
        differences = _subtract(table[a], table[b])
        p_value, sign = signed_test(differences, test, n_resamples, random_state)
    low, high = found.interval(alpha)
    better, equivalent, worse = pair_probabilities(found, rope)
    return {
        "method_a": a,
        "method_b": b,
        "difference": found.mean,
        "low": low,
        "high": high,
        "p_value": p_value,
        "p_a_better": better,
        "p_equivalent": equivalent,
        "p_b_better": worse,
        "sign": sign,
        "found": found,
    }


def _inflation(found, ratio, n_units):
    """Return how many times more a mean varies than over independent units, and its freedom."""
    df = max(1, min(difference.df for difference in found))
    if all(not difference.variance_of_fits for difference in found):
        return 1 + n_units * ratio * (found.iloc[0].ratio > 0), df
    return max(1.0, float(np.nanmean([difference.inflation for difference in found]))), df


def _smallest_p(n_units, test, n_resamples):
    """Return the smallest p-value; drawn flips of signs give none below that of their number."""
    least = smallest_p(n_units)
    drawn = test == "permutation" and 2**n_units > n_resamples
    return max(least, 2 / (n_resamples + 1)) if drawn else least


def _subtract(a, b):
    """Return the differences of two columns for ranks; equal infinities do not differ."""
    a, b = a.to_numpy(dtype=float), b.to_numpy(dtype=float)
    return np.where(a == b, 0.0, a - np.where(a == b, 0.0, b))


def _winner(pair, alpha):
    """Return the method for which mean, test and interval speak, or ""."""
    if pair.p_holm < alpha and pair.sign > 0 and pair.low > 0:
        return pair.method_a
    if pair.p_holm < alpha and pair.sign < 0 and pair.high < 0:
        return pair.method_b
    return ""


def _probability_of_best(table, means, ratio, of_fits, rope, random_state):
    n_units, df = len(table), len(table) - 1
    if n_units < 2:
        return pd.Series(np.nan, index=means.index)
    share = ratio if of_fits is None else 0.0
    factor = [_deviations(table) * np.sqrt(1 / n_units + share)]
    if of_fits is not None:
        df = min(df, len(of_fits) - 1)
        factor.append(_deviations(of_fits) * np.sqrt(1 / len(of_fits) + ratio))
    factor = np.concatenate(factor)
    found = best_probabilities(table.mean(), factor, df, rope, random_state)
    return found[means.index]


def _deviations(table):
    """Return what remains of a table without its means; its square is the covariance."""
    values = table.to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        return (values - values.mean(axis=0)) / np.sqrt(len(values) - 1)


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
