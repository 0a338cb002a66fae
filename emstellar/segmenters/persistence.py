"""Segmenters on disk: one file that holds numbers and text, and can hold no code."""

import math
import warnings

import numpy as np

import emstellar
from emstellar import constraints
from emstellar.archive import read_archive, write_archive
from emstellar.image_ranges import ImageRange
from emstellar.segmenters.parameters_as_text import parameter_from_text, parameters_as_text

ARRAYS = "_arrays"
FORMAT = 1
_NUMBER = (int, float)
# What a header holds, and of which types.
_FORM = {
    "class": str,
    "parameters": dict,
    "fitted": dict,
    "classes": dict,
    "n_channels_in": int,
    "normalization": list,
    "backend": str,
    "versions": dict,
    "has_optimizer": bool,
}
_FITTED = {
    "history_": dict,
    "n_iter_": int,
    "best_iter_": int,
    "convergence_time_": _NUMBER,
    "convergence_times_": dict,
    "fit_time_": _NUMBER,
    "seed_": int,
}


def model_arrays(segmenter):
    """Return the arrays of a fitted segmenter, and on which backend they were made.

    Returns
    -------
    dict
        ``variables`` and ``optimizer`` (list of ndarray or None), ``backend`` and ``version`` of
        emstellar (str).
    """
    from emstellar._keras import keras
    from emstellar.training.compilation import optimizer_arrays

    return {
        "variables": [keras.ops.convert_to_numpy(v) for v in segmenter.model_.variables],
        "optimizer": optimizer_arrays(segmenter),
        "backend": keras.config.backend(),
        "version": emstellar.__version__,
    }


def state_with_arrays(segmenter, state):
    """Return the state to pickle: the network as arrays, since Keras' own pickles may not load."""
    if "model_" not in state:
        return state
    dropped = ("model_", "_compiled_with", "_optimizer_arrays")
    kept = {key: value for key, value in state.items() if key not in dropped}
    return {**kept, ARRAYS: model_arrays(segmenter)}


def rebuild_model(segmenter, arrays):
    """Build the network again and give it its weights.

    Raises
    ------
    ValueError
        If the network has other weights than the arrays, because its code has changed.
    """
    from emstellar._keras import keras
    from emstellar.training.fitting import build_model
    from emstellar.training.precision import choose_precision, set_precision

    _warn_of_version(
        arrays.get("version", emstellar.__version__), f"The {type(segmenter).__name__}"
    )
    model = build_model(segmenter)
    shapes = [tuple(v.shape) for v in model.variables]
    found = [a.shape for a in arrays["variables"]]
    if shapes != found:
        raise ValueError(
            f"The stored weights do not fit the network of {type(segmenter).__name__}: it has "
            f"{len(shapes)} arrays, {len(found)} are stored"
            f"{_first_difference(shapes, found)}. The network's code or parameters have changed "
            "since it was trained."
        )
    same_backend = arrays["backend"] == keras.config.backend()
    for variable, array in zip(model.variables, arrays["variables"], strict=True):
        # The state of random generators means something on its own backend only.
        if same_backend or "seed_generator" not in variable.path:
            variable.assign(array)
    # Else it would predict in another precision than the one that was kept.
    set_precision(model, choose_precision(segmenter.precision))
    segmenter.model_ = model
    segmenter._optimizer_arrays = arrays["optimizer"]


def _first_difference(shapes, found):
    for i, (shape, other) in enumerate(zip(shapes, found, strict=False)):
        if shape != other:
            return f"; array {i} should have shape {shape}, has {other}"
    return ""


def save(segmenter, path, *, include_optimizer):
    """Write `segmenter` to `path`, see `BaseKerasSegmenter.save`."""
    from emstellar._keras import keras

    # A file with wrong ones would be refused when it is read.
    constraints.check_parameters(segmenter, segmenter._parameter_constraints)
    arrays = model_arrays(segmenter)
    optimizer = arrays["optimizer"] if include_optimizer else None
    normalization, seen = segmenter.normalization_, getattr(segmenter, "image_range_", None)
    header = {
        "format": FORMAT,
        "class": type(segmenter).__name__,
        "parameters": parameters_as_text(segmenter),
        "fitted": {name: getattr(segmenter, name) for name in _FITTED},
        "classes": {"values": segmenter.classes_.tolist(), "dtype": str(segmenter.classes_.dtype)},
        "n_channels_in": segmenter.n_channels_in_,
        "normalization": [normalization.kind, normalization.mean, normalization.std],
        "image_range": seen and seen.as_list(),
        "backend": arrays["backend"],
        "versions": {"emstellar": emstellar.__version__, "keras": keras.__version__},
        "has_optimizer": optimizer is not None,
        # Where `partial_fit` is in its learning-rate schedule, if it is in one.
        "schedule_start": getattr(segmenter, "_schedule_start", None) if optimizer else None,
    }
    write_archive(path, header, {"variable": arrays["variables"], "optimizer": optimizer or []})


