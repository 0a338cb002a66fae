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
    yield {name: importlib.import_module(name) for name in ("recipe", "verdict", "cardiac")}
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
