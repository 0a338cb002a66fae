"""Distances of outlines: by hand and by scikit-image."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from skimage import metrics as ski
from skimage.segmentation import find_boundaries
from sklearn.exceptions import UndefinedMetricWarning

from emstellar import metrics

SQUARE = np.zeros((1, 20, 20), dtype=bool)
SQUARE[0, 5:12, 5:12] = True
SHIFTED = np.roll(SQUARE, 3, axis=2)
EMPTY = np.zeros_like(SQUARE)
DISTANCES = (metrics.hausdorff_distance, metrics.average_surface_distance)
rng = np.random.default_rng(9)
BLOBS = [np.kron(rng.random((6, 5)) < 0.5, np.ones((5, 6))) > 0 for _ in range(2)]


def outlines(masks):
    return [find_boundaries(mask, connectivity=1, mode="inner") for mask in masks]


def test_hausdorff_equals_scikit_image():
    expected = ski.hausdorff_distance(*outlines(BLOBS))
    got = metrics.hausdorff_distance(BLOBS[:1], BLOBS[1:])
    assert got == pytest.approx(expected)
    in_nm = metrics.hausdorff_distance(BLOBS[:1], BLOBS[1:], pixel_size=7.5)
    assert in_nm == pytest.approx(7.5 * expected)


def test_all_distances_by_brute_force():
    pixel_size = (4.0, 2.5)
    points = [np.argwhere(outline) * pixel_size for outline in outlines(BLOBS)]
    between = cdist(*points)
    to_second, to_first = between.min(axis=1), between.min(axis=0)
    pair = [BLOBS[0]], [BLOBS[1]]
    mean = np.concatenate([to_first, to_second]).mean()
    got = metrics.average_surface_distance(*pair, pixel_size=pixel_size)
    assert got == pytest.approx(mean)
    worst = max(np.percentile(to_first, 95), np.percentile(to_second, 95))
    got = metrics.hausdorff_distance(*pair, percentile=95, pixel_size=pixel_size)
    assert got == pytest.approx(worst)
    precision, recall = np.mean(to_first <= 5), np.mean(to_second <= 5)
    got = metrics.boundary_f1_score(*pair, tolerance=5, pixel_size=pixel_size)
    assert got == pytest.approx(2 * precision * recall / (precision + recall))


def test_shift_by_hand():
    assert metrics.hausdorff_distance(SQUARE, SHIFTED) == 3
    assert metrics.boundary_f1_score(SQUARE, SHIFTED, tolerance=3) == 1
    # Of 24 outline pixels, 4 in the upper and 4 in the lower row coincide.
    assert metrics.boundary_f1_score(SQUARE, SHIFTED, tolerance=0) == pytest.approx(8 / 24)


def test_perfect():
    assert metrics.boundary_f1_score(SQUARE, SQUARE, tolerance=0) == 1
    assert metrics.hausdorff_distance(SQUARE, SQUARE) == 0
    assert metrics.average_surface_distance(SQUARE, SQUARE) == 0


def test_without_outlines():
    for score in (metrics.boundary_f1_score, *DISTANCES):
        with pytest.warns(UndefinedMetricWarning, match="no mask has an outline"):
            assert np.isnan(score(EMPTY, EMPTY))
        some = np.concatenate([EMPTY, SQUARE]), np.concatenate([EMPTY, SHIFTED])
        with pytest.warns(UndefinedMetricWarning):
            assert score(*some) == score(SQUARE, SHIFTED)
    assert metrics.boundary_f1_score(EMPTY, EMPTY, zero_division=1) == 1
    for false_alarm in (SQUARE, ~EMPTY):
        assert metrics.boundary_f1_score(EMPTY, false_alarm) == 0
        assert metrics.boundary_f1_score(false_alarm, EMPTY) == 0
    for distance in DISTANCES:
        assert distance(EMPTY, SQUARE) == distance(SQUARE, EMPTY) == np.inf
        assert distance(EMPTY, ~EMPTY) == distance(~EMPTY, EMPTY) == np.inf
        both = np.concatenate([SQUARE, SQUARE]), np.concatenate([SQUARE, EMPTY])
        assert distance(*both) == np.inf
        np.testing.assert_array_equal(distance(*both, average=None), [0, np.inf])


def test_outlines_at_unlabelled_pixels_are_unknown():
    y_true = SQUARE.astype(int)
    y_true[0, :, 10:] = -1
    predicted = SQUARE.copy()
    predicted[0, :, 11:] = True
    assert metrics.hausdorff_distance(y_true, predicted) == 0


def test_an_object_under_unlabelled_pixels_is_none():
    y_true = np.where(SQUARE, -1, 0)
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(metrics.hausdorff_distance(y_true, SQUARE))


@pytest.mark.parametrize(
    ("metric", "options", "message"),
    [
        (
            "boundary_f1_score",
            {"tolerance": -1},
            "tolerance must be a number of at least 0. Got -1",
        ),
        ("boundary_f1_score", {"tolerance": np.nan}, "tolerance must be a number"),
        ("boundary_f1_score", {"pixel_size": 0}, "pixel_size must be a number greater than 0"),
        ("boundary_f1_score", {"pixel_size": (1, 2, 3)}, "pixel_size must be one or two numbers"),
        ("hausdorff_distance", {"percentile": 101}, r"percentile must be a number in \[0, 100\]"),
        ("average_surface_distance", {"threshold": 2}, r"threshold must be a number in \[0, 1\]"),
    ],
)
def test_wrong_options(metric, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(metrics, metric)(SQUARE, SHIFTED, **options)


def test_weights_are_of_images():
    both = np.concatenate([SQUARE, SQUARE]), np.concatenate([SQUARE, SHIFTED])
    assert metrics.hausdorff_distance(*both, sample_weight=[2, 1]) == pytest.approx(1)
    with pytest.raises(ValueError, match="Outlines cannot weight pixels"):
        metrics.hausdorff_distance(*both, sample_weight=np.ones(both[0].shape))


def test_a_foreground_is_needed():
    y_true = np.arange(3).reshape(1, 1, 3)
    with pytest.raises(ValueError, match="Pass pos_label to score one class"):
        metrics.boundary_f1_score(y_true, y_true)
    assert metrics.boundary_f1_score(y_true, y_true, pos_label=1) == 1
