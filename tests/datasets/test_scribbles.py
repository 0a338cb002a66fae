import numpy as np
import pytest
from scipy import ndimage

from emstellar.datasets import make_scribbles
from emstellar.segmenters import RandomForestSegmenter


@pytest.fixture(scope="module")
def y():
    y = np.zeros((3, 60, 70), dtype="uint8")
    y[:, 10:40, 10:50] = 255
    y[1, 50:, 60:] = 7
    return y


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.5, 1.0, 1])
def test_fraction_of_each_class_is_labelled(fraction, y):
    scribbles = make_scribbles(y, fraction, random_state=0)
    for mask, scribble in zip(y, scribbles, strict=True):
        for label, count in zip(*np.unique(mask, return_counts=True), strict=True):
            assert (scribble == label).sum() == np.ceil(fraction * count)


def test_labels_are_those_of_the_masks(y):
    scribbles = make_scribbles(y, 0.05, random_state=0)
    labelled = scribbles >= 0
    assert np.array_equal(scribbles[labelled], y[labelled])


def test_every_class_gets_a_stroke_even_if_the_fraction_is_tiny(y):
    scribbles = make_scribbles(y, 1e-9, random_state=0)
    assert [np.unique(s).tolist() for s in scribbles] == [
        [-1, 0, 255],
        [-1, 0, 7, 255],
        [-1, 0, 255],
    ]


def test_labels_are_strokes_and_no_single_pixels():
    y = np.zeros((1, 200, 200), dtype=int)
    scribbles = make_scribbles(y, 0.02, random_state=0)
    _, n_strokes = ndimage.label(scribbles[0] >= 0, structure=np.ones((3, 3)))
    assert 1 <= n_strokes <= 20
    assert (scribbles >= 0).sum() == 800


def test_whole_mask_comes_back_at_fraction_one(y):
    assert np.array_equal(make_scribbles(y, 1.0), y)


def test_unlabelled_pixels_stay_so():
    y = np.zeros((1, 20, 20), dtype=int)
    y[:, 10:] = -1
    assert np.array_equal(make_scribbles(y, 1.0), y)
    assert (make_scribbles(np.full((1, 4, 4), -1), 0.5) == -1).all()


@pytest.mark.parametrize(
    ("dtype", "expected"), [("uint8", "int16"), (bool, "int8"), ("int32", "int32")]
)
def test_dtype_can_hold_minus_one(dtype, expected):
    y = np.zeros((1, 8, 8), dtype=dtype)
    y[:, 4:] = 1
    scribbles = make_scribbles(y, 0.2)
    assert scribbles.dtype == expected
    assert np.unique(scribbles).tolist() == [-1, 0, 1]


def test_random_state_alone_decides(y):
    first, second, other = (make_scribbles(y, 0.05, random_state=s) for s in (0, 0, 1))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    before = np.random.get_state()[1].copy()
    assert not np.array_equal(make_scribbles(y, 0.05), make_scribbles(y, 0.05))
    assert np.array_equal(before, np.random.get_state()[1])


def test_list_of_masks_gives_list_and_other_masks_do_not_matter(y):
    whole = make_scribbles(y, 0.05, random_state=0)
    ragged = make_scribbles([y[0], y[1, :5, :9], y[2]], 0.05, random_state=0)
    assert isinstance(ragged, list)
    assert ragged[1].shape == (5, 9)
    assert np.array_equal(ragged[0], whole[0])
    assert np.array_equal(ragged[2], whole[2])


def test_segmenter_learns_from_scribbles(y):
    X = np.random.default_rng(0).normal(size=y.shape) + y / 60
    scribbles = make_scribbles(y, 0.03, random_state=0)
    segmenter = RandomForestSegmenter(10, random_state=0).fit(X, scribbles)
    assert segmenter.classes_.tolist() == [0, 7, 255]
    assert (segmenter.predict(X) == y).mean() > 0.9


@pytest.mark.parametrize("fraction", [0, -0.1, 1.1, "half", None])
def test_wrong_fraction(fraction, y):
    with pytest.raises(ValueError, match=r"fraction must be a float in the range \(0, 1\]"):
        make_scribbles(y, fraction)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((8, 8), dtype=int), "got 2D array"),
        (np.full((1, 8, 8), 0.5), "Unknown label type: continuous"),
        (np.zeros((1, 8, 8, 2), dtype=int), "one-hot encoded"),
    ],
)
def test_wrong_masks(y, message):
    with pytest.raises(ValueError, match=message):
        make_scribbles(y, 0.1)
