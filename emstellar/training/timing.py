"""How long tracing and compilation take, apart from training itself."""

import time
from contextlib import contextmanager

from emstellar._keras import keras


class CompileClock(keras.callbacks.Callback):
    """Add up the seconds that building, tracing and compiling take in a fit.

    A step is traced and compiled when it is first called: that takes as much longer than the
    second call as tracing takes. Of a fit of a single step all is counted.

    Attributes
    ----------
    seconds : float
    began : float
        When it was made, in seconds since 1970.
    cpu_began : float
        Which processor seconds the process had spent by then.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from emstellar.training.timing import CompileClock
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> clock, x = CompileClock(), np.zeros((4, 1))
    >>> history = model.fit(x, x, batch_size=1, callbacks=[clock], verbose=0)
    >>> clock.seconds > 0
    True
    """

    def __init__(self):
        super().__init__()
        self.seconds = 0.0
        self.began, self.cpu_began = time.time(), time.process_time()
        self._called = time.perf_counter()

    @contextmanager
    def running(self):
        """Count all that happens in the block."""
        start = time.perf_counter()
        yield
        self.seconds += time.perf_counter() - start

    def on_train_begin(self, logs=None):
        """Count what Keras has built since this clock was made, and look at the first two steps."""
        self.seconds += time.perf_counter() - self._called
        # On jax `self.model` must not be asked for within a step, which gives its arrays away.
        model, durations = self.model, []
        step = model.train_function

        def timed(*args):
            start = time.perf_counter()
            result = step(*args)
            durations.append(time.perf_counter() - start)
            if len(durations) == 1:
                self.seconds += durations[0]
            else:
                self.seconds -= min(durations)
                model.train_function = step
            return result

        self._step, model.train_function = step, timed

    def on_train_end(self, logs=None):
        """Leave the network as it was."""
        self.model.train_function = self._step
