"""Comparisons in words."""

import numpy as np

from ..._wording import count
from ...metrics.labels import metric_words

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
TEST_NAMES = {
    "t": "Paired t-test",
    "wilcoxon": "Wilcoxon's signed-rank test",
    "permutation": "Sign-flip permutation test",
}


def conclude(comparison):
    """Return everything that a comparison says, in words.

    Parameters
    ----------
    comparison : Comparison
        With all attributes but its conclusion.

    Returns
    -------
    str
    """
    c = comparison
    if not c.can_rank:
        return " ".join([_no_ranking(c), *c.notes])
    sentences = [headline(c), _disagreement(c), _power(c), _probability(c)]
    sentences += [*c.notes, _method(c)]
    return " ".join(sentence for sentence in sentences if sentence)


def headline(comparison):
    """Return who leads, by how much, and whether that is significant.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    str
    """
    c = comparison
    if not c.can_rank:
        return _no_ranking(c)
    if not np.isfinite(c.means).all():
        return (
            f"Over {count(c.n_units, c.unit)} {metric_words(c.metric)} is infinite for "
            f"{_list(c.means.index[~np.isfinite(c.means)])}, so that no mean exists: ranks alone "
            f"are compared, and no winner is named."
        )
    best = c.means.index[0]
    beaten = c.worse_than(best)
    disputed = _disputed_with(c, best)
    equal = [method for method in c.means.index[1:] if method not in (*beaten, *disputed)]
    text = f"{_leaders(c)} the highest mean {metric_words(c.metric)} over "
    text += f"{count(c.n_units, c.unit)} ({c.means.iloc[0]:.4f})."
    if c.fitted_once:
        return " ".join([text, *_about_models(c, best, beaten, equal), *_dispute(best, disputed)])
    if beaten:
        text += f" It is significantly better than {_differences(c, best, beaten)}."
    if equal:
        text += f" {_no_difference(c, best, equal)}"
    return " ".join([text, *_dispute(best, disputed)])


def _leaders(c):
    """Return who has the highest mean, all of them if they are equal, with the verb."""
    leaders = c.means.index[np.isclose(c.means, c.means.iloc[0], rtol=1e-12, atol=0)]
    return f"{_list(leaders)} {'has' if len(leaders) == 1 else 'share'}"


def _about_models(c, best, beaten, equal):
    """Say of single fits what may be said: these models differ, the methods may not."""
    once = set(c.fitted_once)
    if best not in once:
        real = [method for method in beaten if method not in once]
        if real:
            yield f"It is significantly better than {_differences(c, best, real)}."
        beaten = [method for method in beaten if method in once]
    number = WORDS[len(c.means)] if len(c.means) < len(WORDS) else len(c.means)
    if beaten:
        yield f"It scored higher than {_differences(c, best, beaten)}, beyond chance between units."
    if equal:
        yield _no_difference(c, best, equal)
    if len(once) == len(c.means):
        yield (
            f"This is about these {number} fitted models, not about the methods: fits with another "
            "seed or other training images may turn the order round."
        )
    else:
        yield f"Of {_list(c.fitted_once)} there is one model: this is about it, not the method."


def _no_ranking(c):
    text = f"{count(c.n_units, c.unit)} cannot support a ranking of {len(c.means)} methods by "
    if c.n_units < 2:
        return text + f"{metric_words(c.metric)}: from one observation nothing can be ranked."
    least = min(1.0, c.smallest_p * len(c.pairs))
    return text + (
        f"{metric_words(c.metric)}: were one the best on every {c.unit}, the p-value would still "
        f"be {least:.2g}."
    )


def _differences(c, best, others):
    """Return methods, each of few with the interval of its difference to the best."""
    if len(others) > 3:
        return _list(others)
    return _list(f"{method} ({_interval(c, best, method)})" for method in others)


