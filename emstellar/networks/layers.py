"""The layers that Keras lacks: the trainable linear unit, and pooling that can be undone."""

from emstellar._keras import constraints, initializers, keras, ops, regularizers

PACKAGE = "emstellar"


@keras.saving.register_keras_serializable(package=PACKAGE)
class TLU(keras.layers.Layer):
    """Trainable linear unit: a straight line on either side of zero, both slopes trained.

    ``f(x) = alpha * x`` for x < 0 and ``beta * x`` for x >= 0. With the default initialisers it
    is a ReLU to begin with; PReLU is the special case ``beta = 1``.

    Parameters
    ----------
    alpha_initializer, beta_initializer : str or keras.initializers.Initializer
        Of the slope below and above zero; "zeros" and "ones" by default.
    alpha_regularizer, beta_regularizer : str or keras.regularizers.Regularizer, optional
        Penalties on the slopes.
    alpha_constraint, beta_constraint : str or keras.constraints.Constraint, optional
        Constraints on the slopes, none by default.
    shared_axes : sequence of int, optional
        Axes along which the slopes are shared; (1, 2) gives an image one pair per channel.
    **kwargs
        `name`, `dtype` and others of every Keras layer.

    References
    ----------
    Khadangi, Boudier, Rajagopal (2021), EM-net: deep learning for electron microscopy image
    segmentation, ICPR 2020, 31-38.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.networks import TLU
    >>> tlu = TLU(alpha_initializer="ones", beta_initializer=lambda shape, dtype: 2.0)
    >>> np.asarray(tlu(np.array([[-1.0, 1.0]]))).tolist()
    [[-1.0, 2.0]]
    """

    def __init__(
        self,
        alpha_initializer="zeros",
        beta_initializer="ones",
        *,
        alpha_regularizer=None,
        beta_regularizer=None,
        alpha_constraint=None,
        beta_constraint=None,
        shared_axes=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.beta_initializer = initializers.get(beta_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.beta_constraint = constraints.get(beta_constraint)
        self.shared_axes = None if shared_axes is None else list(shared_axes)

    def build(self, input_shape):
        """Make the two weights, of the shape of one sample with the shared axes of length 1."""
        shared = self.shared_axes or []
        shape = [1 if axis in shared else n for axis, n in enumerate(input_shape)][1:]
        for name in ("alpha", "beta"):
            weight = self.add_weight(
                name=name,
                shape=shape,
                initializer=getattr(self, f"{name}_initializer"),
                regularizer=getattr(self, f"{name}_regularizer"),
                constraint=getattr(self, f"{name}_constraint"),
            )
            setattr(self, name, weight)

    def call(self, inputs):
        """Return ``beta * relu(x) - alpha * relu(-x)``."""
        return self.beta * ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def compute_output_shape(self, input_shape):
        """Return the shape of the input."""
        return input_shape

    def count_operations(self, input_shapes, output_elements):
        """Return (multiply-accumulates, other operations) of one call: four per element.

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
        return 0, 4 * output_elements

    def get_config(self):
        """Return what rebuilds the layer."""
        config = super().get_config()
        for name in ("alpha", "beta"):
            for kind, module in (
                ("initializer", initializers),
                ("regularizer", regularizers),
                ("constraint", constraints),
            ):
                config[f"{name}_{kind}"] = module.serialize(getattr(self, f"{name}_{kind}"))
        return config | {"shared_axes": self.shared_axes}
