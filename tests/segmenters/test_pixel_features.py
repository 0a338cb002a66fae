from functools import partial

import numpy as np
import pytest
from scipy import ndimage
from skimage.feature import multiscale_basic_features

from emstellar.segmenters import weka_bank, windows
from emstellar.segmenters.ilastik_bank import SCALES, ilastik_features
from emstellar.segmenters.pixel_features import BANKS, FunctionBank, compute_pixels
from emstellar.segmenters.weka_bank import SIGMAS, weka_features
from emstellar.segmenters.windows import split_windows

N_FEATURES = {"multiscale": 24, "ilastik": 49, "weka": 76}
all_banks = pytest.mark.parametrize("name", BANKS)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).normal(100, 20, size=(40, 50)).astype("float32")


@pytest.fixture(scope="module")
def grid():
    return np.mgrid[-40:41, -40:41].astype("float32")


@all_banks
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 5), (33, 20)])
def test_images_of_any_size(name, shape):
    image = np.random.default_rng(0).integers(0, 256, size=(*shape, 2), dtype="uint8")
    features = BANKS[name].compute(image)
    assert features.shape == (*shape, 2 * N_FEATURES[name])
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


@all_banks
def test_channels_stand_side_by_side(name, image):
    both = BANKS[name].compute(np.stack([image, image.T[:40, :50].repeat(2, 1)[:, :50]], axis=-1))
    assert np.array_equal(both[..., : N_FEATURES[name]], BANKS[name].compute(image[..., None]))


@all_banks
def test_constant_image_has_no_edges(name):
    features = BANKS[name].compute(np.full((12, 12, 1), 50, dtype="uint8"))
    assert np.unique(features.round(2)).tolist() in ([0.0, 50.0], [0.0, 50.0, 500.0])


def _rounding(features, image):
    """Return what float32 may make of sums of weights and pixels, for values of each feature.

    A smoothed value is off by some units in the last place of the brightest pixel; a derivative
    multiplies that by its own weights, of which Weka's, 64 in all, are the largest. Products of
    derivatives are off by that times the values themselves.
    """
    unit = np.finfo("float32").eps * np.abs(image).max()
    return 64 * unit * (1 + np.abs(features).max(axis=(0, 1)))


@all_banks
def test_windows_do_not_show(name, monkeypatch):
    bank = BANKS[name]
    image = np.random.default_rng(0).normal(size=(230, 90, 1))
    whole = bank.compute(image)
    monkeypatch.setattr(windows, "SIDE", 50)
    assert [w.rows.stop for w in split_windows(image.shape)][::2] == [50, 100, 150, 200, 230]
    in_windows = bank.compute(image)
    # Where directions meet, the angle jumps by pi.
    same = np.ones(whole.shape[-1], dtype=bool)
    same[[i for i in range(17, 60, 8) if name == "weka"]] = False
    difference = np.abs(in_windows - whole).max(axis=(0, 1))
    assert (difference < _rounding(whole, image))[same].all()
    pixels = np.array([0, 299, 300, 1379, 20699])
    expected = in_windows.reshape(20700, -1)[pixels]
    assert np.array_equal(compute_pixels(bank, image, pixels), expected)


def test_pixels_come_in_the_order_asked_for(monkeypatch):
    monkeypatch.setattr(windows, "SIDE", 4)
    image = np.arange(99.0).reshape(9, 11, 1)
    pixels = np.array([98, 3, 50, 5, 4, 0])
    assert compute_pixels(FunctionBank(np.asarray), image, pixels).ravel().tolist() == [*pixels]


@pytest.mark.parametrize("shape", [(40, 50), (2, 9), (130, 7)])
def test_multiscale_is_scikit_images(shape):
    image = np.random.default_rng(0).normal(100, 20, size=shape).astype("float32")
    expected = multiscale_basic_features(image)
    found = BANKS["multiscale"].compute(image[..., None])
    # Both round to float32 after each step: some units in the last place of the pixels.
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * image.max())


