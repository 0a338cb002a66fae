"""The transposed convolution with stride and dilation that CDeep3M needs and Keras lacks."""

import math

from emstellar._keras import initializers, keras, ops

from .rearranging import depth_to_space


@keras.saving.register_keras_serializable(package="emstellar")
class BilinearKernel(initializers.Initializer):
    """Weights that make a transposed convolution of kernel 2s and stride s enlarge bilinearly.

    As in Caffe, every pair of channels has the same weights, so all input channels are summed.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.networks.deconvolution import BilinearKernel
    >>> np.asarray(BilinearKernel()((4, 4, 1, 1), "float32"))[0, :, 0, 0].tolist()
    [0.0625, 0.1875, 0.1875, 0.0625]
    """

    def __call__(self, shape, dtype=None):
        """Return the weights for a kernel of shape (size, size, n_out, n_in)."""
        size = shape[0]
        distance = ops.abs(ops.arange(size, dtype="float32") - (size - 1) / 2)
        line = 1 - distance / (size / 2)
        plane = ops.reshape(line[:, None] * line[None, :], (size, size, 1, 1))
        # Not broadcast: torch would let all kernels share their memory, and cannot train them.
        return ops.cast(plane * ops.ones(shape), dtype or "float32")


@keras.saving.register_keras_serializable(package="emstellar")
class DilatedConv2DTranspose(keras.layers.Layer):
    """Transposed convolution of kernel 2s with stride s and dilation d, s-fold enlarging.

    Input pixel i and kernel element u meet in output pixel ``s i + d u - p`` on either axis,
    where ``p = (d (2 s - 1) + 1 - s) / 2``.

    Parameters
    ----------
    filters : int
        Number of output channels.
    strides : int
        s, even.
    dilation_rate : int, default=1
        d, odd and without a common factor with s.
    kernel_initializer : str or keras.initializers.Initializer, default="glorot_uniform"
        Of the kernel, of shape (2 s, 2 s, filters, n_in).
    use_bias : bool, default=True
        Whether to add a bias, zero to begin with.
    **kwargs
        `name`, `dtype` and others of every Keras layer.

    Notes
    -----
    With ``u = v + s t`` (v < s, t in {0, 1}) and ``d v - p = s q + r`` (0 <= r < s), output pixel
    ``s j + r`` is the sum over t of ``w[v + s t] x[j - q - d t]``, and v -> r is one to one as s
    and d are coprime. So all products are made by one 1x1 convolution of the input, shifted,
    added and interleaved: as many multiplications as the definition has, none of them with the
    zeros that a dilated kernel or an enlarged image would hold.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.networks.deconvolution import DilatedConv2DTranspose
    >>> layer = DilatedConv2DTranspose(2, strides=4, dilation_rate=5)
    >>> layer(np.ones((1, 8, 6, 3))).shape == (1, 32, 24, 2)
    True
    """

    def __init__(
        self,
        filters,
        strides,
        dilation_rate=1,
        *,
        kernel_initializer="glorot_uniform",
        use_bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if strides % 2 or math.gcd(strides, 2 * dilation_rate) != 2:
            raise ValueError(
                "strides must be even and have no common factor with an odd dilation_rate, got "
                f"strides={strides}, dilation_rate={dilation_rate}."
            )
        self.filters = filters
        self.strides = strides
        self.dilation_rate = dilation_rate
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.use_bias = use_bias

    def build(self, input_shape):
        """Make the kernel and the bias."""
        size = 2 * self.strides
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size, self.filters, input_shape[-1]),
            initializer=self.kernel_initializer,
        )
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, inputs):
        """Multiply at low resolution, then shift, add and interleave, rows before columns."""
        s, filters = self.strides, self.filters
        n, height, width, _ = ops.shape(inputs)
        x = ops.conv(inputs, self._pointwise_kernel(), data_format="channels_last")
        x = self._align(ops.expand_dims(x, 3), axis=1)
        x = ops.reshape(x, (n, height, width, s, 2 * s * filters))
        x = self._align(x, axis=2)
        x = depth_to_space(ops.reshape(x, (n, height, width, s * s, filters)), s)
        return x + self.bias if self.use_bias else x

    def _pointwise_kernel(self):
        """Return the kernel as that of a 1x1 convolution to channels (t, v, t', v', filter)."""
        kernel = ops.transpose(self.kernel, (3, 0, 1, 2))
        n_in, size = kernel.shape[:2]
        return ops.reshape(kernel, (1, 1, n_in, size * size * self.filters))

    def _align(self, x, axis):
        """Add the taps t, shift by q and stack by output phase r, along rows or columns.

        The last of the five axes of `x` holds (t, v, rest); the result's last two are (r, rest).
        """
        s, d = self.strides, self.dilation_rate
        n_rest = x.shape[-1] // (2 * s)
        margin = (d * (2 * s - 1) + 1 - s) // 2
        places = [divmod(d * v - margin, s) for v in range(s)]
        before = max(0, max(q for q, _ in places))
        after = max(0, -min(q for q, _ in places))
        x = _pad(x, before, after, axis)
        x = x[..., : s * n_rest] + _shift(x[..., s * n_rest :], d, axis)
        phases = [None] * s
        for v, (q, r) in enumerate(places):
            pixels = slice(before - q, -(after + q) or None)
            channels = slice(v * n_rest, (v + 1) * n_rest)
            phases[r] = x[(slice(None),) * axis + (pixels, ..., channels)]
        return ops.stack(phases, axis=4)

    def compute_output_shape(self, input_shape):
        """Return the shape with height and width times the stride."""
        n, height, width, _ = input_shape
        sides = (side * self.strides if side else None for side in (height, width))
        return (n, *sides, self.filters)

    def count_operations(self, input_shapes, output_elements):
        """Return (multiply-accumulates, other operations) of one call, those of the definition.

        Parameters
        ----------
        input_shapes : list of tuple of int
            Shapes of the inputs of the call, without the batch.
        output_elements : int
            Number of elements of the output.

        Returns
        -------
        macs, other : int
        """
        macs = math.prod(input_shapes[0]) * (2 * self.strides) ** 2 * self.filters
        return macs, output_elements * self.use_bias

    def get_config(self):
        """Return what rebuilds the layer."""
        return super().get_config() | {
            "filters": self.filters,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "use_bias": self.use_bias,
        }


def _shift(x, by, axis):
    """Return y with ``y[j] = x[j - by]`` along an axis, zero where there is no such pixel."""
    return _pad(x, by, 0, axis)[(slice(None),) * axis + (slice(None, -by),)]


def _pad(x, before, after, axis):
    margins = [(0, 0)] * len(x.shape)
    margins[axis] = (before, after)
    return ops.pad(x, margins)
