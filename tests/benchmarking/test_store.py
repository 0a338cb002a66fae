"""A benchmark that is stopped goes on, and repeats nothing."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import FitFailedWarning

from emstellar import BenchmarkResult, benchmark
from emstellar.benchmarking import _benchmark as run_module
from emstellar.benchmarking.job import Job

from .segmenters import CountingThreshold, FailingSegmenter, NoisyThreshold

pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored")


def run(data, fits, store, **options):
    methods = {"a/b": CountingThreshold(str(fits)), "c": CountingThreshold(str(fits), 20.0)}
    options = {"segmenters": methods, "cv": 3, "scoring": "f1", "verbose": 0} | options
    return benchmark(**data, store=store, random_state=0, **options)


def count(fits):
    return len(list(fits.iterdir()))


def test_a_second_run_fits_nothing_and_gives_the_same(data, fits, store):
    first = run(data, fits, store)
    second = run(data, fits, store)
    assert count(fits) == 6
    pd.testing.assert_frame_equal(first.scores, second.scores)
    pd.testing.assert_frame_equal(first.resources, second.resources)


def test_the_store_alone_gives_the_result(data, fits, store):
    first = run(data, fits, store)
    loaded = BenchmarkResult.load(store)
    pd.testing.assert_frame_equal(first.scores, loaded.scores)
    pd.testing.assert_frame_equal(first.curves, loaded.curves)
    np.testing.assert_array_equal(loaded.data.X, data["X"])
    np.testing.assert_array_equal(
        first.probabilities("c", "test")[1], loaded.probabilities("c", "test")[1]
    )
    assert loaded.missing == []
    assert loaded.methods == first.methods


def test_a_store_without_the_best_fold_stays_as_it_is_until_it_is_asked_for(data, fits, store):
    votes = ("average voting", "majority voting")
    run(data, fits, store, ensembles=votes)
    assert not [m for m in BenchmarkResult.load(store).methods if m.endswith("best fold")]
    more = run(data, fits, store)
    assert count(fits) == 6
    assert {"a/b, best fold", "c, best fold"} < set(more.methods)
    loaded = BenchmarkResult.load(store)
    assert loaded.methods == more.methods
    pd.testing.assert_frame_equal(loaded.fold_scores, more.fold_scores)


def test_a_killed_run_continues(data, fits, store, monkeypatch):
    class Killed(BaseException):
        pass

    def run_three(self, *args):
        if count(fits) == 3:
            raise Killed
        return original(self, *args)

    original = Job.run
    monkeypatch.setattr(Job, "run", run_three)
    with pytest.raises(Killed):
        run(data, fits, store)
    monkeypatch.undo()
    partial = BenchmarkResult.load(store)
    assert len(partial.missing) == 3
    assert "not finished" in partial.to_html()
    resumed = run(data, fits, store)
    assert count(fits) == 6
    pd.testing.assert_frame_equal(
        resumed.scores, run(data, fits, store.with_name("undisturbed")).scores
    )


def test_an_interrupt_says_where_the_finished_jobs_are(data, fits, store):
    methods = {"good": CountingThreshold(str(fits)), "bad": FailingSegmenter(KeyboardInterrupt)}
    with pytest.raises(KeyboardInterrupt) as caught:
        run(data, fits, store, segmenters=methods)
    assert caught.value.__notes__ == [
        f"1 of 6 jobs are kept in {store}; the same call continues with the rest."
    ]
    assert len(BenchmarkResult.load(store).records) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"cv": 2},
        {"map_dtype": "uint8"},
        {"segmenters": "steepness"},
        {"X": "one pixel"},
        {"X_test": "one pixel"},
    ],
)
def test_whatever_the_result_depends_on_makes_another_job(data, fits, store, change):
    run(data, fits, store)
    before = count(fits)
    for name in ("X", "X_test"):
        if name in change:
            data[name] = data[name].copy()
            data[name][0, 0, 0] += 1
    options = {key: value for key, value in change.items() if key in ("cv", "map_dtype")}
    if "segmenters" in change:
        options["segmenters"] = {"a/b": CountingThreshold(str(fits), 11.0)}
    run(data, fits, store, **options)
    assert count(fits) - before == {"cv": 4, "segmenters": 3}.get(next(iter(change)), 6)


def test_a_new_method_runs_alone(data, fits, store):
    run(data, fits, store)
    methods = {"a/b": CountingThreshold(str(fits)), "new": CountingThreshold(str(fits), 5.0)}
    result = run(data, fits, store, segmenters=methods)
    assert count(fits) == 9
    assert result.methods_of("segmenter") == ["a/b", "new"]


def test_new_metrics_are_computed_from_the_kept_maps(data, fits, store):
    run(data, fits, store, map_dtype="float32")
    more = run(data, fits, store, map_dtype="float32", scoring=("f1", "roc_auc", "v_rand"))
    assert count(fits) == 6
    options = {"map_dtype": "float32", "scoring": ("f1", "roc_auc", "v_rand")}
    fresh = run(data, fits, store.with_name("fresh"), **options)
    pd.testing.assert_frame_equal(more.fold_scores, fresh.fold_scores, atol=1e-6)
    assert BenchmarkResult.load(store).metrics == ["f1", "roc_auc", "v_rand"]


def test_failed_jobs_run_again_only_if_asked(data, store, tmp_path):
    methods = {"good": NoisyThreshold(), "bad": FailingSegmenter(folder=str(tmp_path))}
    with pytest.warns(FitFailedWarning):
        run(data, tmp_path, store, segmenters=methods)
    (tmp_path / "mended").touch()
    with pytest.warns(FitFailedWarning):
        kept = run(data, tmp_path, store, segmenters=methods)
    assert len(kept.errors) == 3
    mended = run(data, tmp_path, store, segmenters=methods, retry_failed=True)
    assert mended.errors.empty
    assert BenchmarkResult.load(store).errors.empty


def test_damaged_job_files_are_named_and_run_again(data, fits, store):
    run(data, fits, store)
    path = next(store.glob("jobs/c-*.repeat0.fold1.*.json"))
    path.write_text(path.read_text()[:50])
    with pytest.warns(UserWarning, match=rf"{path.name} is damaged .*; the job runs again"):
        run(data, fits, store)
    assert count(fits) == 7


def test_no_store_and_a_damaged_store_are_named(store, data, fits):
    with pytest.raises(FileNotFoundError, match=r"holds no benchmark \(no file benchmark-"):
        BenchmarkResult.load(store)
    run(data, fits, store)
    (manifest,) = store.glob("benchmark-*.json")
    (images,) = store.glob("data-*.npz")
    text = manifest.read_text()
    manifest.write_text(json.dumps({"data": "gone.npz"}))
    with (
        pytest.warns(UserWarning, match=rf"{manifest.name} is damaged .* left out"),
        pytest.raises(ValueError, match=r"none of its files benchmark-.* no job is lost"),
    ):
        BenchmarkResult.load(store)
    manifest.write_text(text)
    images.unlink()
    with pytest.raises(ValueError, match=r"its images cannot be read .* writes them anew"):
        BenchmarkResult.load(store)
    run(data, fits, store)
    assert count(fits) == 6
    assert BenchmarkResult.load(store).missing == []


def test_what_killed_processes_left_is_deleted_after_a_day(data, fits, store):
    run(data, fits, store)
    old, new = store / "jobs" / ".1-ab.tmp.npz", store / "jobs" / ".2-cd.tmp.npz"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    run(data, fits, store, cv=2)
    assert not old.exists()
    assert new.exists()


def test_a_damaged_call_is_written_anew(data, fits, store):
    run(data, fits, store)
    (manifest,) = store.glob("benchmark-*.json")
    manifest.write_text(manifest.read_text().replace('"a/b"', '"a/c"'))
    with pytest.warns(UserWarning, match=rf"{manifest.name} is damaged .*content has changed"):
        run(data, fits, store)
    assert BenchmarkResult.load(store).methods_of("segmenter") == ["a/b", "c"]


def test_nothing_temporary_is_left(data, fits, store):
    run(data, fits, store)
    assert not [path for path in store.rglob("*") if path.name.startswith(".")]


class Untold:
    """Can be copied, and holds what cannot be told from others."""

    def __init__(self):
        self.lock = threading.Lock()

    def __deepcopy__(self, memo):
        return self


def test_parameters_that_cannot_be_fingerprinted_are_named(data, store):
    methods = {"a": NoisyThreshold(steepness=Untold())}
    with pytest.raises(ValueError, match="cannot be fingerprinted, which `store` needs"):
        benchmark(methods, **data, store=store, verbose=0)
    assert not store.exists()


def test_lists_of_images_survive_the_store(data, store):
    X = [image[: 20 + i] for i, image in enumerate(data["X"][:4])]
    y = [mask[: 20 + i] for i, mask in enumerate(data["y"][:4])]
    benchmark({"a": NoisyThreshold()}, X, y, cv=2, scoring="f1", store=store, verbose=0)
    loaded = BenchmarkResult.load(store)
    assert [image.shape for image in loaded.data.X] == [(20 + i, 24) for i in range(4)]
    assert run_module.Store(store).load_benchmark()[0].scoring == ["f1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_killed_outright_resumes_to_the_same_table(data, fits, store, tmp_path):
    np.savez(tmp_path / "data.npz", **data)
    code = (
        "import os, signal, sys; import numpy as np\n"
        "from emstellar.benchmarking.job import Job\n"
        "from tests.benchmarking.test_store import count, run\n"
        "from pathlib import Path\n"
        "data, fits, store = np.load(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])\n"
        "original = Job._predict\n"
        "def predict(self, *args):\n"
        "    original(self, *args)\n"
        "    if count(fits) == 4: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Job._predict = predict\n"
        "run(dict(data), fits, store)\n"
    )
    command = [sys.executable, "-c", code, tmp_path / "data.npz", fits, store]
    killed = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -9
    assert len(BenchmarkResult.load(store).records) == 3
    resumed = run(data, fits, store)
    assert count(fits) == 4 + 3
    pd.testing.assert_frame_equal(
        resumed.scores, run(data, fits, store.with_name("undisturbed")).scores
    )
