"""Pixel and warping error: values printed by Fiji, and what warping forgives."""

import numpy as np
import pytest

from emstellar import metrics
from tests.metrics.test_partition import CELLS, VECTORS, parse

# Warping error at 0.5 and lowest pixel error, as Fiji prints them.
ERRORS = {
    "hand_1x6": (0.0, 0.5),
    "merge_gap": (0.06666666666666667, 0.06666666666666667),
    "split_row": (0.06666666666666667, 0.2),
    "merge_two": (0.14285714285714285, 0.14285714285714285),
    "three_basins": (0.36, 0.84),
    "perfect": (0.0, 0.0),
}


@pytest.mark.parametrize(("name", "errors"), ERRORS.items(), ids=ERRORS)
def test_values_of_fiji(name, errors):
    truth, proposal = (parse(text) for text in VECTORS[name][:2])
    assert metrics.warping_error(truth, proposal) == pytest.approx(errors[0], abs=1e-12)
    assert metrics.pixel_error(truth, proposal) == pytest.approx(errors[1], abs=1e-12)


def test_moved_borders_are_forgiven_and_lost_objects_are_not():
    truth = np.zeros((2, 12, 12), dtype=int)
    truth[:, 2:6, 2:9] = 1
    moved = np.roll(truth, 1, axis=1)
    assert metrics.warping_error(truth, moved) == 0
    assert metrics.pixel_error(truth, moved, thresholds=0.5) == pytest.approx(14 / 144)
    assert metrics.warping_error(truth, truth * 0) == pytest.approx(1 / 144)
    np.testing.assert_allclose(metrics.warping_error(truth, moved, average=None), [0, 0])


def test_unlabelled_pixels_are_never_wrong():
    truth = np.array([[[1, 1, 0, -1, 1]]])
    proposal = np.array([[[1, 1, 0, 0, 0]]])
    assert metrics.pixel_error(truth, proposal) == pytest.approx(1 / 4)
    assert metrics.warping_error(truth, proposal) == pytest.approx(1 / 4)


@pytest.mark.parametrize("error", [metrics.pixel_error, metrics.warping_error])
def test_an_image_without_labels_is_left_out(error):
    truth, proposal = parse(CELLS, CELLS).astype(int), parse(CELLS, "11011/11111/11011")
    truth[0] = -1
    np.testing.assert_allclose(error(truth, proposal, average=None), [np.nan, 1 / 15])
    assert error(truth, proposal) == pytest.approx(1 / 15)


def test_weights_of_images():
    truth, proposal = parse(CELLS, CELLS), parse(CELLS, "11011/11111/11011")
    assert metrics.warping_error(truth, proposal, sample_weight=[3, 1]) == pytest.approx(1 / 60)
    with pytest.raises(ValueError, match="cannot weight pixels"):
        metrics.pixel_error(truth, proposal, sample_weight=np.ones(truth.shape))
