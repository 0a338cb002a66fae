"""Versions and hardware: what a score may depend on besides data and parameters."""

import os
import platform
import sys

from ..files import check_writable
from ..fingerprints.libraries import installed_version
from ..io.formats import optional_packages

PACKAGES = ("emstellar", "numpy", "scipy", "scikit-learn", "scikit-image", "keras")
OPTIONAL = ("numba", "tensorflow", "jax", "torch", *optional_packages())


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
        Versions, Keras' backend and devices or what to install for them, memory, the optional
        packages that are missing, and where data sets and what is drawn with are kept, or why they
        cannot be. Keras is imported.
    """
    import psutil

    found = _devices()
    memory = psutil.virtual_memory()
    found["memory"] = f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"
    missing = [name for name in OPTIONAL if not installed_version(name)]
    found["not installed"] = ", ".join(missing) or "nothing"
    return describe_environment() | found | _caches()


def _devices():
    """Return the devices of Keras' backend, or why networks cannot run."""
    try:
        from emstellar._keras import keras
    except ImportError as error:
        return {"backend": str(error)}
    try:
        return {"devices": ", ".join(keras.distribution.list_devices())}
    except Exception as error:
        # A broken driver raises whatever it likes; saying so is what this function is for.
        return {"devices": f"cannot be listed: {error}"}


def _caches():
    """Return the folders that are written to beside a user's own, or why one cannot be."""
    import matplotlib as mpl

    from ..datasets import get_data_home

    found = {}
    folders = (
        ("data home", get_data_home, "EMSTELLAR_DATA"),
        ("figure cache", mpl.get_cachedir, "MPLCONFIGDIR"),
    )
    for name, folder_of, variable in folders:
        try:
            found[name] = str(folder_of())
            check_writable(found[name])
        except OSError as error:
            reason = error.strerror or error
            found[name] = f"{reason}: set the environment variable {variable} to another folder"
    return found
