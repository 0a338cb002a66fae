"""From images to probability maps: normalise, pad, tile, predict, crop."""

from itertools import groupby

import numpy as np

from emstellar.tiling import predict_tiled, with_symmetries

# What one call of the network sees at most, so that memory does not grow with the data.
PIXELS_PER_CALL = 2**20


def predict_maps(segmenter, images):
    """Return the probability of every class for each image.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        Fitted.
    images : list of ndarray of shape (height, width, channels)
        Any real dtype.

    Returns
    -------
    list of ndarray of shape (height, width, n_classes), float32
    """
    return [with_background(p) for p in network_maps(segmenter, images)]


def with_background(probabilities):
    """Return maps with one channel per class, where a network gave the foreground alone."""
    if probabilities.shape[-1] > 1:
        return probabilities
    return np.concatenate([1 - probabilities, probabilities], axis=-1)


def network_maps(segmenter, images):
    """Return what the network gives for each image, as (height, width, n_outputs)."""
    predict = _padded(segmenter.model_.predict_on_batch, segmenter._size_multiple)
    if segmenter.test_time_augmentation:
        predict = with_symmetries(predict, turned=segmenter.test_time_augmentation != "mirrors")
    tile = pair(segmenter.tile_size)
    maps = []
    for shape, run in groupby(images, key=lambda image: image.shape):
        if shape[0] <= tile[0] and shape[1] <= tile[1]:
            maps += _in_batches(predict, list(run), segmenter.normalization_)
        else:
            maps += [_in_tiles(predict, image, segmenter, tile) for image in run]
    return maps


def pair(value):
    """Return height and width, given one number for both or two."""
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _padded(predict, multiple):
    """Return `predict` for any height and width, which the network gets as multiples."""

    def predict_any_size(batch):
        height, width = batch.shape[1:3]
        widths = [(0, 0), (0, -height % multiple), (0, -width % multiple), (0, 0)]
        padded = np.pad(batch, widths, mode="reflect") if np.any(widths) else batch
        return np.asarray(predict(padded), dtype="float32")[:, :height, :width]

    return predict_any_size


def _in_batches(predict, images, normalization):
    """Predict images of one shape, several at a time."""
    height, width = images[0].shape[:2]
    step = max(1, PIXELS_PER_CALL // (height * width))
    maps = []
    for start in range(0, len(images), step):
        batch = np.stack([normalization(image) for image in images[start : start + step]])
        maps += list(predict(batch))
    return maps


def _in_tiles(predict, image, segmenter, tile):
    return predict_tiled(
        predict,
        segmenter.normalization_(image),
        tile_size=tile,
        overlap=pair(segmenter.overlap),
        batch_size=max(1, PIXELS_PER_CALL // (tile[0] * tile[1])),
        multiple=segmenter._size_multiple,
    )
