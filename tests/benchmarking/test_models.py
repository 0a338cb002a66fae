"""Fitted segmenters in the store: kept if asked, and equal to what made the maps."""

import warnings

import numpy as np
import pytest
from keras import ops
from sklearn.exceptions import FitFailedWarning

from emstellar import BenchmarkResult, RandomForestSegmenter, UNetSegmenter, benchmark
from emstellar.benchmarking import _benchmark as run_module
from emstellar.benchmarking._store import record_files
from emstellar.benchmarking._store.models import write_model
from tests.segmenters.small import small_segmenter, two_convolutions

from .segmenters import CountingThreshold, FailingSegmenter, LockedThreshold, NoisyThreshold

pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored")


def run(data, methods, store, **options):
    arguments = {"cv": 3, "scoring": "f1", "verbose": 0, "keep_models": True} | options
    return benchmark(methods, **data, store=store, **arguments)


class OwnUNet(UNetSegmenter):
    pass


def own_loss(y_true, y_pred):
    return ops.mean(ops.square(ops.cast(y_true, y_pred.dtype) - y_pred[..., -1:]), axis=-1)


@pytest.mark.backend
def test_models_give_the_maps_that_were_scored(data, tmp_path):
    methods = {
        "U-net": UNetSegmenter(width=1 / 32, epochs=1, batch_size=2),
        "own": small_segmenter(epochs=1),
        "forest": RandomForestSegmenter(3, max_samples=200, features="multiscale"),
    }
    options = {"cv": 2, "random_state": 0, "map_dtype": "float32", "ensembles": ()}
    run(data, methods, tmp_path, **options)
    result = BenchmarkResult.load(tmp_path)
    for method, options in {
        "U-net": {},
        "own": {"network": two_convolutions},
        "forest": {},
    }.items():
        for fold in (0, 1):
            model = result.model(method, fold=fold, **options)
            assert type(model) is type(methods[method])
            maps = result.probabilities(method, "test", fold=fold)
            expected = model.predict_proba(data["X_test"])
            np.testing.assert_allclose(np.stack(list(maps.values())), expected, atol=1e-6)
    kinds = sorted(path.suffix for path in (tmp_path / "jobs").glob("*.repeat0.fold0.*"))
    assert kinds == [".emstellar"] * 2 + [".joblib"] + [".json"] * 3 + [".npz"] * 3


def test_what_load_would_not_know_is_written_by_joblib(tmp_path):
    path = tmp_path / "model.npz"
    for segmenter in (OwnUNet(width=0.5), NoisyThreshold(3.0)):
        model = write_model(segmenter, path)
        assert model.path.suffix == ".joblib"
        assert repr(model.load()) == repr(segmenter)


@pytest.mark.backend
def test_parameters_that_are_no_text_are_written_by_joblib(data, tmp_path):
    segmenter = small_segmenter(epochs=1, loss=own_loss).fit(data["X"], data["y"])
    path = tmp_path / "model.npz"
    model = write_model(segmenter, path)
    assert model.path.suffix == ".joblib"
    found, expected = (s.predict_proba(data["X_test"]) for s in (model.load(), segmenter))
    np.testing.assert_array_equal(found, expected)
    segmenter.set_params(loss="bce")
    assert write_model(segmenter, path).path.suffix == ".emstellar"
    assert [file.name for file in tmp_path.iterdir()] == ["model.emstellar"]


def test_jobs_without_a_model_run_again_only_if_models_are_asked_for(data, tmp_path):
    fits, store = tmp_path / "fits", tmp_path / "store"
    fits.mkdir()
    methods = {"a": CountingThreshold(str(fits))}
    counts = []
    for keep_models in (False, True, True, False):
        result = run(data, methods, store, keep_models=keep_models)
        counts.append(len(list(fits.iterdir())))
    assert counts == [3, 6, 6, 6]
    assert result.model("a", fold=2).classes_.tolist() == [0, 1]


def test_a_model_of_an_earlier_run_does_not_outlive_it(data, tmp_path):
    methods = {"a": NoisyThreshold()}
    run(data, methods, tmp_path)
    for path in (tmp_path / "jobs").glob("a-*.json"):
        path.write_text("{")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        result = run(data, methods, tmp_path, keep_models=False)
    with pytest.raises(ValueError, match="The model of 'a', repeat 0, fold 0 was not kept: call"):
        result.model("a")
    assert not list(tmp_path.rglob("*.joblib"))


def test_a_job_that_is_killed_while_it_runs_again_is_unfinished(data, tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(file, **arrays):
        raise Killed

    methods = {"a": NoisyThreshold(noise=0.3)}
    run(data, methods, tmp_path, keep_models=False, ensembles=())
    monkeypatch.setattr(record_files.np, "savez_compressed", kill)
    with pytest.raises(Killed):
        run(data, methods, tmp_path, ensembles=())
    monkeypatch.undo()
    # Its new model and its old scores would not belong together.
    assert BenchmarkResult.load(tmp_path).missing == [("a", 0, 0)]
    assert run(data, methods, tmp_path).missing == []


def test_a_model_that_cannot_be_written_is_a_failed_job(data, tmp_path):
    methods = {"good": NoisyThreshold(), "locked": LockedThreshold()}
    with pytest.warns(FitFailedWarning, match=r"3 of \d+ jobs failed \(locked\).*pickle"):
        result = run(data, methods, tmp_path)
    with pytest.raises(ValueError, match=r"'locked', repeat 0, fold 0 failed: .*pickle"):
        result.model("locked")
    assert result.model("good").steepness == 10.0


def test_models_that_are_not_there_are_named(data, tmp_path):
    methods = {"a": NoisyThreshold(), "b": FailingSegmenter()}
    with pytest.warns(FitFailedWarning):
        result = run(data, methods, tmp_path)
    for wrong in [("c",), ("a", 1), ("a", 0, 3), ("a, average voting", 0, -1)]:
        with pytest.raises(ValueError, match=r"There is no job .*; the segmenters are \['a'\]"):
            result.model(*wrong)
    with pytest.raises(ValueError, match="'b', repeat 0, fold 0 failed: the network fell apart"):
        result.model("b")
    without_store = benchmark({"a": NoisyThreshold()}, data["X"], data["y"], cv=3, verbose=0)
    with pytest.raises(ValueError, match="was not kept: call benchmark again with the same store"):
        without_store.model("a")


def test_models_need_a_store(data):
    with pytest.raises(ValueError, match=r"keep_models=True needs a folder .*: pass store= too"):
        run(data, {"a": NoisyThreshold()}, None)
    with pytest.raises(ValueError, match="'keep_models' parameter of benchmark must be"):
        run(data, {"a": NoisyThreshold()}, None, keep_models="yes")


def test_no_job_holds_the_model_of_another(data, monkeypatch):
    seen = []

    def make_jobs(*args, **options):
        seen.extend(original(*args, **options))
        return seen

    original = run_module.make_jobs
    monkeypatch.setattr(run_module, "make_jobs", make_jobs)
    benchmark({"a": NoisyThreshold()}, **data, cv=3, scoring="f1", verbose=0)
    assert len(seen) == 3
    assert not any(hasattr(job.segmenter, "classes_") for job in seen)
