import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from emstellar.validation import (
    check_groups,
    check_images,
    check_masks,
    check_weights,
    encode_masks,
    find_classes,
    is_sequence_of_arrays,
)

IMAGES = check_images(np.zeros((2, 3, 4)))


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        ([np.zeros((3, 4))], True),
        ((np.zeros((3, 4)), np.zeros((5, 6))), True),
        ([[[0, 1], [2, 3]]], True),
        ([], False),
        ([0.5, 1], False),
        ([np.float64(1), np.float64(2)], False),
        (np.zeros((2, 3, 4)), False),
        (np.zeros((2, 3, 4), dtype=object), False),
        (3, False),
    ],
)
def test_what_is_a_sequence_of_images(X, expected):
    assert is_sequence_of_arrays(X) is expected


def test_an_object_array_of_images_is_a_sequence():
    X = np.empty(2, dtype=object)
    X[:] = [np.zeros((3, 4)), np.zeros((5, 6))]
    assert is_sequence_of_arrays(X)
    assert [image.shape for image in check_images(X)] == [(3, 4, 1), (5, 6, 1)]


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "uint16", "float16", "float64"])
def test_images_keep_their_dtype_and_are_not_copied(dtype):
    X = np.ones((2, 3, 4), dtype=dtype)
    images = check_images(X)
    assert images[0].dtype == dtype
    assert images[0].shape == (3, 4, 1)
    assert all(np.shares_memory(image, X) for image in images)


def test_read_only_images_are_taken():
    X = np.zeros((2, 3, 4))
    X.flags.writeable = False
    assert not check_images(X)[0].flags.writeable


def test_channels_and_lists():
    assert check_images(np.zeros((2, 3, 4, 5)), n_channels=5)[1].shape == (3, 4, 5)
    ragged = [np.zeros((3, 4, 2)), np.zeros((6, 5, 2))]
    assert [image.shape for image in check_images(ragged)] == [(3, 4, 2), (6, 5, 2)]
    assert check_images([[[0, 1], [2, 3]]])[0].shape == (2, 2, 1)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.zeros((3, 4)), ValueError, r"got 2D array with shape \(3, 4\) .* X\[np.newaxis\]"),
        (np.zeros(3), ValueError, "Expected 3D or 4D array, got 1D array"),
        (np.zeros((1,) * 5), ValueError, "Expected 3D or 4D array, got 5D array"),
        (np.zeros((0, 3, 4)), ValueError, r"0 sample\(s\) .* minimum of 1 is required by Name"),
        ([], ValueError, r"0 sample\(s\)"),
        (np.zeros((2, 0, 4)), ValueError, r"images without pixels: X has shape \(2, 0, 4\)"),
        ([np.zeros((3, 0))], ValueError, r"X\[0\] has shape \(3, 0\)"),
        (np.zeros((2, 3, 4, 0)), ValueError, r"0 feature\(s\) \(shape=\(24, 0\)\)"),
        ([np.zeros((3, 4)), np.zeros(4)], ValueError, r"X\[1\] .* got 1D array"),
        (
            [np.zeros((3, 4)), np.zeros((3, 4, 2))],
            ValueError,
            r"same number of channels: X\[0\] has 1, X\[1\] has 2",
        ),
        (np.full((2, 3, 4), np.nan), ValueError, "Input X contains NaN"),
        ([np.full((3, 4), np.inf)], ValueError, r"Input X\[0\] contains infinity"),
        (np.zeros((2, 3, 4), dtype=complex), ValueError, "Complex data not supported"),
        (np.full((2, 3, 4), "a"), ValueError, "not compatible with arrays of bytes/strings"),
        (sparse.csr_array((3, 4)), TypeError, "Sparse data was passed for X"),
        (None, ValueError, "Expected 3D or 4D array, got 0D array instead:\narray=None"),
        (np.zeros((2, 3, 4, 2)), ValueError, "X has 2 features, but Name is expecting 1 features"),
    ],
)
def test_images_that_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        check_images(X, n_channels=1, name="Name")


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_masks_keep_their_dtype(dtype):
    masks = check_masks(np.ones((2, 3, 4), dtype=dtype), IMAGES)
    assert [mask.dtype for mask in masks] == [dtype, dtype]


