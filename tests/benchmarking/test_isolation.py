"""A job may die, the benchmark lives: worker processes."""

import multiprocessing
import os
import signal
import sys
import threading

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import make_scorer

from emstellar import BenchmarkResult, benchmark

from .segmenters import (
    CountingThreshold,
    DyingSegmenter,
    KeptLockThreshold,
    NoisyThreshold,
    TalkingThreshold,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:The groups parameter is ignored"),
    pytest.mark.skipif(sys.platform == "win32", reason="sends signals"),
]
SPLIT = [([0, 1, 2, 3, 4, 5], [6, 7, 8])]


def run(data, methods, **options):
    options = {
        "cv": SPLIT,
        "scoring": "f1",
        "ensembles": (),
        "verbose": 0,
        "isolate": True,
    } | options
    return benchmark(methods, **data, **options)


def processes(folder):
    """Return the processes that have left a file for each fit."""
    return [int(path.name.partition("-")[0]) for path in folder.iterdir()]


def test_who_dies_is_a_row_of_errors_and_is_not_met_again(data, tmp_path):
    fits, store = tmp_path / "fits", tmp_path / "store"
    fits.mkdir()
    methods = {
        "aborted": DyingSegmenter(str(fits)),
        "killed": DyingSegmenter(str(fits), "kill"),
        "left": DyingSegmenter(str(fits), "exit"),
        "good": CountingThreshold(str(fits)),
    }
    with pytest.warns(FitFailedWarning, match=r"3 of 4 jobs failed \(aborted, killed, left\)"):
        result = run(data, methods, store=store)
    errors = result.errors.set_index("method")
    assert errors["type"].tolist() == ["WorkerDied"] * 3
    for method, name in {"aborted": "SIGABRT", "killed": "SIGKILL", "left": "SystemExit"}.items():
        assert name in errors.loc[method, "message"]
    # Where it was in the code.
    assert "segmenters.py" in errors.loc["aborted", "traceback"]
    assert result.methods == ["good"]
    assert len(processes(fits)) == 4
    with pytest.warns(FitFailedWarning):
        resumed = run(data, methods, store=store)
    assert len(processes(fits)) == 4
    assert len(resumed.errors) == 3
    with pytest.warns(FitFailedWarning):
        run(
            data, {name: methods[name] for name in ("left", "good")}, store=store, retry_failed=True
        )
    assert len(processes(fits)) == 5


def deadly(y_true, y_prob):
    """Count the call, and end the process."""
    with open(os.environ["TESTS_FILE_OF_CALLS"], "a") as file:
        file.write("called\n")
    os.kill(os.getpid(), signal.SIGKILL)


def test_who_dies_of_a_further_metric_is_not_met_again_and_keeps_its_scores(
    data, tmp_path, monkeypatch
):
    calls, store = tmp_path / "calls", tmp_path / "store"
    monkeypatch.setenv("TESTS_FILE_OF_CALLS", str(calls))
    scoring = {"f1": "f1", "deadly": make_scorer(deadly, response_method="predict_proba")}
    methods = {"a": NoisyThreshold()}
    first = run(data, methods, store=store)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"All the 1 jobs failed.*\n.*SIGKILL"):
            run(data, methods, store=store, scoring=scoring)
        assert calls.read_text() == "called\n"
    assert BenchmarkResult.load(store).errors["type"].tolist() == ["WorkerDied"]
    with pytest.raises(ValueError, match="All the 1 jobs failed"):
        run(data, methods, store=store, scoring=scoring, retry_failed=True)
    assert calls.read_text() == "called\n" * 2
    again = run(data, methods, store=store, scoring=("f1", "roc_auc"))
    assert again.errors.empty
    scores = again.fold_scores[again.fold_scores["metric"] == "f1"].reset_index(drop=True)
    pd.testing.assert_frame_equal(scores, first.fold_scores)


def test_one_worker_does_all_jobs_of_all_calls(data, tmp_path):
    method = {"a": CountingThreshold(str(tmp_path))}
    for _ in range(2):
        run(data, method, cv=3)
    (process,) = set(processes(tmp_path))
    assert process != os.getpid()


def test_isolate_false_stays_in_this_process(data, tmp_path):
    run(data, {"a": CountingThreshold(str(tmp_path))}, isolate=False)
    assert processes(tmp_path) == [os.getpid()]


def test_isolation_may_be_set_by_the_environment(data, tmp_path, monkeypatch):
    monkeypatch.setenv("EMSTELLAR_ISOLATE", "0")
    run(data, {"a": CountingThreshold(str(tmp_path))}, isolate=None)
    assert processes(tmp_path) == [os.getpid()]


def test_threads_of_joblib_are_honoured(data, tmp_path):
    with joblib.parallel_config(backend="threading", n_jobs=2):
        run(data, {"a": CountingThreshold(str(tmp_path))}, cv=3)
    assert set(processes(tmp_path)) == {os.getpid()}


def test_results_are_those_of_this_process(data):
    methods = {"a": NoisyThreshold(noise=0.3)}
    tables = [
        run(data, methods, cv=3, random_state=0, isolate=isolate).scores
        for isolate in (True, False)
    ]
    np.testing.assert_array_equal(*(table["value"] for table in tables))


def test_what_jobs_print_log_and_warn_of_reaches_the_user(data, capsys, caplog):
    caplog.set_level("INFO", logger="emstellar")
    with pytest.warns(UserWarning, match="a warning of the fit"):
        result = run(data, {"a": TalkingThreshold()})
    assert result.errors.empty
    assert capsys.readouterr().out == "fitting\n"
    assert caplog.messages[0] == "a message of the fit"


@pytest.mark.filterwarnings("error:a warning of the fit", "ignore:1 of 2 jobs failed")
def test_warnings_that_are_errors_fail_the_job_alone(data):
    result = run(data, {"a": TalkingThreshold(), "b": NoisyThreshold()})
    assert result.errors["type"].tolist() == ["UserWarning"]


def test_what_cannot_be_pickled_runs_here_with_a_warning(data):
    with pytest.warns(UserWarning, match="'a' cannot be sent to a worker process"):
        result = run(data, {"a": KeptLockThreshold(threading.Lock())})
    assert result.methods == ["a"]


def test_an_interrupt_ends_the_workers_and_keeps_what_is_finished(data, tmp_path):
    fits, store = tmp_path / "fits", tmp_path / "store"
    fits.mkdir()
    methods = {"a": CountingThreshold(str(fits)), "b": DyingSegmenter(str(fits), "interrupt")}
    with pytest.raises(KeyboardInterrupt) as caught:
        run(data, methods, store=store)
    assert caught.value.__notes__[0].startswith("1 of 2 jobs are kept in")


def test_no_worker_outlives_its_use(data, tmp_path):
    from emstellar.benchmarking._processes.isolation import stop_idle_workers

    run(data, {"a": CountingThreshold(str(tmp_path))})
    (process,) = processes(tmp_path)
    assert process in [child.pid for child in multiprocessing.active_children()]
    stop_idle_workers()
    assert process not in [child.pid for child in multiprocessing.active_children()]
