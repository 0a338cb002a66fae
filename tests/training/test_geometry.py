import numpy as np
import pytest
from scipy import ndimage
from skimage.transform import AffineTransform
from skimage.transform import warp as skimage_warp

from emstellar.training import geometry
from emstellar.training.geometry import Affine, Elastic, Flip, Warp, warp
from tests.training.patches_for_tests import draw_patch

MOVING = [
    Flip(),
    Flip(transpose=False),
    Affine(rotation=140, zoom=(0.8, 1.2), shear=5, shift=0.2),
    Elastic(amount=5, spacing=12),
    Warp([Affine(), Elastic()]),
]


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("transform", MOVING, ids=repr)
@pytest.mark.parametrize("shape", [(48, 48), (40, 56)])
def test_image_mask_and_weight_stay_aligned(transform, shape, monkeypatch):
    # The mask travels as the image too, which is then read from the nearest pixel.
    _, mask, _ = draw_patch(*shape)
    nearest = ndimage.map_coordinates
    monkeypatch.setattr(
        geometry.ndimage,
        "map_coordinates",
        lambda image, places, order, mode: nearest(image, places, order=0, mode=mode),
    )
    as_float = mask.astype("float32")
    image, moved, weight = transform(as_float[..., np.newaxis], mask, as_float, rng())
    np.testing.assert_array_equal(image[..., 0], moved)
    np.testing.assert_array_equal(weight, moved)
    assert (moved != mask).any()


def test_mask_is_read_as_scipy_reads_it():
    _, mask, _ = draw_patch(20, 30)
    places = rng().uniform(-70, 90, size=(2, 20, 30)).astype("float32")
    expected = ndimage.map_coordinates(mask, places, order=0, mode="reflect")
    image = mask[..., np.newaxis].astype("float32")
    read, moved, weight = warp(image, mask, image[..., 0] / 2, places)
    np.testing.assert_array_equal(moved, expected)
    np.testing.assert_array_equal(weight, expected / 2)
    # Beyond the edge the image is the same mirror image, but between pixels it is interpolated.
    expected = ndimage.map_coordinates(image[..., 0], places, order=2, mode="reflect")
    np.testing.assert_allclose(read[..., 0], expected, atol=1e-6)


# The interpolation is scipy's in both; what is compared is where pixels are read.
@pytest.mark.filterwarnings("ignore:Bi-quadratic")
def test_affine_equals_that_of_scikit_image():
    image, mask, _ = draw_patch(32, 32)
    image = ndimage.gaussian_filter(image, 2, axes=(0, 1))
    angle = 30.0
    turn = Affine(rotation=angle, zoom=(1, 1))
    draws = rng().random(2)  # The first decides whether; the second is the angle.
    angle = np.deg2rad(angle * (2 * draws[1] - 1))
    centre = (np.array(mask.shape) - 1) / 2
    # scikit-image has x (columns) first.
    matrix = (
        AffineTransform(translation=-centre)
        + AffineTransform(rotation=-angle)
        + AffineTransform(translation=centre)
    )
    expected = skimage_warp(image[..., 0], matrix, order=2, mode="symmetric", clip=False)
    found = turn(image, mask, None, rng())[0][..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_zoom_magnifies_and_shift_moves():
    mask = np.zeros((65, 65), dtype="int32")
    mask[24:41, 24:41] = 1
    image = mask[..., np.newaxis].astype("float32")
    zoomed = Affine(rotation=0, zoom=(2, 2))(image, mask, None, rng())[1]
    assert zoomed.sum() == pytest.approx(4 * mask.sum(), rel=0.1)
    shifted = Affine(rotation=0, zoom=(1, 1), shift=0.2)(image, mask, None, rng())[1]
    moved = np.subtract(ndimage.center_of_mass(shifted), ndimage.center_of_mass(mask))
    assert 0 < np.abs(moved).max() <= 0.2 * 65 + 1
    assert shifted.sum() == pytest.approx(mask.sum(), rel=0.15)


def test_elastic_moves_smoothly_by_as_much_as_it_says():
    grid = np.indices((256, 256), dtype="float32")
    fields = [Elastic(amount=4, spacing=48).displace(grid, rng(i)) - grid for i in range(20)]
    # Between knots cubic interpolation averages a little.
    assert 0.75 * 4 < np.std(fields) < 4
    # A slope of -1 would fold the image.
    assert np.diff(fields, axis=2).min() > -0.8


def test_all_symmetries_are_drawn_equally_often():
    image, mask, _ = draw_patch(8, 8)
    mask = np.arange(64, dtype="int32").reshape(8, 8)
    for flip, n in ((Flip(), 8), (Flip(transpose=False), 4)):
        generator = rng()
        found = [flip(image, mask, None, generator)[1].tobytes() for _ in range(800)]
        _, counts = np.unique(found, return_counts=True)
        assert len(counts) == n
        assert counts.min() > 0.6 * 800 / n


def test_patches_that_are_not_square_keep_their_shape():
    image, mask, weight = draw_patch(16, 24)
    generator = rng()
    found = {Flip()(image, mask, weight, generator)[1].tobytes() for _ in range(50)}
    assert len(found) == 4


def test_a_warp_of_nothing_gives_back_what_it_got():
    patch = draw_patch()
    for result, given in zip(Warp([Affine(p=0), Elastic(p=0)])(*patch, rng()), patch, strict=True):
        assert result is given


@pytest.mark.parametrize("size", [1, 2, 5])
def test_tiny_patches(size):
    image, mask, weight = draw_patch(size, size)
    for transform in MOVING:
        moved = transform(image, mask, weight, rng())
        assert [array.shape for array in moved] == [image.shape, mask.shape, weight.shape]


def test_warping_keeps_more_of_the_finest_grain_than_linear_interpolation():
    image = rng().normal(size=(128, 128, 1)).astype("float32")
    rows, columns = np.mgrid[:128, :128].astype("float32")
    places = np.stack([0.94 * rows + 0.34 * columns, 0.94 * columns - 0.34 * rows])

    def grain(values):
        return ndimage.laplace(values).std() / ndimage.laplace(image[..., 0]).std()

    found, _, _ = warp(image, np.zeros((128, 128), dtype="int32"), None, places)
    linear = ndimage.map_coordinates(image[..., 0], places, order=1, mode="reflect")
    assert grain(linear) < 0.65 < 0.7 < grain(found[..., 0]) < 1
