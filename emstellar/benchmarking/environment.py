"""Versions and hardware: what a score may depend on besides data and parameters."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("emstellar", "numpy", "scipy", "scikit-learn", "scikit-image", "keras")
BACKENDS = ("tensorflow", "jax", "torch")


def describe_environment():
    """Return the versions in use and the machine.

    Returns
    -------
    dict of str to str
        The backend of Keras is named only where Keras is loaded; nothing is imported.

    Examples
    --------
    >>> from emstellar.benchmarking.environment import describe_environment
    >>> sorted(describe_environment())[:3]
    ['emstellar', 'keras', 'numpy']
    """
    found = {name: _version(name) for name in PACKAGES}
    keras = sys.modules.get("keras")
    if keras is not None:
        backend = keras.config.backend()
        found["keras"] += f" on {backend} {_version(backend)}"
    found["python"] = platform.python_version()
    found["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return {name: value for name, value in found.items() if value}


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return getattr(sys.modules.get(package), "__version__", "")
