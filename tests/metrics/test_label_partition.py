"""Adapted Rand error and variation of information: by hand and by scikit-image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage import metrics as ski

from emstellar import metrics

rng = np.random.default_rng(8)
TRUE = rng.integers(0, 4, (6, 8, 9))
PRED = rng.integers(0, 5, (6, 8, 9))


@pytest.mark.parametrize(
    ("true", "pred", "precision", "recall", "split", "merge"),
    [
        # Pairs of distinct pixels: the truth joins 2 of 6, the prediction all 6, 2 in common.
        ([1, 1, 2, 2], [7, 7, 7, 7], 2 / 6, 1, 0, 1),
        # An object of four is halved: all 2 pairs joined are right, but 4 of 6 are missing.
        ([7, 7, 7, 7], [1, 1, 2, 2], 1, 2 / 6, 1, 0),
        # Background of the truth does not count.
        ([0, 1, 1, 2], [5, 5, 5, 6], 1, 1, 0, 0),
        # 3 + 1 cut as 2 + 2: pairs 3 and 2, one in common. H(pred|true): 3/4 h(1/3).
        ([1, 1, 1, 2], [3, 3, 4, 4], 1 / 2, 1 / 3, 0.6887218755408672, 0.5),
    ],
)
def test_by_hand(true, pred, precision, recall, split, merge):
    errors = metrics.partition_errors(np.array(true), np.array(pred))
    f1 = 2 * precision * recall / (precision + recall)
    np.testing.assert_allclose(errors, [1 - f1, precision, recall, split, merge], atol=1e-12)


def test_equals_scikit_image():
    # scikit-image returns (error, recall, precision) under the names error, precision, recall.
    error, recall, precision = ski.adapted_rand_error(TRUE, PRED)
    got = metrics.adapted_rand_error(TRUE, PRED)
    np.testing.assert_allclose(got, [error, precision, recall], atol=1e-12)
    got = metrics.variation_of_information(TRUE, PRED, ignore_true=())
    np.testing.assert_allclose(got, ski.variation_of_information(TRUE, PRED), atol=1e-12)


def test_singletons_equal_renumbered_background():
    apart = PRED.copy()
    apart[PRED == 0] = 100 + np.arange(np.sum(PRED == 0))
    expected = metrics.partition_errors(TRUE, apart)
    got = metrics.partition_errors(TRUE, PRED, background="singletons")
    np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_unlabelled_pixels_equal_those_left_out_for_scikit_image(seed):
    known = np.random.default_rng(seed).random(TRUE.shape) < 0.7
    unlabelled = np.where(known, TRUE, -1)
    error, recall, precision = ski.adapted_rand_error(TRUE[known], PRED[known])
    got = metrics.adapted_rand_error(unlabelled, PRED)
    np.testing.assert_allclose(got, [error, precision, recall], atol=1e-12)
    got = metrics.variation_of_information(unlabelled, PRED, ignore_true=())
    expected = ski.variation_of_information(TRUE[known], PRED[known])
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_ignored_labels():
    keep = (TRUE != 2) & (PRED != 3)
    expected = metrics.partition_errors(TRUE[keep], PRED[keep], ignore_true=())
    got = metrics.partition_errors(TRUE, PRED, ignore_true=(2,), ignore_pred=(3,))
    np.testing.assert_allclose(got, expected, atol=1e-12)


def test_borders_are_left_out_in_nanometres():
    true = np.repeat([1, 2], 10)[None].repeat(3, axis=0)
    pred = np.roll(true, 2, axis=1)
    pred[:, :2] = 1
    assert metrics.adapted_rand_error(true, pred)[0] > 0
    kept = metrics.remove_borders(true, 8, pixel_size=4)
    assert np.flatnonzero(kept[0] == 0).tolist() == [7, 8, 9, 10, 11, 12]
    assert metrics.adapted_rand_error(true, pred, border_distance=8, pixel_size=4)[0] == 0
    np.testing.assert_array_equal(metrics.remove_borders(np.ones((2, 3, 3), int), 5), 1)


LABELS = arrays(np.int64, (4, 5), elements=st.integers(1, 4))


@settings(max_examples=80, deadline=None)
@given(LABELS, LABELS, st.permutations([11, 12, 13, 14]))
def test_properties(true, pred, names):
    errors = metrics.partition_errors(true, pred)
    assert 0 <= errors.adapted_rand_error <= 1
    assert min(errors.voi_split, errors.voi_merge) >= -1e-12
    renamed = metrics.partition_errors(true, np.array([0, *names])[pred])
    np.testing.assert_allclose(renamed, errors, atol=1e-12)
    swapped = metrics.partition_errors(pred, true)
    assert swapped.adapted_rand_error == pytest.approx(errors.adapted_rand_error, abs=1e-12)
    assert swapped.rand_precision == pytest.approx(errors.rand_recall, abs=1e-12)
    assert swapped.voi_split == pytest.approx(errors.voi_merge, abs=1e-12)
    assert metrics.partition_errors(true, true) == (0, 1, 1, 0, 0)


@pytest.mark.parametrize(
    ("true", "pred", "options", "error", "message"),
    [
        (TRUE, PRED[0], {}, ValueError, "same shape"),
        (TRUE / 2, PRED, {}, TypeError, "Labels must be integers, got dtype float64"),
        (TRUE * 0, PRED, {}, ValueError, "All pixels are ignored"),
        (TRUE, PRED, {"background": "one"}, ValueError, "background must be one of"),
    ],
)
def test_wrong_input(true, pred, options, error, message):
    with pytest.raises(error, match=message):
        metrics.partition_errors(true, pred, **options)
