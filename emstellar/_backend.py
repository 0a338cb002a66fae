"""Which of Keras' backends runs the networks where the user has chosen none."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

BACKENDS = ("tensorflow", "jax", "torch")
NO_BACKEND = (
    "Networks need a backend of Keras, and neither TensorFlow nor JAX nor PyTorch is installed: "
    'install one, for example with "pip install tensorflow" or "pip install jax".'
)


def choose_backend():
    """Make Keras use a backend that is installed; called before Keras is imported.

    ``KERAS_BACKEND`` is the user's choice and stays. Without it Keras takes the backend of its file
    ``keras.json``, in which it has once written "tensorflow" by itself, so that this one is
    taken only if it is installed; else TensorFlow, JAX or PyTorch, whichever comes first. What
    differs from Keras' own choice is written to ``KERAS_BACKEND``, for worker processes too.

    Raises
    ------
    ModuleNotFoundError
        If no backend is installed, or the one of ``KERAS_BACKEND`` is not.

    Examples
    --------
    >>> import os
    >>> from emstellar._backend import BACKENDS, choose_backend
    >>> choose_backend()
    >>> os.environ.get("KERAS_BACKEND", "tensorflow") in BACKENDS
    True
    """
    installed = [name for name in BACKENDS if find_spec(name) is not None]
    if asked := os.environ.get("KERAS_BACKEND"):
        if asked in BACKENDS and asked not in installed:
            raise ModuleNotFoundError(_not_installed(asked, installed), name=asked)
        return
    if not installed:
        raise ModuleNotFoundError(NO_BACKEND, name=BACKENDS[0])
    default = _default_of_keras()
    if default in BACKENDS and default not in installed:
        os.environ["KERAS_BACKEND"] = installed[0]


def _not_installed(asked, installed):
    """Return what to do where the backend that was asked for is missing."""
    if not installed:
        return NO_BACKEND
    others = " or ".join(f"KERAS_BACKEND={name}" for name in installed)
    return (
        f"KERAS_BACKEND asks for {asked}, which is not installed: "
        f'install it with "pip install {asked}", or set {others}.'
    )


def _default_of_keras():
    """Return the backend that Keras takes by itself: that of its file, else TensorFlow."""
    folder = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    try:
        return json.loads(Path(folder, "keras.json").read_text())["backend"]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        # Keras too goes on without the file, or with one that cannot be read.
        return "tensorflow"
