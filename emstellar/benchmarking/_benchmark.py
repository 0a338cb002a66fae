"""The benchmark: every method on every fold, one job each."""

import os
import warnings

import numpy as np

from ..constraints import BOOLEAN, NONE, Interval, OneOf, check_arguments
from ..training.monitoring import check_before_training
from ._data import check_data, check_names, make_splits
from ._ensembles import DEFAULT_ENSEMBLES, check_ensembles, make_ensembles
from ._execution import Runner, report_failures
from ._methods import name_segmenters
from ._plan import BenchmarkPlan, FoldSizes, PlannedJob
from ._reproduction.calls import describe_call
from ._result import BenchmarkResult
from ._scoring import DEFAULT_SCORING, Scoring
from ._store.store import Store
from .environment import describe_environment
from .job import make_jobs
from .maps import MAP_DTYPES

CONSTRAINTS = {
    "n_repeats": [Interval(int, 1, None)],
    "random_state": [Interval(int, 0, None), NONE],
    "map_dtype": [OneOf(*MAP_DTYPES)],
    "retry_failed": [BOOLEAN],
    "keep_models": [BOOLEAN],
    "monitor_folds": [BOOLEAN],
    "isolate": [BOOLEAN, NONE],
}
ISOLATE_VARIABLE = "EMSTELLAR_ISOLATE"


