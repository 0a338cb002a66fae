"""One job of a benchmark: fit a segmenter on a fold, predict, score, measure."""

import hashlib
import platform
import traceback
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from ..fingerprints import identify
from ..input_warnings import inputs_were_judged
from ._methods import seeded_clone
from ._processes.resources import Meter, count_pixels, fresh_memory
from ._processes.warm_up import uses_keras, warm_up, warm_up_prediction
from ._record import Record
from .environment import describe_environment


@dataclass
class Job:
    """A segmenter to be fitted on a fold.

    Attributes
    ----------
    method : str
    repeat, fold : int
    segmenter : segmenter
        Unfitted, with the random state of this job.
    train, validation : ndarray of int
        The positions of the images.
    fingerprint : str
        Equal for jobs that must give equal results.
    asked : str
        The same without code and versions: equal for jobs that the user takes for equal.
    libraries : dict of str to str
        The versions in the fingerprint.
    keep_model : bool
        Whether the record holds the fitted segmenter.
    monitor : bool
        Whether the segmenter, where it can, monitors the validation images in training.
    """

    method: str
    repeat: int
    fold: int
    segmenter: Any
    train: np.ndarray
    validation: np.ndarray
    fingerprint: str = ""
    asked: str = ""
    libraries: dict = field(default_factory=dict)
    keep_model: bool = False
    monitor: bool = False

    kind = "segmenter"

    def record(self):
        """Return what is known of the job before it runs."""
        return Record(
            self.method,
            self.repeat,
            self.fold,
            fingerprint=self.fingerprint,
            asked=self.asked,
            libraries=self.libraries,
            images={"validation": self.validation.tolist()},
        )

    def run(self, data, scoring, map_dtype):
        """Return the record of the job; whatever exception a segmenter raises is kept in it."""
        record = self.record()
        record.host = platform.node()
        try:
            # A copy, so that no list of jobs holds the networks of all that have run.
            segmenter = clone(self.segmenter)
            # The benchmark has judged all images and masks, once.
            with inputs_were_judged():
                self._fit(segmenter, data, record)
                self._predict(segmenter, data, record, scoring, map_dtype)
            record.model = segmenter if self.keep_model else None
        except Exception as error:
            record.error = describe_error(error)
        record.environment = describe_environment()
        return record

    def _fit(self, segmenter, data, record):
        X, y = data.take("validation", self.train)
        fit_params = {}
        if data.groups is not None and has_fit_parameter(segmenter, "groups"):
            fit_params["groups"] = data.groups[self.train]
        if self.monitor and has_fit_parameter(segmenter, "validation_data"):
            fit_params["validation_data"] = data.take("validation", self.validation)
        with_keras = _prepare(segmenter)
        with Meter(with_keras) as meter:
            segmenter.fit(X, y, **fit_params)
        earlier = getattr(segmenter, "earlier_pieces_", [])
        record.busy = [[begin, end] for begin, end, _ in earlier] + [meter.interval]
        record.classes = segmenter.classes_.tolist()
        record.history = _as_lists(getattr(segmenter, "history_", {}))
        record.convergence = _convergence(segmenter)
        record.complexity = _complexity(segmenter, X) if self.fold == 0 else {}
        record.resources = {
            "fit_time": meter.wall_time + sum(end - begin for begin, end, _ in earlier),
            "fit_cpu_time": meter.cpu_time + sum(cpu for _, _, cpu in earlier),
            "compile_time": _number(getattr(segmenter, "compile_time_", np.nan)),
            "fit_peak_memory": meter.peak_memory,
            "fit_extra_memory": meter.extra_memory,
            "fit_peak_device_memory": meter.peak_device_memory,
            "n_iter": _number(getattr(segmenter, "n_iter_", np.nan)),
            "convergence_time": _number(getattr(segmenter, "convergence_time_", np.nan)),
        }

    def _predict(self, segmenter, data, record, scoring, map_dtype):
        meters, n_pixels = [], 0
        for subset in ("validation", "test"):
            X, y = data.subset(subset)
            if X is None:
                continue
            if subset == "validation":
                X, y = data.take(subset, self.validation)
            warm_up_prediction(segmenter, X)
            with Meter() as meter:
                probabilities = segmenter.predict_proba(X)
            meters.append(meter)
            record.busy.append(meter.interval)
            n_pixels += count_pixels(X)
            record.images.setdefault(subset, list(range(len(X))))
            keep_scores(record, subset, probabilities, X, y, segmenter.classes_, scoring)
            record.keep_maps(subset, probabilities, map_dtype)
        wall = sum(meter.wall_time for meter in meters)
        record.resources |= {
            "predict_time": wall,
            "predict_cpu_time": sum(meter.cpu_time for meter in meters),
            "predict_peak_memory": max(meter.peak_memory for meter in meters),
            "predict_peak_device_memory": max(meter.peak_device_memory for meter in meters),
            "predict_seconds_per_megapixel": wall / n_pixels * 1e6,
        }


