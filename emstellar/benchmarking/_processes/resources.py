"""What a computation costs: seconds, processor seconds, memory."""

import ctypes
import gc
import sys
import threading
import time
from contextlib import suppress
from itertools import zip_longest

import numpy as np
import psutil

from ...inspection.device_memory import device_memory, reset_device_memory_peak

SAMPLING_SECONDS = 0.05
# A worker that holds so many MB more than after its first job is replaced.
MAX_GROWTH = 500

_fresh = {}
_after_first_job = {}


def release_memory(with_keras):
    """Give memory that nobody uses back to the system; return what the process holds, in MB.

    Without it a computation would seem to need the less, the more an earlier one has left behind.

    Parameters
    ----------
    with_keras : bool
        Whether networks may have left cycles of objects, the search for which takes a while.
    """
    if with_keras:
        gc.collect()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # a C library other than glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)
    return psutil.Process().memory_info().rss / 1e6


def fresh_memory(with_keras):
    """Return what a process holds before its first fit, in MB.

    Parameters
    ----------
    with_keras : bool
        Whether Keras is to be loaded; else it may be or not.

    Returns
    -------
    float
        As it was when this process was asked first.
    """
    if with_keras not in _fresh:
        _fresh[with_keras] = release_memory(with_keras)
    return _fresh[with_keras]


def is_worn_out():
    """Tell, after a job, whether what earlier ones left in this process has become too much.

    TensorFlow keeps the graphs of every fit: 40 MB of a small U-net, in the same process for ever.
    """
    with_keras = "keras" in sys.modules
    held = release_memory(with_keras)
    first = _after_first_job.setdefault(with_keras, held)
    return held > first + MAX_GROWTH


class Meter:
    """Measure the block inside ``with``.

    Parameters
    ----------
    with_keras : bool, optional
        Whether what is measured uses Keras. If given, `peak_memory` is independent of what ran
        before in this process: `fresh_memory`, and `extra_memory` above what the process holds
        when it has returned to the system what it can.

    Attributes
    ----------
    wall_time, cpu_time : float
        Seconds; processor time counts every thread of this process.
    interval : list of float
        Begin and end in seconds since 1970.
    peak_memory : float
        The most resident memory that the process held meanwhile, in MB: as the system tells on
        Linux, elsewhere sampled 20 times a second.
    extra_memory : float
        The peak above what the process held at the start, in MB.
    peak_device_memory : float
        The most memory in use on one GPU or TPU meanwhile, in MB; NaN where there is none or the
        backend does not tell. Exact, but in jax, whose peaks cannot be reset: there it is sampled
        where an earlier block has needed more.

    Examples
    --------
    >>> from emstellar.benchmarking._processes.resources import Meter
    >>> with Meter() as meter:
    ...     _ = sum(range(1000))
    >>> meter.wall_time > 0, meter.peak_memory > 0
    (True, True)
    """

    def __init__(self, with_keras=None):
        self.with_keras = with_keras

    def __enter__(self):
        self._process = psutil.Process()
        self._stopped = threading.Event()
        if self.with_keras is not None:
            release_memory(self.with_keras)
        self._start_memory = self._peak = self._process.memory_info().rss
        self._has_peak = _reset_peak()
        reset_device_memory_peak()
        self._device_start = self._device_in_use = device_memory()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        self._began = time.time()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *exception):
        self.wall_time = time.perf_counter() - self._wall
        self.cpu_time = time.process_time() - self._cpu
        self._stopped.set()
        self._sampler.join()
        self._look()
        self.interval = [self._began, self._began + self.wall_time]
        if self._has_peak:
            self._peak = max(self._peak, _peak())
        self.extra_memory = (self._peak - self._start_memory) / 1e6
        self.peak_memory = self._peak / 1e6
        if self.with_keras is not None:
            self.peak_memory = fresh_memory(self.with_keras) + self.extra_memory
        self.peak_device_memory = self._peak_of_devices() / 1e6

    def _sample(self):
        while not self._stopped.wait(SAMPLING_SECONDS):
            self._look()

    def _look(self):
        self._peak = max(self._peak, self._process.memory_info().rss)
        self._device_in_use = [
            (max(in_use, before), peak)
            for (in_use, peak), (before, _) in zip_longest(
                device_memory(), self._device_in_use, fillvalue=(0, 0)
            )
        ]

    def _peak_of_devices(self):
        """Return the highest peak of a device in bytes, NaN without devices."""
        peaks = [
            peak if peak > peak_at_start else in_use
            for (in_use, peak), (_, peak_at_start) in zip_longest(
                self._device_in_use, self._device_start, fillvalue=(0, 0)
            )
        ]
        return max(peaks, default=np.nan)


def _reset_peak():
    """Let Linux begin anew with the peak of this process; return whether it does."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def _peak():
    """Return the peak resident memory since `_reset_peak`, in bytes."""
    with open("/proc/self/status") as file:
        lines = dict(line.split(":", 1) for line in file)
    return int(lines["VmHWM"].split()[0]) * 1024


def count_pixels(X):
    """Return the number of pixels of all images of `X`."""
    return sum(image.shape[0] * image.shape[1] for image in X)
