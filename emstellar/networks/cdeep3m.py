"""The three networks of CDeep3M (DeepEM3D-Net)."""

from functools import partial
from typing import Annotated

from emstellar.constraints import OneOf, check_option

from .bricks import CHANNELS_LAST, activate, convolve, pool, probabilities, surround
from .construction import network, scale_filters
from .later import initializers, keras, layers, ops
from .parameters import Activation, Width

N_FRAMES = (1, 3, 5)
DILATIONS = (1, 5, 11, 17, 23)
RESIDUAL_SCALE = 0.1
BATCH_NORM_EPSILON = 1e-5


@network(
    size_multiple=16,
    methods={"cdeep3m": ("CDeep3M", {})},
    published=[
        ({"n_frames": 1}, 24_002_804, 26_056),
        ({"n_frames": 3}, 24_021_812, 26_056),
        ({"n_frames": 5}, 24_040_244, 26_056),
    ],
)
def build_cdeep3m(
    input_shape,
    n_outputs,
    *,
    n_frames: Annotated[int, OneOf(*N_FRAMES)] = 1,
    width: Width = 1.0,
    activation: Activation = "relu",
):
    """Build one of the three networks of CDeep3M.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 16.
    n_outputs : int
        Number of classes. The network ends in a softmax, so that 1 is taken as 2: background
        and foreground.
    n_frames : {1, 3, 5}, default=1
        How many sections the network sees to segment the central one. They are the central
        channels of each image, as `emstellar.volume.z_context` makes them; further channels are
        not seen, so that all three networks can be fitted to, and vote on, images of five.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the published network, with 24 million parameters.
    activation : {"relu", "prelu", "tlu", "linear"}, default="relu"
        After every convolution that has one.

    Returns
    -------
    keras.Model
        From images (n, height, width, n_channels) to probabilities (n, height, width,
        max(n_outputs, 2)).

    Raises
    ------
    ValueError
        If there are fewer channels than frames.

    Notes
    -----
    From the published prototxt files: one residual-inception block of each kind A, B, C, and
    four heads that enlarge by transposed convolutions, three of them by a sum over five
    dilations. Caffe's running averages (moving fraction 0.999) are corrected for their start,
    those of Keras are not; so Keras' momentum of 0.99 is kept.

    References
    ----------
    Zeng, Wu, Ji (2017), DeepEM3D: approaching human-level performance on 3D anisotropic EM
    image segmentation, Bioinformatics 33(16), 2555-2562.
    Haberl et al. (2018), CDeep3M: plug-and-play cloud-based deep learning for image
    segmentation, Nature Methods 15, 677-680.

    Examples
    --------
    >>> from emstellar.networks import build_cdeep3m
    >>> build_cdeep3m((32, 64, 3), 1, width=1 / 32, n_frames=3).output_shape
    (None, 32, 64, 2)
    """
    check_option("n_frames", n_frames, N_FRAMES)
    if input_shape[-1] < n_frames:
        raise ValueError(
            f"CDeep3M with n_frames={n_frames} needs images of at least {n_frames} channels, the "
            f"section and its neighbours, got {input_shape[-1]}. Make them with "
            "emstellar.volume.z_context, or use fewer frames."
        )
    n_classes = max(n_outputs, 2)
    bricks = _Bricks(width, activation)
    inputs = keras.Input(input_shape)
    at_2 = bricks.stem(bricks.frames(inputs, n_frames))
    at_4 = bricks.block_a(at_2)
    at_8 = bricks.block_b(at_4)
    at_16 = bricks.block_c(at_8)
    scores = [
        bricks.score(at_2, n_classes, 2, DILATIONS),
        bricks.score(at_4, n_classes, 4, DILATIONS),
        bricks.score(at_8, n_classes, 8, DILATIONS),
        bricks.score(at_16, n_classes, 16, (1,)),
    ]
    outputs = probabilities(layers.Add()(scores), n_classes)
    return keras.Model(inputs, outputs, name=f"cdeep3m_{n_frames}fm")


