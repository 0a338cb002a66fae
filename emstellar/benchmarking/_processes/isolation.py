"""Worker processes that may die: whose job then failed is known, and a new worker goes on.

The executors of `concurrent.futures`, loky and joblib give up all jobs when one of their processes
dies, and do not tell which job it was. Here every worker has one job at a time and a pipe of its
own. The processes are those of loky (in joblib), which need no ``if __name__ == "__main__"`` in the
user's script, and what they are sent is pickled by cloudpickle, which knows the classes and
functions of notebooks.
"""

import atexit
import logging
import os
import pickle
import signal
import sys
import tempfile
import threading
import warnings
from contextlib import contextmanager, suppress
from functools import lru_cache
from multiprocessing.connection import wait
from pathlib import Path

import cloudpickle
import joblib
import psutil
import sklearn
from joblib.externals.loky.backend.context import get_context

from .worker import serve

# What these say is read when a library is loaded: another value needs another process.
_READ_ONCE = ("CUDA_", "JAX_", "KERAS_", "LD_", "MALLOC_", "MKL_", "NUMBA_", "OMP_", "OPENBLAS_")
_READ_ONCE += ("PYTHON", "TF_", "XLA_")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_ATTEMPTS = 3
_POLL_SECONDS = 1

_idle = []
_lock = threading.Lock()


class WorkerDied(RuntimeError):
    """The process that ran a job is no more; the message says of what it died."""


def pack(function):
    """Return a call without arguments, and what it may depend on, as a message for a worker.

    Raises
    ------
    Exception
        Whatever pickling raises.
    """
    call = cloudpickle.dumps((function, list(warnings.filters), sklearn.get_config()))
    surroundings = {
        "path": list(sys.path),
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "log_level": logging.getLogger("emstellar").getEffectiveLevel(),
    }
    return surroundings, call


def run_isolated(messages, n_workers, max_threads=None):
    """Have calls performed by worker processes, some at once.

    Parameters
    ----------
    messages : iterable of (key, message)
        By `pack`; read when a worker is free.
    n_workers : int
    max_threads : int, optional
        Of each worker; by default the processors are shared out among several workers.

    Yields
    ------
    key
    outcome : object
        What the call returned, or a `WorkerDied`.

    Raises
    ------
    BaseException
        What a call raises, `KeyboardInterrupt` too. Workers that are at work are then killed, as
        they are when the generator is closed.
    """
    messages, busy, told = iter(messages), [], set()
    environment = _environment(n_workers, max_threads)
    try:
        while True:
            while len(busy) < n_workers and (item := next(messages, None)) is not None:
                busy.append(_hire(environment))
                busy[-1].begin(*item)
            if not busy:
                return
            wait([worker.connection for worker in busy], timeout=_POLL_SECONDS)
            for worker in list(busy):
                if worker.look():
                    busy.remove(worker)
                    worker.dismiss()
                    yield worker.key, worker.outcome(told)
    finally:
        for worker in busy:
            worker.kill()


def stop_idle_workers():
    """End the processes that wait for further jobs; the next benchmark starts new ones."""
    with _lock:
        while _idle:
            _idle.pop().stop()


# Before multiprocessing waits for its children, which it does at exit too.
atexit.register(stop_idle_workers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)


def _hire(environment):
    """Return a worker that waits, if there is one that was started so, or a new one."""
    with _lock:
        while _idle:
            worker = _idle.pop()
            if worker.environment == environment and worker.process.is_alive():
                return worker
            worker.stop()
    return Worker(environment)


