"""A network to be made, and one made with weights that depend on a seed only."""

from collections.abc import Callable
from dataclasses import dataclass

from emstellar.randomness import seeded_construction
from emstellar.training.naming import number_layers


@dataclass(frozen=True)
class Architecture:
    """What training has to know of a network before it exists.

    Parameters
    ----------
    name : str
        What to call it in messages.
    build : callable
        Returns a new network, given the shape (height, width, n_channels) of its input and the
        number of its outputs.
    size_multiple : int
        To what the sides of its input must be multiples.
    initialize : callable
        Gives a new network the weights that a fit starts from, where they are not random.
    """

    name: str
    build: Callable
    size_multiple: int
    initialize: Callable = lambda model: None


def build_model(architecture, n_channels, n_classes, seed):
    """Return a network with new weights that depend on a seed only.

    Parameters
    ----------
    architecture : Architecture
        Which network.
    n_channels : int
        Number of channels of the images.
    n_classes : int
        Number of classes; two have one output.
    seed : int
        Decides the weights.

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        If the network's output is not as large as its input or has not one channel per class.
    """
    n_outputs = 1 if n_classes == 2 else n_classes
    with seeded_construction(seed):
        model = architecture.build((None, None, n_channels), n_outputs)
    number_layers(model)
    side = architecture.size_multiple
    spec = model.compute_output_shape((1, side, side, n_channels))
    allowed = (1, 2) if n_outputs == 1 else (n_outputs,)
    if tuple(spec[:3]) != (1, side, side) or spec[3] not in allowed:
        raise ValueError(
            f"The network turns an input of shape {(1, side, side, n_channels)} into "
            f"{tuple(spec)}; expected {(1, side, side, n_outputs)}: a map as large as the image "
            "with one channel for the foreground, or one per class if there are more than two."
        )
    return model


def new_model(architecture, n_channels, n_classes, seed):
    """Return a network as a fit starts from it: as `build_model`, with what is not random.

    Parameters
    ----------
    architecture, n_channels, n_classes, seed
        As in `build_model`.

    Returns
    -------
    keras.Model
    """
    model = build_model(architecture, n_channels, n_classes, seed)
    with seeded_construction(seed):
        architecture.initialize(model)
    return model
