"""Paired differences of two methods: standard error, test, interval, and the units to see them."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

TESTS = ("t", "wilcoxon", "permutation")
POWER = 0.8
# More units than these are not worth a number.
MAX_UNITS = 10_000
# Of n folds that test each image once n_test / n_train is 1 / (n - 1), or somewhat more where
# margins around them are not trained on; with splits drawn twice it is more than 2 / (n - 1).
REPEATED = 2.0


@dataclass(frozen=True)
class PairedDifference:
    """The mean of paired differences and how well it is known.

    Attributes
    ----------
    mean : float
        NaN where a difference is infinite.
    error : float
        The standard error of the mean; NaN for one unit.
    df : int
        Its degrees of freedom.
    spread : float
        The standard deviation between units.
    n_units : int
    ratio : float
        Test images over training images of a fold, 0 for units that no fit trains on.
    variance_of_fits : float
        The part of ``error ** 2`` that more units do not lower.
    redrawn : bool
        Whether the units are folds of splits that are drawn again and again.
    """

    mean: float
    error: float
    df: int
    spread: float
    n_units: int
    ratio: float = 0.0
    variance_of_fits: float = 0.0
    redrawn: bool = False

    @property
    def inflation(self):
        """How many times larger ``error ** 2`` is than for independent units and no other fits."""
        independent = self.spread**2 / self.n_units
        return self.error**2 / independent if independent > 0 else np.nan

    def interval(self, alpha):
        """Return the bounds that hold the true mean with probability 1 - alpha."""
        if not self.error > 0:
            bound = self.mean if self.error == 0 else np.nan
            return bound, bound
        half = special.stdtrit(self.df, 1 - alpha / 2) * self.error
        return float(self.mean - half), float(self.mean + half)

    def p_value(self):
        """Return the two-sided p-value of Student's t of the mean."""
        if not self.error > 0:
            return 1.0 if not self.mean or np.isnan(self.error) else smallest_p(self.n_units)
        return float(2 * special.stdtr(self.df, -abs(self.mean) / self.error))


def difference_of(differences, ratio=0.0, of_fits=None, *, redrawn=None):
    """Return the mean of paired differences with its standard error.

    Parameters
    ----------
    differences : array-like of shape (n_units,)
    ratio : float, default=0.0
        For the folds of a cross-validation: test images over training images of a fold [1]_.
    of_fits : array-like of shape (n_fits,), optional
        Where each of several fits predicts all units: the differences of the fits, each over all
        units. `ratio` is then that of the folds from which the fits come.
    redrawn : bool, optional
        Whether folds are of splits that are drawn again and again, so that an image is tested
        more than once. By default guessed: there are too many folds of their size for one round.

    Returns
    -------
    PairedDifference

    Notes
    -----
    Folds share training images, so the variance of the mean of n folds is not s² / n but about
    s² (1 / n + n_test / n_train) [1]_, also where the splits are drawn repeatedly [2]_. Where each
    of k fits predicts each of n units, the variance of the mean is s²_units / n + s²_fits (1 / k +
    n_test / n_train), which counts twice what units and fits have in common and so is never too
    small on average [3]_; of the two degrees of freedom the smaller one is taken.

    References
    ----------
    .. [1] Nadeau and Bengio (2003). Inference for the generalization error. Machine Learning 52,
       239-281, equation 9.
    .. [2] Bouckaert and Frank (2004). Evaluating the replicability of significance tests for
       comparing learning algorithms. PAKDD, LNCS 3056, 3-12, section 3.
    .. [3] Owen (2007). The pigeonhole bootstrap. Annals of Applied Statistics 1, 386-411.

    Examples
    --------
    >>> from emstellar.benchmarking.statistics import difference_of
    >>> found = difference_of([0.01, 0.03, 0.02, 0.04])
    >>> [round(bound, 4) for bound in found.interval(0.05)]
    [0.0045, 0.0455]
    >>> [round(bound, 4) for bound in difference_of([0.01, 0.03, 0.02, 0.04], 1 / 3).interval(0.05)]
    [-0.0064, 0.0564]
    """
    differences = np.asarray(differences, dtype=float)
    n_units = len(differences)
    if redrawn is None:
        redrawn = ratio * (n_units - 1) > REPEATED
    if not np.isfinite(differences).all():
        return PairedDifference(np.nan, np.nan, n_units - 1, np.nan, n_units, ratio)
    mean = float(differences.mean())
    if n_units < 2:
        return PairedDifference(mean, np.nan, 0, np.nan, n_units, ratio)
    spread, df = _spread(differences), n_units - 1
    if of_fits is None:
        error = spread * np.sqrt(1 / n_units + ratio)
        return PairedDifference(mean, float(error), df, spread, n_units, ratio, redrawn=redrawn)
    variance = _spread(of_fits) ** 2 * (1 / len(of_fits) + ratio)
    error = np.sqrt(spread**2 / n_units + variance)
    df = min(df, len(of_fits) - 1)
    return PairedDifference(mean, float(error), df, spread, n_units, 0.0, float(variance))


