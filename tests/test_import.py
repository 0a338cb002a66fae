"""What an import loads, and that every public name is there and documented."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import emstellar

ROOT = Path(emstellar.__file__).parent
STUBS = sorted(ROOT.rglob("__init__.pyi"))
PUBLIC = [
    (".".join(("emstellar", *stub.parent.relative_to(ROOT).parts)), name)
    for stub in STUBS
    for name in re.findall(r"\b(\w+) as \1\b", stub.read_text())
]
WITHOUT_KERAS = (
    "metrics",
    "datasets",
    "displays",
    "benchmarking",
    "model_selection",
    "testing",
    "io",
)


def loaded_by(statement):
    """Return the names of the modules that a fresh interpreter has after `statement`."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    return set(run.stdout.split())


def test_import_loads_nothing_heavy():
    heavy = {"keras", "tensorflow", "jax", "torch", "sklearn", "scipy", "skimage", "pandas"}
    assert not heavy & loaded_by("import emstellar")


def test_import_takes_well_under_a_second():
    code = (
        "import time; start = time.process_time(); import emstellar; "
        "print(time.process_time() - start)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout) < 0.5


def test_keras_is_not_loaded():
    statements = [
        "import importlib, emstellar; dir(emstellar)",
        "from emstellar import RandomForestSegmenter, PixelSegmenter, VotingSegmenter",
        "from emstellar import BaseSegmenter, is_segmenter, benchmark, BenchmarkResult",
        "import emstellar.validation, emstellar.constraints, emstellar.tiling, emstellar.cli",
        *(
            f"m = importlib.import_module('emstellar.{name}'); [getattr(m, n) for n in m.__all__]"
            for name in WITHOUT_KERAS
        ),
    ]
    assert not {"keras", "tensorflow", "jax", "torch"} & loaded_by("\n".join(statements))


def test_a_forest_segments_and_is_benchmarked_without_keras():
    statement = (
        "from emstellar import RandomForestSegmenter, metrics\n"
        "from emstellar.testing import make_check_images\n"
        "X, y = make_check_images()\n"
        "forest = RandomForestSegmenter(2, max_samples=100).fit(X, y)\n"
        "metrics.f1_score(y, forest.predict_proba(X)), forest.score(X, y)"
    )
    assert not {"keras", "tensorflow"} & loaded_by(statement)


def test_stubs_list_public_names():
    assert len(PUBLIC) > 50
    assert ("emstellar", "UNetSegmenter") in PUBLIC
    assert ("emstellar", "metrics") in PUBLIC


def test_packages_say_in_a_sentence_what_they_hold():
    for name in sorted({module for module, _ in PUBLIC}):
        first = importlib.import_module(name).__doc__.strip().splitlines()[0]
        assert first.endswith("."), f"{name}: {first!r} is no sentence of one line"


def test_dir_is_the_stub():
    for name in {module for module, _ in PUBLIC}:
        module = importlib.import_module(name)
        assert sorted(module.__all__) == sorted(n for m, n in PUBLIC if m == name), name
        assert set(module.__all__) <= set(dir(module)), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="No emstellar attribute UNet"):
        emstellar.UNet


def test_no_module_has_the_name_of_a_public_function_or_class_beside_it():
    for module, name in PUBLIC:
        value = getattr(importlib.import_module(module), name)
        folder = ROOT.joinpath(*module.split(".")[1:])
        beside = {info.name for info in pkgutil.iter_modules([str(folder)])}
        assert name not in beside or hasattr(value, "__file__"), f"{module}.{name}"
