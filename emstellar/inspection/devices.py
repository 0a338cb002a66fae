"""What the machine can do."""

from pathlib import Path


def has_gpu():
    """Tell whether the backend has a GPU.

    Examples
    --------
    >>> from emstellar.inspection.devices import has_gpu
    >>> has_gpu() in (True, False)
    True
    """
    from emstellar._keras import keras

    return any("gpu" in str(d).lower() or "cuda" in str(d).lower() for d in _list_devices(keras))


def _list_devices(keras):
    try:
        return keras.distribution.list_devices()
    except (ImportError, NotImplementedError, RuntimeError, ValueError):
        # Not every backend can list its devices; then there is nothing to choose between.
        return []


def has_amx():
    """Tell whether the processor has matrix units for bfloat16 (Linux; elsewhere False).

    Examples
    --------
    >>> from emstellar.inspection.devices import has_amx
    >>> has_amx() in (True, False)
    True
    """
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
