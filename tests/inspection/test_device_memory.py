"""Memory of accelerators, read from backends that are stand-ins: no GPU was at hand.

They answer as the documentation of tensorflow, jax and torch says; that the functions have these
names is checked on those that are installed.
"""

import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from emstellar.benchmarking._processes.resources import Meter
from emstellar.inspection.device_memory import device_memory, reset_device_memory_peak

MB = 1_000_000
BACKENDS = ("tensorflow", "jax", "torch")


class GPU:
    """Memory that is taken and given back."""

    def __init__(self):
        self.in_use = self.peak = 0

    def take(self, megabytes):
        self.in_use += int(megabytes * MB)
        self.peak = max(self.peak, self.in_use)

    def reset(self):
        self.peak = self.in_use


def stand_in(backend, gpus):
    """Return a module with the functions that `backend` has, about these devices."""

    def gpu(name):
        return gpus[int(name.removeprefix("GPU:"))]

    if backend == "tensorflow":
        experimental = SimpleNamespace(
            get_memory_info=lambda name: {"current": gpu(name).in_use, "peak": gpu(name).peak},
            reset_memory_stats=lambda name: gpu(name).reset(),
        )
        listed = {"GPU": gpus, "CPU": ["processor"]}
        return SimpleNamespace(
            config=SimpleNamespace(
                list_physical_devices=listed.__getitem__,
                list_logical_devices=listed.__getitem__,
                experimental=experimental,
            )
        )
    if backend == "jax":
        devices = [
            SimpleNamespace(
                memory_stats=lambda g=g: {"bytes_in_use": g.in_use, "peak_bytes_in_use": g.peak}
            )
            for g in gpus
        ]
        processor = SimpleNamespace(memory_stats=lambda: None)
        return SimpleNamespace(local_devices=lambda: devices or [processor])
    return SimpleNamespace(
        cuda=SimpleNamespace(
            is_initialized=lambda: bool(gpus),
            device_count=lambda: len(gpus),
            memory_allocated=lambda i: gpus[i].in_use,
            max_memory_allocated=lambda i: gpus[i].peak,
            reset_peak_memory_stats=lambda i: gpus[i].reset(),
        )
    )


def install(monkeypatch, backend, module):
    config = SimpleNamespace(backend=lambda: backend)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config))
    monkeypatch.setitem(sys.modules, backend, module)


@pytest.fixture(params=BACKENDS)
def gpus(request, monkeypatch):
    devices = [GPU(), GPU()]
    install(monkeypatch, request.param, stand_in(request.param, devices))
    return devices


def test_each_device_tells_what_is_in_use_and_the_peak(gpus):
    gpus[0].take(30)
    gpus[0].take(-10)
    gpus[1].take(5)
    assert device_memory() == [(20 * MB, 30 * MB), (5 * MB, 5 * MB)]


def test_the_meter_sees_a_peak_however_short(gpus):
    gpus[1].take(10)
    with Meter() as meter:
        gpus[1].take(40)
        gpus[1].take(-45)
    assert meter.peak_device_memory == 50


def test_the_peak_of_an_earlier_block_does_not_count(gpus):
    gpus[0].take(100)
    gpus[0].take(-80)
    with Meter() as meter:
        gpus[0].take(7)
    # In jax, where peaks are of the whole process, this is what was in use at the end.
    assert meter.peak_device_memory == 27


@pytest.mark.parametrize("backend", BACKENDS)
def test_without_a_gpu_it_is_unknown(monkeypatch, backend):
    install(monkeypatch, backend, stand_in(backend, []))
    with Meter() as meter:
        reset_device_memory_peak()
    assert device_memory() == []
    assert np.isnan(meter.peak_device_memory)


def test_nothing_is_loaded_to_be_asked(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras")
    assert device_memory() == []
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace())  # as in the midst of its import
    assert device_memory() == []
    install(monkeypatch, "openvino", SimpleNamespace())
    assert device_memory() == []


def test_a_broken_driver_is_no_error(monkeypatch):
    def fail(*args):
        raise RuntimeError("CUDA driver version is insufficient")

    gpu = stand_in("torch", [GPU()])
    gpu.cuda.memory_allocated = gpu.cuda.reset_peak_memory_stats = fail
    install(monkeypatch, "torch", gpu)
    with Meter() as meter:
        pass
    assert np.isnan(meter.peak_device_memory)


def test_the_installed_backends_have_these_functions():
    tf = pytest.importorskip("tensorflow")
    assert callable(tf.config.list_physical_devices)
    assert callable(tf.config.list_logical_devices)
    assert callable(tf.config.experimental.get_memory_info)
    assert callable(tf.config.experimental.reset_memory_stats)
    jax = pytest.importorskip("jax")
    assert all(callable(device.memory_stats) for device in jax.local_devices())


@pytest.mark.backend
def test_the_processor_has_no_device_memory():
    if any("cpu" not in device.lower() for device in keras.distribution.list_devices()):
        pytest.skip("there is an accelerator")
    assert device_memory() == []
