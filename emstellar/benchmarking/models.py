"""Fitted segmenters in a store: networks as files without code, all others by joblib."""

import joblib

from .. import segmenters
from ..files import write_atomically

CODELESS, PICKLED = ".emstellar", ".joblib"
SUFFIXES = (CODELESS, PICKLED)


class StoredModel:
    """The fitted segmenter of a stored job, read when asked for.

    Parameters
    ----------
    path : pathlib.Path
        Its suffix says how it is read.
    """

    def __init__(self, path):
        self.path = path

    def load(self, network=None):
        """Return the segmenter.

        Parameters
        ----------
        network : callable, optional
            The function of a `KerasSegmenter`, which a file without code cannot hold.
        """
        if self.path.suffix == CODELESS:
            return segmenters.load(self.path, network=network)
        return joblib.load(self.path)


def find_model(path):
    """Return the `StoredModel` that bears the name `path` but for the suffix, or None."""
    found = [path.with_suffix(suffix) for suffix in SUFFIXES]
    return next((StoredModel(file) for file in found if file.exists()), None)


def remove_model(path):
    """Delete the model that bears the name `path` but for the suffix, if there is one."""
    for suffix in SUFFIXES:
        path.with_suffix(suffix).unlink(missing_ok=True)


def write_model(segmenter, path):
    """Write a fitted segmenter and return the `StoredModel`.

    Parameters
    ----------
    segmenter : segmenter
        Our networks are written by their ``save``, unless a parameter is no text; all others, and
        classes derived from ours, which `emstellar.load` does not know, by joblib.
    path : pathlib.Path
        The suffix is replaced.
    """
    remove_model(path)
    if hasattr(segmenter, "save") and _is_ours(segmenter):
        try:
            segmenter.save(path.with_suffix(CODELESS))
            return find_model(path)
        except TypeError:
            # A parameter is an object of the user's, which joblib keeps.
            pass
    write_atomically(path.with_suffix(PICKLED), lambda file: joblib.dump(segmenter, file))
    return find_model(path)


def _is_ours(segmenter):
    return getattr(segmenters, type(segmenter).__name__, None) is type(segmenter)
