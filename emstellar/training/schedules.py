"""Learning rates over the steps of a fit: warm-up, linear and cosine decay, one cycle."""

import math

from emstellar._keras import keras, ops
from emstellar.constraints import did_you_mean

LearningRateSchedule = keras.optimizers.schedules.LearningRateSchedule


class _Schedule(LearningRateSchedule):
    """A rate that rises to its peak, falls, and then stays where it ended."""

    def __init__(self, learning_rate, total_steps, warmup_fraction, end_fraction):
        self.learning_rate = float(learning_rate)
        self.total_steps = int(total_steps)
        self.warmup_fraction = float(warmup_fraction)
        self.end_fraction = float(end_fraction)

    def __call__(self, step):
        """Return the rate of a step, the first of which is 0, as a float32 tensor."""
        # Counting from 1 lets the first step move and the last one have the final rate.
        step = ops.cast(step, "float32") + 1.0
        warmup = max(1.0, self.warmup_fraction * self.total_steps)
        rise = ops.minimum(step / warmup, 1.0)
        fall = ops.clip((step - warmup) / max(1.0, self.total_steps - warmup), 0.0, 1.0)
        share = self.end_fraction + (1.0 - self.end_fraction) * self.remaining(fall)
        return self.learning_rate * ops.where(step < warmup, self.risen(rise), share)

    def risen(self, progress):
        """Return the share of the peak after a share of the warm-up."""
        return progress

    def remaining(self, progress):
        """Return what is left of the way from the peak to the end after a share of the fall."""
        raise NotImplementedError(f"{type(self).__name__} must define remaining.")

    def get_config(self):
        """Return the parameters, from which `from_config` makes an equal schedule."""
        return {
            "learning_rate": self.learning_rate,
            "total_steps": self.total_steps,
            "warmup_fraction": self.warmup_fraction,
            "end_fraction": self.end_fraction,
        }


@keras.saving.register_keras_serializable(package="emstellar")
class LinearDecay(_Schedule):
    """Linear warm-up, then linear decay: the schedule of the EM-stellar paper.

    Parameters
    ----------
    learning_rate : float
        The peak.
    total_steps : int
        Steps of the whole fit; later ones keep the final rate.
    warmup_fraction : float in [0, 1], default=0.1
        Share of the steps in which the rate rises to its peak.
    end_fraction : float, default=0.01
        The final rate, as a share of the peak.

    Examples
    --------
    >>> from emstellar.training.schedules import LinearDecay
    >>> schedule = LinearDecay(1.0, total_steps=100, end_fraction=0)
    >>> [round(float(schedule(step)), 3) for step in (0, 4, 9, 54, 99)]
    [0.1, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(self, learning_rate, total_steps, warmup_fraction=0.1, end_fraction=0.01):
        super().__init__(learning_rate, total_steps, warmup_fraction, end_fraction)

    def remaining(self, progress):
        """Return what is left."""
        return 1.0 - progress


@keras.saving.register_keras_serializable(package="emstellar")
class CosineDecay(_Schedule):
    """Linear warm-up, then decay along half a cosine.

    Parameters
    ----------
    learning_rate : float
        The peak.
    total_steps : int
        Steps of the whole fit; later ones keep the final rate.
    warmup_fraction : float in [0, 1], default=0.1
        Share of the steps in which the rate rises to its peak.
    end_fraction : float, default=0.01
        The final rate, as a share of the peak.

    References
    ----------
    .. [1] Loshchilov, Hutter (2017), SGDR: stochastic gradient descent with warm restarts, ICLR;
       without the restarts.

    Examples
    --------
    >>> from emstellar.training.schedules import CosineDecay
    >>> schedule = CosineDecay(1.0, total_steps=100, end_fraction=0)
    >>> [round(float(schedule(step)), 3) for step in (0, 9, 39, 54, 99)]
    [0.1, 1.0, 0.75, 0.5, 0.0]
    """

    def __init__(self, learning_rate, total_steps, warmup_fraction=0.1, end_fraction=0.01):
        super().__init__(learning_rate, total_steps, warmup_fraction, end_fraction)

    def remaining(self, progress):
        """Return what is left."""
        return 0.5 * (1.0 + ops.cos(math.pi * progress))


@keras.saving.register_keras_serializable(package="emstellar")
class OneCycle(CosineDecay):
    """One cycle: from a low rate to a high one and back to almost nothing, along cosines.

    Parameters
    ----------
    learning_rate : float
        The peak.
    total_steps : int
        Steps of the whole fit; later ones keep the final rate.
    warmup_fraction : float in [0, 1], default=0.3
        Share of the steps in which the rate rises to its peak.
    start_fraction : float, default=0.04
        The rate at the start, as a share of the peak.
    end_fraction : float, default=1e-4
        The final rate, as a share of the peak.

    References
    ----------
    .. [1] Smith, Topin (2019), Super-convergence: very fast training of neural networks using
       large learning rates, SPIE 11006.

    Examples
    --------
    >>> from emstellar.training.schedules import OneCycle
    >>> schedule = OneCycle(1.0, total_steps=100, start_fraction=0, end_fraction=0)
    >>> [round(float(schedule(step)), 3) for step in (14, 29, 64, 99)]
    [0.5, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        learning_rate,
        total_steps,
        warmup_fraction=0.3,
        start_fraction=0.04,
        end_fraction=1e-4,
    ):
        super().__init__(learning_rate, total_steps, warmup_fraction, end_fraction)
        self.start_fraction = float(start_fraction)

    def risen(self, progress):
        """Return the share of the peak."""
        return 1.0 - (1.0 - self.start_fraction) * self.remaining(progress)

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "start_fraction": self.start_fraction}


