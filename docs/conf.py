"""How Sphinx builds the documentation; nothing is downloaded."""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from api_reference import write_pages
from sphinx_gallery.sorting import ExplicitOrder

import emstellar

project = "emstellar"
author = "The emstellar developers"
copyright = "The emstellar developers"
version = release = emstellar.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["templates"]
exclude_patterns = ["_build", "auto_examples/**/*.ipynb", "auto_examples/**/*.py"]
default_role = "autolink"
nitpicky = True
# Without other projects' inventories only references to our own names can be checked.
nitpick_ignore_regex = [("py:.*", r"(?!emstellar\b).*")]

autosummary_generate = True
autodoc_typehints = "none"
maximum_signature_line_length = 88
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = "emstellar"
html_theme_options = {
    "logo": {"text": "emstellar"},
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}
html_sidebars = {"installation": [], "changelog": []}
html_show_sourcelink = False
html_static_path = ["static"]
html_css_files = ["wide.css"]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    # Speed scripts and studies run for long and draw nothing.
    "ignore_pattern": r"/(speed|studies)/|__init__\.py",
    "subsection_order": ExplicitOrder(
        [f"../examples/{name}" for name in ("segmenting", "benchmarking", "metrics", "datasets")]
        + ["*"]
    ),
    "reset_modules": ("matplotlib",),
    "min_reported_time": 1,
    "doc_module": ("emstellar",),
    "backreferences_dir": "api/generated/backreferences",
    "image_scrapers": ("matplotlib",),
    "download_all_examples": False,
    "plot_gallery": True,
}

write_pages(emstellar, HERE / "api" / "generated")


def is_ours(member):
    """Say whether a member of a class is defined in this package."""
    member = getattr(member, "fget", None) or getattr(member, "func", None) or member
    member = getattr(member, "__func__", member)
    return str(getattr(member, "__module__", None)).startswith("emstellar")


def skip_inherited(app, what, name, obj, skip, options):
    """Leave out what a class inherits from scikit-learn or Keras."""
    return True if what == "class" and not is_ours(obj) else None


def setup(app):
    """Register the handler of autodoc."""
    app.connect("autodoc-skip-member", skip_inherited)
