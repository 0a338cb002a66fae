"""What a computation costs: seconds, processor seconds, memory."""

import threading
import time
from itertools import zip_longest

import numpy as np
import psutil

from ..inspection.device_memory import device_memory, reset_device_memory_peak

SAMPLING_SECONDS = 0.05


class Meter:
    """Measure the block inside ``with``.

    Attributes
    ----------
    wall_time, cpu_time : float
        Seconds; processor time counts every thread of this process.
    peak_memory : float
        The most resident memory that the process held meanwhile, in MB, sampled 20 times a
        second.
    extra_memory : float
        The peak above what the process held at the start, in MB.
    peak_device_memory : float
        The most memory in use on one GPU or TPU meanwhile, in MB; NaN where there is none or the
        backend does not tell. Exact, but in jax, whose peaks cannot be reset: there it is sampled
        where an earlier block has needed more.

    Examples
    --------
    >>> from emstellar.benchmarking.resources import Meter
    >>> with Meter() as meter:
    ...     _ = sum(range(1000))
    >>> meter.wall_time > 0, meter.peak_memory > 0
    (True, True)
    """

    def __enter__(self):
        self._process = psutil.Process()
        self._stopped = threading.Event()
        self._start_memory = self._peak = self._process.memory_info().rss
        reset_device_memory_peak()
        self._device_start = self._device_in_use = device_memory()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *exception):
        self.wall_time = time.perf_counter() - self._wall
        self.cpu_time = time.process_time() - self._cpu
        self._stopped.set()
        self._sampler.join()
        self._look()
        self.peak_memory = self._peak / 1e6
        self.extra_memory = (self._peak - self._start_memory) / 1e6
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


def count_pixels(X):
    """Return the number of pixels of all images of `X`."""
    return sum(image.shape[0] * image.shape[1] for image in X)