@keras.saving.register_keras_serializable(package="emstellar")
class WarmUp(LearningRateSchedule):
    """Any schedule, after a linear rise from 0 to its first rate.

    Parameters
    ----------
    schedule : keras.optimizers.schedules.LearningRateSchedule
        What follows; its step 0 is the last step of the warm-up.
    warmup_steps : int
        Steps of the rise.

    Examples
    --------
    >>> from keras.optimizers.schedules import ExponentialDecay
    >>> from emstellar.training.schedules import WarmUp
    >>> schedule = WarmUp(ExponentialDecay(1.0, decay_steps=1, decay_rate=0.5), warmup_steps=4)
    >>> [float(schedule(step)) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, schedule, warmup_steps):
        self.schedule = schedule
        self.warmup_steps = int(warmup_steps)

    def __call__(self, step):
        """Return the rate of a step as a float32 tensor."""
        step = ops.cast(step, "float32") + 1.0
        rise = ops.minimum(step / max(1, self.warmup_steps), 1.0)
        return rise * self.schedule(ops.maximum(step - self.warmup_steps, 0.0))

    def get_config(self):
        """Return the parameters."""
        schedule = keras.optimizers.schedules.serialize(self.schedule)
        return {"schedule": schedule, "warmup_steps": self.warmup_steps}

    @classmethod
    def from_config(cls, config):
        """Return the schedule of `config`."""
        schedule = keras.optimizers.schedules.deserialize(config["schedule"])
        return cls(**{**config, "schedule": schedule})


@keras.saving.register_keras_serializable(package="emstellar")
class StartingAt(LearningRateSchedule):
    """Any schedule, begun at a later step of an optimiser that has taken some before.

    Parameters
    ----------
    schedule : keras.optimizers.schedules.LearningRateSchedule
        What begins.
    first_step : int
        The step that is its step 0. A negative one means that it has begun before.

    Examples
    --------
    >>> from emstellar.training.schedules import LinearDecay, StartingAt
    >>> schedule = StartingAt(LinearDecay(1.0, total_steps=10), first_step=20)
    >>> float(schedule(20)), round(float(schedule(29)), 3)
    (1.0, 0.01)
    """

    def __init__(self, schedule, first_step):
        self.schedule = schedule
        self.first_step = int(first_step)

    def __call__(self, step):
        """Return the rate of a step."""
        return self.schedule(ops.maximum(ops.cast(step, "float32") - self.first_step, 0.0))

    def get_config(self):
        """Return the parameters."""
        schedule = keras.optimizers.schedules.serialize(self.schedule)
        return {"schedule": schedule, "first_step": self.first_step}

    @classmethod
    def from_config(cls, config):
        """Return the schedule of `config`."""
        schedule = keras.optimizers.schedules.deserialize(config["schedule"])
        return cls(**{**config, "schedule": schedule})


_SCHEDULES = {"linear": LinearDecay, "cosine": CosineDecay, "one_cycle": OneCycle}


def get_schedule(identifier, learning_rate, total_steps):
    """Return what an optimiser takes as its learning rate.

    Parameters
    ----------
    identifier : {"constant", "linear", "cosine", "one_cycle"}, LearningRateSchedule or None
        The name of a schedule; None and ``"constant"`` keep the rate as it is. A schedule is
        rebuilt from its configuration, and `learning_rate` and `total_steps` are not used.
    learning_rate : float
        The rate, or the peak of the schedule.
    total_steps : int
        Steps of the whole fit.

    Returns
    -------
    float or keras.optimizers.schedules.LearningRateSchedule

    Raises
    ------
    ValueError
        If the name is unknown; the message holds the nearest names.
    TypeError
        If `identifier` is none of these.

    Examples
    --------
    >>> from emstellar.training.schedules import get_schedule
    >>> get_schedule(None, 0.001, total_steps=500)
    0.001
    >>> get_schedule("linear", 0.001, total_steps=500).get_config()["warmup_fraction"]
    0.1
    """
    if identifier is None or identifier == "constant":
        return float(learning_rate)
    if isinstance(identifier, LearningRateSchedule):
        return type(identifier).from_config(identifier.get_config())
    if not isinstance(identifier, str):
        raise TypeError(
            "lr_schedule must be None, the name of a schedule or a "
            f"keras.optimizers.schedules.LearningRateSchedule, got {identifier!r} instead."
        )
    if identifier not in _SCHEDULES:
        names = ["constant", *_SCHEDULES]
        hint = did_you_mean(identifier, names)
        raise ValueError(
            f"{identifier!r} is not the name of a schedule.{hint} Valid names are {names}."
        )
    return _SCHEDULES[identifier](learning_rate, total_steps)
