"""What a worker process does: one call after the other, until its parent needs it no more."""

import faulthandler
import io
import logging
import logging.handlers
import os
import pickle
import queue
import signal
import sys
import threading
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout, suppress

import cloudpickle
from sklearn import config_context

from .resources import is_worn_out

IDLE_SECONDS = 300
_LOGGER = logging.getLogger("emstellar")


def serve(connection, crash_report):
    """Answer the calls that arrive; return when none came for `IDLE_SECONDS`.

    Parameters
    ----------
    connection : multiprocessing.connection.Connection
        Over which `isolation.Worker` sends calls, and gets (kind, content): "begun", what is
        printed ("stdout", "stderr") and logged ("log"), and "finished".
    crash_report : str
        The file that tells, if the process dies of a signal, where in the code that was.
    """
    # Ctrl-C reaches all processes of a terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _volunteer_for_lack_of_memory()
    post, calls = _Post(connection), queue.SimpleQueue()
    _LOGGER.addHandler(_LogRelay(post))
    threading.Thread(target=_receive, args=(connection, calls), daemon=True).start()
    with open(crash_report, "w") as file:
        faulthandler.enable(file)
        while True:
            try:
                call = calls.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                return
            post("begun", None)
            post("finished", _answer(call, post))


def _volunteer_for_lack_of_memory():
    """Let Linux, when memory is short, end this process before the one that started it."""
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")


def _receive(connection, calls):
    """Pass on the calls; end the process, whatever it does, with its parent."""
    while True:
        try:
            calls.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


class _Post:
    """Sends messages to the parent, from any thread."""

    def __init__(self, connection):
        self._connection = connection
        self._lock = threading.Lock()

    def __call__(self, kind, content):
        with self._lock:
            self._connection.send((kind, content))


class _LogRelay(logging.handlers.QueueHandler):
    """Lets the parent handle what the library logs."""

    def enqueue(self, record):
        self.queue("log", record)


class _Relay(io.TextIOBase):
    """A text stream whose lines are printed by the parent."""

    def __init__(self, post, kind):
        self._post, self._kind, self._line = post, kind, ""

    def writable(self):
        return True

    def write(self, text):
        self._line += text
        if "\n" in text:
            self.flush()
        return len(text)

    def flush(self):
        text, self._line = self._line, ""
        if text:
            self._post(self._kind, text)


def _answer(message, post):
    """Return, pickled, what became of a call: its kind, value, warnings, and what of the worker."""
    surroundings, call = pickle.loads(message)
    _imitate(**surroundings)
    streams = _Relay(post, "stdout"), _Relay(post, "stderr")
    with (
        warnings.catch_warnings(record=True) as caught,
        redirect_stdout(streams[0]),
        redirect_stderr(streams[1]),
    ):
        kind, value = _perform(call)
    for stream in streams:
        stream.flush()
    told = [(str(w.message), w.category, w.filename, w.lineno) for w in caught]
    try:
        return cloudpickle.dumps((kind, value, told, is_worn_out()))
    except Exception as error:
        value = TypeError(f"What the job returned cannot leave its process: {error}")
        return cloudpickle.dumps(("raised", value, [], is_worn_out()))


def _imitate(path, directory, environment, log_level):
    """Make modules, relative paths and environment variables mean what they mean to the parent."""
    sys.path[:] = path
    with suppress(OSError):
        os.chdir(directory)
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    _LOGGER.setLevel(log_level)


def _perform(call):
    try:
        function, filters, config = pickle.loads(call)
        _set_filters(filters)
        with config_context(**config):
            return "returned", function()
    except SystemExit as error:
        return "exited", error.code
    except KeyboardInterrupt as error:
        return "raised", error
    except BaseException as error:
        error.add_note("In the worker process:\n" + "".join(traceback.format_exception(error)))
        return "raised", error


def _set_filters(filters):
    warnings.resetwarnings()
    for action, message, category, module, line in reversed(filters):
        message, module = (getattr(p, "pattern", p) or "" for p in (message, module))
        warnings.filterwarnings(action, message, category, module, line)
