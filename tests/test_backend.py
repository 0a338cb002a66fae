"""Which backend is taken where the user has chosen none, and what is said where there is none."""

import json
import os
import subprocess
import sys

import pytest

from emstellar import _backend

NOTHING = "neither TensorFlow nor JAX nor PyTorch is installed"


@pytest.fixture
def computer(monkeypatch, tmp_path):
    """Return a function that makes this look like a computer with some backends and settings."""

    def make(*installed, asked=None, in_file=None):
        spec_of = {name: object() for name in installed}
        monkeypatch.setattr(_backend, "find_spec", spec_of.get)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        # Also makes monkeypatch put back what choose_backend() sets.
        monkeypatch.setenv("KERAS_BACKEND", asked or "")
        if in_file:
            (tmp_path / "keras.json").write_text(in_file)

    return make


def choice():
    _backend.choose_backend()
    return os.environ["KERAS_BACKEND"] or "tensorflow"


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        (["tensorflow", "jax", "torch"], "tensorflow"),
        (["jax", "torch"], "jax"),
        (["torch"], "torch"),
    ],
)
def test_what_is_installed_is_taken(computer, installed, expected):
    computer(*installed)
    assert choice() == expected


def test_the_users_choice_stays(computer):
    computer("tensorflow", "jax", asked="jax")
    assert choice() == "jax"
    computer("tensorflow", asked="openvino")  # For Keras to judge.
    assert choice() == "openvino"


def test_keras_file_counts_only_if_its_backend_is_installed(computer):
    file = json.dumps({"backend": "tensorflow"})
    computer("torch", in_file=file)
    assert choice() == "torch"
    computer("tensorflow", "torch", in_file=json.dumps({"backend": "torch"}))
    _backend.choose_backend()
    assert os.environ["KERAS_BACKEND"] == ""  # Keras reads its file itself.


@pytest.mark.parametrize("file", ["", "{", "[]", "{}"])
def test_a_file_that_tells_nothing_is_passed_over(computer, file):
    computer("jax", in_file=file)
    assert choice() == "jax"


def test_what_is_missing_is_said(computer):
    computer()
    with pytest.raises(ModuleNotFoundError, match=NOTHING):
        _backend.choose_backend()
    computer("jax", asked="torch")
    with pytest.raises(ModuleNotFoundError, match='"pip install torch", or set KERAS_BACKEND=jax'):
        _backend.choose_backend()


WITHOUT = """
import sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, *where):
        return None if name in MISSING else self.finder.find_spec(name, *where)
sys.meta_path[:] = map(Without, sys.meta_path)
"""


def run_without(missing, code, folder):
    """Run code in an interpreter that finds no module of these names."""
    blocked = f"MISSING = {missing!r}{WITHOUT}"
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", blocked + code],
        capture_output=True,
        text=True,
        env=kept | {"KERAS_HOME": str(folder)},
    )


def test_forests_and_metrics_need_no_backend(tmp_path):
    run = run_without(
        _backend.BACKENDS,
        """
from emstellar import RandomForestSegmenter, VotingSegmenter, benchmark
from emstellar.testing import make_check_images
X, y = make_check_images()
forest = RandomForestSegmenter(2, max_samples=100)
result = benchmark(forest, X, y, cv=2, verbose=0, isolate=False)
assert result.errors.empty, result.errors
print(VotingSegmenter([("a", forest)]).fit(X, y).predict(X).shape == y.shape)
""",
        tmp_path,
    )
    assert run.stdout == "True\n", run.stderr


def test_networks_and_the_doctor_say_what_to_install(tmp_path):
    run = run_without(
        _backend.BACKENDS,
        """
from emstellar.cli import main
assert main(["doctor"]) == 0
assert main(["networks"]) == 1
from emstellar import UNetSegmenter
from emstellar.testing import make_check_images
UNetSegmenter().fit(*make_check_images())
""",
        tmp_path,
    )
    assert f"backend          Networks need a backend of Keras, and {NOTHING}" in run.stdout
    assert "data home" in run.stdout
    assert f"emstellar: error: Networks need a backend of Keras, and {NOTHING}" in run.stderr
    assert run.stderr.splitlines()[-1].startswith("ModuleNotFoundError: Networks need a backend")


@pytest.mark.slow
def test_jax_is_taken_where_there_is_no_tensorflow(tmp_path):
    run = run_without(
        ("tensorflow", "torch"),
        """
from emstellar import UNetSegmenter
from emstellar.testing import make_check_images
X, y = make_check_images()
unet = UNetSegmenter(width=1 / 32, epochs=1, steps_per_epoch=1).fit(X, y)
import keras
print(keras.config.backend(), unet.predict(X).shape == y.shape)
""",
        tmp_path,
    )
    assert run.stdout.split()[-2:] == ["jax", "True"], run.stderr
