"""Fitted segmenters in a store: networks as files without code, all others by joblib."""

import joblib

from ... import segmenters
from ...files import check_digest, digest_file, replace_whole

CODELESS, PICKLED = ".emstellar", ".joblib"
SUFFIXES = (CODELESS, PICKLED)


class StoredModel:
    """The fitted segmenter of a stored job, read when asked for.

    Parameters
    ----------
    path : pathlib.Path
        Its suffix says how it is read.
    digest : str, optional
        Of the file as it was written.
    """

    def __init__(self, path, digest=None):
        self.path = path
        self.digest = digest

    def load(self, network=None):
        """Return the segmenter.

        Parameters
        ----------
        network : callable, optional
            The function of a `KerasSegmenter`, which a file without code cannot hold.

        Raises
        ------
        DamagedFileError
            If the file is not what was written; nothing of it is read.
        """
        check_digest(self.path, self.digest)
        if self.path.suffix == CODELESS:
            return segmenters.load(self.path, network=network)
        return joblib.load(self.path)


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
            return _write(path.with_suffix(CODELESS), segmenter.save)
        except TypeError:
            # A parameter is an object of the user's, which joblib keeps.
            pass
    return _write(path.with_suffix(PICKLED), lambda file: joblib.dump(segmenter, file))


def _write(path, save):
    with replace_whole(path) as temporary:
        save(temporary)
        # Of this file, whatever another process puts in its place.
        digest = digest_file(temporary)
    return StoredModel(path, digest)


def _is_ours(segmenter):
    return getattr(segmenters, type(segmenter).__name__, None) is type(segmenter)
