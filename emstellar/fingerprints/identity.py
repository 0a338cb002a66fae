"""One canonical form of whatever can be a parameter, and the code and libraries behind it."""

import hashlib
import os
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType

import joblib
import numpy as np
from sklearn.frozen import FrozenEstimator

from .code import class_members, describe_code, used_globals
from .libraries import describe_libraries, library_of

# How a fit is run or watched, which is not what it learns.
WITHOUT_EFFECT = ("n_jobs", "verbose", "checkpoint")
# What every class of this library computes with.
_OURS_USES = ("emstellar", "numpy", "scipy", "sklearn", "skimage")
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), range, slice)


@dataclass(frozen=True)
class Identity:
    """What a result depends on besides its data.

    Attributes
    ----------
    parameters : str
        Digest of classes by name and of their parameters: what the user asked for.
    code : str
        Digest of the code of functions and classes that no library holds.
    libraries : dict of str to str
        Name and version of all libraries in use, the backend included.
    """

    parameters: str
    code: str
    libraries: dict

    @property
    def fingerprint(self):
        """The digest of all three."""
        return digest(self.parameters, self.code, sorted(self.libraries.items()))


def identify(value, *, without=WITHOUT_EFFECT, loose=()):
    """Return what a segmenter, a scorer or a function depends on.

    Parameters
    ----------
    value : object
    without : sequence of str
        Parameters of estimators that do not count.
    loose : sequence of str
        Parameters of estimators whose classes count by name and configuration only, not by code.

    Returns
    -------
    Identity
        Equal in every process for equal parameters, code and libraries.

    Raises
    ------
    ValueError
        If a value cannot be told from others: a generator, a lock, an open file.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.fingerprints import identify
    >>> one = identify(RandomForestSegmenter(features=lambda image: image[..., None]))
    >>> other = identify(RandomForestSegmenter(features=lambda image: -image[..., None]))
    >>> one.parameters == other.parameters, one.code == other.code
    (True, False)
    """
    walk = _Walk(without, loose)
    form = walk.form(value)
    return Identity(digest(form), digest(*sorted(walk.code)), describe_libraries(walk.libraries))


