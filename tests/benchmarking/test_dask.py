"""The jobs of a benchmark on a Dask cluster, through joblib."""

import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest

from emstellar import BenchmarkResult, RandomForestSegmenter, benchmark
from emstellar.benchmarking import _benchmark as run_module
from emstellar.benchmarking import _execution as runner
from emstellar.benchmarking._data import BenchmarkData
from emstellar.benchmarking._store.store import Store

from .segmenters import CountingThreshold, FailingSegmenter, NoisyThreshold

distributed = pytest.importorskip("distributed", reason="needs Dask: pip install '.[dask]'")
pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored")


@pytest.fixture(scope="module")
def cluster():
    """Two workers of one thread each, in this process, so that no test waits for imports."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


class WorkerThreshold(NoisyThreshold):
    """Leaves a file named after the worker, and fails outside of one."""

    def __init__(self, folder, random_state=None):
        super().__init__(random_state=random_state)
        self.folder = folder

    def fit(self, X, y, groups=None):
        (Path(self.folder) / str(distributed.get_worker().name)).touch()
        return super().fit(X, y, groups)


def run(data, methods=None, **options):
    forest = RandomForestSegmenter(3, max_samples=200)
    methods = methods or {"forest": forest, "noisy": NoisyThreshold(noise=0.3)}
    options = {"cv": 3, "scoring": ("f1", "v_rand"), "random_state": 0, "verbose": 0} | options
    return benchmark(methods, **data, **options)


def on_dask(data, **options):
    with joblib.parallel_config(backend="dask"):
        return run(data, **options)


def test_the_table_is_that_of_one_process(data, cluster):
    alone, spread = run(data, n_jobs=1), on_dask(data)
    pd.testing.assert_frame_equal(alone.scores, spread.scores)
    pd.testing.assert_frame_equal(alone.fold_scores, spread.fold_scores)
    pd.testing.assert_frame_equal(alone.curves, spread.curves)
    for method in alone.methods:
        maps = [result.probabilities(method, "test") for result in (alone, spread)]
        np.testing.assert_array_equal(maps[0][2], maps[1][2])


def test_the_jobs_run_on_the_workers(data, cluster, tmp_path):
    result = on_dask(data, methods={"a": WorkerThreshold(str(tmp_path))})
    assert result.errors.empty
    workers = {str(worker["name"]) for worker in cluster.scheduler_info()["workers"].values()}
    assert {path.name for path in tmp_path.iterdir()} <= workers


def test_the_images_travel_once_and_not_with_every_job(data):
    # Dask sends a large argument ahead, and asks sys.getsizeof whether it is large.
    images = {name: data[name] for name in ("X", "y", "X_test")}
    size = sum(array.nbytes for array in images.values())
    for kept in (images, {name: list(array) for name, array in images.items()}):
        assert size < sys.getsizeof(BenchmarkData(**kept)) < size + 10_000


def test_an_error_that_is_no_failure_of_a_job_ends_the_run(data, cluster, tmp_path, monkeypatch):
    def fail(self, record):
        raise RuntimeError("the store fell apart")

    monkeypatch.setattr(Store, "save", fail)
    with pytest.raises(RuntimeError, match="the store fell apart"):
        on_dask(data, store=tmp_path)


def test_failures_and_progress_are_told(data, cluster, capsys, monkeypatch):
    methods = {"good": NoisyThreshold(), "bad": FailingSegmenter()}
    told = []
    # Not by the warning itself, which threads of this process that catch others' may swallow.
    monkeypatch.setattr(run_module, "report_failures", told.append)
    result = on_dask(data, methods=methods, ensembles=(), verbose=1)
    assert len(result.errors) == sum(record.failed for record in told[0]) == 3
    printed = capsys.readouterr().out
    assert "[6/6]" in printed
    assert printed.count("failed, RuntimeError") == 3


def test_an_interrupted_run_keeps_what_is_finished_and_goes_on(
    data, cluster, tmp_path, monkeypatch
):
    fits, store = tmp_path / "fits", tmp_path / "store"
    fits.mkdir()
    methods = {"a": CountingThreshold(str(fits)), "b": CountingThreshold(str(fits), 20.0)}
    seen = []

    def describe(record):
        seen.append(record)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return original(record)

    original = runner._describe
    monkeypatch.setattr(runner, "_describe", describe)
    with pytest.raises(KeyboardInterrupt) as caught:
        on_dask(data, methods=methods, store=store)
    assert caught.value.__notes__[0].startswith("3 of 6 jobs are kept in")
    monkeypatch.undo()
    assert len(BenchmarkResult.load(store).records) >= 3
    resumed = on_dask(data, methods=methods, store=store)
    assert resumed.missing == []
    undisturbed = run(data, methods, n_jobs=1)
    pd.testing.assert_frame_equal(resumed.scores, undisturbed.scores)
