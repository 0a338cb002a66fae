"""Methods by short names."""

import pandas as pd

from .. import segmenters
from ..segmenters import named_networks

# Short name: the name in tables, and the filters that the random forest sees.
FORESTS = {
    "forest": ("Random forest", "multiscale"),
    "ilastik": ("Random forest, ilastik", "ilastik"),
    "weka": ("Random forest, Weka", "weka"),
}
DEFAULT_METHODS = ("unet", "unet-bn", "emnet-v1-bn", "forest")


def method_names(kind=None):
    """Return the short names of methods.

    Parameters
    ----------
    kind : {"network", "forest"}, optional
        All by default.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        For another kind.

    Examples
    --------
    >>> from emstellar.studies import method_names
    >>> method_names("forest")
    ['forest', 'ilastik', 'weka']
    """
    kinds = {"network": [*named_networks()], "forest": [*FORESTS]}
    if kind is not None and kind not in kinds:
        raise ValueError(f"kind must be one of {list(kinds)} or None, got {kind!r}.")
    return [*kinds["network"], *FORESTS] if kind is None else kinds[kind]


def demo_methods():
    """Return the methods of the demonstration: small, and quick to learn.

    Returns
    -------
    dict of str to segmenter

    Examples
    --------
    >>> from emstellar.studies import demo_methods
    >>> list(demo_methods())
    ['U-Net', 'U-Net BN', 'VGG-16', 'Random forest']
    """
    # With ReLU, a small network in two or three starts with a dead head and never learns.
    training = {
        "width": 1 / 8,
        "activation": "prelu",
        "optimizer": "adam",
        "patch_size": 64,
        "steps_per_epoch": 20,
    }
    unet = {"dropout": 0.0, **training}
    return {
        "U-Net": segmenters.UNetSegmenter(
            batch_norm=False, epochs=10, batch_size=4, learning_rate=3e-3, **unet
        ),
        "U-Net BN": segmenters.UNetSegmenter(epochs=12, batch_size=2, learning_rate=5e-3, **unet),
        "VGG-16": segmenters.VGG16Segmenter(epochs=8, batch_size=4, learning_rate=3e-3, **training),
        "Random forest": segmenters.RandomForestSegmenter(50, max_samples=10_000),
    }


def network_table(size=512):
    """Return parameters and operations of all networks at full width.

    Parameters
    ----------
    size : int, default=512
        Height and width of the image.

    Returns
    -------
    DataFrame of str
        Indexed by the name for ``--methods``.

    Examples
    --------
    >>> from emstellar.studies import network_table
    >>> print(network_table().loc["unet", "trainable parameters"])  # doctest: +SKIP
    31,031,685
    """
    from ..inspection import complexity

    rows = {}
    for name, (title, segmenter, variant) in named_networks().items():
        found = complexity(segmenter(**variant), (size, size, 1))
        rows[name] = (
            title,
            f"{found.trainable_parameters:,}",
            f"{found.non_trainable_parameters:,}",
            f"{found.flops / 1e9:.3f}",
        )
    columns = ["network", "trainable parameters", "other parameters", "GFLOPs"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def make_methods(names, *, width=1.0, head="paper", n_estimators=100, **training):
    """Return segmenters by their names in tables.

    Parameters
    ----------
    names : list of str
        Some of `method_names`.
    width : float, default=1.0
        Factor of the filters of all networks.
    head : {"paper", "direct"}, default="paper"
        Of the networks that have the choice.
    n_estimators : int, default=100
        The trees of a forest.
    **training
        Training parameters of all networks.

    Returns
    -------
    dict of str to segmenter

    Raises
    ------
    ValueError
        For an unknown name, with the valid ones.

    Examples
    --------
    >>> from emstellar.studies import make_methods
    >>> make_methods(["unet-bn", "forest"], width=0.5, epochs=3)
    {'U-Net BN': UNetSegmenter(epochs=3, width=0.5), 'Random forest': RandomForestSegmenter()}
    """
    unknown = [name for name in names if name not in method_names()]
    if unknown:
        raise ValueError(f"Unknown methods {unknown}; choose among {method_names()}.")
    methods, networks = {}, named_networks()
    for name in names:
        if name in FORESTS:
            title, features = FORESTS[name]
            methods[title] = segmenters.RandomForestSegmenter(n_estimators, features=features)
        else:
            title, kind, variant = networks[name]
            segmenter = kind(width=width, **variant, **training)
            if hasattr(segmenter, "head"):
                segmenter.set_params(head=head)
            methods[title] = segmenter
    return methods