def test_weka_is_scipys(image):
    """Every feature, written down with scipy.ndimage in float64."""
    exact = image.astype(float)
    sobel = partial(ndimage.sobel, mode="nearest")
    blurred = [exact] + [ndimage.gaussian_filter(exact, 0.4 * s, mode="nearest") for s in SIGMAS]
    expected = [*blurred, *(np.hypot(sobel(b, axis=0), sobel(b, axis=1)) for b in blurred)]
    for b in blurred:
        x, y = sobel(b, axis=1), sobel(b, axis=0)
        xx, xy, yy = sobel(x, axis=1), sobel(x, axis=0), sobel(y, axis=0)
        gap = np.hypot(xx - yy, 2 * xy)
        expected += [
            np.sqrt(xx**2 + xy**2 + yy**2),
            xx + yy,
            xx * yy - xy**2,
            (xx + yy + gap) / 2,
            (xx + yy - gap) / 2,
            np.arctan2(2 * xy, xx - yy) / 2,
            (xx + yy) ** 2 * gap**2,
            gap**2,
        ]
    lines = [ndimage.correlate(exact, k, mode="nearest") for k in weka_bank._membrane_lines()]
    expected += [a - b for i, a in enumerate(blurred[1:]) for b in blurred[i + 2 :]]
    expected += [np.mean(lines, 0), np.max(lines, 0), np.min(lines, 0), np.sum(lines, 0)]
    expected += [np.std(lines, 0, ddof=1), np.median(lines, 0)]
    expected, found = np.stack(expected, axis=-1), weka_features(image)
    difference = np.abs(found - expected)
    # An angle is as uncertain as its arguments are small, and jumps by pi: compare directions.
    angles = range(17, 60, 8)
    gap = expected[..., [i + 2 for i in angles]] ** 0.5
    difference[..., angles] = gap * np.abs(np.sin(difference[..., angles]))
    assert (difference.max(axis=(0, 1)) < _rounding(expected, image)).all()


def _ilastik(image, scale):
    """Return the features at a scale by name."""
    start = 1 + 8 * (SCALES.index(scale) - 1)
    values = ilastik_features(image)[..., start : start + 8]
    names = ["gaussian", "laplacian", "gradient", "difference", "tensor", "hessian"]
    parts = np.split(values, [1, 2, 3, 4, 6], axis=-1)
    return {name: part.squeeze() for name, part in zip(names, parts, strict=True)}


@pytest.mark.parametrize("scale", [0.7, 1.0])
def test_ilastik_gaussian_is_scipys_cut_off_at_two_deviations(scale, image):
    expected = ndimage.gaussian_filter(image, scale, mode="mirror", truncate=2)
    np.testing.assert_allclose(_ilastik(image, scale)["gaussian"], expected, rtol=1e-5)


def _scipy_filters(image, scale):
    gaussian = partial(ndimage.gaussian_filter, image, mode="mirror")
    second = [gaussian(scale, order=orders) for orders in ((2, 0), (1, 1), (0, 2))]
    matrices = np.stack([second[0], second[1], second[1], second[2]], axis=-1)
    eigenvalues = np.linalg.eigvalsh(matrices.reshape(*image.shape, 2, 2))[..., ::-1]
    narrower = np.sqrt(max(scale, 1) ** 2 - 1 + (0.66 * min(scale, 1)) ** 2)
    return {
        "gaussian": gaussian(scale),
        "laplacian": ndimage.gaussian_laplace(image, scale, mode="mirror"),
        "gradient": ndimage.gaussian_gradient_magnitude(image, scale, mode="mirror"),
        "difference": gaussian(scale) - gaussian(narrower),
        "hessian": eigenvalues,
    }


@pytest.mark.parametrize("scale", SCALES[2:])
def test_ilastik_filters_resemble_scipys_uncut_ones(scale, image):
    found = _ilastik(image - 100, scale)
    for name, expected in _scipy_filters(image - 100, scale).items():
        assert np.corrcoef(found[name].ravel(), expected.ravel())[0, 1] > 0.96, name


@pytest.mark.parametrize("scale", SCALES[1:])
def test_ilastik_filters_of_a_plane(scale, grid):
    features = _ilastik(3 * grid[0] + 4 * grid[1], scale)
    expected = {"gradient": 5, "laplacian": 0, "difference": 0, "tensor": [25, 0], "hessian": 0}
    for name, value in expected.items():
        np.testing.assert_allclose(features[name][40, 40], value, atol=1e-3, err_msg=name)


@pytest.mark.parametrize("scale", SCALES[1:])
def test_ilastik_filters_of_a_quadric(scale, grid):
    features = _ilastik(3 * grid[0] ** 2 - grid[1] ** 2, scale)
    np.testing.assert_allclose(features["laplacian"][40, 40], 4, atol=2e-2)
    np.testing.assert_allclose(features["hessian"][40, 40], [6, -2], atol=2e-2)