def _no_difference(c, best, equal):
    """Say what is not told apart, and why an interval beyond 0 is not enough for it."""
    text = f"No significant difference was found from {_differences(c, best, equal)}."
    pairs = [_pair(c, best, method)[0] for method in equal]
    beyond = any(pair.low * pair.high > 0 for pair in pairs)
    if not beyond or len(equal) > 3:
        return text
    return f"{text} {_why_not(c)}"


def _why_not(c):
    if len(c.pairs) > 1:
        return (
            f"An interval is of one difference by itself: with {len(c.pairs)} pairs compared, to "
            "leave out 0 is not enough (Holm's correction)."
        )
    return "The interval leaves out 0, but the test does not find the difference significant."


def _interval(c, best, other):
    pair, sign = _pair(c, best, other)
    low, high = sorted((sign * pair.low, sign * pair.high))
    level = f"{100 * (1 - c.alpha):g}%"
    return f"by {sign * pair.difference:.4f}, {level} interval {low:.4f} to {high:.4f}"


def _pair(c, a, b):
    """Return the row of a pair and the sign that makes its difference a - b."""
    for pair in c.pairs.itertuples():
        if {pair.method_a, pair.method_b} == {a, b}:
            return pair, 1 if pair.method_a == a else -1
    raise KeyError((a, b))


def _disputed_with(c, best):
    """Return the methods that the test tells from the best while the interval or mean does not."""
    rows = c.pairs[(c.pairs["p_holm"] < c.alpha) & (c.pairs["winner"] == "")]
    rows = rows[(rows["method_a"] == best) | (rows["method_b"] == best)]
    return rows["method_a"].where(rows["method_a"] != best, rows["method_b"]).tolist()


def _dispute(best, disputed):
    if disputed:
        yield (
            f"The test tells {best} from {_list(disputed)}, but mean, test and interval do not "
            "agree on which is better: no winner is named."
        )


def _disagreement(c):
    best, first = c.means.index[0], c.ranks.index[0]
    if c.ranks[best] <= c.ranks[first] or not np.isfinite(c.means).all():
        return ""
    return (
        f"Mean and ranks disagree: {first} has the better average rank ({c.ranks[first]:.2f} "
        f"against {c.ranks[best]:.2f})."
    )


def _power(c):
    """Say what it would take to tell the best from the nearest method that it does not beat."""
    best = c.means.index[0]
    nearest = [method for method in c.means.index[1:] if method not in c.worse_than(best)]
    if not nearest or not np.isfinite(c.means).all():
        return ""
    pair, _ = _pair(c, best, nearest[0])
    if not pair.difference or np.isnan(pair.units_needed):
        return ""
    if np.isinf(pair.units_needed):
        return f"No number of {c.unit}s within reason would show the difference from {nearest[0]}."
    needed = count(int(pair.units_needed), c.unit)
    return f"To see the difference from {nearest[0]} with 80 % power would take about {needed}."


def _probability(c):
    if c.p_best.isna().any():
        return ""
    within = f" to within {c.rope:g}" if c.rope else ""
    leaders = c.p_best.sort_values(ascending=False, kind="stable").head(3)
    of_models = " of these models" if len(c.fitted_once) == len(c.means) else ""
    return (
        f"Probability of being the best{of_models}{within}: "
        + ", ".join(f"{method} {probability:.2f}" for method, probability in leaders.items())
        + "."
    )


def _method(c):
    name = TEST_NAMES[c.test]
    if c.test == "t" and c.ratio and c.unit in ("fold", "block", "group"):
        name += ", corrected for training images that folds share"
    text = f"({name}, Holm-corrected, level {c.alpha:g}"
    if len(c.pairs) > 1:
        text += "; each interval is for its pair alone"
    if c.test == "t":
        text += (
            f"; without assuming normal differences {count(c.n_units, c.unit)} can give no p below "
            f"{c.smallest_p:.2g}"
        )
    else:
        text += f"; the smallest p of {count(c.n_units, c.unit)} is {c.smallest_p:.2g}"
    return text + ".)"


def _list(names):
    return ", ".join(map(str, names))
