"""Masks and predictions of every kind mean the same; what means nothing is refused."""

import numpy as np
import pytest

from emstellar.metrics import f1_score, jaccard_score
from emstellar.metrics.inputs import TruthAndPrediction, exceeds

rng = np.random.default_rng(0)
TRUTH = rng.random((3, 6, 8)) < 0.4
FOREGROUND = np.clip(TRUTH * 0.4 + rng.random((3, 6, 8)) * 0.6, 0, 1).astype("float32")
PROBABILITIES = np.stack([1 - FOREGROUND, FOREGROUND], axis=-1)
# TP, FP, FN by hand, so 2 TP / (2 TP + FP + FN) comes from no code of ours.
HITS = np.sum(TRUTH & (FOREGROUND > 0.5))
F1 = 2 * HITS / (np.sum(TRUTH) + np.sum(FOREGROUND > 0.5))


@pytest.mark.parametrize("encode", [bool, int, "uint8", "float32", lambda t: t * np.uint8(255)])
@pytest.mark.parametrize("form", ["probabilities", "map", "bool", "list", "label map"])
def test_every_form_and_encoding_gives_the_same_score(encode, form):
    y_true = encode(TRUTH) if callable(encode) and encode not in (bool, int) else None
    y_true = TRUTH.astype(encode) if y_true is None else y_true
    on = (FOREGROUND > 0.5) * (y_true.max() if y_true.dtype != bool else 1)
    forms = {
        "probabilities": PROBABILITIES,
        "map": FOREGROUND,
        "bool": FOREGROUND > 0.5,
        "list": list(PROBABILITIES),
        "label map": on.astype("int64"),
    }
    assert f1_score(y_true, forms[form]) == pytest.approx(F1, abs=1e-12)


def test_images_of_different_sizes():
    y_true = [np.array([[1, 0]]), np.array([[1], [1], [0]])]
    y_prob = [np.array([[0.9, 0.1]]), np.array([[0.9], [0.2], [0.1]])]
    assert jaccard_score(y_true, y_prob) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "kind", [{"labels": [1, 2]}, {"labels": np.array([1, 2])}, {"pos_label": 2}]
)
def test_labels_of_other_tools_need_to_be_named(kind):
    assert f1_score(TRUTH + 1, PROBABILITIES, **kind) == pytest.approx(F1)
    with pytest.raises(ValueError, match=r"y_true takes value in \{1, 2\} and pos_label is not"):
        f1_score(TRUTH + 1, PROBABILITIES)


def test_first_class_as_foreground():
    background = f1_score(~TRUTH, PROBABILITIES[..., ::-1])
    assert f1_score(TRUTH, PROBABILITIES, pos_label=0) == pytest.approx(background)
    assert f1_score(TRUTH * 255, PROBABILITIES, pos_label=0) == pytest.approx(background)
    assert f1_score(TRUTH, PROBABILITIES, labels=[False, True], pos_label=False) == background


@pytest.mark.parametrize("dtype", ["int8", "int64", "float64"])
def test_unlabelled_pixels_are_ignored(dtype):
    y_true = TRUTH.astype(dtype)
    y_true[:, :, :4] = -1
    expected = f1_score(TRUTH[:, :, 4:], FOREGROUND[:, :, 4:])
    assert f1_score(y_true, FOREGROUND) == expected
    assert f1_score(y_true, PROBABILITIES, labels=[0, 1]) == expected


@pytest.mark.parametrize("dtype", [bool, "uint8", "int64", "float32"])
def test_masked_pixels_of_the_truth_are_unlabelled(dtype):
    masked = np.ma.array(TRUTH.astype(dtype), mask=np.arange(8) < 4 + np.zeros((3, 6, 1)))
    expected = f1_score(TRUTH[:, :, 4:], FOREGROUND[:, :, 4:])
    assert f1_score(masked, FOREGROUND) == expected
    assert f1_score(list(masked), list(FOREGROUND)) == expected
    assert f1_score(np.ma.array(TRUTH), FOREGROUND) == f1_score(TRUTH, FOREGROUND)


def test_masks_of_one_class_may_be_without_the_foreground():
    assert f1_score(TRUTH * 0, FOREGROUND, pos_label=2) == 0


def test_a_single_value_is_understood():
    assert f1_score(np.full((1, 2, 2), 255), np.ones((1, 2, 2), dtype=bool)) == 1.0


