"""The few bricks from which all the networks are made.

Each takes a Keras tensor and returns one. Tensors are (image, height, width, channel) whatever
the user's Keras configuration says.
"""

from emstellar.constraints import check_option

from .construction import draw_seed
from .later import initializers, layers
from .parameters import ACTIVATIONS, HEADS

CHANNELS_LAST = {"data_format": "channels_last"}


def activate(x, activation):
    """Apply an activation by its name; learned slopes are one (PReLU) or two (TLU) per channel.

    PReLU starts at 0.25, as in He et al. (2015), Delving deep into rectifiers, ICCV.
    """
    check_option("activation", activation, (*ACTIVATIONS, "linear"))
    if activation == "tlu":
        # Its class is one of Keras', which is not loaded before a network is built.
        from .layers import TLU

        return TLU(shared_axes=(1, 2))(x)
    if activation == "prelu":
        slope = initializers.Constant(0.25)
        return layers.PReLU(alpha_initializer=slope, shared_axes=[1, 2])(x)
    return layers.ReLU()(x) if activation == "relu" else x


def convolve(
    x,
    filters,
    kernel_size=3,
    *,
    strides=1,
    padding="same",
    batch_norm=True,
    activation="relu",
    initializer="he_normal",
    momentum=0.99,
    epsilon=1e-3,
):
    """Convolve, normalise if asked to, activate."""
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        kernel_initializer=initializer,
        **CHANNELS_LAST,
    )(x)
    if batch_norm:
        x = layers.BatchNormalization(momentum=momentum, epsilon=epsilon)(x)
    return activate(x, activation)


def convolve_all(x, filters, kernel_size=3, **options):
    """Convolve once for each number in `filters`, one after the other."""
    for n in filters:
        x = convolve(x, n, kernel_size, **options)
    return x


def pool(x, size=2, **options):
    """Take the maximum of each window of `size` x `size` pixels."""
    return layers.MaxPooling2D(size, **options, **CHANNELS_LAST)(x)


def surround(x, margin):
    """Add `margin` pixels of zero on every side."""
    return layers.ZeroPadding2D(margin, **CHANNELS_LAST)(x)


def subsample(x, factor=2):
    """Keep every `factor`-th pixel in both directions, beginning with the first."""
    return x if factor == 1 else x[:, ::factor, ::factor]


def enlarge(x, factor=2):
    """Repeat every pixel `factor` times in both directions."""
    return layers.UpSampling2D(factor, interpolation="nearest", **CHANNELS_LAST)(x)


def drop(x, rate, *, channels=False):
    """Drop elements, or whole channels, in training; a rate of 0 adds no layer."""
    if not rate:
        return x
    if channels:
        return layers.SpatialDropout2D(rate, seed=draw_seed(), **CHANNELS_LAST)(x)
    return layers.Dropout(rate, seed=draw_seed())(x)


def ascend(x, skips, filters, *, up_filters=None, n_convolutions=2, skip_first=False, **options):
    """Climb the decoder of a U-net: enlarge, 2x2 convolution, join the skip, convolutions.

    Parameters
    ----------
    x : KerasTensor
        The deepest features.
    skips : list of KerasTensor or None
        One per stage, deepest first; None for a stage that has none.
    filters : list of int
        Of the convolutions of each stage.
    up_filters : list of int, optional
        Of the 2x2 convolutions; those of `filters` by default.
    n_convolutions : int, default=2
        The 3x3 convolutions of each stage.
    skip_first : bool, default=False
        Whether the skip stands before the enlarged features in the concatenation.
    **options
        For `convolve`.
    """
    for skip, up, n in zip(skips, up_filters or filters, filters, strict=True):
        x = convolve(enlarge(x), up, 2, **options)
        if skip is not None:
            x = layers.Concatenate()([skip, x] if skip_first else [x, skip])
        x = convolve_all(x, [n] * n_convolutions, **options)
    return x


def finish(x, n_outputs, head="paper", **options):
    """Turn features into probabilities.

    Parameters
    ----------
    x : KerasTensor
        The last features.
    n_outputs : int
        1, or the number of classes.
    head : {"paper", "direct"}, default="paper"
        "paper" convolves to two channels (or one per class if there are more) first, which are
        the original's and no matter of width; "direct" lets the last convolution see all features.
    **options
        For `convolve`, of the two channels.
    """
    check_option("head", head, HEADS)
    if head == "paper":
        x = convolve(x, max(2, n_outputs), **options)
    return project(x, n_outputs)


def project(x, n_outputs, kernel_size=1, *, batch_norm=False):
    """Convolve to `n_outputs` channels and turn them into probabilities."""
    x = convolve(
        x,
        n_outputs,
        kernel_size,
        batch_norm=batch_norm,
        activation="linear",
        initializer="glorot_uniform",
    )
    return probabilities(x, n_outputs)


def probabilities(x, n_outputs):
    """Apply the sigmoid to one output, the softmax to several, in float32 whatever the policy."""
    function = "sigmoid" if n_outputs == 1 else "softmax"
    return layers.Activation(function, dtype="float32", name="probabilities")(x)
