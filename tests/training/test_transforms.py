import pickle

import numpy as np
import pytest

from emstellar.training.geometry import Flip
from emstellar.training.intensity import Brightness
from emstellar.training.transforms import Compose, Transform, UserTransform
from tests.training.patches_for_tests import draw_patch


def rng():
    return np.random.default_rng(0)


class Count(Transform):
    def __init__(self, *, p=1.0):
        super().__init__(p=p)
        self.calls = 0

    def transform(self, image, mask, weight, rng):
        self.calls += 1
        return image + 1, mask, weight


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_a_transform_is_applied_as_often_as_it_says(p):
    count, generator = Count(p=p), rng()
    for _ in range(500):
        count(*draw_patch(2, 2), generator)
    assert count.calls == pytest.approx(500 * p, abs=40 * (0 < p < 1))


def test_a_chain_applies_each_in_turn():
    image, mask, weight = draw_patch()
    result = Compose([Count(), Count()])(image, mask, weight, rng())
    np.testing.assert_array_equal(result[0], image + 1 + 1)
    assert Compose([])(image, mask, weight, rng())[0] is image


def test_a_subclass_must_define_transform():
    with pytest.raises(NotImplementedError, match="must define transform"):
        Transform()(*draw_patch(), rng())


def turn(image, mask, rng):
    k = rng.integers(1, 4)
    return np.rot90(image, k), np.rot90(mask, k)


def turn_all(image, mask, weight, rng):
    k = rng.integers(1, 4)
    return np.rot90(image, k), np.rot90(mask, k), np.rot90(weight, k)


class Turn:
    def __call__(self, image, mask, rng, n_turns=None):
        return turn(image, mask, rng)


@pytest.mark.parametrize("function", [turn, turn_all, Turn()])
def test_weights_follow_a_user_s_function(function):
    image, mask, weight = draw_patch()
    results = UserTransform(function)(image, mask, weight, rng())
    k = next(k for k in (1, 2, 3) if np.array_equal(np.rot90(image, k), results[0]))
    np.testing.assert_array_equal(results[1], np.rot90(mask, k))
    np.testing.assert_array_equal(results[2], np.rot90(weight, k))
    assert [array.dtype for array in results] == ["float32", "int32", "float32"]
    assert all(array.flags.c_contiguous for array in results)


def test_a_user_s_function_is_called_once_where_weights_are_equal():
    calls = []

    def spy(image, mask, rng):
        calls.append(mask)
        return image.astype("float64"), mask.astype("uint8")

    image, mask, weight = draw_patch()
    results = UserTransform(spy)(image, mask, np.ones_like(weight), rng())
    assert len(calls) == 1
    assert [array.dtype for array in results] == ["float32", "int32", "float32"]
    assert UserTransform(spy)(image, mask, None, rng())[2] is None
    assert len(calls) == 2


def test_functions_with_other_parameters_are_refused():
    with pytest.raises(TypeError, match=r"must take \(image, mask, rng\) .* takes \['image'\]"):
        UserTransform(lambda image: image)


def test_results_of_another_shape_are_refused():
    cut = UserTransform(lambda image, mask, rng: (image[1:], mask[1:]))
    with pytest.raises(ValueError, match=r"shape \(47, 48, 1\) .* patches must keep their shape"):
        cut(*draw_patch()[:2], None, rng())


def test_transforms_pickle_and_print():
    chain = Compose([Flip(), Brightness(0.25, p=0.5), UserTransform(turn)])
    copy = pickle.loads(pickle.dumps(chain))
    assert repr(copy) == repr(chain)
    assert "Brightness(limit=0.25, p=0.5)" in repr(chain)
    for ours, theirs in zip(chain(*draw_patch(), rng()), copy(*draw_patch(), rng()), strict=True):
        np.testing.assert_array_equal(ours, theirs)
