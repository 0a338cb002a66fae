import numpy as np
import pytest

from emstellar.segmenters.windows import Window, cut, split_windows, whole

MODES = ["edge", "reflect"]


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).normal(100, 20, size=(37, 150)).astype("float32")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 3)])
def test_beyond_the_border_as_numpy_pads(mode, shape):
    image = np.arange(np.prod(shape)).reshape(shape)
    found = cut(image, whole(shape), whole(shape), 7, mode)
    assert np.array_equal(found, np.pad(image, 7, mode=mode))


@pytest.mark.parametrize("mode", MODES)
def test_windows_know_their_surroundings(mode, image):
    padded = np.pad(image, 5, mode=mode)
    for rows, columns in ((slice(0, 9), slice(20, 31)), (slice(30, 37), slice(140, 150))):
        window = Window(rows, columns, image.shape)
        expected = padded[rows.start : rows.stop + 10, columns.start : columns.stop + 10]
        assert np.array_equal(cut(image, whole(image.shape), window, 5, mode), expected)
        held = window.grow(6)
        part = image[held.rows, held.columns]
        assert np.array_equal(cut(part, held, window, 5, mode), expected)


def test_windows_cover_an_image_once():
    covered = np.zeros((300, 513), dtype=int)
    for window in split_windows(covered.shape):
        covered[window.rows, window.columns] += 1
    assert (covered == 1).all()
