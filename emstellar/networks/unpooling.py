"""Pooling that remembers where each maximum was, and its undoing."""

from emstellar._keras import keras, ops

from .rearranging import depth_to_space, space_to_depth

SIZE = 2


@keras.saving.register_keras_serializable(package="emstellar")
class PoolingWithIndices(keras.layers.Layer):
    """Take the maximum of each window of 2 x 2 pixels, and say where it was.

    It returns the maxima, of half the height and width, and as many int32 indices: 0 to 3 for
    upper left, upper right, lower left, lower right; the first of equal values.

    References
    ----------
    Badrinarayanan, Kendall, Cipolla (2017), SegNet, IEEE TPAMI 39(12), 2481-2495.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.networks.unpooling import PoolingWithIndices
    >>> maxima, indices = PoolingWithIndices()(np.array([[1.0, 2], [4, 3]]).reshape(1, 2, 2, 1))
    >>> float(maxima[0, 0, 0, 0]), int(indices[0, 0, 0, 0])
    (4.0, 2)
    """

    def call(self, inputs):
        """Return the maxima and their indices."""
        windows = space_to_depth(inputs, SIZE)
        indices = ops.cast(ops.argmax(windows, axis=-2), "int32")
        return ops.max(windows, axis=-2), indices

    def compute_output_shape(self, input_shape):
        """Return the shapes of maxima and indices."""
        n, height, width, channels = input_shape
        halves = (side // SIZE if side else None for side in (height, width))
        pooled = (n, *halves, channels)
        return pooled, pooled

    def compute_output_spec(self, inputs):
        """Return what the layer returns, symbolically: the indices are integers."""
        pooled, _ = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(pooled, self.compute_dtype), keras.KerasTensor(pooled, "int32")

    def count_operations(self, input_shapes, output_elements):
        """Return (multiply-accumulates, other operations): one comparison per input element.

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
        return 0, SIZE**2 * output_elements // 2


@keras.saving.register_keras_serializable(package="emstellar")
class Unpooling(keras.layers.Layer):
    """Put each value where its index says, and zero elsewhere; the size doubles.

    Called with a list of values and indices, the latter from `PoolingWithIndices`.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.networks.unpooling import Unpooling
    >>> values, indices = np.full((1, 1, 1, 1), 5.0), np.full((1, 1, 1, 1), 2)
    >>> np.asarray(Unpooling()([values, indices]))[0, :, :, 0].tolist()
    [[0.0, 0.0], [5.0, 0.0]]
    """

    def call(self, inputs):
        """Return the values in their places."""
        values, indices = inputs
        places = ops.cast(ops.arange(SIZE**2), "int32")[:, None]
        here = ops.expand_dims(ops.cast(indices, "int32"), -2) == places
        return depth_to_space(ops.where(here, ops.expand_dims(values, -2), 0), SIZE)

    def compute_output_shape(self, input_shape):
        """Return the shape with height and width doubled."""
        n, height, width, channels = input_shape[0]
        return (n, *(side * SIZE if side else None for side in (height, width)), channels)

    def count_operations(self, input_shapes, output_elements):
        """Return (multiply-accumulates, other operations): one comparison per output element.

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
        return 0, output_elements
