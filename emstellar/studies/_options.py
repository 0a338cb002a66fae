"""Options of the command: declared once as fields of a dataclass, for parser, file and check.

A field says what the option may be, how it is explained, where it is listed and which argument of
which function it becomes. The parser, the keys of a TOML file, the checks of both and the help
with its defaults are read from there. jsonargparse would do this from signatures, but neither the
methods that are tables of a file nor our answers to misspelt keys, and it is slow to import.
"""

import argparse
import inspect
from dataclasses import field, fields

from ..constraints import BOOLEAN, InstanceOf, Interval, Satisfies

TEXT = InstanceOf(str, "a str")
NAMES = Satisfies(
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
    "a list of str",
)
COUNT = Interval(int, 1, None)


def option(default, *allowed, help, group="", to=None, convert=None, **parsing):
    """Return a dataclass field that is an option of the command.

    Parameters
    ----------
    default : object
        What it is where neither the command line nor a file says it.
    *allowed : constraints
        Of `emstellar.constraints`, of which one must hold.
    help : str
        The explanation; the default is put behind it.
    group : str, default=""
        The title under which the help lists the option.
    to : dict of str to str, optional
        By destination the name of the argument that the option becomes, see `arguments_for`.
    convert : callable, optional
        Makes that argument of the value.
    **parsing
        `metavar` or `choices`, for ``add_argument``.

    Returns
    -------
    dataclasses.Field
    """
    metadata = {"allowed": list(allowed), "help": help, "group": group, "parsing": parsing}
    return field(default=default, metadata={**metadata, "to": to or {}, "convert": convert})


def options_of(cls):
    """Return the fields of a dataclass that are options, by name."""
    return {item.name: item for item in fields(cls) if "allowed" in item.metadata}


def described(cls):
    """Put the explanations of all options where the docstring of a dataclass says ``{options}``."""
    if cls.__doc__:
        entries = [
            f"{name} : default={item.default!r}\n    {_sentence(item.metadata['help'])}"
            for name, item in options_of(cls).items()
        ]
        cls.__doc__ = inspect.cleandoc(cls.__doc__).replace("{options}", "\n".join(entries))
    return cls


def constraints_of(cls):
    """Return for each option what it may be, as `check_arguments` takes it."""
    return {name: item.metadata["allowed"] for name, item in options_of(cls).items()}


def arguments_for(destination, settings):
    """Return the keyword arguments that the options of an instance are for a destination.

    Parameters
    ----------
    destination : str
        A key of the options' `to`.
    settings : object
        An instance of a dataclass with options.

    Returns
    -------
    dict of str to object
    """
    found = {}
    for name, item in options_of(type(settings)).items():
        if destination in item.metadata["to"]:
            value, convert = getattr(settings, name), item.metadata["convert"]
            found[item.metadata["to"][destination]] = convert(value) if convert else value
    return found


def add_options(parser, cls, names=None, *, with_defaults=False):
    """Add the options of a dataclass to a parser, in their groups.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    cls : type
        The dataclass.
    names : sequence of str, optional
        Some of the options; all by default, in the order of the fields.
    with_defaults : bool, default=False
        Whether an option that is not given gets its default; else it is not among the arguments.
    """
    groups = {"": parser}
    declared = options_of(cls)
    for name in declared if names is None else names:
        item = declared[name]
        title = item.metadata["group"] if names is None else ""
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        default = item.default if with_defaults else argparse.SUPPRESS
        flag = f"--{name.replace('_', '-')}"
        groups[title].add_argument(flag, default=default, **_how_to_parse(item))


def _how_to_parse(item):
    """Return the arguments of ``add_argument`` that say what may follow an option."""
    allowed = item.metadata["allowed"]
    how = {"help": _help(item), **item.metadata["parsing"]}
    if BOOLEAN in allowed:
        how["action"] = argparse.BooleanOptionalAction
    elif NAMES in allowed:
        how["nargs"] = "+"
    elif TEXT not in allowed and isinstance(allowed[0], Interval):
        how["type"] = allowed[0].kind
    return how


def _help(item):
    """Return the explanation with the default, where there is one that says something."""
    default, text = item.default, item.metadata["help"]
    # No text, no switch that is off and no rate of zero.
    if not isinstance(default, int | float | str) or default is False or repr(default) == "0.0":
        return text
    return f"{text} ({default:g})" if isinstance(default, float) else f"{text} ({default})"


def _sentence(text):
    return f"{text[:1].upper()}{text[1:]}."
