import numpy as np
import pytest
from sklearn.base import BaseEstimator

from emstellar import constraints as c


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        (c.Interval(int, 1, None), [1, 10**9, np.int64(3)], [0, -1, 1.0, True, "1", None]),
        (c.Interval(int, None, None), [-5, 0, 5], [0.5, np.bool_(True)]),
        (c.Interval(float, 0, 1), [0, 0.0, 0.5, np.float32(0.1)], [1.0, -1e-9, np.nan, False]),
        (c.Interval(float, 0, 1, closed="right"), [1e-9, 1], [0, 1.1]),
        (c.Interval(float, 0, 1, closed="both"), [0, 1], [1.0001]),
        (c.Interval(float, 0, 1, closed="neither"), [0.5], [0, 1, np.inf]),
        (c.OneOf("a", "b"), ["a", "b"], ["c", None, 1]),
        (c.OneOf(1, True), [1, True], [1.0, 2, "1"]),
        (c.InstanceOf(dict), [{}, {"a": 1}], [[], None]),
        (c.NONE, [None], [0, False, ""]),
        (c.BOOLEAN, [True, np.bool_(False)], [0, 1, "True", None]),
        (c.CALLABLE, [len, lambda: 0, dict], ["len", None]),
        (c.RANDOM_STATE, [0, 2**32 - 1, np.random.RandomState(0)], [-1, 2**32, 0.5, "0"]),
        (c.pair_of(c.Interval(int, 1, None)), [(1, 2), [3, 4]], [(1, 0), (1,), (1, 2, 3), 1]),
        (c.Satisfies(str.isupper, "upper case"), ["A"], ["a"]),
    ],
    # Only constraints are named: functions among the values would be named by their address.
    ids=lambda value: str(value) if hasattr(value, "accepts") else "",
)
def test_what_a_constraint_accepts(constraint, accepted, refused):
    assert all(constraint.accepts(value) for value in accepted)
    assert not any(constraint.accepts(value) for value in refused)


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        (c.Interval(int, 1, None), "an int in the range [1, inf)"),
        (c.Interval(float, 0, 1, closed="right"), "a float in the range (0, 1]"),
        (c.Interval(int, None, None), "an int in the range (-inf, inf)"),
        (c.OneOf("a", 1), "one of {'a', 1}"),
        (c.InstanceOf(dict), "an instance of 'dict'"),
        (c.InstanceOf(list, "a list of callbacks"), "a list of callbacks"),
        (c.NONE, "None"),
        (
            c.pair_of(c.Interval(int, 1, None)),
            "a pair (height, width), each an int in the range [1, inf)",
        ),
    ],
)
def test_a_constraint_in_words(constraint, words):
    assert str(constraint) == words


class Estimator(BaseEstimator):
    def __init__(self, size=1, mode="fast", free=None):
        self.size = size
        self.mode = mode
        self.free = free


TABLE = {
    "size": [c.Interval(int, 1, None), c.OneOf("auto"), c.NONE],
    "mode": [c.OneOf("fast", "thorough")],
}


@pytest.mark.parametrize("parameters", [{}, {"size": None}, {"size": "auto"}, {"free": object()}])
def test_parameters_that_satisfy_one_constraint_each(parameters):
    c.check_parameters(Estimator(**parameters), TABLE)


def test_the_message_names_parameter_class_choices_and_value():
    with pytest.raises(c.InvalidParameterError) as raised:
        c.check_parameters(Estimator(size=0), TABLE)
    assert str(raised.value) == (
        "The 'size' parameter of Estimator must be an int in the range [1, inf), one of {'auto'} "
        "or None. Got 0 instead."
    )


@pytest.mark.parametrize(("mode", "near"), [("throrough", "'thorough'"), ("fsat", "'fast'")])
def test_the_message_suggests_the_nearest_option(mode, near):
    with pytest.raises(ValueError, match=f"Got '{mode}' instead. Did you mean {near}\\?"):
        c.check_parameters(Estimator(mode=mode), TABLE)


def test_no_suggestion_where_nothing_is_near():
    with pytest.raises(ValueError, match=r"Got 'xyzzy' instead\.$"):
        c.check_parameters(Estimator(mode="xyzzy"), TABLE)


def test_the_error_is_a_value_and_a_type_error_as_in_scikit_learn():
    assert issubclass(c.InvalidParameterError, ValueError)
    assert issubclass(c.InvalidParameterError, TypeError)