def load(path, *, network=None):
    """Read a segmenter that `save` has written.

    Nothing of the file is executed: it holds text and arrays, and the network is built by this
    library (or by `network`).

    Parameters
    ----------
    path : str or path-like
        The file.
    network : callable, optional
        The function of a `KerasSegmenter`, which the file cannot hold.

    Returns
    -------
    BaseKerasSegmenter
        Fitted; it predicts what the saved one did.

    Raises
    ------
    ValueError
        If the file is not one of ours, is damaged or tampered with, or comes from a newer
        version.

    Examples
    --------
    >>> import os, tempfile
    >>> import emstellar
    >>> from emstellar.datasets import make_em_images
    >>> X, y = make_em_images(2, (32, 32), random_state=0)
    >>> segmenter = emstellar.UNetSegmenter(width=1 / 32, epochs=1, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "unet.emstellar")
    ...     segmenter.save(path)
    ...     again = emstellar.load(path)
    >>> bool((again.predict_proba(X) == segmenter.predict_proba(X)).all())
    True
    """
    header, arrays = read_archive(path)
    _check_format(header, path)
    try:
        _check_types(header, _FORM, "header")
        segmenter = _with_parameters(header, network)
        _set_fitted(segmenter, header)
        _set_schedule_start(segmenter, header.get("schedule_start"))
        variables, optimizer = arrays["variable"], arrays["optimizer"]
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    state = {
        "variables": variables,
        "optimizer": optimizer if header["has_optimizer"] else None,
        "backend": header["backend"],
    }
    rebuild_model(segmenter, state)
    return segmenter


def _check_format(header, path):
    versions = header.get("versions")
    version = versions.get("emstellar") if isinstance(versions, dict) else None
    if not isinstance(version, str) or not isinstance(header.get("format"), int):
        raise ValueError(f"{path} is not a segmenter saved by emstellar: its header is incomplete.")
    if header["format"] > FORMAT:
        raise ValueError(
            f"{path} was written by emstellar {version} in format {header['format']}; this "
            f"version reads up to {FORMAT}. Update emstellar."
        )
    _warn_of_version(version, path)


def _warn_of_version(version, what):
    if version != emstellar.__version__:
        warnings.warn(
            f"{what} was written by emstellar {version}, this is {emstellar.__version__}: check a "
            "prediction before you rely on it.",
            stacklevel=4,
        )


def _check_types(found, form, where):
    """Raise a ValueError unless `found` has an item of the right type for each of `form`."""
    for name, kind in form.items():
        if not isinstance(found.get(name), kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            raise ValueError(
                f"the {name!r} of its {where} is {found.get(name)!r}, expected "
                f"{' or '.join(k.__name__ for k in kinds)}"
            )


def _with_parameters(header, network):
    """Return an unfitted segmenter of the stored class and parameters."""
    cls = _class_of(header["class"])
    parameters = {name: parameter_from_text(text) for name, text in header["parameters"].items()}
    known = set(cls._get_param_names())
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise ValueError(f"it has parameters that {header['class']} does not know: {unknown}.")
    if "network" in known:
        if network is None:
            raise ValueError(
                f"it holds a {header['class']}: pass its network function, "
                "emstellar.load(path, network=...)."
            )
        parameters["network"] = network
    segmenter = cls(**parameters)
    constraints.check_parameters(segmenter, cls._parameter_constraints)
    return segmenter


def _class_of(name):
    from emstellar import segmenters

    names = [n for n in segmenters.__all__ if n.endswith("Segmenter") and not n.startswith("Base")]
    classes = {n: getattr(segmenters, n) for n in names}
    known = [n for n, c in classes.items() if issubclass(c, segmenters.BaseKerasSegmenter)]
    if name not in known:
        raise ValueError(
            f"it holds a {name!r}, which is none of emstellar's segmenters: {', '.join(known)}."
        )
    return classes[name]


def _set_fitted(segmenter, header):
    _check_types(header["fitted"], _FITTED, "fitted attributes")
    for name in _FITTED:
        setattr(segmenter, name, header["fitted"][name])
    segmenter.classes_ = _classes(**header["classes"])
    n_channels = header["n_channels_in"]
    if n_channels < 1:
        raise ValueError(f"it has {n_channels} channels, expected at least one")
    segmenter.n_channels_in_ = segmenter.n_features_in_ = n_channels
    segmenter.normalization_ = _normalization(n_channels, *header["normalization"])
    # Files of earlier versions have none.
    found = header.get("image_range")
    segmenter.image_range_ = None if found is None else ImageRange.from_list(found)


def _set_schedule_start(segmenter, start):
    """Set epoch and step at which a schedule began; files of earlier versions do not know them."""
    if start is None:
        return
    if not isinstance(start, list) or [type(number) for number in start] != [int, int]:
        raise ValueError(f"its schedule_start is {start!r}, expected an epoch and a step")
    segmenter._schedule_start = tuple(start)


def _classes(values, dtype):
    dtype = np.dtype(dtype)
    # A dtype of text could be of any length.
    if dtype.kind not in "biuf":
        raise ValueError(f"its classes are of dtype {dtype}, expected integers or booleans")
    classes = np.array(values, dtype=dtype)
    if not np.array_equal(classes, np.unique(classes)) or len(classes) < 2:
        raise ValueError(f"its classes are {values}, expected at least two, sorted")
    return classes


def _normalization(n_channels, kind, mean, std):
    from emstellar.training.normalization import Normalization

    expected = n_channels if kind == "train" else 0
    numbers = [*mean, *std]
    if kind not in ("train", "image", None) or not len(mean) == len(std) == expected:
        raise ValueError(f"its normalisation is {[kind, mean, std]!r}, which nobody has fitted")
    if not all(isinstance(number, _NUMBER) and math.isfinite(number) for number in numbers):
        raise ValueError(f"its normalisation is by {numbers}, expected finite numbers")
    return Normalization(kind, tuple(mean), tuple(std))
