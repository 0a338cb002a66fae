"""Segmenters on disk: one file that holds numbers and text, and can hold no code."""

import json
import os
import warnings

import numpy as np

import emstellar
from emstellar.archive import read_archive, write_archive

ARRAYS = "_arrays"
FORMAT = 1
_HISTORY = (
    "history_",
    "n_iter_",
    "best_iter_",
    "convergence_time_",
    "convergence_times_",
    "fit_time_",
    "seed_",
)


def model_arrays(segmenter):
    """Return the arrays of a fitted segmenter, and on which backend they were made.

    Returns
    -------
    dict
        ``variables`` and ``optimizer`` (list of ndarray or None), ``backend`` (str).
    """
    import keras

    from emstellar.training.compilation import optimizer_arrays

    return {
        "variables": [keras.ops.convert_to_numpy(v) for v in segmenter.model_.variables],
        "optimizer": optimizer_arrays(segmenter),
        "backend": keras.config.backend(),
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
    import keras

    from emstellar.training.fitting import build_model

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
    segmenter.model_ = model
    segmenter._optimizer_arrays = arrays["optimizer"]


def _first_difference(shapes, found):
    for i, (shape, other) in enumerate(zip(shapes, found, strict=False)):
        if shape != other:
            return f"; array {i} should have shape {shape}, has {other}"
    return ""


def save(segmenter, path, *, include_optimizer):
    """Write `segmenter` to `path`, see `BaseKerasSegmenter.save`."""
    import keras

    arrays = model_arrays(segmenter)
    optimizer = arrays["optimizer"] if include_optimizer else None
    normalization = segmenter.normalization_
    header = {
        "format": FORMAT,
        "class": type(segmenter).__name__,
        "parameters": _parameters_as_text(segmenter),
        "fitted": {name: getattr(segmenter, name) for name in _HISTORY},
        "classes": {"values": segmenter.classes_.tolist(), "dtype": str(segmenter.classes_.dtype)},
        "n_channels_in": segmenter.n_channels_in_,
        "normalization": [normalization.kind, normalization.mean, normalization.std],
        "backend": arrays["backend"],
        "versions": {"emstellar": emstellar.__version__, "keras": keras.__version__},
        "has_optimizer": optimizer is not None,
    }
    write_archive(path, header, {"variable": arrays["variables"], "optimizer": optimizer or []})


def _parameters_as_text(segmenter):
    """Return the parameters as what JSON can hold; Keras objects as their configuration."""
    import keras

    parameters = {}
    for name, value in segmenter.get_params(deep=False).items():
        if name == "network":
            continue
        if hasattr(value, "get_config"):
            value = {"keras": keras.saving.serialize_keras_object(value)}
        elif isinstance(value, np.random.RandomState):
            value = segmenter.seed_
        elif isinstance(value, dict):
            value = {"dict": [[key, item] for key, item in value.items()]}
        try:
            parameters[name] = json.loads(json.dumps(value, default=_numpy_as_python))
        except TypeError as error:
            raise TypeError(
                f"The parameter {name}={value!r} cannot be written as text. Set it to a name or a "
                "number with set_params before save, or pickle the segmenter with joblib.dump "
                "instead."
            ) from error
    return parameters


def _numpy_as_python(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} is not text")


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
        If the file is not one of ours, is damaged, or comes from a newer version.

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
    if not {"format", "class", "versions", "fitted"} <= set(header):
        raise ValueError(f"{path} is not a segmenter saved by emstellar: its header is incomplete.")
    if header["format"] > FORMAT:
        raise ValueError(
            f"{path} was written by emstellar {header['versions']['emstellar']} in format "
            f"{header['format']}; this version reads up to {FORMAT}. Update emstellar."
        )
    if header["versions"]["emstellar"] != emstellar.__version__:
        warnings.warn(
            f"{path} was written by emstellar {header['versions']['emstellar']}, this is "
            f"{emstellar.__version__}: check a prediction before you rely on it.",
            stacklevel=2,
        )
    segmenter = _with_parameters(header, network, path)
    _set_fitted(segmenter, header)
    state = {
        "variables": arrays["variable"],
        "optimizer": arrays["optimizer"] if header["has_optimizer"] else None,
        "backend": header["backend"],
    }
    rebuild_model(segmenter, state)
    return segmenter


def _with_parameters(header, network, path):
    """Return an unfitted segmenter of the stored class and parameters."""
    from emstellar import segmenters

    known = [name for name in segmenters.__all__ if name.endswith("Segmenter")]
    if header["class"] not in known:
        raise ValueError(
            f"{path} holds a {header['class']!r}, which is none of emstellar's segmenters: "
            f"{', '.join(known)}."
        )
    cls = getattr(segmenters, header["class"])
    parameters = {name: _from_text(value) for name, value in header["parameters"].items()}
    known = set(cls._get_param_names())
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise ValueError(f"{path} has parameters that {header['class']} does not know: {unknown}.")
    if "network" in known:
        if network is None:
            raise ValueError(
                f"{path} holds a {header['class']}: pass its network function, "
                "emstellar.load(path, network=...)."
            )
        parameters["network"] = network
    return cls(**parameters)


def _from_text(value):
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return dict(value["dict"])
    import keras

    return keras.saving.deserialize_keras_object(value["keras"], safe_mode=True)


def _set_fitted(segmenter, header):
    from emstellar.training.normalization import Normalization

    for name in _HISTORY:
        setattr(segmenter, name, header["fitted"][name])
    classes = header["classes"]
    segmenter.classes_ = np.array(classes["values"], dtype=classes["dtype"])
    segmenter.n_channels_in_ = segmenter.n_features_in_ = header["n_channels_in"]
    kind, mean, std = header["normalization"]
    segmenter.normalization_ = Normalization(kind, tuple(mean), tuple(std))
