import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.measure import label

from emstellar.losses import (
    BoundaryWeightedCrossEntropy,
    CompoundLoss,
    CrossEntropy,
    Dice,
    boundary_weight_map,
)
from tests.losses.helpers import draw, in_a_row, value


def test_map_by_hand():
    # Gaps of 1 + 1 and 1 + 3 pixels beside the objects; exp(-4 / 8) and exp(-16 / 8).
    found = boundary_weight_map([[1, 0, 1, 0]], w0=10, sigma=2)
    expected = [[1, 1 + 10 * np.exp(-0.5), 1, 1 + 10 * np.exp(-2)]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_map_equals_the_formula_with_all_distances():
    mask = np.random.default_rng(0).random((60, 70)) > 0.97
    objects = label(mask, connectivity=1)
    distances = [distance_transform_edt(objects != n) for n in range(1, objects.max() + 1)]
    nearest, second = np.sort(distances, axis=0)[:2]
    expected = 1 + 10 * np.exp(-((nearest + second) ** 2) / 18) * ~mask
    np.testing.assert_allclose(boundary_weight_map(mask, 10, 3), expected, atol=1e-4)


def test_objects_may_be_numbered_and_touch():
    mask = np.array([[1, 1, 2, 2, 0]])
    one_region = boundary_weight_map(mask > 0)
    assert boundary_weight_map(mask)[0, 4] > one_region[0, 4] == 1


@pytest.mark.parametrize("mask", [np.zeros((3, 3)), np.full((3, 3), -1), np.eye(1)])
def test_without_two_objects_all_weights_are_one(mask):
    assert (boundary_weight_map(mask.astype(int)) == 1).all()


def test_map_needs_one_mask():
    with pytest.raises(ValueError, match=r"shape \(height, width\), got shape \(2, 3, 3\)"):
        boundary_weight_map(np.zeros((2, 3, 3)))


@pytest.mark.backend
def test_loss_by_hand():
    # Weights 1 + 3 exp(-4 / 50) and 1 + 3 exp(-16 / 50) in the gaps, 1 in the objects.
    loss, mask = BoundaryWeightedCrossEntropy(w0=3, sigma=5), np.array([[1, 0, 1, 0]])
    gaps = 2 + 3 * np.exp(-0.08) + 3 * np.exp(-0.32)
    expected = -(2 * np.log(0.9) + gaps * np.log(0.5)) / (2 + gaps)
    foreground = in_a_row([0.9, 0.5, 0.9, 0.5])
    found = value(loss, mask[np.newaxis, ..., np.newaxis], foreground, loss.weight_map(mask)[None])
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.backend
def test_loss_is_the_cross_entropy_under_the_weights_given():
    codes, probability, _ = draw(1)
    loss = BoundaryWeightedCrossEntropy(w0=5, sigma=2)
    maps = np.stack([loss.weight_map(mask) for mask in codes[..., 0]])
    np.testing.assert_array_equal(maps[0], boundary_weight_map(codes[0, ..., 0], 5, 2))
    expected = value(CrossEntropy(), codes, probability, maps)
    assert value(loss, codes, probability, maps) == expected
    assert expected != value(CrossEntropy(), codes, probability)


def test_loss_without_weights_says_what_to_do():
    codes, probability, _ = draw(1)
    with pytest.raises(ValueError, match=r"needs sample_weight: pass what its weight_map gives"):
        BoundaryWeightedCrossEntropy()(codes, probability)


def test_a_sum_has_the_map_of_its_terms():
    mask = np.array([[1, 0, 1]])
    loss = BoundaryWeightedCrossEntropy()
    np.testing.assert_array_equal(
        CompoundLoss([loss, Dice()]).weight_map(mask), loss.weight_map(mask)
    )
    np.testing.assert_array_equal(
        CompoundLoss([loss, loss]).weight_map(mask), loss.weight_map(mask) ** 2
    )
    assert CompoundLoss([Dice()]).weight_map(mask) is None
