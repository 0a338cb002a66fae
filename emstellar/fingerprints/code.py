"""The code of functions and classes, taken apart so that equal code is equal in every process."""

import dis
from functools import cache
from types import CodeType, FunctionType, ModuleType

from .._sklearn_compat import CLASS_BOOKKEEPING

# What Python keeps in a class besides what its author wrote there.
_BOOKKEEPING = {
    "__annotations__",
    "__dict__",
    "__doc__",
    "__firstlineno__",
    "__module__",
    "__qualname__",
    "__slotnames__",  # set when an instance is first copied or pickled
    "__static_attributes__",
    "__weakref__",
    "_abc_impl",
    *CLASS_BOOKKEEPING,
}


@cache
def describe_code(code):
    """Return the instructions and constants of a code object, without file names and lines.

    Parameters
    ----------
    code : types.CodeType

    Returns
    -------
    tuple
        Of text, bytes, numbers and such tuples. Docstrings count: they are constants.

    Examples
    --------
    >>> from emstellar.fingerprints.code import describe_code
    >>> def first(a): return a + 1
    >>> def second(a): return a + 1
    >>> def third(a): return a + 2
    >>> describe_code(first.__code__) == describe_code(second.__code__)
    True
    >>> describe_code(first.__code__) == describe_code(third.__code__)
    False
    """
    return (
        code.co_code,
        tuple(_describe_constant(constant) for constant in code.co_consts),
        (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
    )


def _describe_constant(constant):
    if isinstance(constant, CodeType):
        return describe_code(constant)
    if isinstance(constant, frozenset):
        return "frozenset", tuple(sorted(map(repr, constant)))
    if isinstance(constant, tuple):
        return tuple(_describe_constant(item) for item in constant)
    return type(constant).__name__, repr(constant)


def used_globals(function):
    """Return the global values that a function's code names, by name.

    Parameters
    ----------
    function : types.FunctionType

    Returns
    -------
    dict of str to object
        Also what it takes from a module by an attribute (``module.name``), under that name.

    Examples
    --------
    >>> from emstellar.fingerprints.code import used_globals
    >>> import math
    >>> def area(r): return math.pi * r**2
    >>> sorted(used_globals(area))
    ['math', 'math.pi']
    """
    found = {}
    for code in _nested(function.__code__):
        name = None
        for instruction in dis.get_instructions(code):
            if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
                name = instruction.argval
                if name in function.__globals__:
                    found[name] = function.__globals__[name]
            elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(
                found.get(name), ModuleType
            ):
                module, name = found[name], f"{name}.{instruction.argval}"
                if hasattr(module, instruction.argval):
                    found[name] = getattr(module, instruction.argval)
            else:
                name = None
    return found


def _nested(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def class_members(cls):
    """Return what the author of a class wrote in it, by name.

    Parameters
    ----------
    cls : type

    Returns
    -------
    functions : dict of str to types.FunctionType
        Methods, also those behind properties, static and class methods.
    values : dict of str to object
        All else but what Python keeps there itself.
    """
    functions, values = {}, {}
    for name, value in vars(cls).items():
        if isinstance(value, property):
            for part in ("fget", "fset", "fdel"):
                if getattr(value, part) is not None:
                    functions[f"{name}.{part}"] = getattr(value, part)
            continue
        function = getattr(value, "__func__", getattr(value, "__wrapped__", value))
        if isinstance(function, FunctionType):
            functions[name] = function
        elif name not in _BOOKKEEPING:
            values[name] = value
    return functions, values
