"""The documentation: every public name, docstrings that match signatures, code that runs."""

import ast
import contextlib
import doctest
import importlib
import importlib.util
import inspect
import io
import re
import shlex
from pathlib import Path

import pytest
from numpydoc.docscrape import get_doc_object

import emstellar
from emstellar.cli import build_parser

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "emstellar"

# Results are shown by the function that returns them.
SHOWN_BY = {
    "BenchmarkResult": "benchmark",
    "benchmarking.Comparison": "benchmarking.compare_methods",
    "benchmarking.LearningCurve": "benchmarking.learning_curve",
    "benchmarking.ValidationCurve": "benchmarking.validation_curve",
    "inspection.ModelComplexity": "inspection.complexity",
}


def load_api_reference():
    spec = importlib.util.spec_from_file_location("api", ROOT / "docs" / "api_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


API = load_api_reference()
NAMES = [name for entries in API.public_names(emstellar).values() for _, name in entries]


def find(name):
    obj = emstellar
    for part in name.split("."):
        obj = getattr(obj, part)
    return obj


def names_in_stubs():
    """Return module and name of every line "from .module import name" of every stub."""
    for stub in sorted(PACKAGE.rglob("*.pyi")):
        module = ".".join(stub.parent.relative_to(ROOT).parts)
        for node in ast.walk(ast.parse(stub.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                yield from ((module, alias.name) for alias in node.names)


@pytest.fixture(scope="module")
def api_pages(tmp_path_factory):
    """Return the names of the pages and all their lines."""
    folder = tmp_path_factory.mktemp("api")
    pages = API.write_pages(emstellar, folder)
    text = "\n".join((folder / f"{page}.rst").read_text() for page in pages)
    return pages, {line.strip() for line in text.splitlines()}


def test_every_public_name_stands_on_the_api_pages(api_pages):
    for module, name in names_in_stubs():
        obj = getattr(importlib.import_module(module), name)
        paths = {name, f"{module}.{name}".removeprefix("emstellar.")} & api_pages[1]
        assert paths, f"{module}.{name} stands on no page of the API reference"
        assert all(find(path) is obj for path in paths)


def test_the_index_of_the_api_reference_holds_every_page(api_pages):
    index = (ROOT / "docs" / "api" / "index.rst").read_text().split()
    listed = [word.removeprefix("generated/") for word in index if word.startswith("generated/")]
    assert listed == api_pages[0]


def test_no_name_stands_twice():
    objects = [id(find(name)) for name in NAMES]
    assert len(objects) == len(set(objects))


def own_methods(cls):
    """Return the public methods of a class that this package defines, by name."""
    members = {name: inspect.getattr_static(cls, name) for name in dir(cls) if name[0] != "_"}
    functions = {name: getattr(member, "__func__", member) for name, member in members.items()}
    return {
        name: function
        for name, function in functions.items()
        if inspect.isfunction(function) and function.__module__.startswith("emstellar")
    }


def is_override(cls, method):
    return sum(method in vars(base) for base in cls.__mro__) > 1


def parameters_of(function):
    """Return the names of the parameters as numpydoc writes them."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    parameters = inspect.signature(function).parameters.values()
    return [stars.get(p.kind, "") + p.name for p in parameters if p.name not in ("self", "cls")]


def documented(obj, section="Parameters"):
    """Return the names that a section of a docstring describes."""
    entries = get_doc_object(obj)[section]
    return {name.replace("\\", "") for entry in entries for name in entry.name.split(", ")}


def described_wrongly(obj):
    """Return the parameters that stand in the docstring or in the signature alone."""
    # A record describes its fields as attributes.
    names = documented(obj) or (documented(obj, "Attributes") if inspect.isclass(obj) else set())
    return names ^ set(parameters_of(obj))


def is_inherited_constructor(cls):
    return not getattr(cls.__init__, "__module__", "").startswith("emstellar")


def public_objects(kind):
    """Return the public names of what `kind` accepts, with the objects."""
    objects = {name: find(name) for name in NAMES}
    return {name: obj for name, obj in objects.items() if kind(obj)}


def test_parameters_in_the_docstring_equal_the_signature():
    wrong = {
        name: described_wrongly(obj)
        for name, obj in public_objects(callable).items()
        # A constructor inherited from Keras is documented there.
        if not inspect.isclass(obj) or not is_inherited_constructor(obj)
    }
    assert {name: parameters for name, parameters in wrong.items() if parameters} == {}


def test_parameters_of_methods_equal_their_signatures():
    wrong = {}
    for name, cls in public_objects(inspect.isclass).items():
        for method, function in own_methods(cls).items():
            if documented(function) or not is_override(cls, method):  # else the base has them
                wrong[f"{name}.{method}"] = described_wrongly(function)
    assert {method: parameters for method, parameters in wrong.items() if parameters} == {}


def test_every_public_name_has_a_summary_of_one_line_and_an_example():
    for name, obj in public_objects(callable).items():
        assert len(get_doc_object(obj)["Summary"]) == 1, f"{name}: the summary must be one line"
        shown_by = find(SHOWN_BY.get(name, name))
        assert get_doc_object(shown_by)["Examples"], f"{name}: no example"


# A block of Python in the guide, perhaps a comment before it that it is not run, and perhaps a
# block of text after it: what it prints.
BLOCK = re.compile(
    r"^(?P<skip>% not run:.*\n+)?```python\n(?P<code>.*?)^```$"
    r"(?:\s*^```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
PAGES = sorted((ROOT / "docs").glob("*.md")) + sorted((ROOT / "docs" / "user_guide").glob("*.md"))
OUTPUT_FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.slow
@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_of_the_guide_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block in BLOCK.finditer(page.read_text()):
        if block["skip"]:
            continue
        line = page.read_text()[: block.start("code")].count("\n")
        code = compile("\n" * line + block["code"], str(page), "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        wanted = block["output"] or ""
        same = doctest.OutputChecker().check_output(wanted, printed.getvalue(), OUTPUT_FLAGS)
        assert same, f"line {line + 1} prints\n{printed.getvalue()}instead of\n{wanted}"


def commands_in(page):
    """Return the `emstellar` commands of a page of the guide."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith("emstellar")]


@pytest.mark.parametrize("command", [line for page in PAGES for line in commands_in(page)])
def test_commands_of_the_guide_are_understood(command):
    assert callable(build_parser().parse_args(shlex.split(command)[1:]).run)
