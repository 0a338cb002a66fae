import pickle

import numpy as np
import pytest

from emstellar.training.augmentation import get_augmentation
from emstellar.training.geometry import Affine, Flip
from emstellar.training.intensity import IntensityTransform
from emstellar.training.transforms import UserTransform
from tests.training.patches_for_tests import draw_patch

NAMES = ("flips", "mirrors", "paper", "strong")


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(48, 48), (32, 56)])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_shapes_dtypes_and_labels_are_kept(name, shape, n_channels):
    augment = get_augmentation(name)
    for seed in range(20):
        image, mask, weight = draw_patch(*shape, n_channels, seed)
        results = augment(image, mask, weight, rng(seed))
        for result, given in zip(results, (image, mask, weight), strict=True):
            assert result.shape == given.shape
            assert result.dtype == given.dtype
            assert np.isfinite(result).all()
        assert set(np.unique(results[1])) <= set(np.unique(mask))
        assert set(np.unique(results[2])) <= set(np.unique(weight))
        assert augment(image, mask, None, rng(seed))[2] is None


@pytest.mark.parametrize("name", NAMES)
def test_only_the_generator_decides(name):
    np.random.seed(0)
    global_state = np.random.get_state()[1].copy()
    first = get_augmentation(name)(*draw_patch(), rng(3))
    second = pickle.loads(pickle.dumps(get_augmentation(name)))(*draw_patch(), rng(3))
    others = [get_augmentation(name)(*draw_patch(), rng(seed)) for seed in range(4, 14)]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((first[0] != other[0]).any() for other in others)
    np.testing.assert_array_equal(np.random.get_state()[1], global_state)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_given_is_not_changed(name):
    patch = draw_patch()
    for array in patch:
        array.flags.writeable = False
    for seed in range(20):
        get_augmentation(name)(*patch, rng(seed))


def test_mirrors_keep_the_rows_rows():
    image = np.repeat(np.arange(4, dtype="float32"), 4).reshape(4, 4, 1)
    mask = image[..., 0].astype("int32")
    seen = {get_augmentation("mirrors")(image, mask, None, rng(s))[1].tobytes() for s in range(20)}
    # The rows are all alike, so that the four symmetries give two pictures, and no quarter turn.
    assert seen == {mask.tobytes(), mask[::-1].tobytes()}


def test_the_paper_has_the_parameters_of_its_notebook():
    flip, affine = get_augmentation("paper").transforms
    assert repr(flip) == repr(Flip(transpose=False))
    assert repr(affine) == repr(Affine(140.0, (0.8, 1.2), shear=0.2, shift=0.2))


def test_strong_holds_every_change_of_grey_values():
    names = {type(t) for t in get_augmentation("strong").transforms}
    assert set(IntensityTransform.__subclasses__()) <= names


def test_callables_and_none():
    flip = Flip()
    assert get_augmentation(None) is None
    assert get_augmentation(flip) is flip
    assert isinstance(get_augmentation(lambda image, mask, rng: (image, mask)), UserTransform)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"'flip' is not the name .* Did you mean 'flips'"):
        get_augmentation("flip")
    with pytest.raises(TypeError, match="augmentation must be None, the name of one or a callable"):
        get_augmentation(3)
