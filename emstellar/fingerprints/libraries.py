"""Which code belongs to an installed library, and in which version it is there."""

import hashlib
import sys
import sysconfig
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

import emstellar

# Whoever computes with Keras computes with its backend.
_WITH_BACKEND = ("keras", "tensorflow", "jax", "torch")
# What no stored result depends on: pictures, pages, commands, data sets.
_WITHOUT_EFFECT = ("cli.py", "datasets", "displays", "io", "report", "studies", "testing")


def library_of(module):
    """Return the installed package that a module belongs to, or None for a user's module.

    Parameters
    ----------
    module : str or None
        The name of a module, as in ``__module__``.

    Returns
    -------
    str or None
        The top level's name: of this library, of Python's own, or of a package among the
        installed ones. A package that is installed for editing counts as the user's.

    Examples
    --------
    >>> from emstellar.fingerprints.libraries import library_of
    >>> library_of("numpy.linalg"), library_of("builtins"), library_of("__main__")
    ('numpy', 'builtins', None)
    """
    top = (module or "builtins").partition(".")[0]
    if top == "__main__":
        return None
    if top == "emstellar" or top in sys.stdlib_module_names:
        return top
    file = getattr(sys.modules.get(top), "__file__", None)
    if file is None:
        # Namespace packages and modules without a file are nobody's unless installed.
        return top if top in _distributions() else None
    return top if any(folder in Path(file).parents for folder in _folders()) else None


def describe_libraries(names):
    """Return the versions of libraries, and Keras' backend where one of them computes with it.

    Parameters
    ----------
    names : iterable of str
        Top-level names of packages.

    Returns
    -------
    dict of str to str
        The library's own version is followed by a digest of its source, so that an edited copy
        is told from the release; Python's own modules count as "python".

    Examples
    --------
    >>> from emstellar.fingerprints import describe_libraries
    >>> sorted(describe_libraries({"numpy", "json"}))
    ['numpy', 'python']
    """
    found = {}
    for name in sorted(set(names)):
        if name in sys.stdlib_module_names:
            found["python"] = f"{sys.version_info.major}.{sys.version_info.minor}"
        else:
            found[name] = _version(name)
    if any(name in _WITH_BACKEND for name in found):
        found |= _backend()
    return found


def _backend():
    from emstellar._keras import keras

    backend = keras.config.backend()
    return {"keras": keras.__version__, "backend": f"{backend} {_version(backend)}".strip()}


def _version(name):
    if name == "emstellar":
        return f"{emstellar.__version__} ({_digest_of_sources()})"
    return installed_version(name)


@cache
def installed_version(name):
    """Return the version of a distribution or of a package in one; empty where there is none.

    Parameters
    ----------
    name : str
    """
    for distribution in (name, *_distributions().get(name, ())):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return str(getattr(sys.modules.get(name), "__version__", ""))


@cache
def _distributions():
    return packages_distributions()


@cache
def _folders():
    paths = sysconfig.get_paths()
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    return {Path(paths[name]).resolve() for name in names} | {Path(paths[name]) for name in names}


@cache
def _digest_of_sources():
    """Return a digest of the modules of this library on which results depend."""
    root = Path(emstellar.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if parts[0] not in _WITHOUT_EFFECT:
            digest.update("/".join(parts).encode() + path.read_bytes())
    return digest.hexdigest()[:12]
