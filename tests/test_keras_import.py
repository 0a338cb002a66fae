"""What the caller's process notices when this package is the first to import Keras."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import emstellar

SOURCES = sorted(Path(emstellar.__file__).parent.rglob("*.py"))


def run_fresh(code, **environment):
    """Run code in an interpreter of its own, where no level of TensorFlow's notes is set."""
    inherited = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**inherited, **environment},
    )


FIRST_FIT = """
import os, sys
import numpy as np
from emstellar import UNetSegmenter
X = np.random.default_rng(0).integers(0, 255, (2, 32, 32)).astype("uint8")
np.random.seed(0)
UNetSegmenter(width=1 / 16, epochs=1, steps_per_epoch=1, random_state=0).fit(X, X > 127)
assert "keras" in sys.modules
print(np.random.random(), os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""


@pytest.mark.slow
@pytest.mark.backend
def test_the_first_fit_leaves_numpys_random_state_and_the_terminal_alone():
    run = run_fresh(FIRST_FIT)
    # The first number after seed 0, as numpy has given it since ever. (Of Python's own generator
    # the import of scikit-learn draws.)
    assert run.stdout.split() == ["0.5488135039273248", "3"]
    for word in ("cuInit", "oneDNN", "InitializeLog", "cudart"):
        assert word not in run.stderr


PASSED_ON = """
import os
from emstellar import _keras
with _keras._without_notes():
    os.write(2, b"I0000 00:00:1795811522.8 1 port.cc:153] oneDNN custom operations are on\\n")
    os.write(2, b"a line of the user\\n")
"""


@pytest.mark.slow
def test_only_notes_are_taken_out_and_a_users_level_stays():
    # jax imports in a second.
    assert run_fresh(PASSED_ON, KERAS_BACKEND="jax").stderr == "a line of the user\n"
    asked = run_fresh(PASSED_ON, KERAS_BACKEND="jax", TF_CPP_MIN_LOG_LEVEL="0").stderr
    assert "oneDNN" in asked


def test_keras_is_imported_in_one_place():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            else:
                continue
            found = any(name.split(".")[0] == "keras" for name in names)
            assert not found or path.name == "_keras.py", f"{path}:{node.lineno}"
