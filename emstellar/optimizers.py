"""Optimisers: rectified Adam, and `get_optimizer`, which makes any of Keras' by name."""

import inspect
import math

from emstellar._keras import keras, ops
from emstellar.constraints import did_you_mean


@keras.saving.register_keras_serializable(package="emstellar")
class RAdam(keras.optimizers.Optimizer):
    r"""Rectified Adam: Adam that waits for its variances to be worth dividing by.

    Parameters
    ----------
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, default=0.001
        The step size.
    beta_1 : float in [0, 1), default=0.9
        Decay of the mean of the gradients.
    beta_2 : float in (0, 1), default=0.999
        Decay of the mean of the squared gradients.
    epsilon : float, default=1e-7
        Added to the root of that mean.
    **kwargs
        Whatever `keras.optimizers.Optimizer` takes: `weight_decay` (decoupled), `clipnorm`,
        `global_clipnorm`, `gradient_accumulation_steps`, `name` and others.

    Notes
    -----
    At step t, with the bias-corrected means :math:`\hat m` and :math:`\hat v` of Adam and

    .. math:: \rho_\infty = \frac{2}{1 - \beta_2} - 1, \quad
              \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t},

    the weights move by :math:`-\eta\, r_t\, \hat m / (\sqrt{\hat v} + \epsilon)` if
    :math:`\rho_t \ge 5`, where

    .. math:: r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2) \rho_\infty}
                               {(\rho_\infty - 4)(\rho_\infty - 2) \rho_t}},

    and else by :math:`-\eta\, \hat m` (algorithm 2 of [1]_; it has 4 in place of 5, which the
    authors' code and most others, more cautiously, have).

    References
    ----------
    .. [1] Liu et al. (2020), On the variance of the adaptive learning rate and beyond, ICLR
       (arXiv 1908.03265, 2019).

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from emstellar.optimizers import RAdam
    >>> weight = keras.Variable(np.array([1.0]))
    >>> RAdam(learning_rate=0.5).apply([np.array([0.25])], [weight])
    >>> float(weight[0])
    0.875
    """

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables):
        """Make the two means of every variable."""
        if self.built:
            return
        super().build(variables)
        self._means = [self.add_variable_from_reference(v, name="mean") for v in variables]
        self._squares = [self.add_variable_from_reference(v, name="square") for v in variables]

    def apply(self, grads, trainable_variables=None):
        """Move the variables by their gradients."""
        # What depends on the step alone is the same for all variables, of which a deep network
        # has hundreds; it is not kept, since it may belong to a graph that shall be freed.
        self._of_step = self._rectify()
        try:
            super().apply(grads, trainable_variables)
        finally:
            # Under tf.distribute the replicas take turns in here, each with this one optimiser.
            self.__dict__.pop("_of_step", None)

    def _rectify(self):
        """Return the factors of rate and squares in this step, in float32, and which rule holds."""
        step = ops.cast(self.iterations + 1, "float32")
        rectification = _rectification(step, self.beta_2)
        rectified = rectification > 0
        rate = ops.where(rectified, rectification, 1.0) / _bias(step, self.beta_1)
        return rate, 1.0 / _bias(step, self.beta_2), rectified

    def update_step(self, gradient, variable, learning_rate):
        """Move one variable by its gradient."""
        gradient = ops.cast(gradient, variable.dtype)
        index = self._get_variable_index(variable)
        mean, square = self._means[index], self._squares[index]
        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))

        rate, unbias, rectified = self._of_step
        rate = ops.cast(ops.cast(learning_rate, "float32") * rate, variable.dtype)
        root = ops.sqrt(square * ops.cast(unbias, variable.dtype)) + self.epsilon
        divisor = ops.where(rectified, root, ops.ones_like(root))
        self.assign_sub(variable, rate * mean / divisor)

    def get_config(self):
        """Return the parameters, from which `from_config` makes an equal optimiser."""
        own = {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


def _bias(step, beta):
    """Return 1 - beta**step without the cancellation that float32 would suffer."""
    return -ops.expm1(step * math.log(beta)) if beta else 1.0


def _rectification(step, beta):
    """Return r of `RAdam`, or 0 where the variance is not to be used."""
    limit = 2 / (1 - beta) - 1
    # beta**t / (1 - beta**t) is 1 / expm1(-t log beta), exact in float32 at small t too.
    length = limit - 2 * step / ops.expm1(-step * math.log(beta))
    usable = length >= 5
    length = ops.where(usable, length, 5.0)
    square = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
    return ops.where(usable, ops.sqrt(square), 0.0)


def _keras_optimizers():
    """Return Keras' optimiser classes by their names in lower case."""
    base = keras.optimizers.Optimizer
    return {
        name.lower(): value
        for name, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, base) and value is not base
        # Those that wrap other optimisers cannot be made from a name alone.
        if "learning_rate" in inspect.signature(value).parameters
    }


def get_optimizer(identifier, learning_rate=None):
    """Return a new optimiser.

    Parameters
    ----------
    identifier : str, keras.optimizers.Optimizer or subclass of it
        ``"radam"``, the name of a Keras optimiser in any case such as ``"adam"``, ``"sgd"`` or
        ``"AdamW"``, a class, or an optimiser, which is rebuilt from its configuration and so
        never shared.
    learning_rate : float or keras.optimizers.schedules.LearningRateSchedule, optional
        Takes the place of the optimiser's own; None leaves that.

    Returns
    -------
    keras.optimizers.Optimizer
        Without any state.

    Raises
    ------
    ValueError
        If the name is unknown; the message holds the nearest names.
    TypeError
        If `identifier` is none of these.

    Examples
    --------
    >>> from emstellar.optimizers import get_optimizer
    >>> optimizer = get_optimizer("radam", 0.25)
    >>> type(optimizer).__name__, float(optimizer.learning_rate)
    ('RAdam', 0.25)
    >>> get_optimizer("adan")
    Traceback (most recent call last):
        ...
    ValueError: 'adan' is not the name of an optimiser. Did you mean ...
    """
    if isinstance(learning_rate, int):
        learning_rate = float(learning_rate)
    own = {} if learning_rate is None else {"learning_rate": learning_rate}
    if isinstance(identifier, str):
        return _class_of(identifier)(**own)
    if isinstance(identifier, type) and issubclass(identifier, keras.optimizers.Optimizer):
        return identifier(**own)
    if isinstance(identifier, keras.optimizers.LossScaleOptimizer):
        inner = get_optimizer(identifier.inner_optimizer, learning_rate)
        config = {k: v for k, v in identifier.get_config().items() if k != "inner_optimizer"}
        return type(identifier)(inner, **config)
    if isinstance(identifier, keras.optimizers.Optimizer):
        return type(identifier).from_config({**identifier.get_config(), **own})
    raise TypeError(
        "optimizer must be the name of an optimiser, a keras.optimizers.Optimizer or a subclass "
        f"of it, got {identifier!r} instead."
    )


def _class_of(name):
    known = {"radam": RAdam, **_keras_optimizers()}
    if name.lower() in known:
        return known[name.lower()]
    hint = did_you_mean(name.lower(), known)
    raise ValueError(
        f"{name!r} is not the name of an optimiser.{hint} Valid names are {sorted(known)}."
    )
