"""Rand error and variation of information of masks, through scikit-image's on labels."""

import numpy as np
import pytest
from skimage import metrics as ski
from skimage.measure import label

from emstellar import metrics

rng = np.random.default_rng(10)
TRUE = np.kron(rng.random((2, 6, 7)) < 0.6, np.ones((1, 3, 3))) > 0
PRED = TRUE ^ (rng.random(TRUE.shape) < 0.05)


def separate(true, pred):
    """Return labels within the truth's foreground; missed pixels are objects of their own."""
    labels = [label(mask, connectivity=1) for mask in (true, pred)]
    labels[1][labels[1] == 0] = 1000 + np.arange(np.sum(labels[1] == 0))
    return labels[0][true], labels[1][true]


def test_equals_scikit_image():
    pairs = [separate(t, p) for t, p in zip(TRUE, PRED, strict=True)]
    errors = [ski.adapted_rand_error(*pair)[0] for pair in pairs]
    assert metrics.component_rand_error(TRUE, PRED) == pytest.approx(np.mean(errors))
    per_image = metrics.component_rand_error(TRUE, PRED, average=None)
    np.testing.assert_allclose(per_image, errors)
    voi = [ski.variation_of_information(*pair).sum() for pair in pairs]
    assert metrics.component_voi(TRUE, PRED) == pytest.approx(np.mean(voi))


def test_thinning_joins_what_borders_have_cut_off():
    true = np.array([[[1, 1, 0, 1, 1]]])
    pred = np.array([[[1, 0, 0, 0, 1]]])
    assert metrics.component_rand_error(true, pred) > 0
    assert metrics.component_rand_error(true, pred, thinning=True) == 0


def test_images_without_objects_are_left_out():
    true = np.concatenate([TRUE, np.zeros_like(TRUE[:1])])
    pred = np.concatenate([PRED, PRED[:1]])
    expected = metrics.component_voi(TRUE, PRED)
    assert metrics.component_voi(true, pred) == pytest.approx(expected)


def test_objects_where_there_are_none_are_an_error():
    true, pred = np.zeros((2, 3, 3), dtype=int), np.zeros((2, 3, 3), dtype=int)
    pred[0, 1, 1] = 1
    np.testing.assert_array_equal(
        metrics.component_rand_error(true, pred, average=None), [1, np.nan]
    )


def test_pixels_have_no_weights():
    with pytest.raises(ValueError, match="Partitions cannot weight pixels"):
        metrics.component_voi(TRUE, PRED, sample_weight=np.ones(TRUE.shape))
