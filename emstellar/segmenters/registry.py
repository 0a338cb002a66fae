"""Which networks there are: found by their segmenters, named by their builders."""

import importlib
import pkgutil
from typing import NamedTuple

from emstellar import networks

# By the name of the class.
_CLASSES = {}


class NamedNetwork(NamedTuple):
    """A network by its short name.

    Attributes
    ----------
    title : str
        The name in tables.
    segmenter : type
        The class that trains it.
    parameters : dict of str to object
        Those of the class that make the variant.
    """

    title: str
    segmenter: type
    parameters: dict


def register(cls):
    """Make a class of segmenters with a builder known; none of this package is replaced."""
    known = _CLASSES.get(cls.__name__)
    if known is None or not is_ours(known) or is_ours(cls):
        _CLASSES[cls.__name__] = cls


def is_ours(cls):
    """Tell whether a class is of this package."""
    return cls.__module__.partition(".")[0] == "emstellar"


def network_classes():
    """Return the classes of segmenters that train a network of their own, by name.

    Returns
    -------
    dict of str to type
        Those of this package first, then those that were defined elsewhere with a `builder`.
    """
    for name in _modules_of_networks():
        importlib.import_module(f"emstellar.segmenters.{name}")
    return dict(sorted(_CLASSES.items(), key=lambda item: (not is_ours(item[1]), item[0].lower())))


def _modules_of_networks():
    """Return the names of modules in both packages: a builder there, its segmenter here."""
    from emstellar import segmenters

    ours, builders = (
        {module.name for module in pkgutil.iter_modules(package.__path__)}
        for package in (segmenters, networks)
    )
    return sorted(ours & builders)


def named_networks():
    """Return all networks by the short names that their builders declare.

    Returns
    -------
    dict of str to NamedNetwork
        With the fields `title` (the name in tables), `segmenter` (the class) and `parameters`
        (those that make the variant). A class with a `builder` that declares `methods` is among
        them as soon as it is defined.

    Examples
    --------
    >>> from emstellar.segmenters import named_networks
    >>> title, segmenter, parameters = named_networks()["emnet-v2"]
    >>> title, segmenter(**parameters)
    ('EM-net V2', EMNetSegmenter(variant='v2'))
    """
    return {
        name: NamedNetwork(title, cls, parameters)
        for cls in network_classes().values()
        for name, (title, parameters) in getattr(cls.builder, "methods", {}).items()
    }