def test_ilastik_scales_above_one_add_up(grid):
    impulse = (np.abs(grid).sum(axis=0) == 0).astype("float32")
    for scale in SCALES[2:]:
        smooth = _ilastik(impulse, scale)["gaussian"].astype(float)
        variance = (smooth * grid[0] ** 2).sum() / smooth.sum()
        # Cutting the Gaussians off narrows them.
        assert 0.9 * scale < np.sqrt(variance) + 0.12 < 1.05 * scale + 0.12


def test_weka_gaussians_have_two_fifths_of_sigma(image):
    features = weka_features(image)
    assert np.array_equal(features[..., 0], image)
    for i, sigma in enumerate(SIGMAS):
        expected = ndimage.gaussian_filter(image, 0.4 * sigma, mode="nearest")
        np.testing.assert_allclose(features[..., 1 + i], expected, rtol=1e-6)


def test_weka_differences_are_narrow_minus_wide(image):
    features = weka_features(image)
    gaussians = features[..., 1:6]
    pairs = [(a, b) for a in range(5) for b in range(a + 1, 5)]
    for i, (narrow, wide) in enumerate(pairs):
        expected = gaussians[..., narrow] - gaussians[..., wide]
        np.testing.assert_allclose(features[..., 60 + i], expected)


def test_weka_gradient_of_a_plane(grid):
    features = weka_features(3 * grid[0] + 4 * grid[1])
    np.testing.assert_allclose(features[40, 40, 6:12], 8 * 5, rtol=1e-5)


@pytest.mark.parametrize("mixed", [-1, 0, 1])
def test_weka_second_derivatives_of_a_quadric(mixed, grid):
    rows, columns = grid
    features = weka_features(columns**2 - 2 * rows**2 + mixed * rows * columns)
    xx, xy, yy = 64 * 2, 64 * mixed, 64 * -4
    small, large = np.linalg.eigvalsh([[xx, xy], [xy, yy]])
    angle = np.arccos((xx - yy) / np.sqrt(4 * xy**2 + (xx - yy) ** 2)) / 2
    expected = [
        np.sqrt(xx**2 + xy**2 + yy**2),
        xx + yy,
        xx * yy - xy**2,
        large,
        small,
        np.sign(xy) * angle,
        (xx + yy) ** 2 * ((xx - yy) ** 2 + 4 * xy**2),
        (xx - yy) ** 2 + 4 * xy**2,
    ]
    for start in range(12, 60, 8):
        np.testing.assert_allclose(
            features[40, 40, start : start + 8], expected, rtol=5e-3, atol=1e-3
        )


def test_weka_flat_parts_of_an_image_have_no_direction():
    image = np.full((90, 100), 203.0, dtype="float32")
    image[:, 70:] = np.random.default_rng(0).normal(100, 20, size=(90, 30))
    angles = weka_features(image)[..., 17:60:8]
    # The widest Gaussian sees 26 pixels far, the Sobel filters two more.
    assert (angles[:, :41] == 0).all()
    assert (angles[:, 70:] != 0).mean() > 0.99


def test_weka_membrane_projections_find_lines_of_any_direction(grid):
    # The upright line stands right of the middle, so that turned by 90 degrees it lies above.
    for line in (np.abs(grid[1] - 0.5) < 1, np.abs(grid[0] + 0.5) < 1):
        mean, largest, smallest, total, _, _ = weka_features(line.astype("float32"))[40, 40, 70:]
        assert largest > 0.9
        assert smallest < 0.25
        np.testing.assert_allclose(total, 10 * mean, rtol=1e-5)


def test_weka_membrane_projections_of_an_impulse(grid):
    impulse = (np.abs(grid).sum(axis=0) == 0).astype("float32")
    projections = weka_features(impulse)[..., 70:]
    # Each kernel sums to 1, so the sum of the ten responses to an impulse is 10 in all.
    np.testing.assert_allclose(projections[..., 3].sum(), 10, rtol=1e-5)
    assert (projections[..., 1] >= projections[..., 5]).all()
    assert (projections[..., 5] >= projections[..., 2]).all()
    # A line of 19 x 2 pixels: an upright kernel answers with 1/38.
    np.testing.assert_allclose(projections[48, 40, 1], 1 / 38, rtol=0.2)
