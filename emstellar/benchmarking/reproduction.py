"""The code that repeats a benchmark."""


def describe_call(segmenters, cv, data, scoring, parameters):
    """Return Python code that makes the same call, given the images.

    Parameters
    ----------
    segmenters : dict of str to segmenter
    cv : int, splitter or iterable
    data : BenchmarkData
    scoring : list of str
    parameters : dict of str to object
        Further keyword arguments.

    Returns
    -------
    str

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.benchmarking.data import BenchmarkData
    >>> from emstellar.benchmarking.reproduction import describe_call
    >>> forest = {"forest": RandomForestSegmenter()}
    >>> print(describe_call(forest, 5, BenchmarkData(), ["f1"], {}))
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
    lines = [*_imports(segmenters, cv), "", "segmenters = {"]
    lines += [f"    {name!r}: {_one_line(segmenter)}," for name, segmenter in segmenters.items()]
    lines += ["}", "result = benchmark(", "    segmenters, X, y,", f"    cv={_one_line(cv)},"]
    if data.groups is not None:
        lines.append("    groups=groups,")
    if data.X_test is not None:
        lines.append("    X_test=X_test, y_test=y_test,")
    lines.append(f"    scoring={scoring!r},")
    lines += [f"    {name}={value!r}," for name, value in parameters.items()]
    return "\n".join([*lines, ")"])


def _imports(segmenters, cv):
    modules = {"emstellar": {"benchmark"}}
    for item in [*segmenters.values(), cv]:
        kind = type(item)
        if kind.__module__ != "builtins":
            modules.setdefault(_public_module(kind), set()).add(kind.__name__)
    return [
        f"from {module} import {', '.join(sorted(names))}"
        for module, names in sorted(modules.items())
    ]


def _public_module(kind):
    """Return the shortest parent module that offers the class."""
    parts = kind.__module__.split(".")
    if parts[0] == "emstellar":
        return "emstellar"
    return ".".join(part for part in parts if not part.startswith("_"))


def _one_line(value):
    return " ".join(repr(value).split())
