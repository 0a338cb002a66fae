"""What a network costs: parameters, operations and memory, without running it."""

import math
from dataclasses import dataclass

import pandas as pd

from emstellar.randomness import seeded_construction

from .operation_counts import count_operations

BYTES_PER_ELEMENT = 4


@dataclass(frozen=True)
class ModelComplexity:
    """What a network costs for one image.

    Attributes
    ----------
    trainable_parameters, non_trainable_parameters : int
        Numbers of weights; the latter are the statistics of batch normalisation.
    macs : int
        Multiply-accumulates of convolutions and matrix products.
    flops : int
        Floating-point operations, two for each multiply-accumulate.
    activation_memory : int
        Bytes of the outputs of all layers in float32, about what training keeps of each image.
    layers : DataFrame
        The same per layer, in the order of the network, indexed by the layer's name, with its
        `kind` and `output_shape`.
    input_shape : tuple of int
        Height, width and channels of the image.
    """

    trainable_parameters: int
    non_trainable_parameters: int
    macs: int
    flops: int
    activation_memory: int
    layers: pd.DataFrame
    input_shape: tuple[int, int, int]


def complexity(segmenter_or_model, input_shape, *, n_outputs=1):
    """Count the parameters and operations of a network for one image.

    Parameters
    ----------
    segmenter_or_model : segmenter or keras.Model
        A segmenter, fitted or not, whose network is built anew by its `build_network`, or a
        functional or sequential Keras model.
    input_shape : tuple of (int, int, int)
        Height, width and number of channels of the image.
    n_outputs : int, default=1
        Of the network that a segmenter builds: 1 for two classes, else the number of classes.

    Returns
    -------
    ModelComplexity

    Raises
    ------
    ValueError
        If the network has a layer whose operations are not known; nothing is silently left out.
    TypeError
        If the model is subclassed, so that its layers cannot be walked.

    Notes
    -----
    Counted analytically, by the shapes of all layers, on any Keras backend, in the conventions
    of TensorFlow's profiler (see ``emstellar.inspection.operation_counts``), with which it agrees
    to 0.1 %. The package keras-flops, by which the paper counted, calls that profiler but does
    not run with current TensorFlow.

    Examples
    --------
    >>> from emstellar.inspection import complexity
    >>> from emstellar.networks import build_unet
    >>> cost = complexity(build_unet((None, None, 1), 1, width=1 / 16), (512, 512, 1))
    >>> cost.trainable_parameters, round(cost.flops / 1e9, 2)
    (122585, 1.79)
    >>> cost.layers.groupby("kind").flops.sum().idxmax()
    'Conv2D'
    """
    walk = _Walk()
    with seeded_construction(0):
        walk.through(_get_own_model(segmenter_or_model, input_shape, n_outputs), input_shape)
    layers = pd.DataFrame(walk.rows).set_index("name")
    totals = layers.drop(columns=["kind", "output_shape"]).sum()
    return ModelComplexity(
        **{name: int(total) for name, total in totals.items()},
        layers=layers,
        input_shape=tuple(input_shape),
    )


def _get_own_model(segmenter_or_model, input_shape, n_outputs):
    """Return a model whose layers nobody else has, since they are called on new shapes."""
    # Imported here: a library that only displays results need not load Keras.
    from emstellar._keras import keras

    if hasattr(segmenter_or_model, "build_network"):
        return segmenter_or_model.build_network(tuple(input_shape), n_outputs)
    if getattr(segmenter_or_model, "inputs", None):
        return keras.models.clone_model(segmenter_or_model)
    raise TypeError(
        "Expected a segmenter that trains a network or a functional or sequential keras.Model, "
        f"whose layers can be walked, got {type(segmenter_or_model).__name__}."
    )


class _Walk:
    """Calls a model's layers on shapes only and takes notes of every call."""

    def __init__(self):
        self.rows = []
        self._seen = set()

    def through(self, model, input_shape):
        """Walk through the layers of a model on an image of a shape."""
        from emstellar._keras import keras

        image = keras.Input(tuple(input_shape))
        keras.models.clone_model(
            keras.Model(model.inputs, model.outputs),
            input_tensors=[image],
            clone_function=lambda layer: layer,
            call_function=self._call,
        )

    def _call(self, layer, *args, **kwargs):
        from emstellar._keras import keras

        outputs = layer(*args, **kwargs)
        input_shapes = _get_shapes([args, kwargs])
        if isinstance(layer, keras.Model):
            self.through(layer, input_shapes[0])
        else:
            self._note(layer, input_shapes, _get_shapes(outputs))
        return outputs

    def _note(self, layer, input_shapes, output_shapes):
        macs, other = count_operations(layer, input_shapes, output_shapes)
        # The weights of a layer that is called twice are there once.
        is_new = layer not in self._seen
        self._seen.add(layer)
        row = {
            "name": layer.name,
            "kind": type(layer).__name__,
            "output_shape": output_shapes[0],
            "trainable_parameters": is_new * _count(layer, "trainable_weights"),
            "non_trainable_parameters": is_new * _count(layer, "non_trainable_weights"),
            "macs": macs,
            "flops": 2 * macs + other,
            "activation_memory": BYTES_PER_ELEMENT * sum(map(math.prod, output_shapes)),
        }
        self.rows.append(row)


def _get_shapes(tensors):
    """Return the shapes, without the batch, of all tensors in a nested structure."""
    from emstellar._keras import keras

    leaves = keras.tree.flatten(tensors)
    return [tuple(leaf.shape[1:]) for leaf in leaves if isinstance(leaf, keras.KerasTensor)]


def _count(layer, kind):
    return sum(math.prod(weight.shape) for weight in getattr(layer, kind, ()))
