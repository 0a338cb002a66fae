"""Statistics against scipy and published worked examples."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emstellar.benchmarking.statistics import compare_methods, critical_difference, friedman, holm


def make_scores(n_images=20, gap=0.05, seed=0):
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(scale=0.1, size=n_images)
    methods = {"good": gap, "fair": 0.0, "also fair": 0.0}
    return pd.DataFrame(
        {
            m: 0.8 + g + difficulty + rng.normal(scale=0.01, size=n_images)
            for m, g in methods.items()
        }
    )


def test_critical_differences_are_those_of_demsar():
    # Demšar (2006), section 3.2.3: q 2.569 for 4 classifiers at 0.05 and 2.291 at 0.10, 14 data
    # sets; table 5(a): q 3.164 for 10 classifiers.
    assert critical_difference(4, 14) == pytest.approx(2.569 * np.sqrt(20 / 84), abs=1e-3)
    assert critical_difference(4, 14, 0.10) == pytest.approx(2.291 * np.sqrt(20 / 84), abs=1e-3)
    assert critical_difference(10, 30) == pytest.approx(3.164 * np.sqrt(110 / 180), abs=1e-3)


def test_holm_of_a_worked_example():
    # Holm's rule by hand: sorted .01 x 4, .013 x 3, .014 x 2, .19 x 1; never decreasing, at most 1.
    assert holm([0.19, 0.01, 0.014, 0.013]) == pytest.approx([0.19, 0.04, 0.04, 0.04])
    assert holm([0.6, 0.7]) == pytest.approx([1, 1])
    assert holm([0.02]) == pytest.approx([0.02])


def test_ranks_and_friedman_of_demsar():
    # Demšar (2006), table 6: C4.5 with tuned parameters on 14 data sets (AUC).
    table = pd.DataFrame(
        {
            "C4.5": [
                0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.000, 0.940, 0.619,
                0.972, 0.957,
            ],
            "C4.5+m": [
                0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.000, 0.962, 0.666,
                0.981, 0.978,
            ],
            "C4.5+cf": [
                0.771, 0.590, 0.968, 0.654, 0.886, 0.916, 0.609, 0.563, 0.866, 1.000, 0.965, 0.614,
                0.9751, 0.946,
            ],
            "C4.5+m+cf": [
                0.798, 0.569, 0.967, 0.657, 0.898, 0.931, 0.685, 0.625, 0.875, 1.000, 0.962, 0.669,
                0.975, 0.970,
            ],
        }
    )  # fmt: skip
    found = compare_methods(table, n_resamples=99)
    expected = {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}
    assert found.ranks.round(3).to_dict() == expected
    assert found.ranks.index[0] == "C4.5+m+cf"
    # Iman and Davenport's F is that of an analysis of variance of the ranks by classifier and data
    # set (Conover 1999, Practical Nonparametric Statistics, section 5.8).
    ranks = table.rank(axis=1).to_numpy()
    between = len(ranks) * np.square(ranks.mean(axis=0) - ranks.mean()).sum() / 3
    within = np.square(ranks - ranks.mean(axis=0)).sum() / (3 * 13)
    assert found.friedman_p == pytest.approx(stats.f.sf(between / within, 3, 39))


def test_pairs_equal_scipy():
    table = make_scores()
    found = compare_methods(table, metric="f1").pairs.set_index(["method_a", "method_b"])
    row = found.loc["good", "also fair"]
    differences = table["good"] - table["also fair"]
    assert row["difference"] == pytest.approx(differences.mean())
    assert row["p_value"] == stats.wilcoxon(differences).pvalue
    # The percentile bootstrap of a mean of 20 comes near the normal interval.
    width = 1.96 * differences.std() / np.sqrt(len(differences))
    assert row["low"] == pytest.approx(differences.mean() - width, abs=width / 4)
    assert row["high"] == pytest.approx(differences.mean() + width, abs=width / 4)


# scikit-posthocs brings statsmodels, seaborn and four more packages, which is much for two tests;
# so it is not among those that the tests require.
@pytest.mark.parametrize("n_methods", [3, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_critical_differences_are_those_of_scikit_posthocs(n_methods, seed):
    posthocs = pytest.importorskip("scikit_posthocs")
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(12, n_methods)) + np.linspace(0, 1, n_methods)
    ranks = stats.rankdata(scores, axis=1).mean(axis=0)
    p_values = posthocs.posthoc_nemenyi_friedman(scores).to_numpy()
    for i, j in zip(*np.triu_indices(n_methods, 1), strict=True):
        # A difference that has this p-value is the critical one at this level.
        difference = critical_difference(n_methods, 12, alpha=p_values[i, j])
        assert difference == pytest.approx(abs(ranks[i] - ranks[j]), abs=1e-5)


@pytest.mark.parametrize("gap", [0.05, 0.004])
def test_corrected_pairs_are_those_of_scikit_posthocs(gap):
    posthocs = pytest.importorskip("scikit_posthocs")
    table = make_scores(gap=gap)
    expected = posthocs.posthoc_wilcoxon(list(table.to_numpy().T), p_adjust="holm").to_numpy()
    found = compare_methods(table, n_resamples=99).pairs["p_holm"]
    np.testing.assert_allclose(found, expected[np.triu_indices(3, 1)], rtol=1e-10)


def test_the_permutation_test_of_few_images_is_exact():
    table = make_scores(n_images=8)
    found = compare_methods(table[["good", "fair"]], test="permutation", n_resamples=999)
    # All eight differences are positive: only 2 of the 256 patterns of signs are as extreme.
    assert found.pairs["p_value"][0] == pytest.approx(2 / 256)


def test_the_conclusion_names_who_is_beaten_and_who_is_not():
    text = str(compare_methods(make_scores(), metric="f1", unit="image"))
    assert text.startswith("good has the highest mean F1 over 20 images")
    assert re.search(r"significantly better than fair \(by .*?\), also fair \(by .*?\)\.", text)
    text = str(compare_methods(make_scores(gap=0.0), metric="f1"))
    assert "No significant difference" in text
    assert "significantly better" not in text


def test_an_interval_beyond_zero_that_is_not_significant_is_explained():
    table = pd.DataFrame(
        {
            "A": [0.01, 0.03, 0.02, 0.04, 0.01, -0.005],
            "B, small": 0.0,
            "C": [0.03, -0.03, 0.02, -0.03, 0.03, -0.04],
        }
    )
    found = compare_methods(table, test="t")
    pair = found.pairs.set_index(["method_a", "method_b"]).loc["A", "B, small"]
    p_value = stats.ttest_rel(table["A"], table["B, small"]).pvalue
    assert pair["p_value"] == pytest.approx(p_value)
    assert p_value < 0.05 < 3 * p_value
    text = found.headline
    assert "difference was found from B, small (by 0.0175, 95% interval 0.00" in text
    assert "with 3 pairs compared, to leave out 0 is not enough (Holm's correction)." in text
    text = compare_methods(table[["C", "B, small"]], test="t").headline
    assert "leave" not in text


@pytest.mark.parametrize(("n_images", "n_methods"), [(4, 2), (5, 2), (6, 3)])
def test_too_few_images_cannot_support_a_ranking(n_images, n_methods):
    table = make_scores(n_images).iloc[:, :n_methods]
    found = compare_methods(table)
    assert f"{n_images} images cannot support a ranking of {n_methods} methods" in str(found)
    assert (found.pairs["p_holm"] > found.alpha).all()


def test_equal_methods_have_no_difference():
    table = make_scores()[["good"]].assign(twin=lambda frame: frame["good"])
    (pair,) = compare_methods(table).pairs.itertuples()
    assert (pair.difference, pair.low, pair.high, pair.p_value) == (0, 0, 0, 1)


def test_images_without_a_score_are_left_out():
    table = make_scores()
    table.loc[3, "fair"] = np.nan
    assert compare_methods(table).n_units == 19


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (make_scores()[["good"]], {}, "At least two methods are needed for a comparison, got 1"),
        (make_scores() * np.nan, {}, "no image on which all methods have a score"),
        (make_scores(), {"test": "z"}, "test must be one of .*, got 'z'"),
        (make_scores(), {"alpha": 1.5}, "alpha, the level of significance, must lie in"),
        (make_scores(), {"rope": -0.1}, "rope must be 0 or a positive difference"),
    ],
)
def test_wrong_input_is_named(table, options, message):
    with pytest.raises(ValueError, match=message):
        compare_methods(table, **options)


def test_no_winner_where_the_test_speaks_against_the_mean():
    b = np.linspace(0.6, 0.8, 20)
    a = b - np.linspace(0.005, 0.015, 20)
    a[0] = b[0] + 0.35
    found = compare_methods(pd.DataFrame({"A": a, "B": b}), metric="f1")
    assert found.pairs["p_holm"][0] < 0.001
    assert found.pairs["winner"][0] == ""
    text = str(found)
    assert "significantly better" not in text
    assert "do not agree on which is better: no winner is named" in text
    assert "Mean and ranks disagree: B has the better average rank (1.05 against 1.95)" in text
    assert "A has the highest mean F1" in found.headline


@pytest.mark.parametrize("test", ["t", "wilcoxon", "permutation"])
def test_winners_have_the_higher_mean_and_an_interval_beyond_zero(test):
    rng = np.random.default_rng(0)
    for _ in range(20):
        table = pd.DataFrame(rng.standard_t(2, size=(9, 3)) + [0, 1, 2], columns=[*"ABC"])
        for pair in compare_methods(table, test=test, n_resamples=99).pairs.itertuples():
            sign = {pair.method_a: 1, pair.method_b: -1, "": 0}[pair.winner]
            assert sign * pair.difference >= 0
            assert not sign or pair.low * pair.high > 0


def test_bars_are_drawn_only_where_friedman_rejects():
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 4)), columns=[*"ABCD"])
    found = compare_methods(table)
    assert found.friedman_p > 0.05
    assert found.groups() == []
    found = compare_methods(table + [5, 5, 0, 0])
    assert found.friedman_p < 0.05
    assert len(found.groups()) >= 1


def test_friedman_of_units_that_all_agree_is_not_zero():
    table = pd.DataFrame(np.arange(4)[:, np.newaxis] + [0.0, 0.1, 0.2], columns=[*"ABC"])
    # Of the 6^4 orders 6 are as extreme.
    assert compare_methods(table).friedman_p == pytest.approx(6 / 6**4)


def test_every_comparison_tells_its_smallest_p_and_the_units_needed():
    text = str(compare_methods(make_scores(6, gap=0.0).iloc[:, :2], unit="block", test="t"))
    assert "without assuming normal differences 6 blocks can give no p below 0.031" in text
    assert "with 80 % power would take about" in text
    assert "Probability of being the best" in text


def test_one_unit_cannot_be_ranked_by_any_test():
    table = make_scores(1)
    for test in ("t", "wilcoxon", "permutation"):
        found = compare_methods(table, unit="test set", test=test, n_resamples=9)
        assert str(found).startswith("1 test set cannot support a ranking of 3 methods")
        assert (found.pairs["p_value"] == 1).all()
        assert found.groups() == []


def test_methods_without_any_score_are_left_out_and_named():
    found = compare_methods(make_scores().assign(blank=np.nan))
    assert "Left out without any score: blank." in str(found)
    assert list(found.means.index) == ["good", "fair", "also fair"]


def draw_folds(n, n_methods, ratio, n_runs, seed=0):
    """Return scores of equal methods on folds that correlate as Nadeau and Bengio assume."""
    rng, shared = np.random.default_rng(seed), ratio / (1 + ratio)
    common = rng.normal(0, shared**0.5, (n_runs, 1, n_methods))
    return common + rng.normal(0, (1 - shared) ** 0.5, (n_runs, n, n_methods))


@pytest.mark.parametrize(("n", "ratio"), [(5, 1 / 4), (10, 1 / 9), (50, 1 / 4)])
def test_ranks_of_equal_methods_over_folds_differ_in_at_most_6_percent(n, ratio):
    found = [
        friedman(pd.DataFrame(scores), 1 + n * ratio) < 0.05
        for scores in draw_folds(n, 4, ratio, 300)
    ]
    # Three standard errors above the level; as independent units they would in 22 to 86 %.
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_ranks_over_folds_are_corrected_as_differences_are():
    table = pd.DataFrame(draw_folds(50, 4, 1 / 4, 1)[0], columns=[*"ABCD"])
    folds = compare_methods(table, unit="fold", ratio=1 / 4)
    assert folds.critical_difference == pytest.approx(
        critical_difference(4, 50) * np.sqrt(1 + 50 / 4)
    )
    assert folds.friedman_p > compare_methods(table, unit="group").friedman_p
    # Where fits vary more than units, the ranks over units tell little.
    of_fits = pd.DataFrame(9 * np.eye(4), columns=[*"ABCD"])
    of_fits = compare_methods(table, unit="group", of_fits=of_fits)
    assert of_fits.critical_difference > folds.critical_difference


def test_ties_leave_fewer_orders_that_agree():
    table = pd.DataFrame({"A": [0.9, 0.8, 0.9], "B": [0.7, 0.6, 0.7], "C": [0.7, 0.6, 0.7]})
    # One of three methods is the best on all three units, by chance in 3 of 3^3 cases.
    assert friedman(table) == pytest.approx(1 / 9)


def test_drawn_permutations_give_no_p_below_that_of_their_number():
    found = compare_methods(make_scores(20, gap=0.5), test="permutation", n_resamples=99)
    assert found.smallest_p == found.pairs["p_value"][0] == 2 / 100


def test_the_level_of_intervals_is_not_rounded():
    assert "99.5% interval" in str(compare_methods(make_scores(), alpha=0.005))


def test_methods_of_equal_means_share_the_lead():
    table = make_scores()[["good"]].assign(twin=lambda frame: frame["good"])
    assert "good, twin share the highest mean" in compare_methods(table).headline


def test_infinite_scores_of_both_methods_leave_no_mean_difference():
    table = pd.DataFrame({"A": np.linspace(-3, -2, 8), "B": np.linspace(-5, -4, 8)})
    table.loc[0] = -np.inf
    found = compare_methods(table, metric="neg_hausdorff", unit="group")
    # The seven finite pairs are compared by ranks; zeros do not count in Wilcoxon's test.
    assert found.pairs["p_value"][0] == pytest.approx(2 / 2**7)
    assert found.pairs["winner"][0] == ""
    assert np.isnan(found.pairs["difference"][0])


def test_intervals_of_several_pairs_are_said_to_be_of_each():
    assert "each interval is for its pair alone" in str(compare_methods(make_scores()))
    assert "for its pair" not in str(compare_methods(make_scores()[["good", "fair"]]))


def test_the_probability_of_single_fits_is_of_these_models():
    table = make_scores()[["good", "fair"]]
    found = compare_methods(table, fitted_once=("good", "fair"))
    assert "Probability of being the best of these models: good" in str(found)
