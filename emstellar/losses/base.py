"""What every loss of this package shares: targets, weights and their normalisation."""

from emstellar._keras import keras, ops
from emstellar.losses.logits import logits_of


class SegmentationLoss(keras.losses.Loss):
    """Base class of losses in which the weight of every pixel counts.

    A subclass computes the loss of a batch in one method, `compute`. A second,
    `compute_from_logits`, is for losses that grow without end where the network is wrong: in a
    segmenter's `fit` it is called instead, with what the last activation was given.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes; each multiplies the weights of the
        pixels of its class, as in scikit-learn. None means 1 for each.
    name : str, optional
        The name of the loss; by default the name of the class.

    Notes
    -----
    Weights are relative: doubling all of them changes nothing, and pixels of weight 0 neither
    enter the loss nor dilute it, whatever their label is. Keras' own reduction divides by the
    number of pixels instead, labelled or not. All arithmetic is in float32, whatever the
    precision of the model.

    Examples
    --------
    The mean absolute error:

    >>> import numpy as np
    >>> from keras import ops
    >>> from emstellar.losses import SegmentationLoss
    >>> class AbsoluteError(SegmentationLoss):
    ...     def compute(self, target, probability, weight):
    ...         error = ops.mean(ops.abs(target - probability), axis=-1, keepdims=True)
    ...         return ops.sum(weight * error) / ops.sum(weight)
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> probability = np.array([0.75, 0.5]).reshape(1, 1, 2, 1)
    >>> loss = AbsoluteError()
    >>> float(loss(codes, probability)), float(loss(codes, probability, np.array([[[1, 0]]])))
    (0.375, 0.25)
    """

    def __init__(self, class_weight=None, *, name=None):
        super().__init__(name=name or type(self).__name__, dtype="float32")
        self.class_weight = None if class_weight is None else [float(w) for w in class_weight]

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss of a batch.

        Parameters
        ----------
        y_true : tensor of shape (n_images, height, width, 1)
            Class codes, integers of 0 to n_classes - 1.
        y_pred : tensor of shape (n_images, height, width, n_classes) or (..., 1)
            Probabilities of the classes, or of the foreground (code 1) alone.
        sample_weight : tensor of shape (n_images, height, width[, 1]) or (n_images,), optional
            Weights, zero or positive.

        Returns
        -------
        tensor of shape ()
            float32.
        """
        codes, weight = self.prepare(y_true, y_pred, sample_weight)
        logit = logits_of(y_pred) if self._takes_logits() else None
        # Keras hands nested targets on untouched, so the weights travel to `call` beside the codes
        # and Keras' reduction, which knows about distribution strategies, stays the last step.
        y_true = (codes, weight) if logit is None else (codes, weight, logit)
        return super().__call__(y_true, y_pred)

    def call(self, y_true, y_pred):
        """Return the loss as a tensor of shape (1,); `y_true` is codes, weights, perhaps logits."""
        codes, weight, *logit = y_true
        target = one_hot(codes, y_pred.shape[-1])
        if logit:
            value = self.compute_from_logits(target, logit[0], weight)
        else:
            value = self.compute(target, y_pred, weight)
        return ops.reshape(value, (1,))

    @classmethod
    def _takes_logits(cls):
        """Tell whether the class that defined `compute` last defined it for logits, too."""
        methods = ("compute_from_logits", "compute")
        owner = next(c for c in cls.__mro__ if any(name in vars(c) for name in methods))
        return owner is not SegmentationLoss and "compute_from_logits" in vars(owner)

    def compute(self, target, probability, weight):
        """Return the loss of a batch as a scalar tensor.

        Parameters
        ----------
        target : tensor of shape (n_images, height, width, n_channels)
            1 where the pixel is of the channel's class, else 0; float32.
        probability : tensor of shape (n_images, height, width, n_channels)
            The prediction, float32. One channel is the foreground's.
        weight : tensor of shape (n_images, height, width, 1)
            Weights of the pixels, times the weights of their classes; float32.
        """
        raise NotImplementedError(f"{type(self).__name__} must define compute.")

    def compute_from_logits(self, target, logit, weight):
        """Return the same as `compute`, given logits; a loss that can defines it beside that.

        Parameters
        ----------
        target : tensor of shape (n_images, height, width, n_channels)
            As for `compute`.
        logit : tensor of shape (n_images, height, width, n_channels)
            What the sigmoid or softmax would make probabilities of.
        weight : tensor of shape (n_images, height, width, 1)
            As for `compute`.
        """
        raise NotImplementedError(f"{type(self).__name__} takes probabilities, not logits.")

    def weight_map(self, mask):
        """Return the weights that this loss wants of a mask's pixels, or None for equal weights.

        Maps that the loss cannot compute inside the graph enter as sample weights:
        multiply them into `sample_weight` before training. Only
        `BoundaryWeightedCrossEntropy`, and sums with it, have one.

        Parameters
        ----------
        mask : ndarray of shape (height, width), int
            Codes of the classes; ``-1`` where unlabelled.

        Returns
        -------
        ndarray of shape (height, width), float32, or None
        """
        return None

    def get_config(self):
        """Return the parameters, from which `from_config` makes an equal loss."""
        return {"name": self.name, "class_weight": self.class_weight}

    def prepare(self, y_true, y_pred, sample_weight):
        """Return codes (int32) and weights (float32) of the pixels, as `compute` wants them.

        Parameters
        ----------
        y_true : tensor of shape (n, height, width, 1)
            Codes of the classes.
        y_pred : tensor of shape (n, height, width, n_outputs)
            Probabilities; only their shape is used.
        sample_weight : tensor of shape (n, height, width[, 1]) or (n,), or None
            Weights of pixels or images, by which those of the classes are multiplied.

        Returns
        -------
        codes, weight : tensor of shape (n, height, width, 1)
        """
        codes = _check_codes(y_true, y_pred)
        weight = ops.ones_like(codes, dtype="float32")
        if sample_weight is not None:
            weight = weight * _with_four_axes(ops.convert_to_tensor(sample_weight, "float32"))
        if self.class_weight is None:
            return codes, weight
        n_classes = max(2, y_pred.shape[-1])
        if len(self.class_weight) != n_classes:
            raise ValueError(
                f"class_weight holds {len(self.class_weight)} weights, but there are {n_classes} "
                "classes: pass one weight per class."
            )
        table = ops.convert_to_tensor(self.class_weight, "float32")
        return codes, weight * ops.take(table, codes, axis=0)


def _check_codes(y_true, y_pred):
    codes = ops.convert_to_tensor(y_true)
    if len(codes.shape) != 4 or codes.shape[-1] != 1:
        raise ValueError(
            "Expected y_true to hold class codes of shape (n_images, height, width, 1), "
            f"got shape {tuple(codes.shape)} instead."
        )
    if len(y_pred.shape) != 4:
        raise ValueError(
            "Expected y_pred of shape (n_images, height, width, n_classes), "
            f"got shape {tuple(y_pred.shape)} instead."
        )
    return ops.cast(codes, "int32")


def _with_four_axes(weight):
    """Return `weight` with four axes: one weight per image or per pixel."""
    missing = {1: (1, 2, 3), 3: (3,), 4: ()}.get(len(weight.shape))
    if missing is None:
        raise ValueError(
            "Expected sample_weight of shape (n_images,) or (n_images, height, width[, 1]), "
            f"got shape {tuple(weight.shape)} instead."
        )
    for axis in missing:
        weight = ops.expand_dims(weight, axis)
    return weight


def one_hot(codes, n_channels):
    """Return the channels of `codes`: one per class, or the codes themselves for one channel."""
    if n_channels == 1:
        return ops.cast(codes, "float32")
    return ops.one_hot(ops.cast(codes[..., 0], "int32"), n_channels, dtype="float32")


def weighted_mean(values, weight):
    """Return the mean of `values` under `weight`; 0 where all weights are 0."""
    return ops.divide_no_nan(ops.sum(values * weight), ops.sum(weight))
