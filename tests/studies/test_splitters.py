"""Splitters by words: which folds they make, and what they answer to mistakes."""

import numpy as np
import pytest

from emstellar.studies import default_splitter, make_splitter

GROUPS = np.repeat(["a", "b", "c"], 2)


def held_out(splitter, groups=None):
    return [test.tolist() for _, test in splitter.split(np.zeros(6), groups=groups)]


@pytest.mark.parametrize("cv", [3, "3", " 3 "])
def test_a_number_makes_contiguous_folds(cv):
    assert held_out(make_splitter(cv, None, 6)) == [[0, 1], [2, 3], [4, 5]]


def test_a_number_keeps_groups_whole_where_they_are_known():
    folds = held_out(make_splitter(2, GROUPS, 6), GROUPS)
    assert len(folds) == 2
    assert all({0, 1} <= set(fold) or not {0, 1} & set(fold) for fold in folds)


@pytest.mark.parametrize("cv", ["leave-one-group-out", "Leave-One-Group-Out"])
def test_each_group_is_left_out(cv):
    assert held_out(make_splitter(cv, GROUPS, 6), GROUPS) == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(("cv", "train"), [("blocks:2", [4, 5]), ("blocks:2:2", [5])])
def test_blocks_leave_out_their_neighbours(cv, train):
    (found, test), _ = make_splitter(cv, None, 6).split(np.zeros(6))
    assert (found.tolist(), test.tolist()) == (train, [0, 1, 2])


def test_blocks_without_a_gap():
    (train, _), _ = make_splitter("blocks:2:0", None, 6).split(np.zeros(6))
    assert train.tolist() == [3, 4, 5]


def test_without_a_word_groups_decide():
    assert len(held_out(default_splitter(None))) == 5
    assert len(held_out(default_splitter(GROUPS), GROUPS)) == 3
    assert default_splitter(np.arange(7)).n_splits == 5


@pytest.mark.parametrize(
    ("cv", "groups", "message"),
    [
        ("fife", None, r"cv='fife' names no splitter: it must be a number of folds such as 5"),
        ("blocks", None, "names no splitter"),
        ("-3", None, "names no splitter"),
        (2.5, None, "names no splitter"),
        (True, None, "names no splitter"),
        (1, None, "cv=1 asks for 1 folds; at least 2"),
        ("blocks:1", None, "cv='blocks:1' asks for 1 folds; at least 2"),
        (7, None, "cv=7 asks for 7 folds, but there are 6 images"),
        ("4", GROUPS, "cv='4' asks for 4 folds, but there are 3 groups"),
        ("leave-one-group-out", None, "two or more groups, got 0"),
        ("leave-one-group-out", np.zeros(6), "two or more groups, got 1"),
    ],
)
def test_mistakes_are_named(cv, groups, message):
    with pytest.raises(ValueError, match=message):
        make_splitter(cv, groups, 6)