def _spread(values):
    """Return the standard deviation; 0 where the values differ by rounding alone."""
    values = np.asarray(values, dtype=float)
    rounding = 1e-12 * np.abs(values).max()
    return 0.0 if np.ptp(values) <= rounding else float(np.std(values, ddof=1))


def smallest_p(n_units):
    """Return the smallest p-value of a two-sided paired test that assumes no distribution.

    All signs equal is the most extreme of ``2 ** n_units`` outcomes, on either side.

    Parameters
    ----------
    n_units : int

    Returns
    -------
    float

    Examples
    --------
    >>> from emstellar.benchmarking.statistics._paired import smallest_p
    >>> smallest_p(1), smallest_p(5), smallest_p(6)
    (1.0, 0.0625, 0.03125)
    """
    return 2.0 ** (1 - n_units)


def signed_test(differences, test, n_resamples=9999, random_state=None):
    """Return the p-value of a test by signs and ranks, and the direction that it speaks for.

    Parameters
    ----------
    differences : array-like of shape (n_units,)
        May be infinite: these have the highest rank.
    test : {"wilcoxon", "permutation"}
    n_resamples : int, default=9999
    random_state : int, Generator or None

    Returns
    -------
    p_value : float
    sign : float
        1, -1, or 0 for neither.
    """
    differences = _finite_ranks(np.asarray(differences, dtype=float))
    if len(differences) < 2 or not differences.any():
        return 1.0, 0.0
    if test == "wilcoxon":
        ranks = stats.rankdata(np.abs(differences[differences != 0]))
        sign = np.sign(np.sum(ranks * np.sign(differences[differences != 0])))
        with warnings.catch_warnings():
            # Of many zeros, that the normal approximation is rough.
            warnings.simplefilter("ignore", UserWarning)
            return float(stats.wilcoxon(differences).pvalue), float(sign)
    found = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=n_resamples,
        random_state=np.random.default_rng(random_state),
    )
    return float(found.pvalue), float(np.sign(differences.mean()))


def _finite_ranks(differences):
    """Return differences with infinite ones just beyond the largest finite one."""
    beyond = 2 * np.abs(differences[np.isfinite(differences)]).max(initial=0) + 1
    return np.where(np.isfinite(differences), differences, np.sign(differences) * beyond)


def units_needed(found, alpha=0.05, power=POWER, *, test="t"):
    """Return how many units it takes to see a difference as large as the one found.

    Parameters
    ----------
    found : PairedDifference
    alpha : float, default=0.05
        The level of the two-sided test.
    power : float, default=0.8
        The probability of seeing it.
    test : {"t", "wilcoxon", "permutation"}, default="t"
        Those by signs need at least so many units that their `smallest_p` reaches the level;
        Wilcoxon's π / 3 times as many as the t-test of normal differences, its asymptotic
        relative efficiency being 3 / π [2]_.

    Returns
    -------
    float
        By the noncentral t distribution [1]_, with the spread found; infinity where no number up
        to 10 000 will do, NaN where the spread is not known. Of differences without spread: so
        many that their signs alone reach the level. For folds of splits that are drawn repeatedly
        infinity where the spread by common training images is too large: drawing more of them
        does not lower it.

    References
    ----------
    .. [1] Cohen (1988). Statistical power analysis for the behavioral sciences, chapter 2.
    .. [2] Lehmann (1975). Nonparametrics, section 4.3.

    Examples
    --------
    A difference of half a standard deviation takes 34 pairs.

    >>> from emstellar.benchmarking.statistics._paired import PairedDifference, units_needed
    >>> units_needed(PairedDifference(0.5, 0.5, 3, 1.0, 4))
    34.0
    """
    by_signs = int(np.ceil(1 - np.log2(alpha)))
    if not found.error > 0:
        return float(by_signs) if found.error == 0 and found.mean else np.nan
    needed = _units_of_t(found, alpha, power)
    if test == "wilcoxon":
        needed = np.ceil(needed * np.pi / 3)
    needed = needed if test == "t" else max(needed, by_signs)
    return float(needed) if needed <= MAX_UNITS else np.inf


def _units_of_t(found, alpha, power):
    low, high = 1, 2
    while _power(found, high, alpha) < power:
        low, high = high, 2 * high
        if low > MAX_UNITS:
            return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _power(found, middle, alpha) >= power else (middle, high)
    return high


def _power(found, n_units, alpha):
    variance = found.spread**2 * (1 / n_units + _ratio_of(found, n_units)) + found.variance_of_fits
    df = min(n_units - 1, found.df) if found.variance_of_fits else n_units - 1
    shift, limit = abs(found.mean) / np.sqrt(variance), stats.t.ppf(1 - alpha / 2, df)
    # Beyond, scipy's noncentral t loses its digits.
    return 1.0 if shift > limit + 30 else float(stats.nct.sf(limit, df, shift))


def _ratio_of(found, n_units):
    """Return the ratio of test to training images if there were so many folds.

    With more folds of the same size each fit trains on more. Splits that are drawn again and again
    test more images in all than there are; of them the ratio stays.
    """
    return found.ratio if found.redrawn else found.ratio * (found.n_units - 1) / (n_units - 1)
