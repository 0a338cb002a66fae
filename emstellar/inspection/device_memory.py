"""How much memory of the accelerators is in use, as the loaded backend tells."""

import sys


def device_memory():
    """Return the memory that is in use, and its peak, on each accelerator of the backend.

    The backend that Keras has loaded is asked; where none is loaded, none gets loaded.

    Returns
    -------
    list of (int, int)
        Bytes in use by this process and their peak, since the process began or the last
        `reset_device_memory_peak`. Empty where there is no accelerator, or it does not tell.

    Examples
    --------
    >>> from emstellar.inspection.device_memory import device_memory
    >>> all(in_use <= peak for in_use, peak in device_memory())
    True
    """
    return _ask(_READERS) or []


def reset_device_memory_peak():
    """Let the peaks of `device_memory` begin anew, where the backend can (not in jax)."""
    _ask(_RESETTERS)


def _ask(functions):
    """Call the function for the backend that is loaded; None where that is impossible."""
    keras = sys.modules.get("keras")
    # Another thread may be importing Keras just now.
    backend = keras.config.backend() if hasattr(keras, "config") else None
    module = sys.modules.get(backend)
    if module is None or backend not in functions:
        return None
    try:
        return functions[backend](module)
    except Exception:
        # Drivers raise whatever they like, and what is only measured must not stop a fit.
        return None


def _tensorflow_names(tf):
    # Physical devices first: to list logical ones takes hold of the memory of every GPU.
    if not tf.config.list_physical_devices("GPU"):
        return []
    return [f"GPU:{i}" for i, _ in enumerate(tf.config.list_logical_devices("GPU"))]


def _read_tensorflow(tf):
    infos = [tf.config.experimental.get_memory_info(name) for name in _tensorflow_names(tf)]
    return [(info["current"], info["peak"]) for info in infos]


def _reset_tensorflow(tf):
    for name in _tensorflow_names(tf):
        tf.config.experimental.reset_memory_stats(name)


def _read_jax(jax):
    stats = [device.memory_stats() for device in jax.local_devices()]
    # Processors have none.
    return [(s["bytes_in_use"], s["peak_bytes_in_use"]) for s in stats if s]


def _read_torch(torch):
    cuda = torch.cuda
    return [(cuda.memory_allocated(i), cuda.max_memory_allocated(i)) for i in _torch_devices(torch)]


def _reset_torch(torch):
    for device in _torch_devices(torch):
        torch.cuda.reset_peak_memory_stats(device)


def _torch_devices(torch):
    # Before its first use there is nothing to read, and to count devices would be one.
    return range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()


_READERS = {"tensorflow": _read_tensorflow, "jax": _read_jax, "torch": _read_torch}
_RESETTERS = {"tensorflow": _reset_tensorflow, "torch": _reset_torch}
