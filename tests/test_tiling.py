import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter

from emstellar.tiling import Symmetry, predict_tiled, symmetries, with_symmetries


def draw(*shape):
    return np.random.default_rng(0).random(shape, dtype="float32")


def identity(batch):
    return batch


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 50),
    width=st.integers(1, 50),
    tile=st.tuples(st.integers(5, 20), st.integers(5, 20)),
    overlap=st.tuples(st.integers(0, 4), st.integers(0, 4)),
    batch_size=st.integers(1, 7),
)
def test_an_identity_comes_back_exactly(height, width, tile, overlap, batch_size):
    image = draw(height, width, 2)
    result = predict_tiled(identity, image, tile_size=tile, overlap=overlap, batch_size=batch_size)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, image, rtol=0, atol=1e-6)


@pytest.mark.parametrize("overlap", [31, 48, 63])
def test_overlaps_of_more_than_half_a_tile_are_exact_too(overlap):
    image = draw(150, 70, 1)
    result = predict_tiled(identity, image, tile_size=(64, 64), overlap=(overlap, overlap))
    np.testing.assert_allclose(result, image, rtol=0, atol=1e-6)


def test_a_filter_smaller_than_the_overlap_leaves_no_seam():
    def smooth(batch):
        return uniform_filter(batch, size=(1, 5, 5, 1))

    image = draw(100, 90, 1)
    tiled = predict_tiled(smooth, image, tile_size=(32, 32), overlap=(16, 16), batch_size=4)
    difference = np.abs(tiled - smooth(image[np.newaxis])[0])
    # The two pixels at a tile's edge that the filter gets wrong weigh at most sin(3 pi / 64)^2.
    assert difference.max() < 0.5 * np.sin(3 * np.pi / 64) ** 2


def test_tiles_begin_where_a_pooling_network_wants_them():
    def pooled(batch):
        n, height, width, channels = batch.shape
        blocks = batch.reshape(n, height // 8, 8, width // 8, 8, channels).mean(axis=(2, 4))
        return np.repeat(np.repeat(blocks, 8, axis=1), 8, axis=2)

    image = draw(72, 104, 1)
    tiled = predict_tiled(pooled, image, tile_size=(32, 48), overlap=(10, 10), multiple=8)
    np.testing.assert_allclose(tiled, pooled(image[np.newaxis])[0], atol=1e-6)


def test_all_batches_have_one_shape_and_little_is_wasted():
    shapes, done = [], []

    def predict(batch):
        shapes.append(batch.shape)
        assert batch.dtype == np.float32
        return np.ones((*batch.shape[:3], 3), dtype="float32")

    result = predict_tiled(
        predict,
        np.zeros((96, 96, 2), dtype="uint8"),
        tile_size=(32, 32),
        overlap=(0, 0),
        batch_size=4,
        n_outputs=3,
        progress=lambda *counts: done.append(counts),
    )
    assert result.shape == (96, 96, 3)
    # Nine tiles in three batches of three, not in two of four and one of one.
    assert shapes == [(3, 32, 32, 2)] * 3
    assert done == [(3, 9), (6, 9), (9, 9)]


def test_small_images_are_filled_by_reflection():
    seen = []

    def predict(batch):
        seen.append(batch.copy())
        return batch

    image = np.arange(6, dtype="float32").reshape(2, 3, 1)
    predict_tiled(predict, image, tile_size=(4, 5), overlap=(0, 0))
    np.testing.assert_array_equal(seen[0][0], np.pad(image, [(0, 2), (0, 2), (0, 0)], "reflect"))


class OnDisk:
    """Something that is read in parts, and says how large they are."""

    def __init__(self, array):
        self.array, self.shape, self.largest = array, array.shape, 0

    def __getitem__(self, key):
        part = self.array[key]
        self.largest = max(self.largest, part.size)
        return part


def test_an_image_is_read_in_tiles():
    image = OnDisk(draw(100, 100, 1))
    result = predict_tiled(identity, image, tile_size=(16, 16), overlap=(4, 4))
    assert image.largest == 16 * 16
    np.testing.assert_allclose(result, image.array, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((5, 5), {}, r"shape \(height, width, channels\) .* got shape \(5, 5\)"),
        ((0, 5, 1), {}, "at least one pixel"),
        ((5, 5, 1), {"overlap": (8, 0)}, r"overlap=\(8, 0\) leaves tiles of tile_size=\(8, 8\)"),
        ((5, 5, 1), {"overlap": (-1, 0)}, "leaves tiles"),
        ((5, 5, 1), {"overlap": (2, 2), "multiple": 8}, "no step of 8 or more pixels"),
        ((5, 5, 1), {"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ((5, 5, 1), {"n_outputs": 2}, r"gave maps of shape \(1, 8, 8, 1\) .* expected"),
    ],
)
def test_wrong_input_is_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        predict_tiled(
            identity, np.zeros(shape), **{"tile_size": (8, 8), "overlap": (0, 0), **options}
        )


def test_a_prediction_of_another_size_is_named():
    with pytest.raises(ValueError, match=r"gave maps of shape \(1, 4, 8, 1\) for tiles"):
        predict_tiled(
            lambda batch: batch[:, ::2], np.zeros((8, 8, 1)), tile_size=(8, 8), overlap=(0, 0)
        )


@pytest.mark.parametrize("shape", [(4, 4), (4, 6)])
def test_symmetries_are_all_different_and_are_undone(shape):
    image = draw(2, *shape, 3)
    seen = set()
    for symmetry in symmetries(square=shape[0] == shape[1]):
        moved = symmetry.apply(image, axes=(1, 2))
        assert moved.shape == image.shape
        seen.add(moved.tobytes())
        np.testing.assert_array_equal(symmetry.undo(moved, axes=(1, 2)), image)
    assert len(seen) == (8 if shape[0] == shape[1] else 4)
    assert symmetries()[0] == Symmetry(flip=False, quarter_turns=0)


@pytest.mark.parametrize("shape", [(6, 6), (6, 4)])
def test_averaging_over_symmetries_makes_any_prediction_symmetric(shape):
    calls = []

    def lopsided(batch):
        assert batch.flags.c_contiguous
        calls.append(batch.shape)
        return batch * weights[: batch.shape[1], : batch.shape[2]]

    weights = draw(6, 6, 1)

    predict = with_symmetries(lopsided)
    batch = draw(2, *shape, 1)
    result = predict(batch)
    # All eight, for images of any shape: a quarter turn of the image turns the result.
    assert len(calls) == 8
    for symmetry in symmetries():
        turned = predict(symmetry.apply(batch, (1, 2)))
        np.testing.assert_allclose(turned, symmetry.apply(result, (1, 2)), rtol=1e-5)


def test_without_quarter_turns_rows_stay_rows():
    batch = draw(1, 8, 8, 1)
    seen = []
    with_symmetries(lambda images: seen.append(images.copy()) or images, turned=False)(batch)
    expected = [batch, batch[:, ::-1], batch[:, :, ::-1], batch[:, ::-1, ::-1]]
    assert {s.tobytes() for s in seen} == {np.ascontiguousarray(e).tobytes() for e in expected}


def test_a_symmetric_prediction_is_not_changed_by_averaging():
    batch = draw(1, 8, 8, 1)
    np.testing.assert_allclose(with_symmetries(np.square)(batch), batch**2, rtol=1e-6)
