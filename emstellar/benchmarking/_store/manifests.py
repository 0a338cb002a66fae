"""Which jobs make up the benchmark of a store, and its images.

Every call of `benchmark` writes a file of its own, ``benchmark-*.json``, so that calls of several
processes on one store do not overwrite each other; what they asked for is joined when it is read.
"""

import hashlib
import json
import time
import warnings

import numpy as np

from ...files import check_writable, write_atomically
from .._data import BenchmarkData

DATA_FIELDS = ("X", "y", "groups", "X_test", "y_test", "groups_test")
# Calls that agree in these belong to one benchmark.
_COMMON = ("data", "context")


class Manifests:
    """The manifests and the images in the folder of a store.

    Parameters
    ----------
    directory : pathlib.Path
    damage : list of str
        To which is added what cannot be read.
    """

    def __init__(self, directory, damage):
        self.directory = directory
        self._damage = damage

    def save(self, manifest, data):
        """Write a manifest and the images, unless both are there.

        Parameters
        ----------
        manifest : dict
            What JSON can hold.
        data : BenchmarkData
        """
        path = self._save_data(data)
        manifest = {**manifest, "data": path.name, "description": data.description}
        target = self.directory / f"benchmark-{_digest(manifest)[:12]}.json"
        known = self._read_all()
        if known and known[-1][0] == target and known[-1][1] is not None:
            return
        check_writable(self.directory)
        body = {"written": time.time(), **manifest}
        text = json.dumps({"sha256": _digest(body), **body}, indent=1)
        write_atomically(target, lambda file: file.write(text.encode()))

    def _save_data(self, data):
        fingerprint = data.fingerprint
        path = self.directory / f"data-{fingerprint[:16]}.npz"
        if path.exists():
            try:
                if _read_data(path, "").fingerprint == fingerprint:
                    return path
                reason = "its content has changed"
            # Whatever the readers of zip and npy stumble over in a damaged file.
            except Exception as error:
                reason = error
            warnings.warn(f"{path} is damaged ({reason}); it is written anew.", stacklevel=5)
        check_writable(self.directory)
        arrays = _data_arrays(data)
        write_atomically(path, lambda file: np.savez_compressed(file, **arrays))
        return path

    def load(self):
        """Return the manifest of all calls that belong together, the newest first, and the data.

        Returns
        -------
        manifest : dict
            That of the newest call; its methods and jobs are followed by those of other calls
            with the same images and folds.
        data : BenchmarkData

        Raises
        ------
        FileNotFoundError
            If the folder holds no benchmark.
        ValueError
            If all manifests, or the images, are damaged.
        """
        known = self._read_all()
        if not known:
            raise FileNotFoundError(
                f"{self.directory} holds no benchmark (no file benchmark-*.json); pass the folder "
                "that was given to benchmark(..., store=)."
            )
        readable = [manifest for _, manifest in known if manifest is not None]
        if not readable:
            raise ValueError(
                f"The store {self.directory} is damaged: none of its files benchmark-*.json can "
                "be read. The same call of benchmark writes them anew; no job is lost."
            )
        manifest = _join(readable)
        path = self.directory / manifest["data"]
        try:
            data = _read_data(path, manifest["description"])
        # Whatever the readers of zip and npy stumble over in a damaged file.
        except Exception as error:
            raise ValueError(
                f"The store {self.directory} is damaged: its images cannot be read ({error}). The "
                "same call of benchmark writes them anew; no job is lost."
            ) from error
        if not path.stem.endswith(data.fingerprint[:16]):
            raise ValueError(
                f"The store {self.directory} is damaged: the content of {path.name} has changed. "
                "The same call of benchmark writes it anew; no job is lost."
            )
        return manifest, data

    def _read_all(self):
        """Return paths and manifests, the newest last; None for one that is damaged."""
        found = [(path, self._read(path)) for path in self.directory.glob("benchmark-*.json")]
        return sorted(found, key=lambda pair: (pair[1] or {"written": 0.0})["written"])

    def _read(self, path):
        try:
            return _read_manifest(path)
        except (
            OSError,
            ValueError,
            TypeError,
            LookupError,
            AttributeError,
            RecursionError,
        ) as error:
            self._damage.append(f"{path} is damaged ({error})")
            warnings.warn(f"{self._damage[-1]} and left out.", stacklevel=5)
            return None


def _read_manifest(path):
    manifest = json.loads(path.read_text())
    if manifest.pop("sha256") != _digest(manifest):
        raise ValueError("its content has changed")
    jobs = [(str(m), int(r), int(f), str(p), str(a)) for m, r, f, p, a in manifest["jobs"]]
    forms = {"methods": dict, "scoring": list, "ensembles": list, "data": str, "written": float}
    if not all(isinstance(manifest[name], form) for name, form in forms.items()):
        raise ValueError("a part is missing")
    return {"description": "", "code": "", "context": "", **manifest, "jobs": jobs}


def _digest(manifest):
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _join(manifests):
    """Return the newest manifest with the methods of older ones that belong to it."""
    *older, newest = manifests
    joined = {**newest, "methods": dict(newest["methods"]), "jobs": list(newest["jobs"])}
    for manifest in reversed(older):
        if any(manifest.get(name) != newest.get(name) for name in _COMMON):
            continue
        new = [name for name in manifest["methods"] if name not in joined["methods"]]
        if new:
            joined["methods"] |= {name: manifest["methods"][name] for name in new}
            joined["jobs"] += [job for job in manifest["jobs"] if job[0] in new]
            joined["code"] += f"\n\n# {', '.join(new)} by another call:\n{manifest['code']}"
            joined["joined"] = True
    return joined


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


def _read_data(path, description):
    # Opened here, since numpy leaves the file of a damaged archive open.
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
        values = {}
        for name in DATA_FIELDS:
            parts = sorted(key for key in arrays.files if key.startswith(f"{name}-"))
            if parts:
                values[name] = [arrays[key] for key in parts]
            else:
                values[name] = arrays[name] if name in arrays.files else None
    return BenchmarkData(**values, description=description)
