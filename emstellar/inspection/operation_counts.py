"""How many operations one call of a Keras layer takes.

The conventions are those of TensorFlow's profiler, by which the paper counted: a
multiply-accumulate is two operations; a bias, an addition, a multiplication one per output
element; batch normalisation two; pooling the area of its window; comparisons with zero, sigmoid,
softmax (the one exception: the profiler says five), copies and padding none.
"""

import math


def count_operations(layer, input_shapes, output_shapes):
    """Count the operations of one call of a layer for one image.

    Parameters
    ----------
    layer : keras.layers.Layer or Keras operation
        A layer of Keras, or one that has a method ``count_operations(input_shapes,
        output_elements)`` and so speaks for itself.
    input_shapes, output_shapes : list of tuple of int
        Shapes of one image's tensors, without the batch axis.

    Returns
    -------
    macs : int
        Multiply-accumulates.
    other : int
        Operations that are not part of a multiply-accumulate.

    Raises
    ------
    ValueError
        If nothing is known about the layer.

    Examples
    --------
    >>> import keras
    >>> from emstellar.inspection.operation_counts import count_operations
    >>> layer = keras.layers.Conv2D(8, 3, padding="same")
    >>> layer.build((None, 4, 4, 2))
    >>> count_operations(layer, [(4, 4, 2)], [(4, 4, 8)])
    (2304, 128)
    """
    elements = sum(math.prod(shape) for shape in output_shapes)
    if hasattr(layer, "count_operations"):
        return layer.count_operations(input_shapes, elements)
    kind = type(layer).__name__
    if type(layer).__module__.partition(".")[0] == "keras":
        if kind in _FREE:
            return 0, 0
        if kind in _PER_OUTPUT_ELEMENT:
            return 0, _PER_OUTPUT_ELEMENT[kind] * elements
        if kind in _BY_LAYER:
            macs, other = _BY_LAYER[kind](layer, input_shapes, elements)
            return macs, other + _count_activation(layer, elements)
    raise ValueError(
        f"The operations of layer {layer.name!r} of type {kind} are not known. Give its class a "
        "method count_operations(input_shapes, output_elements) that returns the "
        "multiply-accumulates and the other operations of one image."
    )


_FREE = {
    "InputLayer", "Concatenate", "UpSampling2D", "ZeroPadding2D", "ZeroPadding3D", "Cropping2D",
    "Reshape", "Flatten", "Permute", "Identity", "ReLU", "Dropout", "SpatialDropout2D",
    "SpatialDropout3D", "GaussianNoise", "ExpandDims", "Squeeze", "GetItem", "Transpose",
}  # fmt: skip

_PER_OUTPUT_ELEMENT = {
    "BatchNormalization": 2,
    "Normalization": 2,
    "Rescaling": 2,
    "PReLU": 3,
    "LeakyReLU": 2,
}

_ACTIVATIONS = {
    "linear": 0, "relu": 0, "sigmoid": 0, "tanh": 0, "elu": 0, "selu": 0,
    "leaky_relu": 2, "silu": 2, "swish": 2, "softmax": 0,
}  # fmt: skip


def _count_activation(layer, elements):
    function = getattr(layer, "activation", None)
    if function is None:
        return 0
    name = getattr(function, "__name__", type(function).__name__)
    if name not in _ACTIVATIONS:
        raise ValueError(f"The operations of activation {name!r} of {layer.name!r} are not known.")
    return _ACTIVATIONS[name] * elements


def _convolution(layer, input_shapes, elements):
    taps = math.prod(layer.kernel_size) * input_shapes[0][-1] // layer.groups
    return elements * taps, elements * layer.use_bias


def _depthwise_convolution(layer, input_shapes, elements):
    return elements * math.prod(layer.kernel_size), elements * layer.use_bias


def _separable_convolution(layer, input_shapes, elements):
    n_in = input_shapes[0][-1] * layer.depth_multiplier
    pixels = elements // layer.filters
    macs = pixels * n_in * math.prod(layer.kernel_size) + elements * n_in
    return macs, elements * layer.use_bias


def _transposed_convolution(layer, input_shapes, elements):
    macs = math.prod(input_shapes[0]) * math.prod(layer.kernel_size) * layer.filters
    return macs, elements * layer.use_bias


def _dense(layer, input_shapes, elements):
    return elements * input_shapes[0][-1], elements * layer.use_bias


def _pooling(layer, input_shapes, elements):
    return 0, elements * math.prod(layer.pool_size)


def _global_pooling(layer, input_shapes, elements):
    return 0, math.prod(input_shapes[0])


def _merging(layer, input_shapes, elements):
    return 0, elements * max(1, len(input_shapes) - 1)


def _nothing_else(layer, input_shapes, elements):
    return 0, 0


_BY_LAYER = {
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "DepthwiseConv2D": _depthwise_convolution,
    "SeparableConv2D": _separable_convolution,
    "Conv2DTranspose": _transposed_convolution,
    "Dense": _dense,
    "MaxPooling2D": _pooling,
    "AveragePooling2D": _pooling,
    "GlobalAveragePooling2D": _global_pooling,
    "GlobalMaxPooling2D": _global_pooling,
    "Add": _merging,
    "Subtract": _merging,
    "Multiply": _merging,
    "Average": _merging,
    "Maximum": _merging,
    "Minimum": _merging,
    "Activation": _nothing_else,
}