def digest(*parts):
    """Return the SHA-256 of texts, numbers, bytes and tuples of them, in hexadecimal digits."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class _Walk:
    """Takes a value apart, and collects the code and the libraries that it meets."""

    def __init__(self, without, loose):
        self.without = without
        self.loose = loose
        self.code = set()
        self.libraries = set()
        self._open = []
        self._kept = set()
        self._n_loose = 0

    def form(self, value):
        """Return nested tuples of text that are equal for equal values."""
        if isinstance(value, _PLAIN):
            return type(value).__name__, repr(value)
        if id(value) in self._open:
            # By depth, since an address differs between processes.
            return "again", len(self._open) - self._open.index(id(value))
        self._open.append(id(value))
        try:
            return self._form(value)
        finally:
            self._open.pop()

    def _form(self, value):
        if isinstance(value, type):
            return self._class(value)
        for kinds, describe in self._DESCRIBE:
            if isinstance(value, kinds):
                return describe(self, value)
        if hasattr(value, "get_params"):
            return self._estimator(value)
        if hasattr(value, "get_config"):
            return self._configured(value)
        if _is_callback(value):
            return self._class(type(value)), self._known_state(value)
        if library_of(type(value).__module__) is not None:
            return self._class(type(value)), self._library_state(value)
        return self._class(type(value)), self._state(value)

    def _sequence(self, value):
        return type(value).__name__, tuple(self.form(item) for item in value)

    def _set(self, value):
        return type(value).__name__, tuple(sorted(repr(self.form(item)) for item in value))

    def _dict(self, value):
        items = [(repr(self.form(key)), self.form(item)) for key, item in value.items()]
        return "dict", tuple(sorted(items, key=lambda item: item[0]))

    def _array(self, value):
        if value.dtype.hasobject:
            return "array", value.shape, tuple(self.form(item) for item in value.ravel())
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return type(value).__name__, value.dtype.str, value.shape, content

    def _enum(self, value):
        return self._class(type(value)), value.name

    def _path(self, value):
        return "path", os.fspath(value)

    def _random(self, value):
        state = getattr(value, "bit_generator", value)
        return type(value).__name__, self.form(
            state.state if hasattr(state, "state") else state.get_state(legacy=False)
        )

    def _partial(self, value):
        return "partial", self.form(value.func), self.form(value.args), self.form(value.keywords)

    def _method(self, value):
        return "method", self.form(value.__func__), self.form(value.__self__)

    def _named(self, value):
        module = getattr(value, "__module__", None) or type(value).__module__
        self._use(module)
        owner = getattr(value, "__self__", None)
        bound = () if owner is None or isinstance(owner, ModuleType) else (self.form(owner),)
        return "named", module, getattr(value, "__qualname__", value.__name__), bound

    def _module(self, value):
        library = library_of(value.__name__)
        if library is not None:
            self.libraries.add(library)
        return "module", value.__name__

    def _function(self, function):
        name = "function", str(function.__module__), function.__qualname__
        library = library_of(function.__module__)
        if library is not None:
            self._use(function.__module__)
            if library != "emstellar":
                return name
        self._keep_code(function, follow=library is None)
        return name, self._bound(function)

    def _bound(self, function):
        cells = [_content(cell) for cell in function.__closure__ or ()]
        bound = (function.__defaults__, function.__kwdefaults__, cells)
        return tuple(self.form(item) for item in bound)

    def _keep_code(self, function, *, follow):
        if id(function) in self._kept:
            return
        self._kept.add(id(function))
        self.code.add(repr((function.__qualname__, describe_code(function.__code__))))
        if not follow:
            return
        for name, value in sorted(used_globals(function).items()):
            self.code.add(repr((function.__qualname__, name, self._tolerant(self.form, value))))

    def _tolerant(self, describe, value):
        """Describe what is no parameter; of a lock or a logger in a module the kind must do."""
        try:
            return describe(value)
        except ValueError:
            return type(value).__name__

    def _class(self, cls):
        """Return the name of a class, and collect the code of what no library holds."""
        for part in cls.__mro__:
            library = library_of(part.__module__)
            self._use(part.__module__)
            if part.__name__ == "BaseKerasSegmenter":
                self.libraries.add("keras")
            if library in (None, "emstellar") and not self._n_loose:
                self._keep_class(part, ours=library == "emstellar")
        return "class", cls.__module__, cls.__qualname__

    def _keep_class(self, cls, *, ours):
        if cls in self._kept:
            return
        self._kept.add(cls)
        functions, values = class_members(cls)
        for function in functions.values():
            # A method put into a class of ours from outside is told by the module it is from.
            own = ours and library_of(function.__module__) == "emstellar"
            self._keep_code(function, follow=not own)
            if not own:
                self.code.add(repr((function.__qualname__, self._tolerant(self._bound, function))))
        if ours or _is_callback_class(cls):
            return
        for name, value in sorted(values.items()):
            self.code.add(repr((cls.__qualname__, name, self._tolerant(self.form, value))))

    def _estimator(self, value):
        form = []
        for name, item in sorted(value.get_params(deep=False).items()):
            if name not in self.without:
                self._n_loose += name in self.loose
                form.append((name, self.form(item)))
                self._n_loose -= name in self.loose
        return self._class(type(value)), tuple(form)

    def _frozen(self, value):
        # It predicts by what it has learnt, not by its parameters alone.
        return self._class(type(value)), self.form(value.estimator), self._hashed(value.estimator)

    def _configured(self, value):
        """Describe an object of Keras by its configuration, without the name counted up."""
        config = {key: item for key, item in value.get_config().items() if key != "name"}
        weights = value.get_weights() if hasattr(value, "get_weights") else []
        form = self._class(type(value)), self.form(config), self.form(weights)
        if library_of(type(value).__module__) is None:
            # Attributes that its author did not add to get_config.
            form += (self._known_state(value),)
        return form

    def _known_state(self, value):
        found = []
        for name, item in sorted(vars(value).items()):
            if not name.startswith("_") and name != "name" and not _is_of_keras(item):
                found.append((name, self._tolerant(self.form, item)))
        return tuple(found)

    def _library_state(self, value):
        """Describe what a library's object holds, since that may be a function of the user's."""
        if hasattr(value, "__dict__"):
            try:
                return self.form(vars(value))
            except ValueError:
                pass
        return self._hashed(value)

    def _state(self, value):
        if not hasattr(value, "__dict__"):
            return self._hashed(value)
        try:
            return self.form(vars(value))
        except ValueError as error:
            raise ValueError(f"{value!r} holds what cannot be told from others: {error}") from error

    def _hashed(self, value):
        try:
            return joblib.hash(value, hash_name="sha1")
        except Exception as error:
            raise ValueError(
                f"{value!r} of type {type(value).__name__} cannot be told from others of its "
                f"kind: {error}"
            ) from error

    def _use(self, module):
        library = library_of(module)
        if library == "emstellar":
            self.libraries.update(_OURS_USES)
        elif library is not None:
            self.libraries.add(library)

    _DESCRIBE = (
        ((list, tuple), _sequence),
        ((set, frozenset), _set),
        (dict, _dict),
        ((np.ndarray, np.generic), _array),
        (Enum, _enum),
        (os.PathLike, _path),
        ((np.random.RandomState, np.random.Generator), _random),
        (partial, _partial),
        (MethodType, _method),
        ((BuiltinFunctionType, np.ufunc), _named),
        (ModuleType, _module),
        (FunctionType, _function),
        (FrozenEstimator, _frozen),
    )


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:
        return "empty"


def _is_callback(value):
    return not isinstance(value, type) and _is_callback_class(type(value))


def _is_callback_class(cls):
    return any(
        part.__name__ == "Callback" and part.__module__.partition(".")[0] == "keras"
        for part in cls.__mro__
    )


def _is_of_keras(value):
    return type(value).__module__.partition(".")[0] == "keras"