class _Bricks:
    """The parts of the network, with the width and activation that all share."""

    def __init__(self, width, activation):
        self.width = width
        self.activation = activation
        self.convolve = partial(convolve, epsilon=BATCH_NORM_EPSILON, initializer="lecun_uniform")

    def chain(self, x, *steps, activate_last=True):
        """Convolve step by step; each is (filters, kernel size) or (filters, kernel size, 2)."""
        for i, (filters, kernel_size, *strides) in enumerate(steps):
            if strides:
                x = surround(x, 1)
            x = self.convolve(
                x,
                scale_filters(filters, self.width),
                kernel_size,
                strides=strides[0] if strides else 1,
                padding="valid" if strides else "same",
                activation=self.activation if activate_last or i + 1 < len(steps) else "linear",
            )
        return x

    def frames(self, x, n_frames):
        """Convolve the central frames in three dimensions, until one is left."""
        first = (x.shape[-1] - n_frames) // 2
        x = ops.expand_dims(x[..., first : first + n_frames], -1)
        has_context = n_frames > 1
        x = self._convolve_3d(x, 32, (3, 3, 3 if has_context else 1), 2, int(has_context))
        x = self._convolve_3d(x, 64, (3, 3, x.shape[3]), 1, 0)
        return ops.squeeze(x, axis=3)

    def _convolve_3d(self, x, filters, kernel_size, strides, margin):
        x = layers.ZeroPadding3D((1, 1, margin), **CHANNELS_LAST)(x)
        x = layers.Conv3D(
            scale_filters(filters, self.width),
            kernel_size,
            strides=strides,
            kernel_initializer=initializers.RandomNormal(stddev=0.01),
            **CHANNELS_LAST,
        )(x)
        return self.normalise(x)

    def normalise(self, x):
        """Normalise the batch and activate."""
        x = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON)(x)
        return activate(x, self.activation)

    def stem(self, x):
        """Join a short branch, which ends without activation, and a long one."""
        short = self.chain(x, (64, 1), (96, 3), activate_last=False)
        long = self.chain(x, (64, 1), (64, (7, 1)), (64, (1, 7)), (96, 3))
        return layers.Concatenate()([short, long])

    def block_a(self, x):
        """Halve, then add what three branches see."""
        x = self._reduce(x, [(192, 3, 2)])
        branches = [(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]
        return self._residual(x, 384, *branches)

    def block_b(self, x):
        """Halve, then add what two branches see, one along rows and columns."""
        x = self._reduce(x, [(384, 3, 2)], [(256, 1), (256, 3), (384, 3, 2)])
        return self._residual(x, 1154, [(192, 1)], [(128, 1), (160, (1, 7)), (192, (7, 1))])

    def block_c(self, x):
        """Halve, then add what two branches see, one along rows and columns."""
        x = self._reduce(
            x,
            [(256, 1), (384, 3, 2)],
            [(256, 1), (288, 3, 2)],
            [(256, 1), (288, 3), (320, 3, 2)],
        )
        return self._residual(x, 2048, [(192, 1)], [(192, 1), (224, (1, 3)), (256, (3, 1))])

    def _reduce(self, x, *branches):
        pooled = pool(x, 3, strides=2, padding="same")
        return layers.Concatenate()([pooled, *(self.chain(x, *steps) for steps in branches)])

    def _residual(self, x, filters, *branches):
        trunk = self.chain(x, (filters, 1))
        joined = layers.Concatenate()([self.chain(trunk, *steps) for steps in branches])
        change = self.chain(joined, (filters, 1), activate_last=False)
        return activate(layers.Add()([trunk, change * RESIDUAL_SCALE]), self.activation)

    def score(self, x, n_classes, strides, dilations):
        """Enlarge to one map per class at full resolution."""
        from .deconvolution import BilinearKernel, DilatedConv2DTranspose

        maps = [
            DilatedConv2DTranspose(
                n_classes,
                strides,
                dilation,
                kernel_initializer=BilinearKernel()
                if dilation == 1
                else initializers.RandomNormal(stddev=0.01),
            )(x)
            for dilation in dilations
        ]
        x = self.normalise(layers.Add()(maps) if len(maps) > 1 else maps[0])
        initializer = initializers.RandomNormal(stddev=0.001) if len(maps) > 1 else "lecun_uniform"
        return self.convolve(x, n_classes, 3, activation=self.activation, initializer=initializer)
