import numpy as np
import pytest

from emstellar.volume import z_context

STACK = np.random.default_rng(0).integers(0, 255, (6, 3, 4), dtype="uint8")


@pytest.mark.parametrize("n_frames", [1, 3, 5])
def test_the_section_itself_is_the_central_channel(n_frames):
    context = z_context(STACK, n_frames)
    assert context.shape == (6, 3, 4, n_frames)
    assert context.dtype == STACK.dtype
    np.testing.assert_array_equal(context[..., n_frames // 2], STACK)


def test_neighbours_are_the_other_channels():
    context = z_context(STACK, 5)
    for shift in (-2, -1, 1, 2):
        np.testing.assert_array_equal(context[2:4, ..., 2 + shift], STACK[2 + shift : 4 + shift])


def test_ends_are_mirrored():
    context = z_context(STACK, 5)
    np.testing.assert_array_equal(context[0], np.moveaxis(STACK[[2, 1, 0, 1, 2]], 0, -1))
    np.testing.assert_array_equal(context[-1], np.moveaxis(STACK[[3, 4, 5, 4, 3]], 0, -1))


def test_one_section_is_its_own_context():
    np.testing.assert_array_equal(z_context(STACK[:1], 3), np.stack([STACK[:1]] * 3, axis=-1))


def test_stacks_of_other_groups_are_no_neighbours():
    groups = np.array(["b", "b", "b", "a", "a", "a"])
    expected = np.concatenate([z_context(STACK[:3], 5), z_context(STACK[3:], 5)])
    np.testing.assert_array_equal(z_context(STACK, 5, groups=groups), expected)
    mixed = [0, 3, 1, 4, 2, 5]
    in_order = z_context(STACK[mixed], 5, groups=groups[mixed])
    np.testing.assert_array_equal(in_order, expected[mixed])


def test_a_channel_axis_of_length_one_is_dropped():
    np.testing.assert_array_equal(z_context(STACK[..., None], 3), z_context(STACK, 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((STACK[0], 3), r"shape \(n_sections, height, width\), got an array of shape \(3, 4\)"),
        ((np.zeros((2, 3, 4, 3)), 3), r"got an array of shape \(2, 3, 4, 3\)"),
        ((STACK, 2), "n_frames must be an odd int >= 1, got 2"),
        ((STACK, -1), "n_frames must be an odd int >= 1, got -1"),
        ((STACK, 1.5), "n_frames must be an odd int >= 1, got 1.5"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        z_context(*arguments)


def test_one_group_per_section():
    with pytest.raises(ValueError, match=r"groups has shape \(2,\), expected \(6,\)"):
        z_context(STACK, 3, groups=[0, 1])
