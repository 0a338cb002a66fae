"""Files of text and arrays: one zip with a JSON header and an npz, in which no code can hide."""

import io
import json
import math
import os
import zipfile

import numpy as np

from emstellar.files import write_atomically

HEADER, ARRAYS = "segmenter.json", "variables.npz"
# Bytes of text, a hundred times those of a long history: text takes far more memory once read.
LARGEST_HEADER = 2**24
# numpy's letters for booleans, integers and floating-point numbers.
KINDS_OF_NUMBERS = "biuf"


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
        Of numbers or booleans.

    Raises
    ------
    TypeError
        If the header holds what JSON cannot, or an array holds no numbers.
    ValueError
        If the header is too large to be read again.
    """
    counts = {name: len(items) for name, items in arrays.items()}
    text = _as_text({**header, "counts": counts})
    flat = dict(zip(_names(counts), [a for items in arrays.values() for a in items], strict=True))
    for name, array in flat.items():
        if array.dtype.kind not in KINDS_OF_NUMBERS:
            raise TypeError(f"The array {name} is of dtype {array.dtype}; expected numbers.")
    write_atomically(path, lambda file: _write(file, text, flat))


def _write(file, text, arrays):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(HEADER, text)
        with archive.open(ARRAYS, "w", force_zip64=True) as member:
            np.savez(member, **arrays)


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
        If the file holds anything else: pickled objects, compressed members, sizes that are not
        true. Nothing larger than the file is allocated before that is known.

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
        return _read(path)
    except (OSError, MemoryError):
        raise
    except Exception as error:
        # Whatever the readers of zip, JSON and npy stumble over in a damaged file.
        raise ValueError(
            f"{path} is not a segmenter saved by emstellar, or is damaged: {error}"
        ) from error


def _read(path):
    with zipfile.ZipFile(path) as archive:
        _check_members(archive, [HEADER, ARRAYS], os.path.getsize(path))
        size = archive.getinfo(HEADER).file_size
        if size > LARGEST_HEADER:
            raise ValueError(f"its header has {size} bytes, at most {LARGEST_HEADER} are read")
        header = json.loads(archive.read(HEADER))
        content = archive.read(ARRAYS)
    counts = header["counts"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        # Before a list of names is made that could be endless.
        if min(counts.values(), default=0) < 0 or sum(counts.values()) != len(archive.namelist()):
            raise ValueError(f"it holds {len(archive.namelist())} arrays, its header says {counts}")
        _check_members(archive, [f"{name}.npy" for name in _names(counts)], len(content))
        found = iter([_read_array(archive, name) for name in _names(counts)])
    return header, {name: [next(found) for _ in range(n)] for name, n in counts.items()}


def _as_text(header):
    text = json.dumps(header, indent=1)
    if len(text) > LARGEST_HEADER:
        raise ValueError(
            f"The history and the parameters take {len(text)} bytes as text; a file can hold "
            f"{LARGEST_HEADER}."
        )
    return text


def _names(counts):
    """Return the names of all arrays in the order in which they are written."""
    return [f"{name}_{i:04d}" for name, n in counts.items() for i in range(n)]


def _check_members(archive, expected, size):
    """Raise unless the archive of `size` bytes holds what we write: these members, as they are.

    A compressed member may be a thousand times larger than the file and exhaust the memory, and
    so may one whose size in the directory is a lie.
    """
    names = archive.namelist()
    if sorted(names) != sorted(expected):
        raise ValueError(f"it holds {names[:9]}, expected {expected[:9]}")
    for info in archive.infolist():
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError("it holds compressed members, which emstellar does not write")
        if info.flag_bits & 1:
            raise ValueError("it holds encrypted members, which emstellar does not write")
        if info.file_size != info.compress_size or info.header_offset + info.file_size > size:
            raise ValueError(
                f"{info.filename} is said to have {info.file_size} bytes, which are not there"
            )
    if sum(info.file_size for info in archive.infolist()) > size:
        raise ValueError("its members lie on top of each other")


def _read_array(archive, name):
    """Return an array, once its header is known to say no more than the member holds."""
    with archive.open(f"{name}.npy") as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError(f"{name} is of another version of numpy's format than 1.0")
        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        if dtype.kind not in KINDS_OF_NUMBERS:
            raise ValueError(f"{name} holds {dtype}, expected numbers")
        found = archive.getinfo(f"{name}.npy").file_size - member.tell()
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != found:
            raise ValueError(
                f"{name} is said to be of shape {shape} and dtype {dtype}, but has {found} bytes"
            )
        member.seek(0)
        return np.lib.format.read_array(member, allow_pickle=False)
