"""The loss of whole images together, as if they were one batch."""

import numpy as np

from emstellar._keras import keras

# Of the maps that the loss is given at a time, so that its intermediate results fit in memory.
PIXELS_AT_ONCE = 2**24


def pooled_loss(loss, codes, maps, weights):
    """Return the loss of all pixels of all images, pooled as in a batch of training.

    The mean of the images' own losses would be another number wherever a loss divides by what it
    finds: by the sum of weights, or by the size of a region.

    Parameters
    ----------
    loss : SegmentationLoss
        Its class weights count; its `weight_map` is the caller's affair.
    codes : list of ndarray of shape (height, width), int
        Positions of classes; ``-1`` where unlabelled.
    maps : list of ndarray of shape (height, width, n_outputs)
        The network's probabilities.
    weights : list of ndarray of shape (height, width) or None
        Weights of the pixels, zero or positive; None counts labelled pixels alike.

    Returns
    -------
    float
        0 where no pixel is labelled. Of more than `PIXELS_AT_ONCE` pixels the images are taken in
        parts, whose losses are averaged by the weights of their pixels: equal for losses that are
        means over pixels, nearly so for those of regions.

    Examples
    --------
    Of three pixels, in two images, each is worth a third:

    >>> import numpy as np
    >>> from emstellar.losses import get_loss
    >>> from emstellar.training.pooled_loss import pooled_loss
    >>> codes = [np.array([[1, 1]]), np.array([[0, -1]])]
    >>> maps = [np.array([[[0.5], [0.5]]]), np.array([[[0.0], [0.9]]])]
    >>> round(pooled_loss(get_loss("cross_entropy"), codes, maps, None), 4)
    0.4621
    """
    total, mass = 0.0, 0.0
    weights = [None] * len(codes) if weights is None else weights
    for part in _parts(codes):
        batch = _stack(
            [codes[i] for i in part], [maps[i] for i in part], [weights[i] for i in part]
        )
        value = float(keras.ops.convert_to_numpy(loss(*batch)))
        own = float(keras.ops.convert_to_numpy(keras.ops.sum(loss.prepare(*batch)[1])))
        total, mass = total + value * own, mass + own
    return total / mass if mass else 0.0


def with_loss_weights(loss, codes, weights):
    """Return the weights given, times those by which a loss stresses some pixels.

    Parameters
    ----------
    loss : SegmentationLoss
        Asked for its `weight_map` of each mask.
    codes : list of ndarray of shape (height, width), int
        Positions of classes; ``-1`` where unlabelled.
    weights : list of ndarray of shape (height, width) or None
        The weights given.

    Returns
    -------
    list of ndarray of shape (height, width), or None
        None where neither the caller nor the loss gives any.
    """
    maps = [loss.weight_map(np.maximum(code, 0)) for code in codes]
    if maps[0] is None:
        return weights
    given = weights or [np.float32(1)] * len(maps)
    return [w * m for w, m in zip(given, maps, strict=True)]


def _parts(codes):
    """Yield positions of images that together, at the size of the largest, are not too many."""
    part, height, width = [], 0, 0
    for i, code in enumerate(codes):
        larger = max(height, code.shape[0]), max(width, code.shape[1])
        if part and (len(part) + 1) * larger[0] * larger[1] > PIXELS_AT_ONCE:
            yield part
            part, larger = [], code.shape
        part.append(i)
        height, width = larger
    yield part


def _stack(codes, maps, weights):
    """Return codes, maps and weights as one batch; weight 0 where nothing is labelled."""
    height, width = np.max([code.shape for code in codes], axis=0)
    shape = (len(codes), height, width)
    truth = np.zeros((*shape, 1), dtype="int32")
    probability = np.zeros((*shape, maps[0].shape[-1]), dtype="float32")
    weight = np.zeros((*shape, 1), dtype="float32")
    for i, (code, own_map, own_weight) in enumerate(zip(codes, maps, weights, strict=True)):
        place = (i, slice(code.shape[0]), slice(code.shape[1]))
        truth[place] = np.maximum(code, 0)[..., np.newaxis]
        probability[place] = own_map
        known = (code >= 0) if own_weight is None else np.where(code >= 0, own_weight, 0)
        weight[place] = known[..., np.newaxis]
    return truth, probability, weight
