"""Results from what is there already: a store, other results, or maps made elsewhere.

Here votes are held and maps are scored, so that a `BenchmarkResult` itself runs nothing. Each
function returns what its constructor takes: records, data, plan and, of a store, its damage.
"""

from dataclasses import replace

import numpy as np

from ..validation import check_groups, is_sequence_of_arrays
from ._data import BenchmarkData, check_names
from ._ensembles import check_ensembles, make_ensembles
from ._execution import Runner
from ._plan import BenchmarkPlan, PlannedJob
from ._predictions import check_predictions
from ._record import Kind, Record
from ._reproduction.calls import describe_predictions
from ._scoring import Scoring
from ._store import Store
from ._tables.frames import scored_names
from .environment import describe_environment


def open_store(store):
    """Return the benchmark kept in a store; see `BenchmarkResult.load`."""
    folder = Store(store)
    plan, data = folder.load_benchmark()
    wanted = [Record(*job.key, fingerprint=job.fingerprint, asked=job.asked) for job in plan.jobs]
    records = [found for job in wanted if (found := _find(folder, job, plan)) is not None]
    votes = make_ensembles(records, tuple(plan.ensembles), plan.scoring[0])
    if plan.joined and len(records) == len(wanted):
        # Calls with some of the methods each have not held the votes of all.
        run = Runner(data, Scoring(plan.scoring), plan.map_dtype, store=folder)
        return records + run(votes), data, plan, folder.damage
    records += [found for vote in votes if (found := _find(folder, vote, plan)) is not None]
    return records, data, plan, folder.damage


def _find(folder, job, plan):
    """Return the stored job, as failed if one of the metrics that were asked for had ended it."""
    found = folder.find(job, "it is left out, and the same call of benchmark computes it anew")
    if found is None:
        return None
    missing = [name for name in plan.scoring if name not in found.scorers]
    scorers = {n: f for d in found.deaths for n, f in d["scorers"].items() if n in missing}
    return found.after_death(scorers)


def merge_results(results, *, n_jobs=None, verbose=0):
    """Return one benchmark of several results; see `BenchmarkResult.merge`."""
    if not results:
        raise ValueError("There is nothing to merge.")
    data = results[0].data
    if any(result.data.fingerprint != data.fingerprint for result in results):
        raise ValueError("The results are of different images, and cannot be merged.")
    _check_same_folds(results)
    metrics = [m for m in results[0].metrics if all(m in result.metrics for result in results)]
    found = [r for result in results for r in result.records if r.kind is Kind.SEGMENTER]
    records = list({record.key: record for record in reversed(found)}.values())[::-1]
    codes = dict.fromkeys(result.plan.code for result in results)
    plan = replace(
        results[0].plan,
        methods={k: v for result in results for k, v in result.plan.methods.items()},
        scoring=scored_names(metrics),
        jobs=[PlannedJob(*r.key, r.fingerprint, r.asked) for r in records],
        code="\n\n# Merged with the result of:\n".join(codes),
    )
    run = Runner(data, Scoring(plan.scoring), "float16", n_jobs=n_jobs, verbose=verbose)
    votes = run(make_ensembles(records, tuple(plan.ensembles), plan.scoring[0]))
    return records + votes, data, plan


def _check_same_folds(results):
    """Raise unless a fold holds out the same images in all results."""
    held_out = {}
    for result in results:
        for record in result.records:
            images = record.images.get("validation") if record.kind is Kind.SEGMENTER else None
            if images is not None and held_out.setdefault(record.fold, images) != images:
                raise ValueError(
                    f"The results are of different folds and cannot be merged: fold {record.fold} "
                    f"holds out images {list(held_out[record.fold])} in one and {list(images)} in "
                    "another, so models of one were fitted on what those of the other are scored "
                    "on. Give all calls of benchmark the same cv."
                )


def score_predictions(
    predictions,
    y,
    *,
    X,
    groups,
    names,
    classes,
    scoring,
    threshold,
    ensembles,
    n_jobs,
    description,
    loading,
    verbose,
):
    """Return the scores of maps made elsewhere; see `BenchmarkResult.from_predictions`."""
    scoring, ensembles = Scoring(scoring, threshold), check_ensembles(ensembles)
    y = y if is_sequence_of_arrays(y) else np.asarray(y)
    groups = check_groups(groups, y)
    data = BenchmarkData(X_test=X, y_test=y, description=description, groups_test=groups)
    tasks = check_predictions(predictions, y, classes)
    parameters = {"classes": tuple(classes), "scoring": scoring.names}
    parameters |= {"threshold": threshold, "ensembles": list(ensembles)}
    plan = BenchmarkPlan(
        methods=dict.fromkeys(predictions, "predicted elsewhere"),
        scoring=scoring.names,
        ensembles=list(ensembles),
        names=check_names(data, None, names),
        map_dtype="float32",
        threshold=threshold,
        code=describe_predictions(data, parameters, loading),
        environment=describe_environment(),
    )
    run = Runner(data, scoring, plan.map_dtype, n_jobs=n_jobs, verbose=verbose)
    records = run(tasks)
    records += run(make_ensembles(records, ensembles, scoring.names[0]))
    return records, data, plan
