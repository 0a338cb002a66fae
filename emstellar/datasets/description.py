"""The text that tells where a data set comes from, its licence and how to cite it."""

from importlib.resources import files


def load_description(name):
    """Return the description of the data set `name`, in reStructuredText."""
    return (files(__package__) / "descr" / f"{name}.rst").read_text("utf-8")
