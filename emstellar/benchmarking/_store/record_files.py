"""The files of one finished job: its record, its maps, its model, and whether they are whole."""

import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...files import DamagedFileError, check_digest, digest_file, replace_whole, write_atomically
from .._record import Record
from .models import SUFFIXES, StoredModel

MAPS = ".npz"


class StoredMaps(Mapping):
    """The probability maps of a stored job, read when asked for.

    Parameters
    ----------
    path : path-like
    digest : str, optional
        Of the file as it was written.
    """

    def __init__(self, path, digest=None):
        self.path = Path(path)
        self.digest = digest

    def _read(self, take):
        """Return what `take` makes of the arrays."""
        try:
            check_digest(self.path, self.digest)
            # Opened here, since numpy leaves the file of a damaged archive open.
            with open(self.path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                return take(arrays)
        except (KeyError, MemoryError):
            raise
        # Whatever the readers of zip and npy stumble over in a damaged file.
        except Exception as error:
            raise DamagedFileError(
                f"{self.path} is damaged or missing ({error}); the same call of benchmark computes "
                "it anew."
            ) from error

    def __iter__(self):
        return iter(
            self._read(lambda arrays: sorted({name.rsplit("-", 1)[0] for name in arrays.files}))
        )

    def __len__(self):
        return len(list(iter(self)))

    def __getitem__(self, subset):
        def take(arrays):
            names = sorted(name for name in arrays.files if name.startswith(f"{subset}-"))
            if not names:
                raise KeyError(subset)
            return [arrays[name] for name in names]

        return self._read(take)


def write_maps(path, maps):
    """Write the maps of all subsets to one file, and return them as `StoredMaps`."""
    arrays = {
        f"{subset}-{i:06d}": image
        for subset, images in maps.items()
        for i, image in enumerate(images)
    }
    with replace_whole(path) as temporary:
        with open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)
        # Of this file, whatever another process puts in its place.
        digest = digest_file(temporary)
    return StoredMaps(path, digest)


def write_record(path, record, maps):
    """Write a record, with the digests of itself and of the files beside it.

    Parameters
    ----------
    path : pathlib.Path
        Of the json; maps and model bear the same name with other suffixes.
    record : Record
    maps : StoredMaps
        Its maps.
    """
    beside = [maps] if record.model is None else [maps, record.model]
    files = {kept.path.suffix: kept.digest for kept in beside}
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
        If it, or its maps, are not what was written.

    Warns
    -----
    UserWarning
        If its model is not; the record then has none.
    """
    try:
        text = path.read_text()
        content = json.loads(text)
        body = {"files": content["files"], "record": content["record"]}
        if content["sha256"] != _digest(body):
            raise ValueError("its content has changed")
        record = Record.from_dict(body["record"])
        record.maps = StoredMaps(path.with_suffix(MAPS), body["files"][MAPS])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedFileError(f"{path} is damaged ({error})") from error
    check_digest(record.maps.path, record.maps.digest)
    record.model = _find_model(path, body["files"])
    return record


def _find_model(path, digests):
    """Return the model among the files of a record; None if it has none, or a damaged one."""
    suffix = next((suffix for suffix in SUFFIXES if suffix in digests), None)
    if suffix is None:
        return None
    model = StoredModel(path.with_suffix(suffix), digests[suffix])
    try:
        check_digest(model.path, model.digest)
    except DamagedFileError as error:
        warnings.warn(
            f"{error}: the scores of its job count, and keep_models=True fits it anew.",
            stacklevel=6,
        )
        return None
    return model


def _digest(body):
    # Through text and back, since NaN and the order of keys survive it in one form.
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