def make_jobs(segmenters, splits, n_repeats, random_state, context=None, **options):
    """Return one job per repeat, fold and segmenter, the segmenters of a fold side by side.

    So whatever interrupts the benchmark, the methods were compared on the folds that are done.

    Parameters
    ----------
    segmenters : dict of str to segmenter
    splits : list of (train, validation)
        Arrays of positions.
    n_repeats : int
    random_state : int or None
    context : str, optional
        What all results depend on (the data). Without it the jobs get no fingerprint, which
        only a store needs.
    **options
        Further attributes of all jobs: `keep_model`, `monitor`.
    """
    jobs = []
    for repeat in range(n_repeats):
        for fold, (train, validation) in enumerate(splits):
            for method, segmenter in segmenters.items():
                own = seeded_clone(segmenter, random_state, repeat, fold)
                known = {} if context is None else _identify(context, own, train, validation)
                where = (method, repeat, fold)
                jobs.append(Job(*where, own, train, validation, **known, **options))
    return jobs


def _identify(context, segmenter, train, validation):
    """Return what a store tells the job by."""
    try:
        identity = identify(segmenter)
    except ValueError as error:
        raise ValueError(
            f"A parameter of {segmenter!r} cannot be fingerprinted, which `store` needs: {error}. "
            "Use numbers, texts, functions, or objects made of these."
        ) from error
    parts = (context, identity.parameters, train.tolist(), validation.tolist())
    asked = hashlib.sha256(repr(parts).encode()).hexdigest()
    fingerprint = hashlib.sha256(f"{asked} {identity.fingerprint}".encode()).hexdigest()
    return {"fingerprint": fingerprint, "asked": asked, "libraries": identity.libraries}


def keep_scores(record, subset, probabilities, X, y, classes, scoring):
    """Add the scores of a subset to `record`, beside those that it has; none without truth."""
    if y is None:
        return
    scores = scoring.score_all(probabilities, X, y, classes)
    record.pooled.setdefault(subset, {}).update(scores.pooled)
    record.per_image.setdefault(subset, {}).update(scores.per_image)
    record.undefined.setdefault(subset, {}).update(scores.undefined)
    record.foreground[subset] = scores.foreground
    record.scorers |= scoring.fingerprints


def describe_error(error):
    """Return type, message and traceback of an exception as text.

    It is transient where the machine was short of something: the same job may succeed next time.
    """
    transient = {"transient": "yes"} if isinstance(error, (OSError, MemoryError)) else {}
    return transient | {
        "type": type(error).__name__,
        "message": str(error),
        "traceback": "".join(traceback.format_exception(error)),
    }


def _prepare(segmenter):
    """Bring the process to where every fit begins; return whether that is with Keras."""
    with_keras = uses_keras(segmenter)
    fresh_memory(with_keras=False)
    if with_keras:
        warm_up()
        fresh_memory(with_keras=True)
    return with_keras


def _as_lists(history):
    return {name: [float(value) for value in values] for name, values in history.items()}


def _convergence(segmenter):
    """Return the seconds to the best epoch under each criterion that the segmenter recorded."""
    times = getattr(segmenter, "convergence_times_", None)
    if not times and getattr(segmenter, "convergence_time_", None) is not None:
        times = {"training": segmenter.convergence_time_}
    return {name: float(seconds) for name, seconds in (times or {}).items()}


def _number(value):
    return float(np.max(value)) if value is not None else np.nan


def _complexity(segmenter, X):
    """Return parameters and FLOPs of a network; nothing for segmenters without one."""
    if not hasattr(segmenter, "model_"):
        return {}
    # Only here, because it loads Keras; who fitted a network has it loaded.
    from ..inspection import complexity

    # As large as the network sees it: images are padded to a multiple of what it halves.
    multiple = getattr(segmenter, "_size_multiple", 1)
    height, width = (-(-side // multiple) * multiple for side in X[0].shape[:2])
    n_outputs = 1 if len(segmenter.classes_) == 2 else len(segmenter.classes_)
    try:
        found = complexity(
            segmenter, (height, width, segmenter.n_features_in_), n_outputs=n_outputs
        )
    except (TypeError, ValueError, NotImplementedError) as error:
        warnings.warn(f"The complexity of {segmenter!r} is unknown: {error}", stacklevel=2)
        return {}
    names = ("trainable_parameters", "non_trainable_parameters", "macs", "flops")
    return {name: float(getattr(found, name)) for name in names}
