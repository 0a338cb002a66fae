import warnings

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

from emstellar.model_selection import BlockKFold, leakage_report
from emstellar.model_selection.similarity import SIDE, correlate_images, correlate_masks

X = np.zeros((8, 4, 4))
FIELDS = np.repeat([0, 1], 4)


@pytest.fixture
def sections():
    """Twelve independent images, and a stack of twelve sections that change by and by."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(24, 32, 32))
    independent = gaussian_filter(noise[:12], (0, 1, 1))
    stack = gaussian_filter(noise[12:], (1.5, 1, 1))
    return independent, stack


@pytest.mark.filterwarnings("ignore:Training images know")
def test_worked_by_hand():
    folds = [([0, 1, 4, 5], [2, 6, 7]), ([0], [7])]
    report = leakage_report(X, cv=folds, groups=FIELDS)
    assert report["n_train"].tolist() == [4, 1]
    assert report["n_test"].tolist() == [3, 1]
    assert report["shared_groups"].tolist() == [[0, 1], []]
    assert report["n_neighbours"].tolist() == [2, 0]
    assert report["distance"].tolist() == [1.0, np.inf]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("cv", [LeaveOneGroupOut(), GroupKFold(2)])
def test_leaving_groups_out_shares_nothing(cv):
    report = leakage_report(X, cv=cv, groups=FIELDS)
    assert report["shared_groups"].tolist() == [[], []]
    assert np.isinf(report["distance"]).all()


def test_tiles_shuffled_over_fields_leak():
    cv = KFold(2, shuffle=True, random_state=0)
    with pytest.warns(UserWarning, match=r"over all folds, 6 stand next to one .*BlockKFold"):
        report = leakage_report(X, cv=cv, groups=FIELDS)
    assert report["n_neighbours"].sum() == 6
    assert all(report["shared_groups"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("purge", [0, 1, 2])
def test_purge_is_the_gap(purge):
    report = leakage_report(np.zeros((12, 4, 4)), cv=BlockKFold(2, purge=purge))
    assert report["distance"].tolist() == [purge + 1] * 2


@pytest.mark.filterwarnings("error")
def test_order_within_a_stack_counts_not_the_position_in_the_array():
    interleaved = np.tile([0, 1], 4)
    report = leakage_report(X, cv=[([0, 1], [4, 5])], groups=interleaved)
    assert report["distance"].tolist() == [2.0]


def test_images_that_occur_twice_are_counted_on_both_sides(sections):
    images = sections[0].copy()
    images[9], images[10] = images[0], images[0]
    with pytest.warns(UserWarning, match="3 test images are identical to a training image; 3 are"):
        report = leakage_report(images, cv=[(range(6), range(6, 12)), (range(8, 12), range(6))])
    assert report["n_identical"].tolist() == [2, 1]
    assert report["image_correlation"].tolist() == pytest.approx([1, 1])


def test_neighbours_are_found_by_their_content_alone(sections):
    independent, stack = sections
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = leakage_report(
            independent, independent > 0, KFold(4, shuffle=True, random_state=0)
        )
    assert report["n_alike"].sum() == 0
    folds = KFold(4, shuffle=True, random_state=0)
    with pytest.warns(UserWarning, match=r"are like one .correlation of 0.5 or more; of images up"):
        report = leakage_report(stack, stack > 0, folds)
    assert (report["n_alike"] > 0).all()


def test_correlations_across_the_split_are_numpys(sections):
    stack = sections[1]
    masks = stack > 0
    ((train, test),) = folds = [(np.arange(6), np.arange(6, 9))]
    with pytest.warns(UserWarning, match="of masks"):
        report = leakage_report(stack, masks, folds)
    for column, images in [("image_correlation", stack), ("mask_correlation", masks)]:
        expected = np.corrcoef(images.reshape(12, -1))[np.ix_(test, train)]
        assert report[column].item() == pytest.approx(expected.max(), abs=1e-5)
        if column == "image_correlation":
            alone = leakage_report(stack, cv=folds, threshold=expected.max() + 1e-3)
    assert alone["n_alike"].item() == 0
    assert np.isnan(alone["mask_correlation"].item())


def test_the_threshold_is_what_counts_as_alike(sections):
    stack = sections[1]
    ((train, test),) = folds = [(np.arange(6), np.arange(6, 12))]
    across = np.corrcoef(stack.reshape(12, -1))[np.ix_(test, train)].max(axis=1)
    for threshold in (0.2, 0.7):
        with pytest.warns(UserWarning, match=f"correlation of {threshold} or more"):
            report = leakage_report(stack, cv=folds, threshold=threshold)
        assert report["n_alike"].item() == np.sum(across >= threshold)


def test_large_images_are_compared_by_the_means_of_blocks():
    rng = np.random.default_rng(0)
    coarse = rng.normal(size=(3, SIDE // 2, SIDE, 2))
    fine = coarse.repeat(4, axis=1).repeat(3, axis=2) + rng.choice([-1, 1], size=(3, 1, 1, 1))
    vectors = coarse.repeat(2, axis=1) - coarse.mean(axis=(1, 2), keepdims=True)
    expected = np.corrcoef(vectors.reshape(3, -1))
    np.testing.assert_allclose(correlate_images(list(fine)), expected, atol=1e-5)


def test_images_of_different_sizes_are_not_compared():
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(8 + i % 2, 9)) for i in range(4)]
    images[2] = images[0].copy()
    folds = [([0], [1]), ([0, 1], [2, 3])]
    with pytest.warns(UserWarning, match="1 test images are identical"):
        report = leakage_report(images, cv=folds)
    assert np.isnan(report["image_correlation"][0])
    assert report["image_correlation"][1] == pytest.approx(1)


def test_masks_of_several_classes_correlate_class_by_class():
    first = np.array([[0, 1, 2, 2]])
    second = np.array([[0, 1, 1, -1]])
    classes = np.arange(3)[:, np.newaxis]
    vectors = [(mask.ravel() == classes).astype(float) for mask in (first, second)]
    a, b = (v - v.mean(axis=1, keepdims=True) for v in vectors)
    expected = (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())
    assert correlate_masks([first, second])[0, 1] == pytest.approx(expected)


def test_wrong_input_is_named():
    with pytest.raises(ValueError, match="Expected 3D or 4D array, got 0D array"):
        leakage_report(KFold(2), X)
    with pytest.raises(ValueError, match="one group per image"):
        leakage_report(X, cv=KFold(2), groups=[0, 1])