def _environment(n_workers, max_threads):
    """Return the variables that a worker must be started with."""
    found = {name: value for name, value in os.environ.items() if name.startswith(_READ_ONCE)}
    # Set when Keras is first imported, in this process or in the worker.
    found.pop("TF_CPP_MIN_LOG_LEVEL", None)
    keras = sys.modules.get("keras")
    if keras is not None and "KERAS_BACKEND" in found:
        # The variable may have been changed after Keras had read it.
        found["KERAS_BACKEND"] = keras.config.backend()
    if max_threads is not None:
        found |= dict.fromkeys(_THREADS, str(max_threads))
    elif n_workers > 1:
        share = str(max(joblib.cpu_count() // n_workers, 1))
        found = dict.fromkeys(_THREADS, share) | found
    return found


class Worker:
    """A process that performs one call at a time.

    Parameters
    ----------
    environment : dict of str to str
        Variables beside those of this process.
    """

    def __init__(self, environment):
        self.environment = environment
        self.key = self._reply = self._death = None
        file, self._crash_report = tempfile.mkstemp(prefix="emstellar-worker-", suffix=".txt")
        os.close(file)
        self._start()

    def _start(self):
        context = get_context("loky")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=serve, args=(theirs, self._crash_report), env=self.environment
        )
        self.process.start()
        theirs.close()

    def begin(self, key, message):
        """Send a call."""
        self.key, self._reply, self._begun, self._attempts = key, None, False, 1
        surroundings, call = message
        surroundings["environment"] |= self.environment
        self._message = pickle.dumps((surroundings, call))
        self._send()

    def _send(self):
        # A worker that has just died is found out by `look`.
        with suppress(OSError):
            self.connection.send_bytes(self._message)

    def look(self):
        """Read what has arrived; return whether the call has ended, or the process."""
        alive = self.process.is_alive()
        try:
            while self.connection.poll():
                kind, content = self.connection.recv()
                if kind in ("stdout", "stderr"):
                    getattr(sys, kind).write(content)
                    getattr(sys, kind).flush()
                elif kind == "log":
                    logging.getLogger(content.name).handle(content)
                elif kind == "begun":
                    self._begun = True
                else:
                    self._reply = cloudpickle.loads(content)
                    return True
        except (EOFError, OSError):
            self.process.join()
            alive = False
        return False if alive else self._ended_without_reply()

    def _ended_without_reply(self):
        if self._begun or self._attempts == _ATTEMPTS:
            return True
        # It died before the call began, perhaps while it waited: the call is not to blame.
        self._attempts += 1
        self.connection.close()
        self._start()
        self._send()
        return False

    def outcome(self, told):
        """Return what the call returned or died of, raise what it raised.

        Parameters
        ----------
        told : set
            The warnings that the user has had; further ones are given and added.
        """
        if self._reply is None:
            return self._death
        kind, value, caught, _ = self._reply
        for warning in caught:
            if warning not in told:
                told.add(warning)
                _tell(*warning)
        if kind == "raised":
            raise value
        if kind == "exited":
            return WorkerDied(f"SystemExit: the job called sys.exit({value!r}).")
        return value

    def dismiss(self):
        """Let the worker wait for the next call, or clear away what is left of it."""
        if self._reply is None:
            self._death = self._describe_death()
            self.kill()
        elif self._reply[-1]:
            self.stop()
        else:
            with _lock:
                _idle.append(self)

    def _describe_death(self):
        code = self.process.exitcode
        if not self._begun:
            death = WorkerDied(
                f"Worker processes end (exit code {code}) before they can begin a job; "
                "isolate=False runs jobs in this process."
            )
        elif code is not None and code < 0:
            death = WorkerDied(_describe_signal(-code))
        else:
            death = WorkerDied(f"The process of this job ended by itself with exit code {code}.")
        report = Path(self._crash_report).read_text(errors="replace")
        if report:
            death.add_note(report)
        return death

    def stop(self):
        """End the process, which waits."""
        self.connection.close()
        self.process.join(timeout=5)
        self.kill()

    def kill(self):
        """End the process, whatever it does, and all that it has started."""
        if self.process.is_alive():
            this = psutil.Process(self.process.pid)
            for process in [*this.children(recursive=True), this]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.join()
        self.connection.close()
        Path(self._crash_report).unlink(missing_ok=True)


def _describe_signal(number):
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    hint = ""
    if name == "SIGKILL":
        hint = " Linux ends processes so when memory is short."
    return f"{name}: the process of this job was ended by a signal.{hint}"


def _tell(text, category, filename, line):
    """Give a warning of a worker to the user."""
    try:
        category(text)
    except TypeError:
        category = UserWarning
    with warnings.catch_warnings():
        # It has passed the filters; "error" would stop the benchmark, not the job.
        warnings.filterwarnings("default", category=category)
        warnings.warn_explicit(text, category, filename, line)


@contextmanager
def shared_file(data):
    """Give the name of a file that holds `data`, for `read_shared`, while the block runs."""
    with tempfile.TemporaryDirectory(prefix="emstellar-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "data"
        joblib.dump(data, path)
        yield str(path)


@lru_cache(maxsize=1)
def read_shared(path):
    """Return what is in a file of `shared_file`; workers share the memory of the arrays."""
    # Copy on write: a segmenter that changes its images changes them for nobody else.
    return joblib.load(path, mmap_mode="c")
