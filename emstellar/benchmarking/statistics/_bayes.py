"""How probable it is that a method is better: Bayesian posteriors of mean differences."""

import numpy as np
import pandas as pd
from scipy import special

N_SAMPLES = 20_000


def pair_probabilities(found, rope=0.0):
    """Return the probabilities that the first method is better, equivalent, or worse.

    Parameters
    ----------
    found : PairedDifference
    rope : float, default=0.0
        The region of practical equivalence: differences up to it are none.

    Returns
    -------
    better, equivalent, worse : float
        NaN for one unit.

    Notes
    -----
    The posterior of the mean difference is Student's t around the mean found, with the standard
    error and degrees of freedom of `difference_of`. For the folds of a cross-validation this is
    the Bayesian correlated t-test [1]_.

    References
    ----------
    .. [1] Benavoli, Corani, Demšar and Zaffalon (2017). Time for a change: a tutorial for comparing
       multiple classifiers through Bayesian analysis. Journal of Machine Learning Research 18(77),
       1-36, equation 3.

    Examples
    --------
    >>> from emstellar.benchmarking.statistics._bayes import pair_probabilities
    >>> from emstellar.benchmarking.statistics import difference_of
    >>> found = difference_of([0.01, 0.03, 0.02, 0.04], ratio=1 / 3)
    >>> [round(probability, 2) for probability in pair_probabilities(found, rope=0.01)]
    [0.89, 0.09, 0.02]
    """
    if not found.error > 0:
        if np.isnan(found.error):
            return np.nan, np.nan, np.nan
        better, worse = float(found.mean > rope), float(found.mean < -rope)
        return better, 1 - better - worse, worse
    bounds = np.array([found.mean - rope, rope - found.mean, -rope - found.mean])
    better, up_to_rope, worse = special.stdtr(found.df, bounds / found.error).tolist()
    return better, up_to_rope - worse, worse


def best_probabilities(means, factor, df, rope=0.0, random_state=0):
    """Return for each method the probability that no other is better by more than `rope`.

    Parameters
    ----------
    means : Series of shape (n_methods,)
    factor : array-like of shape (n_rows, n_methods)
        Whose ``factor.T @ factor`` is the covariance of the means.
    df : int
        Its degrees of freedom.
    rope : float, default=0.0
        With 0 the probabilities sum to 1, if no methods are equal.
    random_state : int, default=0

    Returns
    -------
    Series
        By 20 000 draws from the multivariate t distribution whose pairwise differences are the
        posteriors of `pair_probabilities`; NaN where the spread is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from emstellar.benchmarking.statistics._bayes import best_probabilities
    >>> means = pd.Series({"A": 0.9, "B": 0.8})
    >>> best_probabilities(means, [[0.1, 0], [0, 0.1]], df=10).round(1).to_dict()
    {'A': 0.8, 'B': 0.2}
    """
    means, factor = pd.Series(means, dtype=float), np.asarray(factor, dtype=float)
    if df < 1 or not (np.isfinite(factor).all() and np.isfinite(means).all()):
        return pd.Series(np.nan, index=means.index)
    rng = np.random.default_rng(random_state)
    # A triangle, which is never larger than the number of methods.
    factor = np.linalg.qr(factor, mode="r")
    normal = rng.normal(size=(N_SAMPLES, len(factor))) @ factor
    drawn = means.to_numpy() + normal / np.sqrt(rng.chisquare(df, (N_SAMPLES, 1)) / df)
    # Methods that never differ are all the best.
    rounding = 1e-12 * np.abs(means).max()
    best = drawn >= drawn.max(axis=1, keepdims=True) - rope - rounding
    return pd.Series(best.mean(axis=0), index=means.index)
