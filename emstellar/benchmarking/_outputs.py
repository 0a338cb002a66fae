"""What a benchmark has kept of its jobs besides tables: maps and models."""

from ._ensembles import choose_fold
from ._record import Kind


def find_maps(result, method, subset, repeat, fold):
    """Return the maps of a method by image; see `BenchmarkResult.probabilities`."""
    # Test images without masks have maps, but no scores.
    subset = result.check_subset(None) if subset is None else subset
    found = [
        record
        for record in result.records
        if record.method == method
        and record.repeat == repeat
        and fold in (None, record.fold)
        and not record.failed
        and subset in record.images
    ]
    if not found:
        raise ValueError(
            f"No maps of {method!r} on subset {subset!r} (repeat {repeat}, fold {fold}); the "
            f"methods are {result.methods}."
        )
    maps = {}
    for record in found:
        for image, probability in zip(
            record.images[subset], record.probabilities(subset), strict=True
        ):
            maps.setdefault(image, probability)
    return maps


def load_model(result, method, repeat, fold, network):
    """Return the fitted segmenter of a job; see `BenchmarkResult.model`."""
    jobs = {record.key: record for record in result.records if record.kind is Kind.SEGMENTER}
    record = jobs.get((method, repeat, fold))
    who = f"{method!r}, repeat {repeat}, fold {fold}"
    if record is None:
        raise ValueError(
            f"There is no job {who}; the segmenters are {result.methods_of('segmenter')}."
        )
    if record.failed:
        raise ValueError(f"The job {who} failed: {record.error['message']}")
    if record.model is None:
        raise ValueError(
            f"The model of {who} was not kept: call benchmark again with the same store and "
            "keep_models=True, which fits it anew."
        )
    return record.model.load(network)


def find_best_fold(result, method, metric, repeat):
    """Return the fold whose model did best; see `BenchmarkResult.best_fold`."""
    (metric,) = result.check_metrics(result.metrics[0] if metric is None else metric)
    folds = [r for r in result.records if (r.method, r.repeat) == (method, repeat)]
    chosen = choose_fold([r for r in folds if r.kind is Kind.SEGMENTER and not r.failed], metric)
    if chosen is None:
        raise ValueError(
            f"No fold of {method!r} (repeat {repeat}) has a validation score by {metric}; the "
            f"segmenters are {result.methods_of('segmenter')}."
        )
    return chosen.fold
