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


@pytest.mark.parametrize(
    "statement",
    [
        "import emstellar; dir(emstellar)",
        "from emstellar import RandomForestSegmenter, PixelSegmenter, VotingSegmenter",
        "from emstellar import BaseSegmenter, is_segmenter, benchmark, BenchmarkResult",
        "import emstellar.metrics as m; [getattr(m, name) for name in m.__all__]",
        "import emstellar.datasets as m; [getattr(m, name) for name in m.__all__]",
        "import emstellar.displays as m; [getattr(m, name) for name in m.__all__]",
        "import emstellar.benchmarking as m; [getattr(m, name) for name in m.__all__]",
        "import emstellar.model_selection as m; [getattr(m, name) for name in m.__all__]",
        "import emstellar.testing as m; [getattr(m, name) for name in m.__all__]",
        "import emstellar.io as m; [getattr(m, name) for name in m.__all__]",
        "import emstellar.validation, emstellar.constraints, emstellar.tiling, emstellar.cli",
    ],
)
def test_keras_is_not_loaded(statement):
    assert not {"keras", "tensorflow", "jax", "torch"} & loaded_by(statement)


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


@pytest.mark.parametrize(("module", "name"), PUBLIC)
def test_public_names_are_there_and_documented(module, name):
    value = getattr(importlib.import_module(module), name)
    if callable(value) or hasattr(value, "__path__"):
        first = (value.__doc__ or "").strip().splitlines()[:1]
        assert first, f"{module}.{name} has no docstring"
        assert first[0].endswith("."), f"{module}.{name}: {first[0]!r} is no sentence of one line"


@pytest.mark.parametrize("stub", STUBS, ids=[str(s.parent.relative_to(ROOT)) for s in STUBS])
def test_dir_is_the_stub(stub):
    name = ".".join(("emstellar", *stub.parent.relative_to(ROOT).parts))
    module = importlib.import_module(name)
    assert sorted(module.__all__) == sorted(n for m, n in PUBLIC if m == name)
    assert set(module.__all__) <= set(dir(module))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="No emstellar attribute UNet"):
        emstellar.UNet


def test_no_module_has_the_name_of_a_public_function_or_class_beside_it():
    for module, name in PUBLIC:
        value = getattr(importlib.import_module(module), name)
        folder = ROOT.joinpath(*module.split(".")[1:])
        beside = {info.name for info in pkgutil.iter_modules([str(folder)])}
        assert name not in beside or hasattr(value, "__file__"), f"{module}.{name}"
