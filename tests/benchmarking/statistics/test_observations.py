"""What counts as one observation, in tables, in benchmarks and in simulation."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, RepeatedKFold, ShuffleSplit

from emstellar import BenchmarkResult, RandomForestSegmenter, benchmark
from emstellar.benchmarking import score_folders
from emstellar.benchmarking.statistics import compare_methods, difference_of
from emstellar.benchmarking.statistics._observations import observe
from emstellar.datasets import make_em_images
from emstellar.displays import RankDisplay
from emstellar.io import write_images
from emstellar.model_selection import BlockKFold

from ..segmenters import NoisyThreshold

METHODS = {"a": NoisyThreshold(noise=0.3), "b": NoisyThreshold(noise=0.2)}
OPTIONS = {"scoring": "f1", "ensembles": (), "random_state": 0, "verbose": 0}


def run(data, methods=METHODS, **options):
    return benchmark(methods, **{**data, **OPTIONS, **options})


def means_of(result, unit, subset="validation"):
    rows = result.scores.query("subset == @subset")
    return rows.groupby(["method", unit])["value"].mean().unstack("method")


@pytest.fixture
def plain(data):
    """Without any groups."""
    del data["groups"]
    return data


def test_groups_that_are_left_out_in_turn_are_the_units(data):
    result = run(data, cv=LeaveOneGroupOut())
    found = result.compare("f1", "validation")
    assert (found.unit, found.n_units, found.test) == ("group", 3, "t")
    means = means_of(result, "group")
    differences = means["a"] - means["b"]
    # Three images tested, six trained on.
    t = differences.mean() / np.sqrt((1 / 3 + 1 / 2) * differences.var())
    assert found.pairs["p_value"][0] == pytest.approx(2 * stats.t.sf(abs(t), 2))


def test_of_several_groups_in_a_fold_the_fold_is_the_unit(data):
    data["groups"] = np.repeat([0, 1, 2, 3], [1, 4, 2, 2])
    result = run(data, cv=GroupKFold(2))
    found = observe(result.scores.query("subset == 'validation'"), "validation")
    assert (found.unit, len(found.table)) == ("fold", 2)
    # A group counts as one, however many images it has.
    rows = result.scores.query("subset == 'validation' and method == 'a' and fold == 0")
    expected = rows.groupby("group")["value"].mean().mean()
    assert found.table.loc[0, "a"] == pytest.approx(expected)
    assert "share one fitted model" in str(result.compare("f1", "validation"))


def test_a_stack_that_is_cut_over_the_folds_is_the_unit(data):
    result = run(data, cv=BlockKFold(3))
    found = result.compare("f1", "validation")
    assert (found.unit, found.n_units) == ("group", 3)
    assert "Each group was cut over several of the 3 folds" in str(found)
    one_stack = {**data, "groups": np.zeros(9)}
    assert run(one_stack, cv=BlockKFold(3)).compare("f1", "validation").n_units == 1


@pytest.mark.parametrize(("cv", "unit", "n"), [(BlockKFold(3), "block", 3), (3, "fold", 3)])
def test_without_groups_blocks_and_folds_are_the_units(plain, cv, unit, n):
    found = run(plain, cv=cv).compare("f1", "validation")
    assert (found.unit, found.n_units, found.ratio) == (unit, n, 0.5)


def test_repeats_of_a_fold_are_averaged_and_repeated_splits_are_not(plain):
    result = run(plain, cv=3, n_repeats=2)
    found = result.compare("f1", "validation")
    assert (found.n_units, found.n_fits) == (3, 6)
    assert found.means["a"] == pytest.approx(means_of(result, "fold")["a"].mean())
    found = run(plain, cv=RepeatedKFold(n_splits=3, n_repeats=2)).compare("f1", "validation")
    assert (found.unit, found.n_units, found.ratio) == ("fold", 6, 0.5)


def test_splits_are_known_to_be_drawn_anew_however_few_they_are(plain):
    drawn = run(plain, cv=ShuffleSplit(4, test_size=3, random_state=0))
    found = {}
    for name, result in {"drawn": drawn, "in turn": run(plain, cv=3)}.items():
        rows = result.scores.query("subset == 'validation'")
        folds = result.plan.folds
        # Results that were kept before folds were described so tell by their images.
        older = replace(folds, redrawn=None)
        found[name] = [observe(rows, "validation", None, known).redrawn for known in (folds, older)]
    assert found == {"drawn": [True, True], "in turn": [False, False]}


def test_images_on_request_are_about_fitted_models(plain):
    text = str(run(plain, cv=3).compare("f1", "validation", by="image"))
    assert "Images were taken as independent" in text
    assert "images of a fold share one fitted model" in text
    assert "these two fitted models" in text


def test_test_images_without_groups_cannot_be_ranked_anywhere(plain):
    result = run(plain, cv=3)
    found = result.compare()
    assert (found.unit, found.n_units) == ("test set", 1)
    expected = "1 test set cannot support a ranking of 2 methods by F1: from one observation"
    assert str(found).startswith(expected)
    assert "groups_test" in str(found)
    assert expected in result.headline()
    display = RankDisplay(found).plot()
    assert display.bars_ == []
    assert display.ax_.get_title().endswith("over 1 test set; too few to rank methods")


def test_test_groups_of_several_fits_count_units_and_fits(plain):
    result = run(plain, cv=3, groups_test=[7, 7, 8])
    assert set(result.scores.query("subset == 'test'")["group"]) == {7, 8}
    found = result.compare()
    assert (found.unit, found.n_units, found.n_fits, found.fitted_once) == ("group", 2, 3, ())
    units, fits = (means_of(result, unit, "test") for unit in ("group", "fold"))
    units, fits = units["a"] - units["b"], fits["a"] - fits["b"]
    # The mean over the fits is over units too, not over images.
    rows = result.scores.query("subset == 'test'")
    fits = rows.groupby(["method", "fold", "group"])["value"].mean().groupby(["method", "fold"])
    fits = fits.mean().unstack("method")
    error = np.sqrt(units.var() / 2 + (fits["a"] - fits["b"]).var() * (1 / 3 + 1 / 2))
    expected = stats.t.interval(0.95, 1, units.mean(), error)
    assert tuple(found.pairs.loc[0, ["low", "high"]]) == pytest.approx(expected)


def test_a_single_fit_is_about_these_two_fitted_models(plain):
    result = run(plain, cv=[(range(6), range(6, 9))], groups_test=[0, 1, 2])
    text = str(result.compare(test="t"))
    assert "This is about these two fitted models, not about the methods" in text
    assert "significantly better" not in text
    validation = str(result.compare(subset="validation"))
    assert validation.startswith("1 fold cannot support a ranking")


def test_a_vote_is_one_model_beside_methods_that_were_fitted_again(plain):
    result = run(plain, cv=3, groups_test=[0, 1, 2], ensembles="average voting")
    found = result.compare()
    assert found.fitted_once == ("average voting",)
    assert "Of average voting there is one model" in str(found)


def test_seeds_are_fits_too(plain):
    result = run(plain, cv=[(range(6), range(6, 9))], n_repeats=3, groups_test=[0, 1, 2])
    found = result.compare()
    assert (found.n_fits, found.fitted_once, found.test) == (3, (), "t")


def test_groups_of_test_images_are_kept_and_cost_no_fit(plain, tmp_path):
    run(plain, cv=3, store=tmp_path)
    files = sorted((tmp_path / "jobs").iterdir())
    named = run(plain, cv=3, store=tmp_path, groups_test=[0, 1, 1])
    assert sorted((tmp_path / "jobs").iterdir()) == files
    loaded = BenchmarkResult.load(tmp_path)
    assert loaded.data.groups_test.tolist() == [0, 1, 1]
    assert str(loaded.compare()) == str(named.compare())
    assert "groups_test=groups_test" in loaded.plan.code


def test_wrong_groups_of_test_images_are_named(plain):
    with pytest.raises(ValueError, match=r"groups_test has shape \(2,\), expected \(3,\)"):
        run(plain, groups_test=[0, 1])
    with pytest.raises(ValueError, match="groups_test was passed without X_test"):
        run({"X": plain["X"], "y": plain["y"]}, groups_test=[0])


def test_groups_of_predictions(data):
    rng = np.random.default_rng(0)
    maps = {name: rng.uniform(size=data["y"].shape) for name in "ab"}
    result = BenchmarkResult.from_predictions(
        maps, data["y"], groups=data["groups"], scoring="f1", ensembles=()
    )
    found = result.compare()
    assert (found.unit, found.n_units) == ("group", 3)
    assert "these two fitted models" in str(result.compare(test="t"))
    assert "groups=groups" in result.plan.code


def test_groups_of_scored_folders_are_found_in_the_names(data, tmp_path):
    names = [f"field{group}_{i}" for i, group in enumerate(data["groups"])]
    write_images(tmp_path / "truth", data["y"] * 255, names)
    for method in ("A", "B"):
        write_images(tmp_path / "maps" / method, data["y"] * 255, names)
    folders = tmp_path / "maps", tmp_path / "truth"
    result = score_folders(*folders, groups="field.", scoring=["f1"], verbose=0)
    assert set(result.scores["group"]) == {"field0", "field1", "field2"}
    assert result.compare().n_units == 3
    assert "groups='field.'" in result.plan.code
    with pytest.raises(ValueError, match=r"'stack.' of the groups finds nothing in 'field0_0'"):
        score_folders(*folders, groups="stack.", scoring=["f1"], verbose=0)


def scores_of(table, group):
    """Return a score table of images, one fit for each method."""
    rows = table.rename_axis("image").melt(var_name="method", ignore_index=False).reset_index()
    return rows.assign(repeat=0, fold=0, group=[group[image] for image in rows["image"]])


def test_undefined_images_are_left_out_and_counted():
    table = pd.DataFrame({"A": [0.8, np.nan, 0.6, np.nan], "B": [0.7, 0.5, 0.4, np.nan]})
    found = observe(scores_of(table, [0, 0, 1, 2]), "test")
    assert found.table["A"].tolist()[:2] == [0.8, 0.6]
    # Of image 1, which A has no score of, B's counts neither: both means are of the same images.
    assert found.table["B"].tolist()[:2] == [0.7, 0.4]
    assert found.notes == ["2 images left out, as the score of a method is undefined on them."]
    text = str(compare_methods(found.table, test="t", **found.options()))
    assert "Left out because not every method has a score there: 1 group." in text


def test_a_method_that_is_undefined_on_hard_images_does_not_win_by_it():
    rng = np.random.default_rng(0)
    scores = np.where(np.arange(40) % 2, 0.9, 0.3) + rng.normal(0, 0.02, 40)
    table = pd.DataFrame({"A": scores, "B": scores + rng.normal(0, 0.02, 40), "none": np.nan})
    table.loc[::2, "A"] = np.nan
    observed = observe(scores_of(table, np.arange(40) // 4), "test")
    found = compare_methods(observed.table, **observed.options())
    assert abs(found.means["A"] - found.means["B"]) < 0.03
    assert found.pairs["winner"].tolist() == [""]


def test_undefined_scores_of_one_fit_leave_the_same_images_of_other_methods_out():
    table = pd.DataFrame({"A": [0.8, 0.6], "B": [0.7, 0.5]})
    fits = pd.concat([scores_of(table, [0, 1]).assign(fold=fold) for fold in range(3)])
    lacking = (fits["method"] == "A") & (fits["fold"] == 2) & (fits["image"] == 0)
    fits["value"] += fits["fold"] / 10
    found = observe(fits.assign(value=fits["value"].mask(lacking)), "test")
    assert (found.table["A"] - found.table["B"]).tolist() == pytest.approx([0.1, 0.1])


def test_fits_that_one_method_lacks_are_left_out_of_all():
    table = pd.DataFrame({"A": [0.8, 0.6, 0.7], "B": [0.7, 0.5, 0.6]})
    fits = pd.concat(
        [scores_of(table + fold / 10, [0, 1, 2]).assign(fold=fold) for fold in range(3)]
    )
    found = observe(fits[(fits["method"] == "A") | (fits["fold"] < 2)], "test")
    assert (found.table["A"] - found.table["B"]).tolist() == pytest.approx([0.1] * 3)
    assert (found.n_fits, found.fitted_once) == (2, [])
    assert found.notes == ["Left out because not every method has a model of it: 1 fold."]


def test_repeats_under_one_seed_are_one_fit(plain):
    options = {"cv": [(range(6), range(6, 9))], "groups_test": [0, 1, 2], "random_state": None}
    methods = {name: NoisyThreshold(noise=0.3, random_state=i) for i, name in enumerate("ab")}
    found = run(plain, methods, n_repeats=3, **options).compare(test="t")
    assert set(found.fitted_once) == {"a", "b"}
    assert "significantly better" not in str(found)


def test_seeds_alone_say_nothing_of_other_training_images(plain):
    result = run(plain, cv=[(range(6), range(6, 9))], n_repeats=3, groups_test=[0, 1, 2])
    assert "All fits learned from the same training images" in str(result.compare())


def test_infinite_scores_name_no_winner_and_no_p_of_zero():
    table = pd.DataFrame({"A": np.linspace(-3, -2, 8), "B": np.linspace(-5, -4, 8)})
    table.loc[0, "B"] = -np.inf
    found = compare_methods(table, metric="neg_hausdorff", unit="group")
    assert found.pairs["p_value"][0] == 2 / 2**8
    assert found.pairs["winner"][0] == ""
    assert "is infinite for B, so that no mean exists" in str(found)


@pytest.mark.parametrize("of_fits", [0, 0.005, 0.02])
def test_equal_methods_differ_significantly_in_at_most_6_percent(of_fits):
    # Two equal methods, 5 folds of 6 images: fits differ by fold, images besides.
    rng = np.random.default_rng(0)
    shape = (2000, 5, 6)
    noise = rng.normal(0, of_fits * 2**0.5, (*shape[:2], 1)) + rng.normal(0, 0.02, shape)
    p_values = [difference_of(row.mean(axis=1), ratio=1 / 4).p_value() for row in noise]
    assert np.mean(np.less(p_values, 0.05)) <= 0.06


@pytest.mark.slow
def test_one_method_with_two_seeds_is_not_better_than_itself():
    found = {"validation": 0, "test": 0}
    for k in range(20):
        X, y = make_em_images(8, (64, 64), n_groups=4, random_state=k)
        groups = np.repeat(np.arange(4), 2)
        two = {
            name: RandomForestSegmenter(3, max_samples=200, random_state=2 * k + i)
            for i, name in enumerate(["forest", "same forest, other seed"])
        }
        result = benchmark(
            two, X[:6], y[:6], cv=GroupKFold(3), groups=groups[:6], X_test=X[6:], y_test=y[6:],
            groups_test=[0, 1], scoring="accuracy", ensembles=(), verbose=0,
        )  # fmt: skip
        for subset in found:
            found[subset] += "significantly better" in str(result.compare(subset=subset))
    # Of 20 draws at a level of 5 % three or fewer in 98 % of all runs.
    assert max(found.values()) <= 3
