"""Where the features of a network are: its layers, by block."""

import difflib
import math

# What hands features on as they are, in other places or in part, and makes none.
_PASSING_ON = {
    "InputLayer", "Rescaling", "Normalization", "Concatenate", "Identity", "Dropout",
    "SpatialDropout2D", "GaussianNoise", "UpSampling2D", "ZeroPadding2D", "Cropping2D",
    "MaxPooling2D", "AveragePooling2D", "PoolingWithIndices", "Unpooling",
}  # fmt: skip

# What changes every channel on its own: the features before and after are the same ones.
_POINTWISE = {
    "BatchNormalization", "LayerNormalization", "GroupNormalization", "Activation", "ReLU",
    "LeakyReLU", "PReLU", "ELU", "Softmax", "TLU",
}  # fmt: skip


def find_blocks(model, size, *, layers="features"):
    """Return the layers of a network by the resolution at which they compute.

    Parameters
    ----------
    model : keras.Model
        Functional or sequential, from images to maps.
    size : int
        Height and width of an image that the network takes and that is several pixels wide even
        at the lowest resolution; only shapes are computed.
    layers : {"features", "all"}, default="features"
        As in `emstellar.inspection.feature_correlation`.

    Returns
    -------
    dict of str to list of keras.layers.Layer
        "B1", "B2" and so on, from the input to the output: one block per resolution on the way
        down, one at the lowest, one per resolution on the way up.

    Raises
    ------
    ValueError
        If there is no layer with a map of features.

    Examples
    --------
    >>> from emstellar.inspection.feature_blocks import find_blocks
    >>> from emstellar.networks import build_unet
    >>> blocks = find_blocks(build_unet((None, None, 1), 1, width=1 / 32), 128)
    >>> {name: sum(layer.output.shape[-1] for layer in found) for name, found in blocks.items()}
    {'B1': 4, 'B2': 8, 'B3': 16, 'B4': 32, 'B5': 64, 'B6': 48, 'B7': 24, 'B8': 12, 'B9': 9}
    """
    found = [layer for layer in model.layers if get_map(layer) is not None]
    found = [layer for layer in found if type(layer).__name__ not in _PASSING_ON]
    if layers == "features":
        changed = {id(layer.input) for layer in found if type(layer).__name__ in _POINTWISE}
        found = [layer for layer in found if id(layer.output) not in changed]
    if not found:
        raise ValueError(
            "The network has no layer of its own with a map of features: name layers in blocks, "
            "and do not nest all of them in another model."
        )
    depths = _get_depths(model, found, size)
    located = [pair for pair in zip(found, depths, strict=True) if pair[1] is not None]
    lowest = max(depth for _, depth in located)
    blocks = {}
    reached = False
    for layer, depth in located:
        reached = reached or depth == lowest
        # Parallel branches may differ in resolution, so what counts is how deep a layer is and
        # whether it stands before or after the bottom, not its neighbours.
        blocks.setdefault((reached and depth < lowest, depth), []).append(layer)
    return {f"B{i}": block for i, block in enumerate(blocks.values(), start=1)}


def get_map(layer):
    """Return a layer's output if it is one map (image, height, width, channel), else None.

    Of a layer that is called several times it is that of the first call. A model within the
    model has none: what Keras calls its output is not part of the outer one.
    """
    output = None if hasattr(layer, "layers") else layer.output
    return output if len(getattr(output, "shape", ())) == 4 else None


def _get_depths(model, layers, size):
    """Return how often each layer's image has been halved, None where it is a single pixel."""
    from emstellar._keras import keras

    maps = keras.Model(model.inputs, [layer.output for layer in layers])
    height, width, n_channels = model.input_shape[1:]
    height = height or size
    shapes = maps.compute_output_shape((1, height, width or size, n_channels))
    # To the nearest power of two: padded convolutions and odd sizes differ by some pixels.
    # One pixel is what global pooling leaves, such as in squeeze-and-excitation: not a map.
    return [None if s[1] == 1 < height else round(math.log2(height / s[1])) for s in shapes]


def select_blocks(model, blocks):
    """Return the layers that a user has named, by block.

    Parameters
    ----------
    model : keras.Model
    blocks : dict of str to str or list of str
        Names of layers for each block.

    Returns
    -------
    dict of str to list of keras.layers.Layer

    Raises
    ------
    TypeError
        If `blocks` is not a dict.
    ValueError
        If it holds no layer, or a name that is no layer with a map of features.

    Examples
    --------
    >>> import keras
    >>> from emstellar.inspection.feature_blocks import select_blocks
    >>> layer = keras.layers.Conv2D(4, 3, name="first")
    >>> model = keras.Sequential([keras.Input((8, 8, 1)), layer])
    >>> select_blocks(model, {"B1": "frist"})
    Traceback (most recent call last):
        ...
    ValueError: blocks['B1'] names a layer 'frist' that the network does not have; the nearest \
names are ['first'].
    """
    if not isinstance(blocks, dict):
        raise TypeError(
            "blocks must be None or a dict from the name of a block to the name of a layer or a "
            f"list of such names, got {type(blocks).__name__}."
        )
    by_name = {layer.name: layer for layer in model.layers}
    selected = {}
    for block, names in blocks.items():
        names = [names] if isinstance(names, str) else list(names)
        selected[block] = [_get_layer(by_name, block, name) for name in names]
    if not selected or not all(selected.values()):
        raise ValueError(f"Every block needs at least one layer, got blocks={blocks!r}.")
    return selected


def _get_layer(by_name, block, name):
    if name not in by_name:
        nearest = difflib.get_close_matches(str(name), by_name, cutoff=0.0)
        raise ValueError(
            f"blocks[{block!r}] names a layer {name!r} that the network does not have; the "
            f"nearest names are {nearest}."
        )
    if get_map(by_name[name]) is None:
        raise ValueError(
            f"blocks[{block!r}] names layer {name!r}, which does not have a single output of "
            "shape (n_images, height, width, channels)."
        )
    return by_name[name]
