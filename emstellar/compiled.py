"""Modules that numba compiles: used where they can be, and done without where they cannot."""

import importlib
import warnings


def compiled_module(name):
    """Return a module whose functions numba compiles, or None.

    Parameters
    ----------
    name : str
        Its full name.

    Returns
    -------
    module or None
        None where numba is missing, and, with a warning, where it cannot keep what it compiles.

    Examples
    --------
    >>> from emstellar.compiled import compiled_module
    >>> compiled_module("emstellar.no_such_module") is None
    True
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
    except RuntimeError as error:
        warnings.warn(
            f"numba cannot keep what it compiles ({error}), so slower code runs; set the "
            "environment variable NUMBA_CACHE_DIR to a folder that can be written to.",
            stacklevel=2,
        )
        return None
