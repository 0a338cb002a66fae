"""Runs the jobs of a benchmark, many at once, and keeps what is finished."""

import sys
import warnings
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import BACKENDS, get_active_backend
from sklearn.exceptions import FitFailedWarning

from ._processes.isolation import WorkerDied, pack, read_shared, run_isolated, shared_file
from ._progress import format_seconds, show_progress
from ._task import describe_error, keep_scores
from .environment import describe_environment
from .job import Job


class Runner:
    """Runs tasks (jobs, then votes), as many at once as allowed; keeps and announces each.

    Parameters
    ----------
    data : BenchmarkData
    scoring : Scoring
    map_dtype : str
        How probability maps are kept.
    store : Store, optional
        Where.
    retry_failed : bool, default=False
        Whether stored failures run again.
    n_jobs : int, optional
        How many tasks run at once.
    isolate : bool, default=True
        Whether jobs run in processes that may die.
    verbose : int, default=0
    """

    def __init__(
        self,
        data,
        scoring,
        map_dtype,
        *,
        store=None,
        retry_failed=False,
        n_jobs=None,
        isolate=True,
        verbose=0,
    ):
        self.data = data
        self.scoring = scoring
        self.map_dtype = map_dtype
        self.store = store
        self.retry_failed = retry_failed
        self.n_jobs = n_jobs
        self.isolate = isolate
        self.verbose = verbose

    def __call__(self, tasks):
        """Return the records of all tasks, in their order."""
        found = [self._find(task) for task in tasks]
        records = [record for record in found if self._is_complete(record)]
        open_tasks = [
            (task, record)
            for task, record in zip(tasks, found, strict=True)
            if not self._is_complete(record)
        ]
        if open_tasks and self.store is not None:
            self.store.check_writable()
        with show_progress(len(open_tasks), self.verbose) as announce:
            try:
                with closing(self._results(open_tasks)) as results:
                    for record in results:
                        records.append(record)
                        announce(_describe(record))
            except KeyboardInterrupt as interrupt:
                interrupt.add_note(self._say_what_is_kept(len(records), len(tasks)))
                raise
        order = {task.key: i for i, task in enumerate(tasks)}
        return sorted(records, key=lambda record: order[record.key])

    def _find(self, task):
        record = None if self.store is None else self.store.find(task)
        if record is None:
            if self.store is not None:
                self.store.warn_of_others(task)
            return None
        if record.failed:
            again = self.retry_failed or "transient" in record.error
            return None if again else record
        if task.keep_model and record.model is None:
            return None
        return record if self.retry_failed else record.after_death(self._missing_scorers(record))

    def _missing_scorers(self, record):
        """Return the fingerprint of each metric that the record lacks in some subset."""
        known = self.scoring.fingerprints
        scorings = _missing_scoring(record, self.scoring).values()
        return {n: known[n] for missing in scorings if missing for n in missing.scorers}

    def _is_complete(self, record):
        """Tell whether a record needs nothing more, not even a metric."""
        if record is None or record.failed:
            return record is not None
        return not any(_missing_scoring(record, self.scoring).values())

    def _results(self, open_tasks):
        """Yield the records of tasks as they finish: fits isolated, votes by joblib."""
        isolated, others, here = [], open_tasks, []
        if self.isolate and _may_isolate():
            isolated = [item for item in open_tasks if isinstance(item[0], Job)]
            others = [item for item in open_tasks if not isinstance(item[0], Job)]
        if isolated:
            yield from self._isolated(isolated, here)
        for task, record in here:
            yield _perform(task, record, self.data, self.scoring, self.map_dtype, self.store)
        if others:
            parallel = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")
            yield from parallel(
                delayed(_perform)(task, record, self.data, self.scoring, self.map_dtype, self.store)
                for task, record in others
            )

    def _isolated(self, open_tasks, here):
        """Yield the records of jobs in worker processes; add to `here` what cannot go there."""
        n_workers = min(effective_n_jobs(self.n_jobs), len(open_tasks))
        max_threads = getattr(get_active_backend()[0], "inner_max_num_threads", None)
        with ExitStack() as stack:
            try:
                path = stack.enter_context(shared_file(self.data))
            except Exception as error:
                _warn_of_no_isolation("the images", error)
                here += open_tasks
                return
            messages = self._messages(open_tasks, path, here)
            outcomes = stack.enter_context(closing(run_isolated(messages, n_workers, max_threads)))
            for (task, record), outcome in outcomes:
                if isinstance(outcome, WorkerDied):
                    yield self._keep_death(task, record, outcome)
                else:
                    yield outcome

    def _messages(self, open_tasks, path, here):
        """Yield the tasks as messages; those that cannot be pickled stay for this process."""
        for task, record in open_tasks:
            call = partial(
                _perform_shared, task, record, path, self.scoring, self.map_dtype, self.store
            )
            try:
                message = pack(call)
            except Exception as error:
                _warn_of_no_isolation(f"the method {task.method!r}", error)
                here.append((task, record))
            else:
                yield (task, record), message

    def _keep_death(self, task, record, death):
        """Return the record of a job whose process died, kept so that it is not met again.

        Where it died of a further metric, what was scored before is as good as ever, and is what a
        call without that metric gets.
        """
        error = {
            "type": type(death).__name__,
            "message": str(death),
            "traceback": "\n".join([str(death), *getattr(death, "__notes__", ())]),
        }
        if record is not None:
            record.deaths.append({"scorers": self._missing_scorers(record), "error": error})
            _keep(record, self.store, lambda: self.store.save(record, with_maps=False))
            return replace(record, error=error)
        died = replace(task.record(), error=error, environment=describe_environment())
        if self.store is not None:
            _keep(died, self.store, lambda: self.store.save(died))
        return died

    def _say_what_is_kept(self, n_done, n_all):
        if self.store is None:
            return f"{n_done} of {n_all} jobs were finished; pass store= to keep them next time."
        return (
            f"{n_done} of {n_all} jobs are kept in {self.store.directory}; "
            "the same call continues with the rest."
        )


