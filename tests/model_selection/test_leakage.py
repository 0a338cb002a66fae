import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

from emstellar.model_selection import BlockKFold, leakage_report

X = np.zeros((8, 4, 4))
FIELDS = np.repeat([0, 1], 4)


def test_worked_by_hand():
    folds = [([0, 1, 4, 5], [2, 6, 7]), ([0], [7])]
    report = leakage_report(folds, X, groups=FIELDS)
    assert report["n_train"].tolist() == [4, 1]
    assert report["n_test"].tolist() == [3, 1]
    assert report["shared_groups"].tolist() == [[0, 1], []]
    assert report["n_neighbours"].tolist() == [2, 0]
    assert report["distance"].tolist() == [1.0, np.inf]


@pytest.mark.parametrize("cv", [LeaveOneGroupOut(), GroupKFold(2)])
def test_leaving_groups_out_shares_nothing(cv):
    report = leakage_report(cv, X, groups=FIELDS)
    assert report["shared_groups"].tolist() == [[], []]
    assert np.isinf(report["distance"]).all()


@pytest.mark.filterwarnings("error")
def test_tiles_shuffled_over_fields_leak():
    report = leakage_report(KFold(2, shuffle=True, random_state=0), X, groups=FIELDS)
    assert (report["n_neighbours"] > 0).all()
    assert all(report["shared_groups"])


@pytest.mark.parametrize("purge", [0, 1, 2])
def test_purge_is_the_gap(purge):
    report = leakage_report(BlockKFold(2, purge=purge), np.zeros((12, 4, 4)))
    assert report["distance"].tolist() == [purge + 1] * 2


def test_order_within_a_stack_counts_not_the_position_in_the_array():
    interleaved = np.tile([0, 1], 4)
    report = leakage_report([([0, 1], [4, 5])], X, groups=interleaved)
    assert report["distance"].tolist() == [2.0]
