"""The files of one finished job: its record, its maps, its model, and whether they are whole."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..files import digest_file, write_atomically
from .models import SUFFIXES, find_model
from .record import Record

MAPS = ".npz"


class DamagedFileError(ValueError):
    """A file of a store is not what was written."""


class StoredMaps(Mapping):
    """The probability maps of a stored job, read when asked for.

    Parameters
    ----------
    path : path-like
    """

    def __init__(self, path):
        self.path = Path(path)

    def _open(self):
        try:
            return np.load(self.path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DamagedFileError(
                f"{self.path} is damaged or missing ({error}); the same call of benchmark computes "
                "it anew."
            ) from error

    def __iter__(self):
        with self._open() as arrays:
            return iter(sorted({name.rsplit("-", 1)[0] for name in arrays.files}))

    def __len__(self):
        return len(list(iter(self)))

    def __getitem__(self, subset):
        with self._open() as arrays:
            names = sorted(name for name in arrays.files if name.startswith(f"{subset}-"))
            if not names:
                raise KeyError(subset)
            return [arrays[name] for name in names]


def write_maps(path, maps):
    """Write the maps of all subsets to one file."""
    arrays = {
        f"{subset}-{i:06d}": image
        for subset, images in maps.items()
        for i, image in enumerate(images)
    }
    write_atomically(path, lambda file: np.savez_compressed(file, **arrays))


def write_record(path, record):
    """Write a record, with the digests of itself and of the files beside it.

    Parameters
    ----------
    path : pathlib.Path
        Of the json; maps and model bear the same name with other suffixes.
    record : Record
    """
    beside = [path.with_suffix(suffix) for suffix in (MAPS, *SUFFIXES)]
    files = {file.suffix: digest_file(file) for file in beside if file.exists()}
    body = {"files": files, "record": json.loads(record.to_json())}
    text = json.dumps({"sha256": _digest(body), **body}, indent=1)
    write_atomically(path, lambda file: file.write(text.encode()))


def read_record(path):
    """Return the record of a file, with its maps and model where they are.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Record or None
        None where there is no file.

    Raises
    ------
    DamagedFileError
        If it, or a file that belongs to it, is not what was written.
    """
    try:
        text = path.read_text()
        content = json.loads(text)
        body = {"files": content["files"], "record": content["record"]}
        if content["sha256"] != _digest(body):
            raise ValueError("its content has changed")
        record = Record.from_dict(body["record"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedFileError(f"{path} is damaged ({error})") from error
    for suffix, expected in body["files"].items():
        _check_file(path.with_suffix(suffix), expected)
    record.maps = StoredMaps(path.with_suffix(MAPS))
    record.model = find_model(path)
    return record


def _check_file(path, expected):
    try:
        found = digest_file(path)
    except OSError as error:
        raise DamagedFileError(f"{path} is missing or cannot be read ({error})") from error
    if found != expected:
        raise DamagedFileError(f"{path} is damaged (its content has changed)")


def _digest(body):
    # Through text and back, since NaN and the order of keys survive it in one form.
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
