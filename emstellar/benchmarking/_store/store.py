"""A folder of finished jobs, from which a benchmark resumes and re-opens.

``jobs/`` holds two files per job, the probability maps (npz) and all else (json), and a third, the
fitted segmenter, if asked; the json is written last and says the digests of the others, so a job
whose json is there is whole, and damage shows. Their names say method, repeat and fold, then by
digests which name it is exactly, what was asked for, and what it was computed with.
"""

import hashlib
import re
import warnings
from pathlib import Path

from ...files import DamagedFileError, check_writable, remove_leftovers
from .._plan import BenchmarkPlan
from .manifests import Manifests
from .models import remove_model, write_model
from .record_files import MAPS, read_record, write_maps, write_record

# File systems take 255 bytes; the rest of the name needs about a hundred.
_LONGEST_SLUG = 60


class Store:
    """The finished jobs of benchmarks in a folder.

    Parameters
    ----------
    directory : path-like
        Made when something is saved.

    Attributes
    ----------
    damage : list of str
        What could not be read so far.
    """

    def __init__(self, directory):
        self.directory = Path(directory).absolute()
        self._jobs = self.directory / "jobs"
        self.damage = []
        self._manifests = Manifests(self.directory, self.damage)

    def check_writable(self):
        """Raise an OSError that says why, if nothing can be written to the folder."""
        check_writable(self._jobs)
        remove_leftovers(self._jobs)

    def _path(self, record, suffix=".json"):
        return self._jobs / f"{_stem(record)}.{record.fingerprint[:16]}{suffix}"

    def save(self, record, with_maps=True):
        """Write a job; its maps are on disk from then on, not in memory."""
        path, maps = self._path(record), record.maps
        if with_maps:
            self._begin(record)
            if record.model is None:
                remove_model(path)
            maps = write_maps(path.with_suffix(MAPS), maps)
        write_record(path, record, maps)
        record.maps = maps

    def save_model(self, record):
        """Write the fitted segmenter of a job, to be followed by `save`."""
        self._begin(record)
        record.model = write_model(record.model, self._path(record))

    def _begin(self, record):
        """Make the folder, and an earlier run of the job unfinished."""
        path = self._path(record)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)

    def find(self, record, otherwise="the job runs again"):
        """Return the stored job with the method, repeat, fold and fingerprint of `record`.

        A method that was renamed is found by what it computes.

        Parameters
        ----------
        record : Record or Job
        otherwise : str, optional
            What happens, as the warning says, if its files are damaged.

        Returns
        -------
        Record or None
            None, with a warning if files are damaged, when there is no such job.
        """
        found = self._read(self._path(record), record, otherwise)
        found = self._find_renamed(record, otherwise) if found is None else found
        if found is not None:
            found.call_as(record)
        return found

    def _read(self, path, record, otherwise):
        try:
            found = read_record(path)
        except DamagedFileError as error:
            self.damage.append(str(error))
            warnings.warn(f"{error}; {otherwise}.", stacklevel=4)
            return None
        return found if found is not None and found.fingerprint == record.fingerprint else None

    def _find_renamed(self, record, otherwise):
        for path in self._jobs.glob(f"*.{_place(record)}.*.{record.fingerprint[:16]}.json"):
            found = None if path == self._path(record) else self._read(path, record, otherwise)
            if found is not None and found.kind == record.kind:
                return found
        return None

    def warn_of_others(self, record):
        """Warn if the job is there as other code or versions computed it."""
        if not record.asked:
            return
        for path in self._jobs.glob(f"{_stem(record)}.*.json"):
            try:
                other = read_record(path)
            except DamagedFileError:
                continue
            if other is not None and other.fingerprint != record.fingerprint:
                warnings.warn(
                    f"{self.directory} holds results of {record.method!r} computed with "
                    f"{_difference(other.libraries, record.libraries)}; they are kept, and the "
                    "jobs run again.",
                    stacklevel=4,
                )
                return

    def save_benchmark(self, plan, data):
        """Write the plan of a benchmark, and its images, unless they are there."""
        self._manifests.save(plan.to_dict(), data)

    def load_benchmark(self):
        """Return what `save_benchmark` wrote: the plan and the data.

        Raises
        ------
        FileNotFoundError
            If the folder holds no benchmark.
        ValueError
            If a file is damaged.
        """
        manifest, data = self._manifests.load()
        return BenchmarkPlan.from_dict(manifest), data


def _place(record):
    return f"repeat{record.repeat}.fold{'all' if record.fold < 0 else record.fold}"


def _stem(record):
    """Return the part of the file name that is the same whatever the job was computed with."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", record.method).strip("-")[:_LONGEST_SLUG] or "method"
    name = hashlib.sha256(record.method.encode()).hexdigest()[:8]
    return f"{slug}-{name}.{_place(record)}.{record.asked[:12] or record.kind.replace(' ', '-')}"


def _difference(before, now):
    changed = [
        f"{name} {before.get(name, 'not used')} (now {now.get(name, 'not used')})"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    return ", ".join(changed) or "other code of yours"
