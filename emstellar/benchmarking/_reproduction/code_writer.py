"""Objects as the Python code that makes them again, with the imports that it needs."""

import ast
import importlib
from functools import partial
from inspect import isroutine, signature

import numpy as np

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))


class CodeWriter:
    """Writes values as expressions and remembers what must be imported for them.

    Attributes
    ----------
    unknown : list of str
        What no code can make again; it stands in the code as text.

    Examples
    --------
    >>> from emstellar.benchmarking._reproduction.code_writer import CodeWriter
    >>> from emstellar.model_selection import BlockKFold
    >>> writer = CodeWriter()
    >>> writer.write({"cv": BlockKFold(3, purge=1)})
    "{'cv': BlockKFold(n_splits=3, purge=1)}"
    >>> writer.imports()
    ['from emstellar.model_selection import BlockKFold']
    """

    def __init__(self):
        self.unknown = []
        self._modules = {}

    def imports(self):
        """Return the lines that import what was written."""
        return [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self._modules.items())
        ]

    def need(self, module, name):
        """Remember that `name` must be imported from `module`."""
        self._modules.setdefault(module, set()).add(name)

    def write(self, value):
        """Return an expression that makes `value` again.

        Parameters
        ----------
        value : object

        Returns
        -------
        str
        """
        if isinstance(value, float) and not np.isfinite(value):
            return f'float("{float(value)}")'
        if isinstance(value, np.generic):
            return self.write(value.item())
        if type(value) in _PLAIN or isinstance(value, range):
            return repr(value)
        if isinstance(value, np.ndarray) and value.dtype.kind in "biufU":
            self.need("numpy", "array")
            return f"array({self.write(value.tolist())}, dtype={value.dtype.str!r})"
        if type(value) in (list, tuple, set, dict):
            return self._write_container(value)
        try:
            return self._write_named(value)
        except (AttributeError, TypeError, ValueError):
            # Builtin objects without module or signature: the page can do without their code.
            return self._give_up(value)

    def _write_named(self, value):
        if isinstance(value, partial):
            self.need("functools", "partial")
            items = [self.write(item) for item in (value.func, *value.args)]
            items += [f"{key}={self.write(item)}" for key, item in value.keywords.items()]
            return f"partial({', '.join(items)})"
        if isinstance(value, type) or isroutine(value):
            return self._write_name(value)
        return self._write_object(value)

    def _write_container(self, value):
        if isinstance(value, dict):
            items = [f"{self.write(k)}: {self.write(v)}" for k, v in value.items()]
            return f"{{{', '.join(items)}}}"
        items = [self.write(item) for item in value]
        if isinstance(value, list):
            return f"[{', '.join(items)}]"
        if isinstance(value, set):
            return f"{{{', '.join(items)}}}" if items else "set()"
        return f"({', '.join(items)}{',' * (len(items) == 1)})"

    def _write_name(self, value):
        module = _public_module(value)
        if module is not None:
            if module != "builtins":
                self.need(module, value.__name__)
        elif value.__name__.isidentifier():
            self.unknown.append(f"{value.__name__} (defined in {value.__module__})")
        else:
            return self._give_up(value)
        return value.__name__

    def _write_object(self, value):
        """Write a call of the class with those parameters that are not its defaults."""
        parameters = _parameters(value)
        if parameters is None:
            return self._write_representation(value)
        given = [f"{key}={self.write(item)}" for key, item in parameters.items()]
        return f"{self._write_name(type(value))}({', '.join(given)})"

    def _write_representation(self, value):
        """Write what the object calls itself, if that is a call of its class."""
        text = " ".join(repr(value).split())
        if not text.startswith(f"{type(value).__name__}(") or not _is_code(text):
            return self._give_up(value)
        self._write_name(type(value))
        return text

    def _give_up(self, value):
        text = " ".join(repr(value).split())
        self.unknown.append(text)
        return repr(text)


def _is_code(text):
    try:
        ast.parse(text, mode="eval")
    except SyntaxError:
        return False
    return True


def _public_module(value):
    """Return the shortest parent module that offers a class or function; None if none does."""
    # Keras keeps its code in keras.src and offers it without.
    parts = [part for part in value.__module__.split(".") if part != "src"]
    for end in range(1, len(parts) + 1):
        module = ".".join(parts[:end])
        try:
            found = getattr(importlib.import_module(module), value.__name__, None)
        except ImportError:
            continue
        if found is value and module != "__main__":
            return module
    return None


def _parameters(value):
    """Return the parameters of an object that differ from the defaults, None if unknown."""
    if hasattr(value, "get_params"):
        values = value.get_params(deep=False)
    elif hasattr(value, "get_config"):
        values = value.get_config()
    else:
        values = getattr(value, "__dict__", {})
    known = signature(type(value)).parameters
    named = {k: p for k, p in known.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
    # A configuration of Keras may leave out what has its default.
    if any(key not in values for key in named) and not hasattr(value, "get_config"):
        return None
    return {
        key: values[key]
        for key, p in named.items()
        if key in values and not _is(values[key], p.default)
    }


def _is(value, default):
    """Tell whether a parameter has its default."""
    return value is default or (type(value) is type(default) and repr(value) == repr(default))
