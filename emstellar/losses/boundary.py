"""U-net's weights of the background between touching objects."""

import numpy as np
from scipy import ndimage
from skimage.measure import label

from emstellar._keras import keras
from emstellar.losses.pixelwise import CrossEntropy

# Beyond so many sigma, the weight exceeds 1 by less than 4e-6 of w0.
REACH = 5


def boundary_weight_map(mask, w0=10.0, sigma=5.0):
    r"""Return weights that are high in narrow gaps between objects.

    Parameters
    ----------
    mask : array-like of shape (height, width)
        Boolean or integer labels. Objects are the 4-connected regions of one positive value, so
        a mask with a number per object works too; all else is background.
    w0 : float, default=10.0
        What a pixel in an infinitely narrow gap gains.
    sigma : float, default=5.0
        How fast that fades with the width of the gap, in pixels.

    Returns
    -------
    ndarray of shape (height, width), float32
        1 in objects; in the background 1 + `w0` or less.

    Notes
    -----
    :math:`1 + w_0 \exp(-(d_1 + d_2)^2 / 2 \sigma^2)` in the background, where :math:`d_1` and
    :math:`d_2` are the distances in pixels to the nearest and the second nearest object
    (equation 2 of [1]_, whose :math:`w_c` is the class weight of the loss). Gaps wider than
    five sigma count as infinitely wide.

    References
    ----------
    .. [1] Ronneberger, Fischer, Brox (2015), U-Net: convolutional networks for biomedical image
       segmentation, MICCAI, 234-241.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import boundary_weight_map
    >>> boundary_weight_map(np.array([[1, 0, 1, 0, 0, 0, 0]]), sigma=2).round(1)
    array([[1. , 7.1, 1. , 2.4, 1.1, 1. , 1. ]], dtype=float32)
    """
    mask = np.asarray(mask)
    if mask.ndim != 2:
        raise ValueError(f"Expected a mask of shape (height, width), got shape {mask.shape}.")
    nearest, second = _two_nearest(label(np.maximum(mask, 0), connectivity=1), REACH * sigma)
    gap = np.where(mask > 0, np.inf, nearest + second)
    return (1 + w0 * np.exp(-(gap**2) / (2 * sigma**2))).astype("float32")


def _two_nearest(objects, reach):
    """Return the distances to the nearest and second nearest object, infinite beyond `reach`."""
    nearest = np.full(objects.shape, np.inf)
    second = np.full(objects.shape, np.inf)
    margin = int(np.ceil(reach))
    for number, box in enumerate(ndimage.find_objects(objects), start=1):
        # An object matters near it only, which keeps many objects in a large mask affordable.
        box = tuple(slice(max(0, s.start - margin), s.stop + margin) for s in box)
        distance = ndimage.distance_transform_edt(objects[box] != number)
        second[box] = np.minimum(second[box], np.maximum(nearest[box], distance))
        nearest[box] = np.minimum(nearest[box], distance)
    return nearest, second


@keras.saving.register_keras_serializable(package="emstellar")
class BoundaryWeightedCrossEntropy(CrossEntropy):
    """Cross-entropy under U-net's weights of the background between touching objects.

    The weights depend on distances to whole objects, which a training step on patches cannot
    know. They therefore enter as sample weights: compute them once per mask by `weight_map` (the
    segmenters do so in ``fit``), and give them to ``model.fit(..., sample_weight=...)``,
    multiplied into other weights if there are any.

    Parameters
    ----------
    class_weight : sequence of float of length n_classes, optional
        Weights of the classes in the order of their codes.
    w0 : float, default=10.0
        What a pixel in an infinitely narrow gap gains.
    sigma : float, default=5.0
        How fast that fades with the width of the gap, in pixels.
    label_smoothing : float in [0, 1), default=0.0
        Share of each target that is spread evenly over the classes.
    name : str, optional
        The name of the loss.

    See Also
    --------
    boundary_weight_map : The weights and their source.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.losses import BoundaryWeightedCrossEntropy
    >>> loss = BoundaryWeightedCrossEntropy(w0=3)
    >>> mask = np.array([[1, 0, 1, 0]])
    >>> foreground = np.array([[0.9, 0.5, 0.9, 0.5]])
    >>> weight = loss.weight_map(mask)
    >>> value = loss(mask[None, ..., None], foreground[None, ..., None], weight[None])
    >>> round(float(value), 4)
    0.5618
    """

    def __init__(self, class_weight=None, *, w0=10.0, sigma=5.0, label_smoothing=0.0, name=None):
        super().__init__(class_weight, label_smoothing=label_smoothing, name=name)
        self.w0 = w0
        self.sigma = sigma

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the loss of a batch; without weights there would be nothing special in it."""
        if sample_weight is None:
            raise ValueError(
                "BoundaryWeightedCrossEntropy needs sample_weight: "
                "pass what its weight_map gives for each mask."
            )
        return super().__call__(y_true, y_pred, sample_weight)

    def weight_map(self, mask):
        """Return the weights of a mask's pixels, by `boundary_weight_map`."""
        return boundary_weight_map(mask, self.w0, self.sigma)

    def get_config(self):
        """Return the parameters."""
        return {**super().get_config(), "w0": self.w0, "sigma": self.sigma}


LOSSES = {"boundary_weighted_cross_entropy": BoundaryWeightedCrossEntropy}
