"""Disturbances do what they say, and metrics answer as is known of them."""

import numpy as np
import pytest
from scipy import ndimage

from emstellar import metrics
from emstellar.metrics import disturbances

MASK = np.zeros((60, 70), dtype=bool)
for top, left in [(6, 6), (6, 30), (30, 6), (30, 30)]:
    MASK[top : top + 9, left : left + 12] = True
SIZE = 9 * 12


def count(mask):
    return ndimage.label(mask)[1]


def spoil(name, strength):
    disturb = getattr(disturbances, name)
    return disturb(MASK, strength, np.random.default_rng(0))


@pytest.mark.parametrize("name", [*disturbances.BY_PIXELS, *disturbances.BY_SHARE])
def test_strength_zero_changes_nothing(name):
    before = MASK.copy()
    spoiled = spoil(name, 0)
    np.testing.assert_array_equal(spoiled, MASK)
    assert spoiled is not MASK
    spoil(name, 1)
    np.testing.assert_array_equal(MASK, before)


def test_sizes():
    assert spoil("erode", 2).sum() == 4 * 5 * 8
    assert spoil("dilate", 1).sum() == 4 * (SIZE + 2 * (9 + 12))
    np.testing.assert_array_equal(spoil("shift", 3), np.roll(MASK, 3, axis=1))


def test_numbers_of_objects():
    assert count(spoil("drop", 0.5)) == 2
    assert count(spoil("add", 1)) == 8
    assert spoil("add", 1).sum() == 2 * MASK.sum()
    assert count(spoil("split", 1)) == 8
    assert count(spoil("split", 0.25)) == 5
    assert count(spoil("merge", 1)) <= 2
    assert spoil("drop", 1).sum() == 0


@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_objects_of_any_direction_are_cut(angle):
    along = np.deg2rad(angle)
    y, x = np.indices((50, 50)) - 25
    u, v = x * np.cos(along) + y * np.sin(along), y * np.cos(along) - x * np.sin(along)
    ellipse = (u / 18) ** 2 + (v / 7) ** 2 < 1
    assert count(disturbances.split(ellipse, 1, np.random.default_rng(0))) == 2


def test_crowded_masks_take_no_more_objects():
    full = np.ones((10, 10), dtype=bool)
    np.testing.assert_array_equal(disturbances.add(full, 1, np.random.default_rng(0)), full)
    np.testing.assert_array_equal(disturbances.merge(full, 1, np.random.default_rng(0)), full)


def test_what_v_rand_does_not_see():
    profile = metrics.sensitivity_profile(
        ["f1", "v_rand", "neg_voi"], [MASK], pixels=(0, 1, 3), shares=(0, 0.5, 1), random_state=0
    )
    table = profile.pivot(index=["disturbance", "strength"], columns="metric", values="score")
    for blind in ["erode", "dilate", "shift", "add"]:
        np.testing.assert_allclose(table.loc[blind, "v_rand"], 1.0)
        assert (np.diff(table.loc[blind, "f1"]) < 0).all()
    assert table.loc[("add", 1.0), "f1"] == pytest.approx(2 / 3)
    for seen in ["merge", "split"]:
        assert table.loc[(seen, 1.0), "v_rand"] < 0.75
        assert table.loc[(seen, 1.0), "f1"] > 0.8
    assert (table.xs(0, level="strength")[["f1", "v_rand"]] == 1).all().all()


def test_functions_and_undefined_scores():
    profile = metrics.sensitivity_profile(
        [metrics.accuracy_score, "average_precision"],
        np.zeros((1, 5, 5)),
        disturbances=["drop"],
        shares=[1],
    )
    assert profile["metric"].tolist() == ["accuracy_score", "average_precision"]
    assert profile["unit"].tolist() == ["share", "share"]
    assert profile["score"][0] == 1
    assert np.isnan(profile["score"][1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"disturbances": ["melt"]}, "disturbances must be one of .* Got 'melt'"),
        ({"pixels": [0.5]}, "pixels must be integers of at least 0. Got 0.5"),
        ({"shares": [2]}, r"shares must lie in \[0, 1\]. Got 2"),
        ({"metric": "fi"}, "is not a valid scoring value"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        metrics.sensitivity_profile(**{"metric": "f1", "masks": [MASK], **options})
