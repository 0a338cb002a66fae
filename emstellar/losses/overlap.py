"""Losses that compare whole regions: Tversky and its kin.

Regions are pooled over all pixels of the batch, so that a patch without foreground is no
special case. With one channel the loss is the foreground's, else the mean over the classes.
"""

from emstellar._keras import keras, ops
from emstellar.losses.base import SegmentationLoss
from emstellar.losses.pixelwise import SMALLEST


def _tversky_index(target, probability, weight, alpha, beta, smooth):
    """Return the Tversky index of each channel, a tensor of shape (n_channels,)."""
    axes = (0, 1, 2)
    true_positive = ops.sum(weight * target * probability, axis=axes)
    false_positive = ops.sum(weight * (1 - target) * probability, axis=axes)
    false_negative = ops.sum(weight * target * (1 - probability), axis=axes)
    smooth = smooth * _mean_positive(weight)
    return ops.divide_no_nan(
        true_positive + smooth,
        true_positive + alpha * false_positive + beta * false_negative + smooth,
    )


def _mean_positive(weight):
    """Return the mean weight of pixels that have one: what one pixel is worth."""
    labelled = ops.sum(ops.cast(weight > 0, "float32"))
    return ops.where(labelled > 0, ops.sum(weight) / ops.maximum(labelled, 1.0), 1.0)


@keras.saving.register_keras_serializable(package="emstellar")
class Tversky(SegmentationLoss):
    r"""Tversky loss: one minus an overlap in which both kinds of error have their own price.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    alpha : float, default=0.3
        Price of false positives.
    beta : float, default=0.7
        Price of false negatives.
    smooth : float, default=1.0
        Added to numerator and denominator, in pixels of average weight: an absent class that is
        not predicted has loss 0. With 0 it has loss 1.
    name : str, optional
        The name of the loss.

    Notes
    -----
    :math:`1 - (TP + s) / (TP + \alpha FP + \beta FN + s)`, the counts being weighted sums of
    probabilities over the pixels of the batch (equation 2 of [1]_). In `keras.losses.Tversky`
    alpha and beta stand for the opposite errors.

    References
    ----------
    .. [1] Salehi, Erdogmus, Gholipour (2017), Tversky loss function for image segmentation using
       3D fully convolutional deep networks, MLMI, 379-387.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import Tversky
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.5]).reshape(1, 1, 2, 1)
    >>> float(Tversky(alpha=0.5, beta=0.5, smooth=0)(codes, foreground))
    0.5
    """

    def __init__(self, class_weight=None, *, alpha=0.3, beta=0.7, smooth=1.0, name=None):
        super().__init__(class_weight, name=name)
        self.alpha = alpha
        self.beta = beta
        self.smooth = smooth

    def compute(self, target, probability, weight):
        """Return one minus the mean Tversky index of the channels."""
        index = _tversky_index(target, probability, weight, self.alpha, self.beta, self.smooth)
        return 1 - ops.mean(index)

    def get_config(self):
        """Return the parameters."""
        own = {"alpha": self.alpha, "beta": self.beta, "smooth": self.smooth}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="emstellar")
class FocalTversky(Tversky):
    r"""Focal Tversky loss: Tversky losses raised to a power, which lifts classes in trouble.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    alpha, beta : float, default=0.3, 0.7
        Prices of false positives and false negatives.
    gamma : float, default=0.75
        The exponent; the paper writes it 1 / gamma and recommends 3 / 4.
    smooth : float, default=1.0
        Added to numerator and denominator of the index, in pixels.
    name : str, optional
        The name of the loss.

    Notes
    -----
    The mean over the channels of :math:`(1 - T_c)^\gamma`, where :math:`T_c` is the Tversky index
    of channel c (equation 4 of [1]_).

    References
    ----------
    .. [1] Abraham, Khan (2019), A novel focal Tversky loss function with improved attention U-Net
       for lesion segmentation, ISBI, 683-687.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import FocalTversky
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.5]).reshape(1, 1, 2, 1)
    >>> loss = FocalTversky(alpha=0.5, beta=0.5, gamma=2, smooth=0)
    >>> float(loss(codes, foreground))
    0.25
    """

    def __init__(
        self, class_weight=None, *, alpha=0.3, beta=0.7, gamma=0.75, smooth=1.0, name=None
    ):
        super().__init__(class_weight, alpha=alpha, beta=beta, smooth=smooth, name=name)
        self.gamma = gamma

    def compute(self, target, probability, weight):
        """Return the mean over the channels of the powers of the Tversky losses."""
        index = _tversky_index(target, probability, weight, self.alpha, self.beta, self.smooth)
        # A power below 1 has an infinite slope at 0.
        return ops.mean(ops.power(ops.maximum(1 - index, SMALLEST), self.gamma))

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "gamma": self.gamma}


@keras.saving.register_keras_serializable(package="emstellar")
class Dice(SegmentationLoss):
    r"""Dice loss: one minus the F1 score of the probabilities.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    smooth : float, default=1.0
        Added to numerator and denominator, in pixels.
    name : str, optional
        The name of the loss.

    Notes
    -----
    :math:`1 - (TP + s) / (TP + FP / 2 + FN / 2 + s)`, the counts being weighted sums of
    probabilities over the pixels of the batch. The denominator sums probabilities, not their
    squares as [1]_ does.

    References
    ----------
    .. [1] Milletari, Navab, Ahmadi (2016), V-Net: fully convolutional neural networks for
       volumetric medical image segmentation, 3DV, 565-571.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import Dice
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.5]).reshape(1, 1, 2, 1)
    >>> float(Dice(smooth=0)(codes, foreground))
    0.5
    """

    PRICE_OF_ERRORS = 0.5

    def __init__(self, class_weight=None, *, smooth=1.0, name=None):
        super().__init__(class_weight, name=name)
        self.smooth = smooth

    def compute(self, target, probability, weight):
        """Return one minus the mean overlap of the channels."""
        price = self.PRICE_OF_ERRORS
        return 1 - ops.mean(_tversky_index(target, probability, weight, price, price, self.smooth))

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "smooth": self.smooth}


@keras.saving.register_keras_serializable(package="emstellar")
class Jaccard(Dice):
    r"""Jaccard loss: one minus the intersection over union of the probabilities.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    smooth : float, default=1.0
        Added to numerator and denominator, in pixels.
    name : str, optional
        The name of the loss.

    Notes
    -----
    :math:`1 - (TP + s) / (TP + FP + FN + s)`, the counts being weighted sums of probabilities
    over the pixels of the batch [1]_.

    References
    ----------
    .. [1] Rahman, Wang (2016), Optimizing intersection-over-union in deep neural networks for
       image segmentation, ISVC, 234-244.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import Jaccard
    >>> codes = np.array([1, 0]).reshape(1, 1, 2, 1)
    >>> foreground = np.array([0.5, 0.5]).reshape(1, 1, 2, 1)
    >>> round(float(Jaccard(smooth=0)(codes, foreground)), 4)
    0.6667
    """

    PRICE_OF_ERRORS = 1.0


LOSSES = {"dice": Dice, "focal_tversky": FocalTversky, "jaccard": Jaccard, "tversky": Tversky}
