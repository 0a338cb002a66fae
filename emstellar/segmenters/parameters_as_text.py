"""Parameters of a segmenter as what JSON can hold, and back, without running what a file says."""

import importlib
import json
import os

import numpy as np

# The modules of Keras whose classes a file may name, besides classes registered by the user.
_MODULES = ("keras.losses", "keras.optimizers", "keras.optimizers.schedules")


def parameters_as_text(segmenter):
    """Return the parameters as JSON can hold them, but for `network` and `checkpoint`.

    Keras objects become their configuration.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        Fitted, since its seed stands for a random generator.

    Returns
    -------
    dict

    Raises
    ------
    TypeError
        If a parameter cannot be written as text, or not be made from it again.
    """
    parameters = segmenter.get_params(deep=False)
    parameters.pop("network", None)
    # Where this machine kept the state of a fit is nothing to whoever loads the file.
    parameters["checkpoint"] = None
    if isinstance(parameters["random_state"], np.random.RandomState):
        parameters["random_state"] = segmenter.seed_
    return {name: _as_text(name, value) for name, value in parameters.items()}


def _as_text(name, value):
    from emstellar._keras import keras

    text = value
    if hasattr(value, "get_config"):
        text = {"keras": keras.saving.serialize_keras_object(value)}
    elif isinstance(value, dict):
        text = {"dict": [[key, item] for key, item in value.items()]}
    try:
        text = json.loads(json.dumps(text, default=_numpy_as_python))
        parameter_from_text(text)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"The parameter {name}={value!r} cannot be written as text. Set it to a name or a "
            "number with set_params before save, or pickle the segmenter with joblib.dump "
            "instead."
        ) from error
    return text


def _numpy_as_python(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} is not text")


def parameter_from_text(text):
    """Return the value of a parameter.

    Parameters
    ----------
    text : object
        An item of what `parameters_as_text` returns, or what somebody put in its place.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it names anything else than losses, optimisers and learning-rate schedules, or if
        these cannot be made.

    Examples
    --------
    >>> from emstellar.segmenters.parameters_as_text import parameter_from_text
    >>> parameter_from_text([64, 96])
    (64, 96)
    >>> parameter_from_text({"keras": {"module": "os", "class_name": "system", "config": {}}})
    Traceback (most recent call last):
        ...
    ValueError: it names 'os.system', which is no loss, optimiser or learning-rate schedule
    """
    if isinstance(text, list):
        # Sizes are pairs; only a list of callbacks can be empty.
        return tuple(text) or []
    if not isinstance(text, dict):
        return text
    if set(text) == {"dict"}:
        return dict(text["dict"])
    if set(text) != {"keras"}:
        raise ValueError(f"a parameter is {text!r}, which emstellar does not write")
    return _keras_object(text["keras"])


def _keras_object(config):
    # Ours register themselves with Keras when they are imported, as all losses are for their names.
    import emstellar.optimizers
    import emstellar.training.schedules  # noqa: F401
    from emstellar._keras import keras
    from emstellar.losses.lookup import own_losses

    own_losses()
    _check_names(config)
    try:
        found = keras.saving.deserialize_keras_object(config, safe_mode=True)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a Keras object cannot be made of its configuration: {error}") from error
    if not isinstance(found, _allowed_types()):
        raise ValueError(f"it holds a {type(found).__name__} in place of a Keras object")
    return found


def _allowed_types():
    from emstellar._keras import keras

    schedule = keras.optimizers.schedules.LearningRateSchedule
    return keras.losses.Loss, keras.optimizers.Optimizer, schedule


def _check_names(config):
    """Raise a ValueError if anything in a configuration names what may not be made from a file.

    Keras would make any of its layers and functions, some of which read files or load code.
    """
    if isinstance(config, list):
        for item in config:
            _check_names(item)
    elif isinstance(config, dict):
        if "class_name" in config:
            _check_class(config)
        for item in config.values():
            _check_names(item)


def _check_class(config):
    from emstellar._keras import keras

    module, name = config.get("module"), config["class_name"]
    if name == "function" and module in ("builtins", "keras.losses"):
        # Keras looks the name up among its losses, metrics and the like: pure functions.
        return
    found = keras.saving.get_registered_object(config.get("registered_name", name))
    if found is None and module in _MODULES:
        found = getattr(importlib.import_module(module), str(name), None)
    if not (isinstance(found, type) and issubclass(found, _allowed_types())):
        raise ValueError(
            f"it names '{module}.{name}', which is no loss, optimiser or learning-rate schedule"
        )
