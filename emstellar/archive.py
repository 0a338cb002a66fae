"""Files of text and arrays: one zip with a JSON header and an npz, in which no code can hide."""

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

HEADER, ARRAYS = "segmenter.json", "variables.npz"


def write_archive(path, header, arrays):
    """Write a header and named lists of arrays to one file.

    The file is written under a temporary name and renamed, so that no reader sees half of it
    and an interruption leaves the old one.

    Parameters
    ----------
    path : str or path-like
        The file; an existing one is replaced.
    header : dict
        What JSON can hold.
    arrays : dict of str to list of ndarray
        Their dtypes must not be object.
    """
    path = Path(path)
    header = {**header, "counts": {name: len(items) for name, items in arrays.items()}}
    flat = {f"{name}_{i:04d}": a for name, items in arrays.items() for i, a in enumerate(items)}
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr(HEADER, json.dumps(header, indent=1))
            with archive.open(ARRAYS, "w", force_zip64=True) as member:
                np.savez(member, **flat)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_archive(path):
    """Read what `write_archive` has written.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    header : dict
    arrays : dict of str to list of ndarray

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file holds anything else, pickled objects or compressed members above all.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from emstellar.archive import read_archive, write_archive
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "file")
    ...     write_archive(path, {"format": 1}, {"variable": [np.arange(3)]})
    ...     header, arrays = read_archive(path)
    >>> header["format"], arrays
    (1, {'variable': [array([0, 1, 2])]})
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, [HEADER, ARRAYS])
            header = json.loads(archive.read(HEADER))
            content = io.BytesIO(archive.read(ARRAYS))
        with zipfile.ZipFile(content) as archive:
            _check_members(archive)
        stored = np.load(content, allow_pickle=False)
        counts = header["counts"].items()
        arrays = {name: [stored[f"{name}_{i:04d}"] for i in range(n)] for name, n in counts}
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise ValueError(
            f"{path} is not a segmenter saved by emstellar, or is damaged: {error}"
        ) from error
    return header, arrays


def _check_members(archive, expected=None):
    """Raise unless the archive holds what we write: these members, not compressed.

    A compressed member may be a thousand times larger than the file and exhaust the memory.
    """
    names = archive.namelist()
    if expected is not None and sorted(names) != sorted(expected):
        raise ValueError(f"it holds {names}, expected {expected}")
    if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
        raise ValueError("it holds compressed members, which emstellar does not write")