def test_threshold_is_strict_and_in_float64():
    values = np.array([0.2, 51 / 255], dtype="float32")
    assert not exceeds(np.array([0.5, np.nan]), 0.5).any()
    assert exceeds(values, 0.2).all()  # float32 rounds 0.2 up
    assert not exceeds(np.array([0.2, 51 / 255]), 0.2).any()


def test_label_map_in_the_encoding_of_the_classes():
    comparison = TruthAndPrediction([[[1, 2, -1]]], [[[2, 1, 2]]], labels=[1, 2])
    np.testing.assert_array_equal(comparison.truth_codes(0), [[0, 1, -1]])
    np.testing.assert_array_equal(comparison.predicted_codes(0, 0.5), [[1, 0, 1]])


MASKS = np.array([[[0, 1], [1, 0]]])
BAD = {
    "2D": (MASKS[0], MASKS[0] / 2, {}, r"Expected y_true to have shape .* got 2D array"),
    "2D map": (MASKS, MASKS[0] / 2, {}, r"Expected y_prob to have shape .* got 2D array"),
    "one-hot": (np.eye(2)[MASKS], MASKS, {}, "Expected y_true to have shape .* got 4D"),
    "count": (MASKS, np.zeros((2, 2, 2)), {}, r"inconsistent numbers of samples: \[1, 2\]"),
    "size": (MASKS, np.zeros((1, 2, 3)), {}, r"y_true\[0\] has shape \(2, 2\), but y_prob\[0\]"),
    "none": (np.zeros((0, 2, 2)), np.zeros((0, 2, 2)), {}, r"0 sample\(s\)"),
    "no pixels": (np.zeros((1, 0, 2)), np.zeros((1, 0, 2)), {}, "at least one pixel"),
    "columns": (MASKS, np.zeros((1, 2, 2, 3)), {}, "y_prob has 3 columns. Pass the classes"),
    "ragged columns": (
        list(MASKS) * 2,
        [np.zeros((2, 2, 2)), np.zeros((2, 2))],
        {},
        "same number of columns",
    ),
    "8-bit": (MASKS, MASKS.astype("uint8") * 200, {}, "not among the classes .* divide"),
    "no such pos_label": (MASKS, MASKS / 2, {"pos_label": 7}, r"pos_label=7 .* one of \[0, 1\]"),
    "masked": (MASKS, np.ma.array(MASKS / 2, mask=MASKS == 1), {}, "y_prob is a masked array"),
    "8-bit with labels": (MASKS, MASKS * 200, {"labels": [0, 1]}, "divide a probability map"),
    "range": (MASKS, MASKS * 255.0, {}, r"values in \[0, 255\].* Divide an 8-bit map by 255"),
    "negative": (MASKS, MASKS - 1.0, {}, r"probabilities lie in \[0, 1\]"),
    "NaN": (MASKS, MASKS * np.nan, {}, r"Input y_prob\[0\] contains NaN"),
    "soft truth": (MASKS * 0.5, MASKS, {}, "Unknown label type: continuous"),
    "names": (np.array([[["a", "b"]]]), np.zeros((1, 1, 2)), {}, "Unknown label type: <U1"),
    "unknown label": (
        MASKS + 1,
        MASKS,
        {"labels": [0, 1]},
        r"not among the classes \[0, 1\]: \{2\}. Pass all classes as labels",
    ),
    "pos_label": (MASKS, MASKS, {"labels": [0, 1], "pos_label": 7}, "pos_label=7 is not a valid"),
    "classes": (MASKS + [[[0, 1]]], MASKS / 2, {}, "There are 3 classes"),
    "text": (MASKS, np.full((1, 2, 2), "a"), {}, "must hold real numbers"),
    "weights": (MASKS, MASKS, {"sample_weight": [1, 2]}, r"sample_weight.shape\[0\] == 2"),
    "unlabelled": (MASKS * 0 - 1, MASKS, {}, "no labelled pixel"),
    "average": (MASKS, MASKS, {"average": "mean"}, "average must be one of .* Got 'mean'"),
}


@pytest.mark.parametrize(("y_true", "y_prob", "options", "message"), BAD.values(), ids=BAD)
def test_wrong_input_is_refused(y_true, y_prob, options, message):
    with pytest.raises(ValueError, match=message):
        f1_score(y_true, y_prob, **options)
