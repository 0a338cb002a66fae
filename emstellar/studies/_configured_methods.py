"""Methods of one's own: a method by its short name with other parameters, as tables have them."""

from ..constraints import check_arguments, did_you_mean
from ._methods import make_methods, method_names

# TOML has no word for None.
NONE_WORD = "none"


def choose_methods(names, tables, *, width=1.0, **training):
    """Return segmenters by short names and by the names of tables.

    Parameters
    ----------
    names : list of str
        Some of `method_names` and of the names of `tables`, which come first.
    tables : dict of str to dict
        As `configure_method` takes them.
    width : float, default=1.0
        Factor of the filters of all networks whose table says nothing else.
    **training
        Training parameters of all networks whose table says nothing else.

    Returns
    -------
    dict of str to segmenter
        Those by short names first.

    Raises
    ------
    ValueError, TypeError
        For an unknown name, two methods of one name, or a parameter that is not what it can be.

    Examples
    --------
    >>> from emstellar.studies import choose_methods
    >>> choose_methods(["forest", "wide"], {"wide": {"method": "unet-bn", "width": 0.5}})
    {'Random forest': RandomForestSegmenter(), 'wide': UNetSegmenter(width=0.5)}
    """
    ready_made = [name for name in names if name not in tables]
    methods = make_methods(ready_made, width=width, **training)
    for name in names:
        if name in tables:
            if name in methods:
                raise ValueError(f"Two methods are called {name!r}; rename [methods.{name!r}].")
            methods[name] = configure_method(name, tables[name], width=width, **training)
    for name, segmenter in methods.items():
        check_method(f"method {name!r}", segmenter)
    return methods


def configure_method(name, table, **training):
    """Return the segmenter that a table describes.

    Parameters
    ----------
    name : str
        The name of the table.
    table : dict of str to object
        `method` is a short name (`name` by default), all others are parameters of its class;
        "none" stands for None.
    **training
        `width` and training parameters of networks, over which the table goes.

    Returns
    -------
    segmenter

    Raises
    ------
    ValueError
        For an unknown short name or parameter, with the nearest valid ones.

    Examples
    --------
    >>> from emstellar.studies import configure_method
    >>> configure_method("wide", {"method": "unet-bn", "loss": "bce+dice", "patience": "none"})
    UNetSegmenter(loss='bce+dice', patience=None)
    """
    parameters = {key.replace("-", "_"): value for key, value in table.items()}
    method = parameters.pop("method", name)
    if method not in method_names():
        raise ValueError(
            f"[methods.{name!r}] needs method = one of {method_names()}, got {method!r}."
            f"{did_you_mean(method, method_names())}"
        )
    (segmenter,) = make_methods([method], **training).values()
    known = list(segmenter.get_params(deep=False))
    for key in parameters:
        if key not in known:
            raise ValueError(
                f"[methods.{name!r}] has an unknown parameter {key!r}; {type(segmenter).__name__} "
                f"has {known}.{did_you_mean(key, known)}"
            )
    return segmenter.set_params(
        **{key: None if value == NONE_WORD else value for key, value in parameters.items()}
    )


def check_method(owner, segmenter):
    """Raise where a parameter is not what it can be, as `fit` would, but before any fit.

    Parameters
    ----------
    owner : str
        Whose parameters they are, for the message.
    segmenter : segmenter
        One of `make_methods`.

    Raises
    ------
    ValueError, TypeError
    """
    parameters = segmenter.get_params(deep=False)
    check_arguments(owner, parameters, segmenter.parameter_constraints)
    if "loss" not in parameters:
        return
    # Only networks have these; their checks load Keras.
    from ..losses import get_loss
    from ..optimizers import get_optimizer
    from ..training import get_schedule

    try:
        get_loss(segmenter.loss)
        get_optimizer(segmenter.optimizer)
        get_schedule(segmenter.lr_schedule, segmenter.learning_rate, 1)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{owner}: {error}") from error
