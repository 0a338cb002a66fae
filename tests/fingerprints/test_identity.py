"""Equal things have equal identities in every process; what computes otherwise has another."""

import functools
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from sklearn.frozen import FrozenEstimator

import emstellar
from emstellar import RandomForestSegmenter, UNetSegmenter
from emstellar.base import BaseSegmenter
from emstellar.fingerprints import identify
from emstellar.fingerprints.libraries import library_of
from emstellar.segmenters import PixelSegmenter

FACTOR = 2


def module(code):
    """Return the names that a user's module of this code defines."""
    names = {"__name__": "users_module"}
    exec(textwrap.dedent(code), names)
    return names


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("def f(x): return x + 1", "def f(x): return x + 2"),
        ("def f(x, a=1): return x", "def f(x, a=2): return x"),
        ("def f(x, *, a=1): return x", "def f(x, *, a=2): return x"),
        ("f = lambda x: x", "f = lambda x: -x"),
        ("def g(x): return x\ndef f(x): return g(x)", "def g(x): return -x\ndef f(x): return g(x)"),
        ("A = 1\ndef f(x): return x + A", "A = 2\ndef f(x): return x + A"),
        (
            "A = [1]\ndef f(x): return [a + x for a in A]",
            "A = [2]\ndef f(x): return [a for a in A]",
        ),
        (
            "def f(x):\n def h(): return 1\n return h()",
            "def f(x):\n def h(): return 2\n return h()",
        ),
        (
            "def make(a):\n def f(x): return x * a\n return f\nf = make(1)",
            "def make(a):\n def f(x): return x * a\n return f\nf = make(2)",
        ),
        ("def f(x): return x in {1, 2}", "def f(x): return x in {1, 3}"),
    ],
)
def test_functions_of_one_name_and_other_code_differ(first, second):
    one, same, other = (identify(module(code)["f"]) for code in (first, first, second))
    assert one == same
    assert one.fingerprint != other.fingerprint


def test_lines_and_file_names_do_not_count():
    first, second = "def f(x):\n return x", "# a comment\n\n\ndef f(x):\n    return x"
    assert identify(module(first)["f"]) == identify(module(second)["f"])


CLASS = """
class Thing:
    scale = {scale}
    def __init__(self, size): self.size = size
    def compute(self, x): return x {sign} self.size
"""


@pytest.mark.parametrize(
    ("scale", "sign", "size"),
    [(2, "+", 1), (1, "-", 1), (1, "+", 2)],
    ids=["value", "code", "state"],
)
def test_objects_of_users_count_by_code_and_state(scale, sign, size):
    one, same = (module(CLASS.format(scale=1, sign="+"))["Thing"](1) for _ in range(2))
    other = module(CLASS.format(scale=scale, sign=sign))["Thing"](size)
    assert identify(one) == identify(same)
    assert identify(one).fingerprint != identify(other).fingerprint


def test_code_and_parameters_are_told_apart():
    first = identify(module(CLASS.format(scale=1, sign="+"))["Thing"](1))
    second = identify(module(CLASS.format(scale=1, sign="-"))["Thing"](1))
    assert first.parameters == second.parameters
    assert first.code != second.code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        ([1, 2], (1, 2)),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (np.arange(3), np.arange(3.0)),
        (np.arange(4), np.arange(4).reshape(2, 2)),
        (np.random.RandomState(0), np.random.RandomState(1)),
        (np.random.default_rng(0), np.random.default_rng(1)),
        (functools.partial(max, 1), functools.partial(max, 2)),
        (max, min),
        (np.add, np.subtract),
        (np.float32, np.float64),
        (range(3), range(4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_values_differ(one, other):
    assert identify(one) == identify(one)
    assert identify(one).fingerprint != identify(other).fingerprint


def test_the_order_of_dicts_and_sets_does_not_count():
    assert identify({"a": 1, "b": 2}) == identify({"b": 2, "a": 1})
    assert identify(set("abcdef")) == identify(set("fedcba"))


def test_a_function_that_calls_itself_has_an_identity():
    again = module("def f(x): return f(x - 1) if x else 0")["f"]
    assert identify(again) == identify(again)


def test_fitted_members_count_where_they_are_frozen():
    X, y = np.array([[[0, 1], [1, 0]]]), np.array([[[0, 1], [1, 0]]])
    fits = [RandomForestSegmenter(2, random_state=0).fit(image, y) for image in (X, 1 - X)]
    one, other = (identify(FrozenEstimator(fit)) for fit in fits)
    assert one.fingerprint != other.fingerprint
    # Unfrozen they would be fitted anew.
    assert identify(fits[0]) == identify(fits[1])


def test_what_changes_nothing_does_not_count():
    assert identify(RandomForestSegmenter()) == identify(RandomForestSegmenter(n_jobs=2))
    assert identify(UNetSegmenter()) == identify(UNetSegmenter(verbose=1, checkpoint="folder"))


@pytest.mark.parametrize("value", [(i for i in "ab"), threading.Lock()], ids=["generator", "lock"])
def test_what_cannot_be_told_from_others_is_refused(value):
    with pytest.raises(ValueError, match="cannot be told from others"):
        identify(RandomForestSegmenter(features=[value]))


def test_a_library_that_was_changed_is_another(monkeypatch):
    before = identify(RandomForestSegmenter())
    original = PixelSegmenter.predict_proba
    monkeypatch.setattr(PixelSegmenter, "predict_proba", lambda self, X: original(self, X) / 2)
    changed = identify(RandomForestSegmenter())
    assert changed.parameters == before.parameters
    assert changed.fingerprint != before.fingerprint


def test_the_version_of_this_library_counts(monkeypatch):
    before = identify(RandomForestSegmenter())
    monkeypatch.setattr(emstellar, "__version__", "0.0.1")
    assert identify(RandomForestSegmenter()).fingerprint != before.fingerprint


def test_networks_depend_on_the_backend_and_forests_do_not():
    assert "backend" in identify(UNetSegmenter()).libraries
    assert "backend" not in identify(RandomForestSegmenter()).libraries
    assert "backend" in identify(FrozenEstimator(UNetSegmenter())).libraries


def test_segmenters_of_users_are_theirs():
    class Mine(BaseSegmenter):
        pass

    assert library_of(Mine.__module__) is None
    assert library_of(BaseSegmenter.__module__) == "emstellar"


PROGRAM = """
import keras
from emstellar import UNetSegmenter
from emstellar.fingerprints import identify

class Loss(keras.losses.Loss):
    def __init__(self, factor=1):
        super().__init__()
        self.factor = factor
    def call(self, y_true, y_pred):
        return keras.ops.mean(y_true - y_pred) * self.factor

junk = [Loss() for _ in range({n})]
segmenter = UNetSegmenter(
    optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss=Loss(3), class_weight={{0: 1, 1: 2}},
    callbacks=[keras.callbacks.EarlyStopping(patience=3)], augmentation=lambda i, m, rng: (i, m),
    lr_schedule=keras.optimizers.schedules.CosineDecay(0.01, 10),
)
print(identify(segmenter).fingerprint)
print(identify(segmenter.set_params(loss=Loss(4))).fingerprint)
"""


@pytest.mark.backend
def test_objects_are_the_same_in_another_process():
    outputs = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM.format(n=n)], check=True, capture_output=True, text=True
        ).stdout.split()
        for n in (0, 7)
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0][0] != outputs[0][1]
