"""What a store gives back is what would be computed anew: other code, versions, scorers, names."""

import os
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import make_scorer

import emstellar
from emstellar import BenchmarkResult, RandomForestSegmenter, benchmark
from emstellar.metrics import f1_score

from .segmenters import CountingThreshold, NoisyThreshold
from .test_store import count, run

pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored")


def only(methods, data, store, **options):
    options = {"cv": 2, "scoring": "f1", "ensembles": (), "verbose": 0} | options
    return benchmark(methods, data["X"], data["y"], store=store, random_state=0, **options)


def forest(features):
    return RandomForestSegmenter(3, features=features, max_samples=200)


def module(code):
    names = {"np": np, "__name__": "users_module"}
    exec(code, names)
    return names


def test_an_edited_feature_function_is_another_job(data, store):
    banks = [
        module(f"def bank(image): return np.dstack([image, image ** {power}])")["bank"]
        for power in (1, 2)
    ]
    first = only({"forest": forest(banks[0])}, data, store)
    with pytest.warns(UserWarning, match="holds results of 'forest' computed with other code of"):
        second = only({"forest": forest(banks[1])}, data, store)
    anew = only({"forest": forest(banks[1])}, data, None)
    pd.testing.assert_frame_equal(second.fold_scores, anew.fold_scores)
    assert not second.fold_scores["value"].equals(first.fold_scores["value"])
    # The old ones are kept: nothing is lost by going back.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = only({"forest": forest(banks[0])}, data, store)
    pd.testing.assert_frame_equal(again.resources, first.resources)


def test_another_version_is_another_job(data, fits, store, monkeypatch):
    run(data, fits, store)
    monkeypatch.setattr(emstellar, "__version__", "0.0.1")
    with pytest.warns(UserWarning, match=r"computed with emstellar .* \(now 0\.0\.1 .*run again"):
        run(data, fits, store)
    assert count(fits) == 12


@pytest.mark.parametrize("kind", ["function", "threshold"])
def test_an_edited_scorer_scores_anew_and_fits_nothing(data, fits, store, kind):
    def own(y_true, y_prob):
        return f1_score(y_true, y_prob, threshold=0.6)

    def edited(y_true, y_prob):
        return f1_score(y_true, y_prob, threshold=0.9)

    functions = {
        "function": (own, edited),
        "threshold": [partial(f1_score, threshold=t) for t in (0.6, 0.9)],
    }[kind]
    scorers = [
        {"own": make_scorer(function, response_method="predict_proba")} for function in functions
    ]
    options = {"map_dtype": "float32", "cv": 3}
    first, second = (run(data, fits, store, scoring=scorer, **options) for scorer in scorers)
    assert count(fits) == 6
    anew = run(data, fits, store.with_name("anew"), scoring=scorers[1], **options)
    pd.testing.assert_frame_equal(second.fold_scores, anew.fold_scores)
    assert not second.fold_scores["value"].equals(first.fold_scores["value"])


@pytest.mark.parametrize(
    "names",
    [("rate 1e-3", "rate 1e+3"), ("森林", "лес"), ("a/b", "a b"), ("x" * 300, "x" * 301)],
    ids=["signs", "alphabets", "slash", "long"],
)
def test_names_that_look_alike_are_two_methods(data, store, names):
    methods = {name: NoisyThreshold(noise=0.2 + i) for i, name in enumerate(names)}
    first = only(methods, data, store)
    again = only(methods, data, store)
    assert list(first.methods) == list(names)
    pd.testing.assert_frame_equal(first.fold_scores, again.fold_scores)
    loaded = BenchmarkResult.load(store)
    assert loaded.missing == []
    pd.testing.assert_frame_equal(loaded.fold_scores, first.fold_scores)


def test_a_renamed_method_is_not_fitted_again(data, fits, store):
    run(data, fits, store)
    methods = {"a-b": CountingThreshold(str(fits)), "c": CountingThreshold(str(fits), 20.0)}
    renamed = run(data, fits, store, segmenters=methods)
    assert count(fits) == 6
    assert renamed.methods_of("segmenter") == ["a-b", "c"]
    assert BenchmarkResult.load(store).probabilities("a-b", "test")


def test_two_calls_with_some_of_the_methods_each_are_one_benchmark(data, store):
    methods = {"a": NoisyThreshold(noise=0.3), "b": NoisyThreshold(noise=0.6)}
    options = {"ensembles": ("average voting",)}
    for name, method in methods.items():
        only({name: method}, data, store, **options)
    loaded = BenchmarkResult.load(store)
    together = only(methods, data, store.with_name("together"), **options)
    order = ["method", "fold", "metric"]
    found, expected = (
        r.fold_scores.sort_values(order, ignore_index=True) for r in (loaded, together)
    )
    assert set(loaded.methods) == {"a", "b", "average voting"}
    pd.testing.assert_frame_equal(found, expected, check_like=True)


def test_calls_on_other_folds_are_other_benchmarks(data, store):
    only({"a": NoisyThreshold()}, data, store)
    only({"b": NoisyThreshold(3.0)}, data, store, cv=3)
    assert BenchmarkResult.load(store).methods == ["b"]


def test_a_complete_store_can_be_read_only(data, fits, store, monkeypatch):
    first = run(data, fits, store)
    with monkeypatch.context() as context:
        refuse_writing(context)
        again = run(data, fits, store)
        pd.testing.assert_frame_equal(first.scores, again.scores)
        with pytest.raises(OSError, match=r"Nothing can be written to .*; choose another folder"):
            run(data, fits, store, cv=2)
    assert count(fits) == 6


def refuse_writing(monkeypatch):
    """Make a disk that cannot be written, as far as a process that may write everything can."""

    def refuse(path, mode="r", *args, **options):
        if set(mode) & set("wxa"):
            raise OSError(30, "Read-only file system", str(path))
        return original(path, mode, *args, **options)

    original = open
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **options: refuse("file", "w"))


@pytest.mark.parametrize("keep_models", [False, True])
def test_a_full_disk_costs_no_job_and_fails_none_for_ever(
    data,
    fits,
    store,
    monkeypatch,
    keep_models,
):
    def full(descriptor):
        if Path(os.readlink(f"/proc/self/fd/{descriptor}")).parent.name == "jobs":
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as context:
        context.setattr("emstellar.files.os.fsync", full)
        with pytest.warns(UserWarning, match=r"could not keep .*No space left.* result only"):
            first = run(data, fits, store, keep_models=keep_models)
    assert first.errors.empty
    second = run(data, fits, store, keep_models=keep_models)
    assert count(fits) == 12
    assert second.errors.empty
    pd.testing.assert_frame_equal(first.scores, second.scores)
    assert run(data, fits, store).missing == []
    assert count(fits) == 12


def test_a_job_that_met_a_full_disk_runs_again(data, store, tmp_path):
    class Full(NoisyThreshold):
        def fit(self, X, y):
            if not (tmp_path / "room").exists():
                raise OSError(28, "No space left on device")
            return super().fit(X, y)

    with pytest.warns(FitFailedWarning):
        only({"good": NoisyThreshold(), "full": Full(3.0)}, data, store)
    (tmp_path / "room").touch()
    assert only({"good": NoisyThreshold(), "full": Full(3.0)}, data, store).errors.empty