def benchmark(
    segmenters,
    X,
    y,
    *,
    cv=5,
    groups=None,
    X_test=None,
    y_test=None,
    groups_test=None,
    names=None,
    names_test=None,
    scoring=DEFAULT_SCORING,
    ensembles=DEFAULT_ENSEMBLES,
    n_repeats=1,
    monitor_folds=False,
    n_jobs=None,
    isolate=None,
    store=None,
    retry_failed=False,
    keep_models=False,
    map_dtype="float16",
    random_state=None,
    description="",
    loading="",
    verbose=1,
):
    """Compare segmenters by cross-validation and on held-out images.

    Parameters
    ----------
    segmenters : dict of str to segmenter, list of segmenters or of (name, segmenter) tuples
        The methods. They are cloned, never fitted themselves.
    X : array-like of shape (n_images, height, width[, channels]) or sequence of images
        The images of the cross-validation.
    y : array-like of shape (n_images, height, width) or sequence of masks
        Their masks; pixels of ``-1`` are ignored.
    cv : int, cross-validation splitter or iterable, default=5
        As in scikit-learn. An int means contiguous folds. Images that resemble each other
        (tiles of one field, neighbouring sections) belong on one side: give `groups` and a
        splitter that respects them, such as `~sklearn.model_selection.LeaveOneGroupOut`.
    groups : array-like of shape (n_images,), optional
        The field, specimen or block of each image: for the splitter, and for ``fit`` where it
        takes `groups`.
    X_test, y_test : like `X` and `y`, optional
        Images that no fold trains on. The model of every fold predicts them; only on them
        votes of the folds are scored.
    groups_test : array-like of shape (n_test_images,), optional
        The field, specimen or stack of each test image: what counts as one observation when
        methods are compared on them. Without it all test images together are one observation,
        from which nothing can be ranked; see `BenchmarkResult.compare`.
    names, names_test : sequence of str, optional
        What the images are called, their files say, for the report.
    scoring : str, sequence of str or dict of str to scorer, default=the nine of the paper
        Names of `emstellar.metrics.get_scorer_names` or scorers as in ``cross_validate``.
    ensembles : sequence of str, default=("average voting", "majority voting", "best fold")
        Which ensembles to make, from the stored probability maps. Votes are held by all methods
        on each fold's validation images; by each method's folds, and by all, on the test images.
        "best fold" takes, for each method and repeat, the model of the fold with the highest
        validation score by the first metric of `scoring`; it too is scored on test images alone.
    n_repeats : int, default=1
        How often each method is fitted on each fold, with another seed each time.
    monitor_folds : bool, default=False
        Whether networks monitor their fold's validation images while they train, as in the
        paper, so that `BenchmarkResult.convergence_times` knows when each was best. A network
        that is also stopped or restored by them (`patience`, `restore_best`) has chosen its epoch
        by the images that score it.
    n_jobs : int, optional
        How many jobs run at once, as in scikit-learn; ``joblib.parallel_config`` chooses where
        (processes, threads, a Dask cluster). 1 unless such a context says otherwise.
    isolate : bool, optional
        Whether jobs run in worker processes, also one at a time, so that a job whose process dies
        (a crash, lack of memory) fails alone: its error names the signal, the worker is replaced,
        and all other jobs finish. Workers are used again, by later calls too. False runs the jobs
        of ``n_jobs=1`` in this process, for a debugger. None is True unless the environment
        variable ``EMSTELLAR_ISOLATE`` is 0. In threads, on a cluster and under a distribution
        strategy of Keras jobs are not isolated.
    store : path-like, optional
        A folder that keeps every finished job. The same call again, whatever stopped it,
        repeats none; changed data, parameters, folds or seeds are other jobs. Metrics that
        a stored job lacks are computed from its probability maps.
    retry_failed : bool, default=False
        Whether jobs that are in the store as failed run again.
    keep_models : bool, default=False
        Whether the store keeps the fitted segmenter of every job too, for
        `BenchmarkResult.model`: networks as files without code, all others by joblib, whose
        files must be trusted as code is. A stored job without its segmenter runs again; a
        segmenter that cannot be written is a failure of its job.
    map_dtype : {"float16", "float32", "uint8"}, default="float16"
        How the probability maps are kept. Scores of segmenters are computed before the maps are
        rounded; those of votes, and of metrics asked for later, after.
    random_state : int, optional
        Sets the random states of all segmenters, by repeat and fold. With None, each segmenter
        keeps its own.
    description : str, default=""
        What the images are, for the report.
    loading : str, default=""
        Python code that loads what is passed (`X`, `y`, and where given `groups`, `X_test`,
        `y_test`, `groups_test`, `names`, `names_test`), for the report, whose code then runs from
        the first line to the last.
    verbose : int, default=1
        0 is silent; 1 shows a line per job, and the time left.

    Returns
    -------
    BenchmarkResult

    Raises
    ------
    ValueError, TypeError
        For wrong input, before the first job, and if every job fails.

    Warns
    -----
    FitFailedWarning
        If jobs failed; the others finish, and ``result.errors`` lists the failures.
    UserWarning
        If `monitor_folds` lets a network choose its epoch by the images that score it.

    See Also
    --------
    sklearn.model_selection.cross_validate : The same for one segmenter; the fold scores agree.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar import RandomForestSegmenter, benchmark
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile(np.arange(16) % 8 < 4, (4, 16, 1)).astype(int)
    >>> X = y + rng.normal(scale=0.2, size=y.shape)
    >>> segmenters = {"forest": RandomForestSegmenter(n_estimators=5)}
    >>> result = benchmark(segmenters, X, y, cv=2, scoring="f1", random_state=0, verbose=0)
    >>> bool(result.summary().loc["forest", ("f1", "mean")] > 0.9)
    True
    """
    parameters = {
        "n_repeats": n_repeats,
        "random_state": random_state,
        "map_dtype": map_dtype,
        "retry_failed": retry_failed,
        "monitor_folds": monitor_folds,
    }
    given = parameters | {"keep_models": keep_models, "isolate": isolate}
    check_arguments("benchmark", given, CONSTRAINTS)
    if isolate is None:
        isolate = os.environ.get(ISOLATE_VARIABLE) != "0"
    if keep_models and store is None:
        raise ValueError("keep_models=True needs a folder for the models: pass store= too.")
    segmenters, scoring = name_segmenters(segmenters), Scoring(scoring)
    ensembles = check_ensembles(ensembles)
    data = check_data(X, y, groups, X_test, y_test, description, groups_test)
    names = check_names(data, names, names_test)
    splits = make_splits(cv, data)
    _check_networks(segmenters, data, monitor_folds)
    store = None if store is None else Store(store)
    context = None
    if store is not None:
        context = f"{data.job_fingerprint} {map_dtype}" + " monitored" * monitor_folds
    options = {"keep_model": keep_models, "monitor": monitor_folds}
    if monitor_folds:
        _warn_of_chosen_epochs(segmenters)
    jobs = make_jobs(segmenters, splits, n_repeats, random_state, context, **options)
    options = {"ensembles": list(ensembles), **parameters}
    # What is no splitter may be a generator, by now used up.
    known_cv = cv if cv is None or isinstance(cv, int) or hasattr(cv, "split") else splits
    plan = BenchmarkPlan(
        methods={name: repr(segmenter) for name, segmenter in segmenters.items()},
        scoring=scoring.names,
        ensembles=list(ensembles),
        names=names,
        jobs=[PlannedJob(*job.key, job.fingerprint, job.asked) for job in jobs],
        map_dtype=map_dtype,
        monitor_folds=monitor_folds,
        splits=[[train.tolist(), validation.tolist()] for train, validation in splits],
        folds=FoldSizes.of(cv, splits),
        code=describe_call(segmenters, known_cv, data, scoring.names, options, loading, names),
        environment=describe_environment(),
    )
    if store is not None:
        store.save_benchmark(plan, data)
    run = Runner(
        data,
        scoring,
        map_dtype,
        store=store,
        retry_failed=retry_failed,
        n_jobs=n_jobs,
        isolate=isolate,
        verbose=verbose,
    )
    records = run(jobs)
    records += run(make_ensembles(records, ensembles, scoring.names[0]))
    report_failures(records)
    return BenchmarkResult(records, data, plan)


def _check_networks(segmenters, data, monitor_folds):
    """Raise if a network cannot be trained, before others are."""
    shapes = [np.shape(image)[:2] for image in data.X]
    for name, segmenter in segmenters.items():
        try:
            check_before_training(segmenter, shapes, has_validation=monitor_folds)
        except ValueError as error:
            raise ValueError(f"Method {name!r} cannot be trained: {error}") from error


def _warn_of_chosen_epochs(segmenters):
    """Warn of networks whose validation scores `monitor_folds` makes optimistic."""
    choosing = []
    for name, segmenter in segmenters.items():
        params = segmenter.get_params(deep=False)
        if params.get("restore_best") or params.get("patience") is not None:
            choosing.append(name)
    if choosing:
        warnings.warn(
            f"With monitor_folds=True, {', '.join(choosing)} would choose the epoch by the images "
            "that score it: pass restore_best=False and patience=None to the segmenters, or rely "
            "on the scores of X_test alone.",
            stacklevel=3,
        )
