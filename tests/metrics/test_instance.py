"""Scores of objects, by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import jaccard_score

from emstellar import metrics


def row(text):
    return np.array([[[int(c) for c in text]]])


# Objects of 4, 2 and 1 pixels; found with IoU 3/4, 1/2 and not at all; one is made up.
TRUE = row("111101101000")
PRED = row("011101000011")


def test_by_hand():
    assert metrics.instance_counts(TRUE, PRED) == (3, 3, 2, 1, 1)
    assert metrics.instance_counts(TRUE, PRED, iou_threshold=0.6) == (3, 3, 1, 2, 2)
    ap = metrics.instance_ap_score(TRUE, PRED, iou_thresholds=[0.5, 0.6, 0.9])
    assert ap == pytest.approx((2 / 4 + 1 / 5 + 0) / 3)
    # Panoptic quality counts overlaps above a half: 3/4 / (1 + 2/2 + 2/2).
    assert metrics.panoptic_quality_score(TRUE, PRED) == pytest.approx(0.75 / 3)


def test_pooled_or_by_image():
    y_true, y_pred = np.concatenate([TRUE, TRUE]), np.concatenate([PRED, TRUE])
    pooled = metrics.panoptic_quality_score(y_true, y_pred)
    assert pooled == pytest.approx((0.75 + 3) / 6)
    mean = metrics.panoptic_quality_score(y_true, y_pred, average="image")
    assert mean == pytest.approx((0.25 + 1) / 2)
    per_image = metrics.instance_ap_score(y_true, y_pred, average=None, iou_thresholds=0.5)
    np.testing.assert_allclose(per_image, [0.5, 1])


def test_connectivity_and_size():
    diagonal = np.array([[[1, 0, 0], [0, 1, 1]]])
    assert metrics.instance_counts(diagonal, diagonal).n_true == 2
    assert metrics.instance_counts(diagonal, diagonal, connectivity=2).n_true == 1
    assert metrics.instance_counts(diagonal, diagonal, min_size=2).n_true == 1


def test_matches_are_one_to_one_below_a_half():
    overlaps = metrics.match_instances(np.array([1, 1, 1, 1]), np.array([1, 1, 2, 2]))
    assert overlaps.iou.tolist() == [0.5, 0.5]
    assert overlaps.n_matched(0.5) == 1


def test_unlabelled_pixels_hold_no_objects():
    y_true = row("1100")
    y_true[..., 2:] = -1
    assert metrics.instance_counts(y_true, row("1101")) == (1, 1, 1, 0, 0)


def test_unlabelled_pixels_of_label_images_count_for_no_object():
    overlaps = metrics.match_instances(np.array([1, 1, -1, -1, 0]), np.array([5, 5, 5, 6, 0]))
    assert (overlaps.n_true, overlaps.n_pred, overlaps.iou.tolist()) == (1, 1, [1.0])


@pytest.mark.parametrize("name", ["instance_ap_score", "panoptic_quality_score"])
def test_no_object_at_all(name):
    with pytest.warns(UndefinedMetricWarning, match="there is no object"):
        assert np.isnan(getattr(metrics, name)(row("00"), row("00")))
    y_true, y_pred = np.stack([row("0011")[0], row("0000")[0]]), np.stack([row("0011")[0]] * 2)
    per_image = getattr(metrics, name)(y_true, y_pred, average=None)
    np.testing.assert_array_equal(per_image, [1, 0])
    assert getattr(metrics, name)(row("00"), row("00"), zero_division=1) == 1
    assert getattr(metrics, name)(row("00"), row("01")) == 0


def test_wrong_input():
    with pytest.raises(ValueError, match="Objects cannot weight pixels"):
        metrics.instance_ap_score(TRUE, PRED, sample_weight=np.ones(TRUE.shape))
    with pytest.raises(ValueError, match="Pass pos_label to score one class"):
        metrics.panoptic_quality_score(TRUE + PRED, TRUE)
    with pytest.raises(ValueError, match=r"iou_thresholds must be a number in \(0, 1\]"):
        metrics.instance_ap_score(TRUE, PRED, iou_thresholds=[0.5, 1.5])
    with pytest.raises(ValueError, match=r"threshold must be a number in \[0, 1\]. Got nan"):
        metrics.instance_counts(TRUE, PRED, threshold=np.nan)
    with pytest.raises(ValueError, match="connectivity must be one of"):
        metrics.instance_counts(TRUE, PRED, connectivity=8)


LABELS = arrays(np.int32, (5, 6), elements=st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS)
def test_overlaps_equal_the_jaccard_index_of_each_pair(true, pred):
    overlaps = metrics.match_instances(true, pred)
    true_labels, pred_labels = (np.unique(a[a > 0]) for a in (true, pred))
    assert (overlaps.n_true, overlaps.n_pred) == (len(true_labels), len(pred_labels))
    for i, j, iou in zip(overlaps.true, overlaps.pred, overlaps.iou, strict=True):
        masks = (true == true_labels[i]).ravel(), (pred == pred_labels[j]).ravel()
        assert iou == pytest.approx(jaccard_score(*masks))
    same = metrics.match_instances(true, true)
    assert same.n_matched(1.0) == same.n_true
