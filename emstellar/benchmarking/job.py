"""One job of a benchmark: fit a segmenter on a fold, predict, score, measure."""

import hashlib
import platform
import warnings
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from ..fingerprints import identify
from ..input_warnings import inputs_were_judged
from ._methods import seeded_clone
from ._processes.resources import Meter, count_pixels, fresh_memory
from ._processes.warm_up import uses_keras, warm_up, warm_up_prediction
from ._task import UNKNOWN, Identity, Task, digest, keep_scores


@dataclass
class Job(Task):
    """A segmenter to be fitted on a fold.

    Attributes
    ----------
    method : str
    repeat, fold : int
    segmenter : segmenter
        Unfitted, with the random state of this job.
    train, validation : ndarray of int
        The positions of the development images.
    identity : Identity
        Empty where there is no store.
    keep_model : bool
        Whether the record holds the fitted segmenter.
    monitor : bool
        Whether the segmenter, where it can, monitors the validation images in training.
    """

    segmenter: Any
    train: np.ndarray
    validation: np.ndarray
    identity: Identity = UNKNOWN
    keep_model: bool = False
    monitor: bool = False

    of_method: ClassVar[str] = ""
    ensemble: ClassVar[str] = ""

    @property
    def images(self):
        """The validation images of the fold; test images are known when they are predicted."""
        return {"validation": self.validation.tolist()}

    def perform(self, record, data, scoring, map_dtype):
        """Fit, predict, score and measure; see `Task`."""
        record.host = platform.node()
        # A copy, so that no list of jobs holds the networks of all that have run.
        segmenter = clone(self.segmenter)
        # The benchmark has judged all images and masks, once.
        with inputs_were_judged():
            self._fit(segmenter, data.development, record)
            self._predict(segmenter, data, record, scoring, map_dtype)
        record.model = segmenter if self.keep_model else None

    def _fit(self, segmenter, development, record):
        X, y, groups = development[self.train].parts
        fit_params = {}
        if groups is not None and has_fit_parameter(segmenter, "groups"):
            fit_params["groups"] = groups
        if self.monitor and has_fit_parameter(segmenter, "validation_data"):
            fit_params["validation_data"] = development[self.validation].parts[:2]
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
        predicted = {"validation": data.development[self.validation], "test": data.test}
        for subset, (X, y, _) in ((name, images.parts) for name, images in predicted.items()):
            if X is None:
                continue
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
                job = Job(method, repeat, fold, own, train, validation, **options)
                identity = UNKNOWN if context is None else _identify(context, job)
                jobs.append(replace(job, identity=identity))
    return jobs


def _identify(context, job):
    try:
        identity = identify(job.segmenter)
    except ValueError as error:
        raise ValueError(
            f"A parameter of {job.segmenter!r} cannot be fingerprinted, which `store` needs: "
            f"{error}. Use numbers, texts, functions, or objects made of these."
        ) from error
    parts = (context, identity.parameters, job.train.tolist(), job.validation.tolist())
    asked = digest(parts)
    fingerprint = hashlib.sha256(f"{asked} {identity.fingerprint}".encode()).hexdigest()
    return Identity(fingerprint, asked, identity.libraries)


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
    multiple = getattr(segmenter, "network_size_multiple", 1)
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
