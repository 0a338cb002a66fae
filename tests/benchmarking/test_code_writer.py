"""Code that makes objects again."""

from functools import partial
from threading import Lock

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    RepeatedKFold,
    ShuffleSplit,
)

from emstellar import RandomForestSegmenter, ThresholdedSegmenter, UNetSegmenter, VotingSegmenter
from emstellar.benchmarking._reproduction.code_writer import CodeWriter
from emstellar.model_selection import BlockKFold
from emstellar.segmenters import PixelSegmenter

from .segmenters import NoisyThreshold


def run(value):
    """Write code, run it with nothing given, and return what it makes."""
    writer = CodeWriter()
    code = writer.write(value)
    assert writer.unknown == []
    names = {}
    exec("\n".join([*writer.imports(), f"value = {code}"]), names)
    return names["value"]


@pytest.mark.parametrize(
    "value",
    [
        RandomForestSegmenter(7, features="weka"),
        UNetSegmenter(width=1 / 8, optimizer="adam", epochs=3),
        NoisyThreshold(3.0, random_state=4),
        ThresholdedSegmenter(PixelSegmenter(LogisticRegression(C=2)), cv=BlockKFold(3)),
        VotingSegmenter([("a", RandomForestSegmenter(3)), ("b", NoisyThreshold())], voting="hard"),
        # Longer than what scikit-learn prints in full.
        VotingSegmenter(
            [
                (f"trees {i}", PixelSegmenter(ExtraTreesClassifier(i + 2, max_depth=i + 3)))
                for i in range(20)
            ]
        ),
        BlockKFold(3, purge=1),
        KFold(4, shuffle=True, random_state=1),
        GroupKFold(3),
        LeaveOneGroupOut(),
        ShuffleSplit(2, test_size=0.3, random_state=0),
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=5),
    ],
)
def test_code_makes_an_equal_object(value):
    assert repr(run(value)) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        [([0, 1], [2]), (np.array([1, 2]), np.array([0]))],
        {"a": (1,), "b": {2, 3}, "c": set(), "d": None, "e": b"x", "f": range(3)},
        [np.float32(0.5), np.int64(3), -0.25, float("inf"), 1e-300],
    ],
)
def test_code_makes_equal_values(value):
    np.testing.assert_equal(run(value), value)


@pytest.mark.backend
def test_code_makes_keras_objects():
    from keras import losses, optimizers

    for value in (optimizers.Adam(0.002, beta_1=0.8), losses.Dice(axis=(1, 2))):
        again = run(value)
        assert type(again) is type(value)
        assert again.get_config() == value.get_config()


def test_what_no_code_can_make_is_named():
    class Local(NoisyThreshold):
        pass

    writer = CodeWriter()
    assert writer.write(Local(2.0)) == "Local(steepness=2.0)"
    writer.write(lambda x: x)
    assert writer.unknown[0].startswith("Local (defined in tests.")
    assert "lambda" in writer.unknown[1]


def test_partial_functions_are_written():
    again = run(partial(RandomForestSegmenter, 3, random_state=0))
    assert again.func is RandomForestSegmenter
    assert (again.args, again.keywords) == ((3,), {"random_state": 0})


@pytest.mark.parametrize(
    "value", [np.add, Lock(), iter([1]), max], ids=["ufunc", "lock", "iterator", "max"]
)
def test_builtin_objects_end_nothing(value):
    writer = CodeWriter()
    assert writer.write({"function": value})
