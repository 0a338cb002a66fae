"""A folder of finished jobs, from which a benchmark resumes and re-opens.

``jobs/`` holds two files per job, the probability maps (npz) and all else (json), and a third, the
fitted segmenter, if asked; the json is written last, so a job whose json is there is whole.
``benchmark.json`` says which jobs make up the benchmark, and ``data-*.npz`` holds its images, so
that a store needs nothing else.
"""

import json
import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from .data import BenchmarkData
from .models import find_model, remove_model, write_model
from .record import Record

DATA_FIELDS = ("X", "y", "groups", "X_test", "y_test", "groups_test")


def write_atomically(path, write):
    """Let `write` fill a file under a temporary name, then rename it to `path`.

    Parameters
    ----------
    path : path-like
    write : callable
        Takes a binary file object.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class StoredMaps(Mapping):
    """The probability maps of a stored job, read when asked for."""

    def __init__(self, path):
        self.path = Path(path)

    def _names(self):
        with np.load(self.path, allow_pickle=False) as arrays:
            return arrays.files

    def __iter__(self):
        return iter(sorted({name.rsplit("-", 1)[0] for name in self._names()}))

    def __len__(self):
        return len(list(iter(self)))

    def __getitem__(self, subset):
        with np.load(self.path, allow_pickle=False) as arrays:
            names = sorted(name for name in arrays.files if name.startswith(f"{subset}-"))
            if not names:
                raise KeyError(subset)
            return [arrays[name] for name in names]


class Store:
    """The finished jobs of benchmarks in a folder.

    Parameters
    ----------
    directory : path-like
        Made when something is saved.
    """

    def __init__(self, directory):
        self.directory = Path(directory).absolute()

    def _path(self, record, suffix):
        name = re.sub(r"[^A-Za-z0-9]+", "-", record.method).strip("-")
        fold = "all" if record.fold < 0 else record.fold
        return (
            self.directory
            / "jobs"
            / f"{name}.repeat{record.repeat}.fold{fold}.{record.fingerprint[:16]}{suffix}"
        )

    def save(self, record, with_maps=True):
        """Write a job; its maps are on disk from then on, not in memory."""
        path = self._path(record, ".npz")
        if with_maps:
            self._begin(record)
            if record.model is None:
                remove_model(path)
            arrays = {
                f"{subset}-{i:06d}": image
                for subset, images in record.maps.items()
                for i, image in enumerate(images)
            }
            write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
        write_atomically(
            self._path(record, ".json"), lambda file: file.write(record.to_json().encode())
        )
        record.maps = StoredMaps(path)

    def save_model(self, record):
        """Write the fitted segmenter of a job, to be followed by `save`."""
        self._begin(record)
        record.model = write_model(record.model, self._path(record, ".npz"), write_atomically)

    def _begin(self, record):
        """Make the folder, and an earlier run of the job unfinished."""
        path = self._path(record, ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)

    def find(self, record):
        """Return the stored job with the method, repeat, fold and fingerprint of `record`.

        Returns
        -------
        Record or None
            None, with a warning if the file is damaged, when it must be run again.
        """
        path = self._path(record, ".json")
        if not path.exists():
            return None
        try:
            found = Record.from_json(path.read_text())
        except (ValueError, TypeError) as error:
            warnings.warn(f"{path} is damaged ({error}); the job runs again.", stacklevel=2)
            return None
        if found.fingerprint != record.fingerprint:
            return None
        found.maps = StoredMaps(path.with_suffix(".npz"))
        found.model = find_model(path)
        return found

    def save_benchmark(self, manifest, data):
        """Write which jobs make up the benchmark, and its images."""
        self.directory.mkdir(parents=True, exist_ok=True)
        fingerprint = data.fingerprint
        path = self.directory / f"data-{fingerprint[:16]}.npz"
        if not path.exists():
            arrays = _data_arrays(data)
            write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
        manifest = {**manifest, "data": path.name, "description": data.description}
        text = json.dumps(manifest, indent=1)
        write_atomically(self.directory / "benchmark.json", lambda file: file.write(text.encode()))

    def load_benchmark(self):
        """Return what `save_benchmark` wrote: the manifest and the data.

        Raises
        ------
        FileNotFoundError
            If the folder holds no benchmark.
        ValueError
            If a file is damaged.
        """
        path = self.directory / "benchmark.json"
        if not path.exists():
            raise FileNotFoundError(
                f"{self.directory} holds no benchmark (no file benchmark.json); pass the folder "
                "that was given to benchmark(..., store=)."
            )
        try:
            manifest = json.loads(path.read_text())
            data_path = self.directory / manifest["data"]
            with np.load(data_path, allow_pickle=False) as arrays:
                data = _data_from_arrays(arrays, manifest.get("description", ""))
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"The store {self.directory} is damaged: {error}") from error
        return manifest, data


def _data_arrays(data):
    """Return the fields of `data` as arrays; the images of a list get one each."""
    arrays = {}
    for name in DATA_FIELDS:
        value = getattr(data, name)
        if isinstance(value, (list, tuple)):
            arrays |= {f"{name}-{i:06d}": np.asarray(image) for i, image in enumerate(value)}
        elif value is not None:
            arrays[name] = np.asarray(value)
    return arrays


def _data_from_arrays(arrays, description):
    values = {}
    for name in DATA_FIELDS:
        parts = sorted(key for key in arrays.files if key.startswith(f"{name}-"))
        if parts:
            values[name] = [arrays[key] for key in parts]
        else:
            values[name] = arrays[name] if name in arrays.files else None
    return BenchmarkData(**values, description=description)
