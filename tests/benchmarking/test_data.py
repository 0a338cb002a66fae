"""The images of a benchmark and their folds."""

import pytest
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from emstellar.benchmarking._data import check_data, make_splits


@pytest.mark.parametrize("cv", [3, LeaveOneGroupOut(), GroupKFold(3)])
def test_folds_are_those_of_the_splitter(cv, data):
    checked = check_data(**{key: data[key] for key in ("X", "y", "groups", "X_test", "y_test")})
    splits = make_splits(cv, checked)
    assert len(splits) == 3
    for train, validation in splits:
        assert set(train) | set(validation) == set(range(9))
