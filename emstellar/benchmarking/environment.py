"""Versions and hardware: what a score may depend on besides data and parameters."""

import os
import platform
import sys

from ..fingerprints.libraries import installed_version

PACKAGES = ("emstellar", "numpy", "scipy", "scikit-learn", "scikit-image", "keras")
OPTIONAL = ("numba", "jax", "torch", "mrcfile", "h5py")


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
    ['emstellar', 'keras', 'machine']
    """
    found = {name: installed_version(name) for name in PACKAGES}
    keras = sys.modules.get("keras")
    if keras is not None:
        backend = keras.config.backend()
        found["keras"] += f" on {backend} {installed_version(backend)}"
    found["python"] = platform.python_version()
    found["machine"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return {name: value for name, value in found.items() if value}


def diagnose():
    """Return what a user or a report of a problem needs to know, by name.

    Returns
    -------
    dict of str to str
        Versions, Keras' backend and devices, memory, the optional packages that are missing and
        where data sets are kept. Keras is imported.
    """
    import psutil

    from emstellar._keras import keras

    from ..datasets import get_data_home

    found = {}
    try:
        found["devices"] = ", ".join(keras.distribution.list_devices())
    except Exception as error:
        # A broken driver raises whatever it likes; saying so is what this function is for.
        found["devices"] = f"cannot be listed: {error}"
    memory = psutil.virtual_memory()
    found["memory"] = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    missing = [name for name in OPTIONAL if not installed_version(name)]
    found["not installed"] = ", ".join(missing) or "nothing"
    found["data home"] = str(get_data_home())
    return describe_environment() | found
