import numpy as np
import pytest

from emstellar.segmenters.pixel_sampling import count_cells, draw_cells, draw_pixels


def _rng():
    return np.random.default_rng(0)


def test_cells_count_labelled_pixels_only():
    codes = [np.array([[0, 1], [-1, 1]]), np.array([[-1]])]
    assert count_cells(codes, 3).tolist() == [[1, 2, 0], [0, 0, 0]]


@pytest.mark.parametrize("max_samples", [None, 1.0, 60, 1000])
def test_everything_is_drawn_if_there_is_no_more(max_samples):
    counts = np.array([[10, 20], [30, 0]])
    assert np.array_equal(draw_cells(counts, max_samples, _rng()), counts)


@pytest.mark.parametrize(("max_samples", "share"), [(0.1, 0.1), (600, 0.1), (np.int64(60), 0.01)])
def test_classes_and_images_keep_their_shares(max_samples, share):
    counts = np.array([[1000, 200], [3000, 0], [1500, 300]])
    cells = draw_cells(counts, max_samples, _rng())
    assert np.array_equal(cells.sum(axis=0), counts.sum(axis=0) * share)
    assert (np.abs(cells - counts * share) < 1).all()


def test_rare_class_is_drawn_at_least_once():
    counts = np.array([[5000, 0], [5000, 1], [0, 0]])
    cells = draw_cells(counts, 10, _rng())
    assert cells.sum(axis=0).tolist() == [9, 1]
    assert cells[1, 1] == 1


def test_pixels_are_of_the_class_and_never_drawn_twice():
    code = _rng().integers(-1, 3, size=(30, 20))
    pixels = draw_pixels(code, [5, 0, 50], _rng())
    assert np.array_equal(pixels, np.unique(pixels))
    assert np.bincount(code.ravel()[pixels]).tolist() == [5, 0, 50]
