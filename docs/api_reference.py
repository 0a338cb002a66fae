"""The pages of the API reference, made from the stubs that list the public names.

Every public name stands on one page, under its shortest import path: what `emstellar` itself
offers is described as ``emstellar.X``, all else as ``emstellar.subpackage.x``. The names of a
subpackage are grouped by the modules that define them.
"""

import ast
import importlib
from pathlib import Path

SECTIONS = {
    "base": "Base class",
    "segmenters": "Segmenters",
    "model_selection": "Model selection",
    "metrics": "Metrics and scorers",
    "benchmarking": "Benchmark",
    "displays": "Displays",
    "report": "Report",
    "studies": "Studies by name",
    "inspection": "Inspection",
    "datasets": "Datasets",
    "networks": "Networks",
    "losses": "Losses",
    "optimizers": "Optimisers",
    "training": "Training",
    "io": "Reading and writing images",
    "volume": "Volumes",
    "testing": "Testing",
}

# Titles within a section, by defining module; names of other modules come first, without title.
GROUPS = {
    "segmenters": {
        "keras_segmenter": "Networks",
        "base_keras_segmenter": "Networks",
        "registry": "Networks",
        "pixel": "Classifiers of pixels",
        "voting": "Ensembles and thresholds",
        "thresholded": "Ensembles and thresholds",
        "persistence": "Saving and loading",
    },
    "metrics": {
        "pixel": "Pixels",
        "rates": "Pixels",
        "probability": "Probabilities",
        "partition": "Partitions into regions",
        "component_partition": "Partitions into regions",
        "label_partition": "Partitions into regions",
        "warping": "Partitions into regions",
        "boundary": "Boundaries",
        "instance": "Objects",
        "instance_matching": "Objects",
        "threshold_search": "Thresholds",
        "sensitivity": "What metrics miss",
        "scorers": "Scorers",
    },
    "networks": {
        "layers": "Layers",
        "deconvolution": "Layers",
        "unpooling": "Layers",
        "construction": "Building blocks",
    },
    "datasets": {
        "synthetic": "Synthetic images",
        "cardiac": "Real images",
        "isbi2012": "Real images",
        "neuronal": "Real images",
        "published_maps": "Real images",
        "scribbles": "Sparse labels",
        "data_home": "Where files are kept",
    },
}


def read_stub(path):
    """Return (module that defines it, name) for each public name that a stub lists."""
    imports = [
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ImportFrom)
    ]
    return [(node.module, alias.name) for node in imports for alias in node.names]


def public_names(package):
    """Return for each section a list of (defining module, name below `emstellar`)."""
    root = Path(package.__file__).parent
    sections = {name: [] for name in SECTIONS}
    modules = []
    for module, name in read_stub(root / "__init__.pyi"):
        if module is None:
            modules.append(name)
        else:
            sections.setdefault(module, []).append((module, name))
    for module in modules:
        shorter = {name for _, name in sections.setdefault(module, [])}
        defined_in = dict(_names_of(root, module))
        known = [(defined_in.get(name, module), name) for _, name in sections[module]]
        further = [
            (source, f"{module}.{name}")
            for name, source in defined_in.items()
            if name not in shorter
        ]
        sections[module] = known + further
    return {name: entries for name, entries in sections.items() if entries}


def _names_of(root, module):
    """Return (public name, defining module) of a subpackage or a module."""
    stub = root / module / "__init__.pyi"
    if stub.exists():
        return [(name, source) for source, name in read_stub(stub)]
    tree = ast.parse((root / f"{module}.py").read_text())
    named = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return [(node.name, module) for node in named if not node.name.startswith("_")]


def render_section(section, entries):
    """Return the page of a section."""
    module = importlib.import_module(f"emstellar.{section}")
    title = SECTIONS.get(section, section)
    description = module.__doc__.strip().partition("\n\n")[0]
    lines = [f".. _api_{section}:", "", title, "=" * len(title), ""]
    if section != "base":
        lines += [f".. module:: emstellar.{section}", ""]
    lines += [".. currentmodule:: emstellar", "", description, ""]
    titles = {**_networks(section), **GROUPS.get(section, {})}
    groups = {title: [] for title in (None, *titles.values())}
    for source, name in entries:
        groups[titles.get(source)].append(name)
    for group, names in groups.items():
        if not names:
            continue
        if group is not None:
            lines += [group, "-" * len(group), ""]
        lines += [".. autosummary::", "   :toctree: .", "   :nosignatures:", ""]
        lines += [f"   {name}" for name in sorted(names, key=str.lower)] + [""]
    return "\n".join(lines)


def _networks(section):
    """Return the title of the modules that are named as one of `emstellar.networks`."""
    if section != "segmenters":
        return {}
    root = Path(importlib.import_module("emstellar").__file__).parent
    return {path.stem: "Networks" for path in sorted((root / "networks").glob("[a-z]*.py"))}


def write_pages(package, folder):
    """Write one page for each section and return their names."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    sections = public_names(package)
    _remove_stale(folder, {name for entries in sections.values() for _, name in entries})
    for section, entries in sections.items():
        text = render_section(section, entries)
        path = folder / f"section_{section}.rst"
        # An unchanged file keeps its date, so that Sphinx does not read it again.
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        pages.append(path.stem)
    return pages


def _remove_stale(folder, names):
    """Delete the pages of names that are no longer public; autosummary leaves them."""
    for page in folder.glob("emstellar.*.rst"):
        if page.stem.removeprefix("emstellar.") not in names:
            page.unlink()
