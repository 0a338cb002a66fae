"""What the scripts of the studies decide by themselves: joining fields, choosing members."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

STUDIES = Path(__file__).parents[2] / "examples" / "studies"


@pytest.fixture(scope="module")
def studies():
    if not STUDIES.is_dir():
        pytest.skip("the examples are not part of an installed package")
    sys.path.insert(0, str(STUDIES))
    yield {path.stem: importlib.import_module(path.stem) for path in STUDIES.glob("*.py")}
    sys.path.remove(str(STUDIES))


def test_quadrants_make_fields_and_come_back(studies):
    tiles = np.arange(8 * 6).reshape(8, 2, 3)
    fields = studies["cardiac"].join(tiles)
    assert fields.shape == (2, 4, 6)
    assert_array_equal(fields[1], np.block([[tiles[4], tiles[5]], [tiles[6], tiles[7]]]))
    assert_array_equal(studies["cardiac"].cut(fields), tiles)


def test_small_images_average_and_maps_come_back_to_full_size(studies):
    X = np.arange(32.0).reshape(1, 4, 8)
    data = studies["recipe"].Data(X, X, [], bins=2)
    assert_array_equal(data.small(X)[0, 0, 0], (0 + 1 + 8 + 9) / 4)
    ramp = np.tile(np.linspace(0, 1, 8), (1, 8, 1))
    maps = np.stack([1 - ramp, ramp], axis=-1)
    full = data.full(maps)
    assert full.shape == (1, 16, 16)
    assert studies["recipe"].Data(X, X, [], bins=2, cut=len).full(maps) == 1
    # Linear interpolation keeps a ramp a ramp, away from the border.
    np.testing.assert_allclose(np.diff(full[0, 8, 2:-2]), 1 / 14, atol=1e-12)


def candidate(verdict, name, probabilities):
    maps = np.array(probabilities, dtype=float).reshape(1, 1, -1)
    return verdict.Candidate(name, maps, maps)


def test_members_are_chosen_by_their_average(studies):
    verdict = studies["verdict"]
    y = np.array([[[0, 0, 1, 1]]])
    members = {
        "left": candidate(verdict, "left", [0.0, 0.9, 0.9, 0.3]),
        "right": candidate(verdict, "right", [0.0, 0.0, 0.3, 0.9]),
        "useless": candidate(verdict, "useless", [0.9, 0.9, 0.0, 0.0]),
    }
    # F1 alone: left 1/2, right 2/3; together (0, .45, .6, .6) finds both and nothing else.
    assert verdict.choose_members(members, y) == ["right", "left"]


def test_votes_average_maps_or_count_sides(studies):
    verdict = studies["verdict"]
    members = [candidate(verdict, "a", [0.9, 0.4]), candidate(verdict, "b", [0.3, 0.2])]
    soft, hard = verdict.vote(members, "soft"), verdict.vote(members, "hard", hard=True)
    np.testing.assert_allclose(soft.test[0, 0], [0.6, 0.3])
    np.testing.assert_allclose(hard.validation[0, 0], [0.5, 0.0])


def test_thresholds_come_from_the_validation_images_alone(studies):
    verdict = studies["verdict"]
    y = np.array([[[0, 0, 1, 1]]])
    found = candidate(verdict, "a", [0.1, 0.6, 0.7, 0.9])
    found.test = np.zeros((1, 1, 4))
    found.choose(y)
    assert 0.6 <= found.thresholds["F1"] < 0.7
    assert found.score(found.validation, y)["F1"] == 1
    assert found.score(found.test, y)["F1"] == 0


def test_single_images_are_scored_at_the_threshold_of_all(studies):
    verdict = studies["verdict"]
    y = np.array([[[0, 1]], [[1, 1]]])
    maps = np.array([[[0.1, 0.9]], [[0.4, 0.9]]])
    found = verdict.Candidate("a", maps)
    found.thresholds = dict.fromkeys([*verdict.PIXEL_METRICS, *verdict.REGION_METRICS], 0.5)
    # All right; one of two found: 2 / (2 + 0 + 1).
    np.testing.assert_allclose(verdict.f1_of_images(found, maps, y), [1, 2 / 3])
    spread = verdict.spread_of_images(found, maps, y)
    np.testing.assert_allclose(spread["F1"], np.sqrt(2) / 6)
    # Accuracies 1 and 1/2.
    np.testing.assert_allclose(spread["accuracy"], np.sqrt(2) / 4)
    np.testing.assert_allclose([spread["lowest F1"], spread["highest F1"]], [2 / 3, 1])


def test_a_gap_of_one_pixel_joins_objects_when_closed(studies):
    mask = np.zeros((2, 20, 22), dtype=bool)
    mask[:, 5:15, 3:10] = mask[:, 5:15, 11:18] = True
    losses = studies["region_metrics"].lose(mask)
    # The ends of the gap stay open, since closing is by a cross.
    assert losses.loc["closed by a pixel", "pixels changed"] == pytest.approx(2 * 8 / mask.size)
    # One region for two of 70 pixels each: 2 AB / (A + B) = 2 * 9800 / (9800 + 19600).
    assert losses.loc["closed by a pixel", "V_Rand"] == pytest.approx(2 / 3)
    assert losses.loc["closed by a pixel", "V_Info"] == 0
    assert losses.loc["opened by a pixel", "V_Rand"] == pytest.approx(1, abs=0.05)


def test_sections_are_taken_from_the_first_to_the_last(studies):
    sections = np.array([9, 10, 12, 13, 14])
    assert_array_equal(studies["neuronal"].between(sections, (10, 13)), [1, 2, 3])


@pytest.mark.parametrize(
    ("budget", "names", "expected"),
    [
        # 0.7 of the minutes, each step a second: 42 steps, 2814 of two networks, 2814 of two seeds.
        (1, None, (["unet-bn"], 1, 40)),
        (134, None, (["unet-bn", "vgg16"], 1, 2800)),
        (134, ["segnet"], (["segnet"], 2, 2800)),
    ],
)
def test_a_plan_fits_its_budget(studies, tmp_path, monkeypatch, budget, names, expected):
    recipe = studies["recipe"]
    monkeypatch.setattr(recipe, "_seconds_per_step", lambda plan, name, data: 1.0)
    monkeypatch.setattr("sys.argv", ["study", "--budget", str(budget)])
    options = recipe.parse("A study.", store=str(tmp_path), out="out", augmentation="mirrors")
    options.methods = names
    X = np.zeros((2, 8, 8))
    data = recipe.Data(X, X, [([0], [1])])
    plan = recipe.make_plan(options, data)
    assert (plan.methods, plan.seeds, plan.steps) == expected
    options.budget = 1000
    assert recipe.make_plan(options, data) == plan


def test_steps_and_loss_may_be_given_instead(studies, tmp_path, monkeypatch):
    recipe = studies["recipe"]
    arguments = "--steps 60 --loss focal --methods unet-bn --seeds 3"
    monkeypatch.setattr("sys.argv", ["study", *arguments.split()])
    options = recipe.parse("A study.", store=str(tmp_path), out="out", augmentation="mirrors")
    X = np.zeros((2, 8, 8))
    plan = recipe.make_plan(options, recipe.Data(X, X, [([0], [1])]))
    assert (plan.methods, plan.seeds, plan.steps) == (["unet-bn"], 3, 60)
    (segmenter,) = plan.make(plan.methods).values()
    assert (segmenter.loss, segmenter.epochs) == ("focal", 60 // recipe.STEPS_PER_EPOCH)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="sends signals and limits another process")
def test_a_disturbed_benchmark_ends_as_an_undisturbed_one(studies):
    disturbances = "--kills 2 --interrupts 1 --full-disks 1 --epochs 2 --methods network forest"
    totals = studies["disturbed_benchmark"].main(disturbances.split())
    n_scores, n_other_scores, n_maps, n_other_maps, n_lost = totals
    assert min(n_scores, n_maps) > 0
    assert (n_other_scores, n_other_maps, n_lost) == (0, 0, 0)
