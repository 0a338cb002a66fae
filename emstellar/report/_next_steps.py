"""The code of the report that puts the best segmenter to use."""

import re

from .. import segmenters as own_segmenters


def describe_next_steps(method, representation):
    """Return Python code, after that of the benchmark, that puts a method to use.

    Parameters
    ----------
    method : str
        The name of a segmenter of the benchmark.
    representation : str
        Its representation.

    Returns
    -------
    str

    Examples
    --------
    >>> from emstellar.report._next_steps import describe_next_steps
    >>> print(describe_next_steps("U-Net", "UNetSegmenter(width=0.5)"))
    from emstellar import load
    <BLANKLINE>
    # Train on all labelled images, and keep the result in a file.
    segmenter = segmenters['U-Net'].fit(X, y)
    segmenter.save('U-Net.emstellar')
    <BLANKLINE>
    # Later, and elsewhere: segment other images, here the first one once more.
    segmenter = load('U-Net.emstellar')
    masks = segmenter.predict(X[:1])
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "-", method).strip("-") or "segmenter"
    own_files = can_save(representation)
    file = repr(f"{stem}.emstellar" if own_files else f"{stem}.joblib")
    return "\n".join(
        [
            "from emstellar import load" if own_files else "from joblib import dump, load",
            "",
            "# Train on all labelled images, and keep the result in a file.",
            f"segmenter = segmenters[{method!r}].fit(X, y)",
            f"segmenter.save({file})" if own_files else f"dump(segmenter, {file})",
            "",
            "# Later, and elsewhere: segment other images, here the first one once more.",
            f"segmenter = load({file})",
            "masks = segmenter.predict(X[:1])",
        ]
    )


def can_save(representation):
    """Tell whether a segmenter writes files of its own, which the command `segment` reads.

    Parameters
    ----------
    representation : str
        Of the segmenter.
    """
    name = representation.partition("(")[0]
    return hasattr(getattr(own_segmenters, name, None), "save")
