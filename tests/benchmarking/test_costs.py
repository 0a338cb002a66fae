"""What a fit costs, whatever ran before it or beside it."""

import time
from pathlib import Path

import keras
import numpy as np
import pytest

from emstellar import KerasSegmenter, RandomForestSegmenter, UNetSegmenter, benchmark
from emstellar.benchmarking._costs import machine_seconds
from emstellar.benchmarking._processes.resources import Meter
from emstellar.benchmarking._processes.warm_up import warm_up_prediction
from emstellar.benchmarking._record import Record
from tests.benchmarking.segmenters import NoisyThreshold
from tests.segmenters.small import bright_discs, small_segmenter, two_convolutions


def record(busy, host="here", seconds=None):
    seconds = sum(end - begin for begin, end in busy) if seconds is None else seconds
    return Record("a", 0, 0, busy=busy, host=host, resources={"fit_time": seconds})


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        # Four at once for two seconds.
        ([record([[5, 7]])] * 4, [0.5] * 4),
        # One after the other, with a pause.
        ([record([[0, 3], [4, 5]]), record([[5, 9]])], [4, 4]),
        # Two hours of three are shared by two, one of them by a third.
        ([record([[0, 3]]), record([[1, 3]]), record([[2, 3]])], [1 + 1 / 2 + 1 / 3, 5 / 6, 1 / 3]),
        # Each machine is billed.
        ([record([[0, 2]]), record([[0, 2]], host="there")], [2, 2]),
        # A store of an older version knows no intervals.
        ([record([], seconds=7.0), record([[0, 2]])], [7, 2]),
    ],
)
def test_the_time_of_a_machine_is_divided_among_its_jobs(records, expected):
    assert machine_seconds(records) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kind", "asked"), [(RandomForestSegmenter, [(1, 64, 64)]), (NoisyThreshold, [])]
)
def test_a_forest_is_compiled_before_its_prediction_is_timed(monkeypatch, kind, asked):
    shapes = []
    monkeypatch.setattr(kind, "predict_proba", lambda self, X: shapes.append(np.shape(X)))
    warm_up_prediction(kind(), np.zeros((3, 100, 90)))
    assert shapes == asked


def test_no_jobs_cost_nothing():
    assert machine_seconds([]).tolist() == []


class Interrupt(keras.callbacks.Callback):
    """Interrupts the fit in the third epoch unless a file is there."""

    def __init__(self, file):
        super().__init__()
        self.file = str(file)

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2 and not Path(self.file).exists():
            raise KeyboardInterrupt


@pytest.mark.backend
def test_a_resumed_fit_counts_all_of_its_pieces(tmp_path):
    X, y = bright_discs()
    options = {"cv": [([0, 1], [2, 3])], "scoring": "f1", "ensembles": (), "verbose": 0}

    network = small_segmenter(checkpoint=str(tmp_path), callbacks=[Interrupt(tmp_path / "on")])
    with pytest.raises(KeyboardInterrupt):
        benchmark({"network": network}, X, y, **options)
    (tmp_path / "on").touch()
    (resumed,) = benchmark({"network": network}, X, y, **options).records
    assert len(resumed.busy) == 3  # two fits, a prediction
    lengths = [end - begin for begin, end in resumed.busy]
    assert resumed.resources["fit_time"] == pytest.approx(sum(lengths[:2]))
    assert resumed.history["elapsed"][-1] < resumed.resources["fit_time"]
    assert resumed.resources["compile_time"] < resumed.resources["fit_time"]


@pytest.mark.backend
def test_tracing_is_no_training():
    X, y = bright_discs()
    network = small_segmenter(epochs=3, steps_per_epoch=4, validation_fraction=0.5).fit(X, y)
    assert 0 < network.compile_time_ < network.fit_time_
    assert network.compile_time_ + network.history_["elapsed"][-1] <= network.fit_time_
    # Without tracing the first epoch is no longer than many of the others together.
    first, last = network.history_["elapsed"][0], network.history_["elapsed"][-1]
    assert first < network.compile_time_ or first < last


def test_prediction_is_warmed_up_for_its_batches(monkeypatch):
    seen = []

    class Watched(KerasSegmenter):
        def predict_proba(self, X, **options):
            seen.append(len(X))
            return super().predict_proba(X, **options)

    X, y = bright_discs()
    splits = [([0, 1], [2, 3])]
    watched = Watched(two_convolutions, size_multiple=1, epochs=1, steps_per_epoch=1)
    benchmark({"a": watched}, X, y, cv=splits, scoring="f1", ensembles=(), verbose=0)
    assert seen == [2, 2]


@pytest.mark.slow
@pytest.mark.nightly
def test_equal_networks_cost_the_same_memory_in_any_order():
    X, y = (np.concatenate([images] * 2) for images in bright_discs())
    unet = UNetSegmenter(width=1 / 16, epochs=1, steps_per_epoch=2, patch_size=16, random_state=0)
    methods = dict.fromkeys(("first", "second", "third"), unet)
    result = benchmark(
        methods, X, y, cv=[([0, 1], [2, 3])], scoring="f1", ensembles=(), verbose=0, isolate=True
    )
    for name in ("fit_peak_memory", "fit_extra_memory"):
        values = result.resources[name]
        assert values.max() <= 1.1 * values.min()


def test_the_meter_sees_time_and_memory():
    with Meter() as meter:
        block = np.ones(20_000_000)
        time.sleep(0.15)
        block.sum()
    assert meter.wall_time > 0.15
    assert 0 < meter.cpu_time < meter.wall_time + 5
    assert 100 < meter.extra_memory < meter.peak_memory
