"""The learning-rate range test: which rates a network learns at, found in one short fit."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from emstellar._keras import keras

# As in common practice: a loss four times the best so far does not come back.
DIVERGENCE = 4.0
# The smoothed loss of a step looks back over some twenty steps.
MEMORY = 20
# Common practice again: this much below the rate beyond which the loss falls no more.
MARGIN = 10


@dataclass(frozen=True)
class LearningRateRange:
    """What a range test saw.

    Attributes
    ----------
    learning_rates : ndarray of shape (n_steps,)
        The rate of each step, rising.
    losses : ndarray of shape (n_steps,)
        The loss of the batch of each step, before the step.
    smoothed : ndarray of shape (n_steps,)
        The same as a running mean that looks back over some twenty steps.
    suggestion : float
        A tenth of the rate at which the smoothed loss is least: the loss rises a little later than
        the rate is too high, and the slope itself is too noisy to go by.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training import LearningRateRange
    >>> rates, losses = np.array([0.01, 0.1, 1.0]), np.array([0.7, 0.4, 0.9])
    >>> LearningRateRange(rates, losses, smoothed=losses, suggestion=0.01).suggestion
    0.01
    """

    learning_rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float


def learning_rate_range(
    segmenter, X, y, sample_weight=None, *, lowest=1e-6, highest=1.0, n_steps=100
):
    """Train a clone for a few steps at ever higher learning rates.

    The rates at which the loss falls are those worth training with; where it rises again they
    are too high. The test ends early where the loss becomes infinite or four times its least.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        Its `learning_rate`, `lr_schedule` and `epochs` play no part. It is cloned, not fitted.
    X, y, sample_weight : as in ``segmenter.fit``
        Images, masks and weights.
    lowest, highest : float, default=1e-6 and 1.0
        The first and the last rate; those between are spaced evenly by their logarithm.
    n_steps : int, default=100
        Steps, each on one batch.

    Returns
    -------
    LearningRateRange

    Raises
    ------
    ValueError
        If not ``0 < lowest < highest``, or if there are fewer than ten steps.

    References
    ----------
    .. [1] Smith (2017), Cyclical learning rates for training neural networks, WACV, section 3.3.

    Examples
    --------
    >>> import keras
    >>> from emstellar import KerasSegmenter
    >>> from emstellar.datasets import make_em_images
    >>> from emstellar.training import learning_rate_range
    >>> def one_layer(input_shape, n_outputs):
    ...     inputs = keras.Input(input_shape)
    ...     outputs = keras.layers.Conv2D(n_outputs, 3, padding="same", activation="sigmoid")
    ...     return keras.Model(inputs, outputs(inputs))
    >>> X, y = make_em_images(2, (32, 32), random_state=0)
    >>> found = learning_rate_range(
    ...     KerasSegmenter(one_layer, random_state=0), X, y, highest=10, n_steps=10
    ... )
    >>> len(found.learning_rates) == len(found.losses) <= 10
    True
    """
    if not 0 < lowest < highest:
        raise ValueError(
            f"lowest={lowest!r} and highest={highest!r} must be learning rates with "
            "0 < lowest < highest, such as 1e-6 and 1.0."
        )
    if n_steps < 10:
        raise ValueError(f"n_steps={n_steps!r} is too few for a range test: use 10 or more.")
    rise = keras.optimizers.schedules.ExponentialDecay(lowest, n_steps - 1, highest / lowest)
    record = _BatchLosses()
    tried = clone(segmenter).set_params(
        lr_schedule=rise,
        epochs=1,
        steps_per_epoch=n_steps,
        monitor="loss",
        validation_fraction=None,
        checkpoint=None,
        warm_start=False,
        callbacks=[record],
    )
    with warnings.catch_warnings():
        # Divergence is what the test is looking for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        tried.fit(X, y, sample_weight)
    rates = np.geomspace(lowest, highest, n_steps)[: len(record.losses)]
    losses = np.array(record.losses)
    smoothed = pd.Series(losses).ewm(span=MEMORY).mean().to_numpy()
    return LearningRateRange(rates, losses, smoothed, float(rates[np.argmin(smoothed)]) / MARGIN)


class _BatchLosses(keras.callbacks.Callback):
    """The loss of every batch, until it diverges; Keras itself logs the mean over the epoch."""

    def __init__(self):
        super().__init__()
        self.losses = []
        self._total = 0.0

    def __deepcopy__(self, memo):
        # A fit works on copies of its callbacks; what this one records is wanted outside.
        return self

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)
        loss = float(total - self._total)
        self._total = total
        if not np.isfinite(loss) or loss > DIVERGENCE * min([loss, *self.losses]):
            self.model.stop_training = True
        else:
            self.losses.append(loss)
