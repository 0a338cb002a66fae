import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, check_cv

from emstellar.model_selection import BlockKFold


def folds(cv, n_images, groups=None):
    return [
        (train.tolist(), test.tolist())
        for train, test in cv.split(np.zeros((n_images, 2, 2)), groups=groups)
    ]


def test_without_purge_on_equal_blocks_is_unshuffled_k_fold():
    X = np.zeros((12, 4, 4))
    for (train, test), (train_k, test_k) in zip(
        BlockKFold(4).split(X), KFold(4).split(X), strict=True
    ):
        np.testing.assert_array_equal(train, train_k)
        np.testing.assert_array_equal(test, test_k)


def test_purge_worked_by_hand():
    assert folds(BlockKFold(3, purge=2), 9) == [
        ([5, 6, 7, 8], [0, 1, 2]),
        ([0, 8], [3, 4, 5]),
        ([0, 1, 2, 3], [6, 7, 8]),
    ]


def test_every_stack_is_cut_into_blocks_of_its_own():
    groups = ["b", "a", "b", "a", "b", "a", "b", "a"]
    assert folds(BlockKFold(2, purge=1), 8, groups) == [
        ([6, 7], [0, 1, 2, 3]),
        ([0, 1], [4, 5, 6, 7]),
    ]


@given(
    n_splits=st.integers(2, 6),
    purge=st.integers(0, 3),
    sizes=st.lists(st.integers(12, 20), min_size=1, max_size=3),
)
def test_blocks_partition_the_images_and_keep_their_distance(n_splits, purge, sizes):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    tested = []
    for train, test in BlockKFold(n_splits, purge=purge).split(groups, groups=groups):
        tested.extend(test)
        for i in test:
            same = train[groups[train] == groups[i]]
            assert np.all(np.abs(same - i) > purge)
    assert sorted(tested) == list(range(len(groups)))


def test_accepts_images_of_different_sizes():
    images = [np.zeros((4, 4 + i)) for i in range(4)]
    assert len(list(BlockKFold(2).split(images))) == 2


def test_is_a_scikit_learn_splitter():
    cv = BlockKFold(3, purge=1)
    assert check_cv(cv) is cv
    assert cv.get_n_splits() == 3
    assert repr(cv) == "BlockKFold(n_splits=3, purge=1)"
    assert cv.get_metadata_routing().split.requests == {"groups": True}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_splits": 1}, r"n_splits must be an integer of at least 2, got n_splits=1\."),
        ({"n_splits": 2.0}, r"n_splits must be an integer of at least 2, got n_splits=2\.0"),
        ({"purge": -1}, r"purge must be an integer of at least 0, got purge=-1"),
        ({"purge": True}, r"purge must be an integer of at least 0"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        BlockKFold(**parameters)


def test_too_few_sections():
    with pytest.raises(ValueError, match=r"n_splits=3 greater than the number of sections: 2"):
        folds(BlockKFold(3), 2)
    with pytest.raises(ValueError, match=r"number of sections in group 1: 2\."):
        folds(BlockKFold(3), 5, [0, 0, 0, 1, 1])


def test_purge_that_leaves_nothing():
    with pytest.raises(ValueError, match=r"Fold 0 has no training sections: purge=5 leaves none"):
        folds(BlockKFold(2, purge=5), 8)
