"""Keras, imported so that the caller's process notices nothing of it.

Every module of this package that needs Keras takes it from here: whatever is the first to need it,
the import leaves the caller's random numbers and terminal as they were, and takes a backend that
is installed.

* On the way to a backend modules are imported that draw from numpy's global generator. It and the
  standard library's are put back where they were.
* TensorFlow's C++ parts write notes to the error stream ("oneDNN", "cuInit", "InitializeLog")
  that no user can act upon. The variable ``TF_CPP_MIN_LOG_LEVEL`` is set to 3, which keeps later
  ones away, and those that no level reaches are taken out of what the import writes. A lower level
  that the user has set stays, and nothing is taken out then.
* Where the user has chosen no backend, one that is installed is used (see `emstellar._backend`).
"""

import contextlib
import os
import re
import sys
import tempfile

from emstellar._backend import choose_backend
from emstellar.randomness import same_random_states

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
# Errors too: a machine without a GPU is one to TensorFlow. What matters is raised in Python.
_ALMOST_NOTHING = "3"
_NOTE = re.compile(rb"WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} \d\d:\d\d:")


@contextlib.contextmanager
def _without_notes():
    """Keep TensorFlow's notes from the error stream within the block, and all else on it."""
    # Worker processes inherit the variable, so its value says more than who has set it.
    if os.environ.setdefault(_LEVEL, _ALMOST_NOTHING) != _ALMOST_NOTHING:
        yield
        return
    try:
        stream = os.dup(2)
    except OSError:  # A program without a terminal may have closed its error stream.
        yield
        return
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stream, 2)
            os.close(stream)
            written.seek(0)
            _pass_on(written)


def _pass_on(written):
    """Write the lines that are no notes to the error stream."""
    lines = [line for line in written if not _NOTE.match(line)]
    if lines:
        os.write(2, b"".join(lines))


if "keras" not in sys.modules:
    choose_backend()
with same_random_states(), _without_notes():
    import keras
    from keras import constraints, initializers, layers, ops, regularizers

__all__ = ["constraints", "initializers", "keras", "layers", "ops", "regularizers"]
