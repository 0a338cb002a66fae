"""Losses made of other losses: weighted sums, and Keras' own losses under our weights."""

from emstellar._keras import keras, ops
from emstellar.losses.base import SegmentationLoss, one_hot
from emstellar.losses.pixelwise import SMALLEST


@keras.saving.register_keras_serializable(package="emstellar")
class CompoundLoss(SegmentationLoss):
    """Weighted sum of losses.

    Parameters
    ----------
    losses : sequence of keras.losses.Loss
        The terms. Keras' own are best wrapped in `KerasLoss`.
    weights : sequence of float, optional
        Their weights; None means 1 for each.
    name : str, optional
        The name of the loss.

    Raises
    ------
    ValueError
        If there is no term, or not one weight per term.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import CompoundLoss, CrossEntropy, Dice
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.5]).reshape(1, 1, 2, 1)
    >>> loss = CompoundLoss([CrossEntropy(), Dice(smooth=0)], weights=[1, 2])
    >>> round(float(loss(codes, foreground)), 4)
    1.6931
    """

    def __init__(self, losses, weights=None, *, name=None):
        super().__init__(name=name)
        self.losses = list(losses)
        self.weights = [1.0] * len(self.losses) if weights is None else [float(w) for w in weights]
        if not self.losses or len(self.weights) != len(self.losses):
            raise ValueError(
                "CompoundLoss needs at least one loss and one weight per loss, "
                f"got {len(self.losses)} losses and {len(self.weights)} weights."
            )

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the weighted sum of the losses of a batch."""
        # Each term ends in Keras' reduction, which the sum must not pass a second time.
        return sum(
            weight * loss(y_true, y_pred, sample_weight)
            for weight, loss in zip(self.weights, self.losses, strict=True)
        )

    def weight_map(self, mask):
        """Return the product of the maps of the terms, or None if no term has one."""
        product = None
        for loss in self.losses:
            own = loss.weight_map(mask) if isinstance(loss, SegmentationLoss) else None
            if own is not None:
                product = own if product is None else product * own
        return product

    def get_config(self):
        """Return the parameters."""
        losses = [keras.saving.serialize_keras_object(loss) for loss in self.losses]
        return {"losses": losses, "weights": self.weights, "name": self.name}

    @classmethod
    def from_config(cls, config):
        """Return the loss of `config`, with terms of its own."""
        losses = [keras.saving.deserialize_keras_object(loss) for loss in config["losses"]]
        return cls(**{**config, "losses": losses})


@keras.saving.register_keras_serializable(package="emstellar")
class KerasLoss(SegmentationLoss):
    """Any other Keras loss, with the targets it expects and our normalisation of weights.

    Parameters
    ----------
    loss : keras.losses.Loss or callable
        A loss object, or a function ``(y_true, y_pred)`` that gives one value per pixel. Its
        `y_true` has the shape of `y_pred`: one-hot for several channels, 0 or 1 for one. Only
        `keras.losses.SparseCategoricalCrossentropy` is given the codes.
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    name : str, optional
        The name of the loss; by default that of `loss`.

    Notes
    -----
    Weights are scaled to a mean of 1, so that a reduction over all pixels becomes the weighted
    mean. In pixels of weight 0 the target is 0 and the prediction next to it, so that they have
    no influence on losses of whole regions either.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from emstellar.losses import KerasLoss
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.0]).reshape(1, 1, 2, 1)
    >>> loss = KerasLoss(keras.losses.MeanSquaredError())
    >>> float(loss(codes, foreground)), float(loss(codes, foreground, np.array([[[1, 0]]])))
    (0.125, 0.25)
    """

    def __init__(self, loss, class_weight=None, *, name=None):
        own_name = getattr(loss, "name", None) or getattr(loss, "__name__", None)
        super().__init__(class_weight, name=name or own_name)
        self.loss = loss

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return what the wrapped loss makes of the batch."""
        codes, weight = self.prepare(y_true, y_pred, sample_weight)
        y_pred = ops.cast(y_pred, "float32")
        sparse = isinstance(self.loss, keras.losses.SparseCategoricalCrossentropy)
        target = ops.cast(codes, "float32") if sparse else one_hot(codes, y_pred.shape[-1])
        # Not quite 0, because categorical losses divide by the sum of the channels.
        y_pred = ops.where(weight > 0, y_pred, SMALLEST)
        target = ops.where(weight > 0, target, 0.0)
        weight = ops.divide_no_nan(weight, ops.mean(weight))[..., 0]
        loss = self.loss if isinstance(self.loss, keras.losses.Loss) else _Function(self.loss)
        return loss(target, y_pred, weight)

    def get_config(self):
        """Return the parameters."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {"loss": loss, **super().get_config()}

    @classmethod
    def from_config(cls, config):
        """Return the loss of `config`."""
        return cls(**{**config, "loss": keras.saving.deserialize_keras_object(config["loss"])})


class _Function(keras.losses.Loss):
    """A function of one value per pixel, with Keras' reduction."""

    def __init__(self, function):
        super().__init__(dtype="float32")
        self.call = function