def _may_isolate():
    """Tell whether jobs go to processes of this machine, unless something holds for this one.

    Threads, Dask and whatever else a joblib context asks for are left to joblib. What
    `keras.distribution` and ``tf.distribute`` have set exists in this process alone.
    """
    keras, tensorflow = sys.modules.get("keras"), sys.modules.get("tensorflow")
    if keras is not None and keras.distribution.distribution() is not None:
        return False
    if tensorflow is not None and tensorflow.distribute.has_strategy():
        return False
    kinds = tuple(BACKENDS[name] for name in ("loky", "multiprocessing") if name in BACKENDS)
    return isinstance(get_active_backend()[0], kinds)


def _warn_of_no_isolation(what, error):
    warnings.warn(
        f"{what} cannot be sent to a worker process ({type(error).__name__}: {error}), and "
        "jobs run in this one: should it die, the benchmark dies too.",
        stacklevel=2,
    )


def _perform_shared(task, record, path, *options):
    return _perform(task, record, read_shared(path), *options)


def _perform(task, record, data, scoring, map_dtype, store):
    """Run a task, or compute the metrics that its stored record lacks; runs in a worker."""
    if record is None:
        record = task.run(data, scoring, map_dtype)
        if store is not None:
            _save(record, store)
        return record
    try:
        _score_further(record, data, scoring)
    except Exception as error:
        # What is in the store is as good as before.
        return replace(record, error=describe_error(error))
    record.deaths = [d for d in record.deaths if not d["scorers"].items() <= record.scorers.items()]
    _keep(record, store, lambda: store.save(record, with_maps=False))
    return record


def _score_further(record, data, scoring):
    """Add the metrics that a stored record lacks, by its maps."""
    for subset, missing in _missing_scoring(record, scoring).items():
        if missing is not None:
            X, y, _ = data.scored_on(subset)[record.images[subset]].parts
            maps = record.probabilities(subset)
            keep_scores(record, subset, maps, X, y, record.classes, missing)


def _missing_scoring(record, scoring):
    """Return for each subset the scoring of what no scorer of today has scored, or None."""
    current = {n for n, known in scoring.fingerprints.items() if record.scorers.get(n) == known}
    return {
        subset: scoring.without(current.intersection(scores))
        for subset, scores in record.pooled.items()
    }


def _save(record, store):
    if record.model is not None:
        try:
            store.save_model(record)
        except OSError as error:
            # The machine's fault, not the job's: its scores count.
            record.model = None
            warnings.warn(
                f"{store.directory} could not keep the model of {_describe(record)} ({error}); the "
                "same call fits it again.",
                stacklevel=2,
            )
        except Exception as error:
            # Whoever asked for the model must hear that there is none.
            record.model, record.error = None, describe_error(error)
    _keep(record, store, lambda: store.save(record))


def _keep(record, store, save):
    """Save a record; where there is no room, it is at least in the result."""
    try:
        save()
    except OSError as error:
        warnings.warn(
            f"{store.directory} could not keep {_describe(record)} ({error}): it is in this result "
            "only, and the same call computes it again.",
            stacklevel=2,
        )


def _describe(record):
    """Return a line about a finished job."""
    where = record.method if record.fold < 0 else f"{record.method}, fold {record.fold}"
    if record.repeat:
        where += f", repeat {record.repeat}"
    if record.failed:
        return f"{where}: failed, {record.error['type']}: {record.error['message']}"
    subset, scores = next(iter(record.pooled.items()), (None, {}))
    score = next((f": {name} {value:.4f} ({subset})" for name, value in scores.items()), "")
    seconds = sum(v for k, v in record.resources.items() if k in ("fit_time", "predict_time"))
    return f"{where}{score}" + (f" in {format_seconds(seconds)}" if seconds else "")


def report_failures(records):
    """Warn of failed jobs.

    Raises
    ------
    ValueError
        If every job failed.
    """
    failed = [record for record in records if record.failed]
    if not failed:
        return
    first = failed[0].error
    if len(failed) == len(records):
        raise ValueError(
            f"All the {len(records)} jobs failed. The first one, {failed[0].method}, fold "
            f"{failed[0].fold}, with:\n{first['traceback']}"
        )
    names = ", ".join(dict.fromkeys(record.method for record in failed))
    warnings.warn(
        f"{len(failed)} of {len(records)} jobs failed ({names}); result.errors has the "
        f"tracebacks. The first: {first['type']}: {first['message']}",
        FitFailedWarning,
        stacklevel=3,
    )