def test_a_channel_of_one_is_dropped_with_a_warning():
    for y in (np.ones((2, 3, 4, 1)), [np.ones((3, 4, 1))] * 2):
        with pytest.warns(DataConversionWarning, match="channel axis of length 1"):
            masks = check_masks(y, IMAGES)
        assert [mask.shape for mask in masks] == [(3, 4), (3, 4)]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "Name requires y to be passed, but the target y is None"),
        (np.zeros((3, 3, 4)), r"inconsistent numbers of samples: \[2, 3\]"),
        (
            np.zeros((2, 3, 5)),
            r"X\[0\] has height and width \(3, 4\) but y\[0\] has shape \(3, 5\)",
        ),
        ([np.zeros((3, 4)), np.zeros((4, 3))], r"but y\[1\] has shape \(4, 3\)"),
        (np.zeros((2, 3, 4, 2)), r"looks one-hot encoded: pass y.argmax\(axis=-1\)"),
        ([np.zeros((3, 4, 2))] * 2, "looks one-hot encoded"),
        (np.zeros((2,)), r"got 1D array with shape \(2,\)"),
        (np.zeros((3, 4)), r"got 2D array with shape \(3, 4\)"),
        (np.full((2, 3, 4), 0.5), r"Unknown label type: continuous\. y holds"),
        ([np.zeros((3, 4)), np.full((3, 4), 0.5)], r"continuous\. y\[1\] holds"),
        (np.full((2, 3, 4), "cell"), "Unknown label type: <U4"),
        (np.full((2, 3, 4), np.nan), "Input y contains NaN"),
        (np.ones((2, 3, 4), dtype=complex), "Complex data not supported"),
    ],
)
def test_masks_that_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        check_masks(y, IMAGES, name="Name")


def test_weights_of_images_and_pixels():
    assert check_weights(None, IMAGES) is None
    per_image = check_weights([0.5, 2], IMAGES)
    per_pixel = check_weights(np.array([0.5, 2])[:, None, None] * np.ones((2, 3, 4)), IMAGES)
    for a, b in zip(per_image, per_pixel, strict=True):
        assert a.dtype == b.dtype == "float32"
        np.testing.assert_array_equal(a, b)
    mixed = check_weights([np.ones((3, 4)), np.full((3, 4), 2)], IMAGES)
    assert mixed[1].max() == 2


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), r"sample_weight.shape\[0\] == 3, expected 2!"),
        (1.0, r"sample_weight.shape\[0\] == 1, expected 2!"),
        (np.ones((2, 4, 3)), r"sample_weight\[0\] has shape \(4, 3\), expected .* \(3, 4\)"),
        (np.ones((2, 3, 4, 1)), r"sample_weight\[0\] has shape \(3, 4, 1\)"),
        ([np.ones((3, 4)), np.ones((4, 3))], r"sample_weight\[1\] has shape \(4, 3\)"),
        (np.array([1, -1]), "negative weights"),
        (np.zeros(2), "All weights in sample_weight are zero"),
        (np.zeros((2, 3, 4)), "All weights in sample_weight are zero"),
        (np.array([1, np.nan]), "Input sample_weight contains NaN"),
    ],
)
def test_weights_that_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weights, IMAGES)


def test_groups():
    assert check_groups(None, IMAGES) is None
    assert check_groups(["a", "b"], IMAGES).tolist() == ["a", "b"]
    with pytest.raises(ValueError, match=r"groups has shape \(3,\), expected \(2,\)"):
        check_groups([1, 2, 3], IMAGES)


@pytest.mark.parametrize(
    ("masks", "classes"),
    [
        ([np.array([[0, 1]]), np.array([[-1, 1]])], [0, 1]),
        ([np.array([[7, 1]]), np.array([[0, 1]])], [0, 1, 7]),
        ([np.array([[True, False]])], [False, True]),
        ([np.array([[0, 255]], dtype="uint8")], [0, 255]),
        ([np.array([[-2, -1, 3]])], [-2, 3]),
    ],
)
def test_classes(masks, classes):
    found = find_classes(masks)
    assert found.tolist() == classes
    assert found.dtype == masks[0].dtype


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([np.zeros((1, 2), dtype=int)], "only one class: 0"),
        ([np.array([[-1, 3]])], "only one class: 3"),
        ([np.full((1, 2), -1)], "at least 2 classes|no label"),
    ],
)
def test_too_few_classes(masks, message):
    with pytest.raises(ValueError, match=message):
        find_classes(masks, name="Name")


def test_codes():
    codes = encode_masks([np.array([[5, 9], [-1, 5]]), np.array([[9.0, 5.0]])], np.array([5, 9]))
    assert [code.tolist() for code in codes] == [[[0, 1], [-1, 0]], [[1, 0]]]
    assert {code.dtype.name for code in codes} == {"int32"}
    boolean = encode_masks([np.array([[True, False]])], np.array([False, True]))
    assert boolean[0].tolist() == [[1, 0]]


@pytest.mark.parametrize("label", [4, 6, 10, -2])
def test_labels_that_are_no_class(label):
    with pytest.raises(ValueError, match=rf"not among the classes \[5, 9\]: \[{label}\]"):
        encode_masks([np.array([[5, label, -1]])], np.array([5, 9]))
