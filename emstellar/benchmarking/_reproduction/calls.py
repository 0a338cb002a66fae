"""The code that repeats a benchmark."""

import numpy as np

from ...metrics import get_scorer_names
from .code_writer import CodeWriter

# What a call is given besides segmenters and options.
_GIVEN = ("X", "y", "groups", "X_test", "y_test", "groups_test")


def describe_call(segmenters, cv, data, scoring, parameters, loading="", names=()):
    """Return Python code that makes the same call.

    Parameters
    ----------
    segmenters : dict of str to segmenter
    cv : int, splitter or list of (train, validation)
    data : BenchmarkData
    scoring : list of str
    parameters : dict of str to object
        Further keyword arguments.
    loading : str, default=""
        Code that loads the images. Without it a comment says which images they were.
    names : collection of str, default=()
        The subsets whose images have names.

    Returns
    -------
    str

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.benchmarking._data import BenchmarkData
    >>> from emstellar.benchmarking._reproduction.calls import describe_call
    >>> forest = {"forest": RandomForestSegmenter()}
    >>> loading = "X, y = my_images()"
    >>> print(describe_call(forest, 5, BenchmarkData(), ["f1"], {}, loading))
    X, y = my_images()
    <BLANKLINE>
    from emstellar import RandomForestSegmenter, benchmark
    <BLANKLINE>
    segmenters = {
        'forest': RandomForestSegmenter(),
    }
    result = benchmark(
        segmenters, X, y,
        cv=5,
        scoring=['f1'],
    )
    """
    writer = CodeWriter()
    writer.need("emstellar", "benchmark")
    methods = [f"    {name!r}: {writer.write(value)}," for name, value in segmenters.items()]
    arguments = {"cv": writer.write(_as_lists(cv))}
    if data.groups is not None:
        arguments["groups"] = "groups"
    if data.X_test is not None:
        arguments["X_test"] = "X_test"
    if data.y_test is not None:
        arguments["y_test"] = "y_test"
    if data.groups_test is not None:
        arguments["groups_test"] = "groups_test"
    known = {"validation": "names", "test": "names_test"}
    arguments |= {name: name for subset, name in known.items() if subset in names}
    parameters = {"scoring": scoring, **parameters}
    arguments |= {name: writer.write(value) for name, value in parameters.items()}
    lines = [loading.strip() or _which_images(data), "", *writer.imports(), ""]
    lines += _what_is_missing(writer.unknown, scoring)
    lines += ["segmenters = {", *methods, "}", _call("benchmark", "segmenters, X, y", arguments)]
    return "\n".join(lines)


def _what_is_missing(unknown, scoring):
    """Yield comments that name what the reader must supply before the code runs."""
    own = [name for name in scoring if name not in get_scorer_names()]
    if own:
        yield f"# Scorers of one's own, to be registered or passed by the reader: {', '.join(own)}."
    if unknown:
        yield f"# To be supplied by the reader: {'; '.join(dict.fromkeys(unknown))}."


def describe_predictions(data, parameters, loading=""):
    """Return Python code that scores probability maps made elsewhere.

    Parameters
    ----------
    data : BenchmarkData
    parameters : dict of str to object
        Keyword arguments of `BenchmarkResult.from_predictions`.
    loading : str, default=""
        Code that loads the maps, the masks and the images.
    """
    given = {"X": data.X_test, "groups": data.groups_test}
    arguments = {name: name for name, value in given.items() if value is not None}
    arguments |= {name: repr(value) for name, value in parameters.items()}
    call = _call("BenchmarkResult.from_predictions", "predictions, y", arguments)
    missing = f"# predictions: the maps of each method; y: {len(data.y_test)} masks."
    lines = [loading.strip() or missing, "", "from emstellar.benchmarking import BenchmarkResult"]
    return "\n".join([*lines, "", call])


def describe_folders(predictions, truth, parameters):
    """Return Python code that scores folders of probability maps.

    Parameters
    ----------
    predictions, truth : str
    parameters : dict of str to object
        Keyword arguments of `score_folders`.
    """
    arguments = {name: repr(value) for name, value in parameters.items()}
    call = _call("score_folders", f"{predictions!r}, {truth!r}", arguments)
    return f"from emstellar.benchmarking import score_folders\n\n{call}"


def _call(function, values, arguments):
    lines = [f"result = {function}(", f"    {values},"]
    lines += [f"    {name}={value}," for name, value in arguments.items()]
    return "\n".join([*lines, ")"])


def _as_lists(cv):
    """Return splits without arrays, which are longer to write; all else as it is."""
    if not isinstance(cv, list):
        return cv
    return [tuple(np.asarray(side).tolist() for side in split) for split in cv]


def _which_images(data):
    values = {name: getattr(data, name) for name in _GIVEN}
    lengths = [f"{name} ({len(value)})" for name, value in values.items() if value is not None]
    return (
        f"# How the images were loaded was not given (loading=). They were {', '.join(lengths)};\n"
        f"# result.data.fingerprint is {data.fingerprint}."
    )
