"""What all tests share: quiet backends that leave each other room, and the real data."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# pytest-xdist runs one process per core; threads of their own would only be in each other's way.
for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(variable, "1")
# Hundreds of tiny benchmarks need no processes of their own; test_isolation.py asks for them.
os.environ.setdefault("EMSTELLAR_ISOLATE", "0")


@pytest.fixture(scope="session")
def real_data():
    """Return the folder of the real images, or skip the test where there is none."""
    folder = os.environ.get("EMSTELLAR_DATA")
    if not folder or not (Path(folder) / "em-net").is_dir():
        pytest.skip("needs the published images: set EMSTELLAR_DATA to the folder that holds them")
    return Path(folder)


@pytest.fixture
def no_tracing():
    """Let tensorflow run step by step: tracing a deep network takes longer than a few steps."""
    with running_eagerly():
        yield


@contextmanager
def running_eagerly():
    """Let tensorflow, where it is the backend, run step by step."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
