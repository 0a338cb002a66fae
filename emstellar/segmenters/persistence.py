"""Segmenters on disk: one file that holds numbers and text, and can hold no code."""

import warnings
from inspect import signature

import numpy as np

import emstellar
from emstellar import constraints
from emstellar.archive import read_archive, write_archive
from emstellar.fingerprints import identify
from emstellar.segmenters.file_header import (
    FITTED,
    FORMAT,
    check_format,
    check_header,
    set_fitted,
    warn_of_version,
)
from emstellar.segmenters.parameters_as_text import parameter_from_text, parameters_as_text

ARRAYS = "_arrays"


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
        "optimizer": optimizer_arrays(segmenter._state()),
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
    from emstellar.training.precision import choose_precision, set_precision

    warn_of_version(arrays.get("version", emstellar.__version__), f"The {type(segmenter).__name__}")
    model = _build(segmenter)
    _check_shapes(segmenter, [tuple(v.shape) for v in model.variables], arrays["variables"])
    same_backend = arrays["backend"] == keras.config.backend()
    for variable, array in zip(model.variables, arrays["variables"], strict=True):
        # The state of random generators means something on its own backend only.
        if same_backend or "seed_generator" not in variable.path:
            variable.assign(array)
    # Else it would predict in another precision than the one that was kept.
    set_precision(model, choose_precision(segmenter.precision))
    segmenter.model_ = model
    segmenter._optimizer_arrays = arrays["optimizer"]


def _build(segmenter):
    """Return the network that a segmenter's parameters and fitted attributes ask for."""
    from emstellar.training.architecture import build_model

    architecture, n_classes = segmenter._architecture(), len(segmenter.classes_)
    return build_model(architecture, segmenter.n_channels_in_, n_classes, segmenter.seed_)


def _check_shapes(segmenter, shapes, arrays):
    found = [a.shape for a in arrays]
    if shapes != found:
        raise ValueError(
            f"The stored weights do not fit the network of {type(segmenter).__name__}: it has "
            f"{len(shapes)} arrays, {len(found)} are stored"
            f"{_first_difference(shapes, found)}. The network's code or parameters have changed "
            "since it was trained."
        )


def _first_difference(shapes, found):
    for i, (shape, other) in enumerate(zip(shapes, found, strict=False)):
        if shape != other:
            return f"; array {i} should have shape {shape}, has {other}"
    return ""


def save(segmenter, path, *, include_optimizer):
    """Write `segmenter` to `path`, see `BaseKerasSegmenter.save`."""
    from emstellar._keras import keras

    # A file with wrong ones would be refused when it is read.
    constraints.check_parameters(segmenter, segmenter.parameter_constraints)
    arrays = model_arrays(segmenter)
    _check_values(arrays["variables"])
    optimizer = arrays["optimizer"] if include_optimizer else None
    normalization, seen = segmenter.normalization_, getattr(segmenter, "image_range_", None)
    header = {
        "format": FORMAT,
        "class": type(segmenter).__name__,
        "parameters": parameters_as_text(segmenter),
        "network_code": _network_code(segmenter),
        "fitted": {name: getattr(segmenter, name) for name in FITTED},
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
    try:
        check_header(header)
    except ValueError as error:
        raise ValueError(
            f"This {type(segmenter).__name__} cannot be saved: {error}. Its last fit was stopped "
            "before it ended; fit it anew."
        ) from error
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

    Warns
    -----
    UserWarning
        If another version of emstellar has written it, or `network` has been edited since.

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
    check_format(header, path)
    try:
        check_header(header)
        segmenter = _with_parameters(header, network)
        set_fitted(segmenter, header)
        variables, optimizer = arrays["variable"], arrays["optimizer"]
        if optimizer and not header["has_optimizer"]:
            raise ValueError(f"it holds {len(optimizer)} arrays of an optimiser that it denies")
        _check_before_building(segmenter, variables)
        _check_values(variables)
        _warn_of_other_code(segmenter, header.get("network_code"), path)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ValueError(f"{path} cannot be loaded: {error}") from error
    state = {
        "variables": variables,
        "optimizer": optimizer if header["has_optimizer"] else None,
        "backend": header["backend"],
    }
    rebuild_model(segmenter, state)
    return segmenter


def _check_before_building(segmenter, arrays):
    """Raise unless the network that the parameters ask for has the weights of the file.

    A few bytes can ask for a network of any size; this one is judged without being made.
    """
    from emstellar.training.declared_shapes import declared_variables

    fewest = segmenter._count_fewest_variables()
    if len(arrays) < fewest:
        raise ValueError(
            f"The stored weights do not fit the network of {type(segmenter).__name__}: it has "
            f"{fewest} arrays or more, {len(arrays)} are stored."
        )
    try:
        declared = declared_variables(lambda: _build(segmenter))
    except Exception as error:
        if "network" in segmenter.get_params(deep=False):
            # A user's function may do what needs values; how large it is was not the file's say.
            return
        # Backends refuse numbers that are too large for them in ways of their own.
        raise ValueError(f"its network cannot be built: {error}") from error
    _check_shapes(segmenter, [shape for shape, _ in declared], arrays)
    for i, ((_, dtype), array) in enumerate(zip(declared, arrays, strict=True)):
        # The states of random generators are integers of another type on each backend.
        if dtype.startswith("float") and array.dtype != dtype:
            raise ValueError(f"array {i} is of type {array.dtype}, expected {dtype}")


def _check_values(arrays):
    """Raise if a weight is NaN or infinite."""
    for i, array in enumerate(arrays):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(
                f"The weights of the network are NaN or infinite (array {i}): it predicts nothing. "
                "Train it anew, with a lower learning_rate."
            )


def _network_code(segmenter):
    """Return the digest of the code of a user's network, which a file cannot hold; else None."""
    network = segmenter.get_params(deep=False).get("network")
    try:
        return None if network is None else identify(network).code
    except ValueError:
        # It is bound to what cannot be told from others.
        return None


def _warn_of_other_code(segmenter, stored, path):
    """Warn if a network has been edited: its weights may fit, and mean something else."""
    if stored is not None and stored != _network_code(segmenter):
        warnings.warn(
            f"{path} was written with other code of its network: check a prediction before you "
            "rely on it.",
            stacklevel=4,
        )


def _with_parameters(header, network):
    """Return an unfitted segmenter of the stored class and parameters."""
    cls = _class_of(header["class"])
    parameters = {name: parameter_from_text(text) for name, text in header["parameters"].items()}
    known = set(signature(cls).parameters)
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
    constraints.check_parameters(segmenter, cls.parameter_constraints)
    return segmenter


def _class_of(name):
    from emstellar.segmenters.keras_segmenter import KerasSegmenter
    from emstellar.segmenters.registry import network_classes

    classes = {**network_classes(), "KerasSegmenter": KerasSegmenter}
    if name not in classes:
        raise ValueError(
            f"it holds a {name!r}, which is none of emstellar's segmenters: {', '.join(classes)}."
        )
    return classes[name]
