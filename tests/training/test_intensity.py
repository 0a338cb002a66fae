import numpy as np
import pytest
from scipy.stats import kstest
from skimage.exposure import adjust_gamma

from emstellar.training import intensity as it
from tests.training.patches_for_tests import draw_patch

CHANGING = [
    it.Brightness(),
    it.Contrast(),
    it.Gamma(),
    it.Noise(amount=(0.1, 0.1)),
    it.Blur(),
    it.Defocus(),
    it.Curtaining(),
    it.MissingSection(),
]
every_change = pytest.mark.parametrize("transform", CHANGING, ids=repr)


def rng(seed=0):
    return np.random.default_rng(seed)


@every_change
def test_only_the_image_changes(transform):
    image, mask, weight = draw_patch(n_channels=3)
    before = image.copy()
    changed, same_mask, same_weight = transform(image, mask, weight, rng())
    assert same_mask is mask
    assert same_weight is weight
    assert changed.shape == image.shape
    assert changed.dtype == np.float32
    assert (changed != image).any()
    np.testing.assert_array_equal(image, before)


@every_change
def test_amounts_are_relative_to_the_patch(transform):
    image, mask, _ = draw_patch(n_channels=3)
    changed = transform(image, mask, None, rng())[0]
    scaled = transform(100 * image + 7, mask, None, rng())[0]
    np.testing.assert_allclose(scaled, 100 * changed + 7, rtol=1e-3, atol=0.02)


@every_change
def test_uniform_patches_stay_finite(transform):
    image = np.full((16, 16, 2), 3.0, dtype="float32")
    changed = transform(image, np.zeros((16, 16), "int32"), None, rng())[0]
    np.testing.assert_allclose(changed, image, rtol=1e-6)


def statistics(transform, statistic, n=400):
    image, mask, _ = draw_patch(16, 16)
    image = (image - image.mean()) / image.std()
    generator = rng()
    return [statistic(transform(image, mask, None, generator)[0], image) for _ in range(n)]


def test_brightness_is_uniform_within_its_limit():
    found = statistics(it.Brightness(0.5), lambda changed, image: (changed - image).mean())
    assert kstest(found, "uniform", args=(-0.5, 1)).pvalue > 0.01


def test_contrast_is_uniform_within_its_limits():
    found = statistics(it.Contrast((0.5, 2)), lambda changed, image: changed.std())
    assert kstest(found, "uniform", args=(0.5, 1.5)).pvalue > 0.01


@pytest.mark.parametrize("exponent", [0.5, 2.0])
def test_gamma_is_that_of_scikit_image(exponent):
    image, mask, _ = draw_patch()
    low, span = image.min(), np.ptp(image)
    expected = adjust_gamma((image - low) / span, exponent) * span + low
    found = it.Gamma((exponent, exponent))(image, mask, None, rng())[0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_noise_is_normal_and_not_the_same_in_all_channels():
    image, mask, _ = draw_patch(n_channels=2)
    noise = it.Noise((0.2, 0.2))(image, mask, None, rng())[0] - image
    assert kstest(noise.ravel() / (0.2 * image.std()), "norm").pvalue > 0.01
    assert np.abs(np.corrcoef(noise.reshape(-1, 2).T)[0, 1]) < 0.1


def test_a_point_out_of_focus_is_a_disk_and_blurred_a_gaussian():
    image = np.zeros((15, 15, 1), dtype="float32")
    image[7, 7] = 1
    mask = np.zeros((15, 15), dtype="int32")
    distance = np.hypot(*(np.indices((15, 15)) - 7))
    disk = it.Defocus((3, 3))(image, mask, None, rng())[0][..., 0]
    # 29 pixels lie within three of the centre.
    np.testing.assert_allclose(disk, (distance <= 3) / 29, atol=1e-7)
    gaussian = it.Blur((1.5, 1.5))(image, mask, None, rng())[0][..., 0]
    expected = np.exp(-(distance**2) / (2 * 1.5**2))
    np.testing.assert_allclose(gaussian, expected / expected.sum(), atol=1e-4)


@pytest.mark.parametrize("transform", [it.Blur((2, 2)), it.Defocus((3, 3))], ids=repr)
def test_smoothing_keeps_the_mean_and_lowers_the_spread(transform):
    image, mask, _ = draw_patch(96, 96, n_channels=2)
    smooth = transform(image, mask, None, rng())[0]
    np.testing.assert_allclose(smooth.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=0.02)
    assert smooth.std() < 0.3 * image.std()
    # Channels are smoothed apart from each other.
    assert np.abs(np.corrcoef(smooth.reshape(-1, 2).T)[0, 1]) < 0.2


def test_curtains_hang_along_either_axis():
    image, mask, _ = draw_patch()
    generator, axes = rng(), set()
    for _ in range(20):
        streaks = it.Curtaining((0.2, 0.2))(image, mask, None, generator)[0] - image
        along = int(np.ptp(streaks, axis=1).max() < np.ptp(streaks, axis=0).max())
        assert np.ptp(streaks, axis=along).max() < 1e-5
        assert streaks.std() == pytest.approx(0.2 * image.std(), rel=1e-3)
        axes.add(along)
    assert axes == {0, 1}


def test_the_middle_section_is_never_missing():
    image, mask, _ = draw_patch(n_channels=5)
    generator, lost = rng(), set()
    for _ in range(60):
        changed = it.MissingSection()(image, mask, None, generator)[0]
        uniform = np.flatnonzero(np.ptp(changed, axis=(0, 1)) == 0)
        assert len(uniform) == 1
        lost.add(int(uniform[0]))
    assert lost == {0, 1, 3, 4}
    alone, mask, _ = draw_patch(n_channels=1)
    assert it.MissingSection()(alone, mask, None, generator)[0] is alone
