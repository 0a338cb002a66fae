"""From images to probability maps: normalise, pad, tile, predict, crop."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from emstellar.tiling import predict_tiled, with_symmetries
from emstellar.training.devices import count_devices, divide
from emstellar.training.progress import show_prediction_progress

# What a device sees at a time unless told otherwise, so that memory does not grow with the data.
PIXELS_PER_CALL = 2**20


@dataclass(frozen=True)
class Predictor:
    """A trained network, and how it is to predict.

    Parameters
    ----------
    model : keras.Model
        The network.
    normalization : Normalization
        What its images are normalised by.
    size_multiple : int
        To what the sides of its input must be multiples.
    parameters : TrainingParameters
        `tile_size` and `overlap` say how larger images are divided, `test_time_augmentation` of
        which versions of an image the predictions are averaged.
    """

    model: Any
    normalization: Any
    size_multiple: int
    parameters: Any


def predict_maps(predictor, images, batch_size=None, *, name, verbose=0, why_not_finite=""):
    """Yield the probability of every class for each image, showing how far it is.

    Parameters
    ----------
    predictor : Predictor
        The network.
    images : list of ndarray of shape (height, width, channels)
        Any real dtype.
    batch_size : int, optional
        Images or tiles per call of the network at most, see `network_maps`.
    name : str
        Who predicts.
    verbose : int, default=0
        Whether to show how far it is.
    why_not_finite : str, default=""
        What to add where the network gives no numbers.

    Yields
    ------
    ndarray of shape (height, width, n_classes), float32

    Raises
    ------
    ValueError
        If the network gives a value that is not finite: every pixel would be of the first class.
    """
    n_pixels = sum(image.shape[0] * image.shape[1] for image in images)
    with show_prediction_progress(name, n_pixels, verbose) as advance:
        for i, maps in enumerate(network_maps(predictor, images, batch_size, advance)):
            if not np.isfinite(maps).all():
                raise ValueError(
                    f"The network gives NaN or infinite probabilities for X[{i}]. {why_not_finite}"
                )
            yield with_background(maps)


def why_not_finite(history, precision):
    """Return why a network may give no numbers, and what to do.

    Parameters
    ----------
    history : dict of str to list of float
        That of its training.
    precision : str
        In what it computes.

    Returns
    -------
    str
    """
    if precision == "mixed_float16":
        return "float16 overflows beyond 65504: fit it with precision='mixed_bfloat16'."
    if np.isfinite(np.asarray(history.get("loss", []))).all():
        return "Are its values in the range of the training images?"
    return "Its training diverged; fit it again with a lower learning_rate."


def stack(maps, n_images):
    """Return maps of one shape as one array, into which each is copied as soon as it is there.

    Parameters
    ----------
    maps : iterator of ndarray of shape (height, width, n_classes)
        The maps.
    n_images : int
        Their number.

    Returns
    -------
    ndarray of shape (n_images, height, width, n_classes), float32
    """
    first = next(maps)
    stacked = np.empty((n_images, *first.shape), dtype="float32")
    stacked[0] = first
    for place, probabilities in zip(stacked[1:], maps, strict=True):
        place[...] = probabilities
    return stacked


def with_background(probabilities):
    """Return maps with one channel per class, where a network gave the foreground alone."""
    if probabilities.shape[-1] > 1:
        return probabilities
    return np.concatenate([1 - probabilities, probabilities], axis=-1)


def network_maps(predictor, images, batch_size=None, advance=lambda n_pixels: None):
    """Yield what the network gives for each image, as (height, width, n_outputs).

    Parameters
    ----------
    predictor : Predictor
        The network.
    images : list of ndarray of shape (height, width, channels)
        Any real dtype.
    batch_size : int, optional
        Images, or tiles of larger images, per call of the network at most. None takes as many as
        have `PIXELS_PER_CALL` pixels on each device.
    advance : callable, optional
        Called with the number of pixels that were done since the last call.

    Yields
    ------
    ndarray of shape (height, width, n_outputs), float32
    """
    n_devices = count_devices(predictor.model)
    predict = _padded(_predict_function(predictor.model, n_devices), predictor.size_multiple)
    augmentation = predictor.parameters.test_time_augmentation
    if augmentation:
        predict = with_symmetries(predict, turned=augmentation != "mirrors")
    tile = pair(predictor.parameters.tile_size)
    for (height, width, _), run in groupby(images, key=lambda image: image.shape):
        whole = height <= tile[0] and width <= tile[1]
        n_pixels = height * width if whole else tile[0] * tile[1]
        step = batch_size or n_devices * max(1, PIXELS_PER_CALL // n_pixels)
        if whole:
            yield from _in_batches(predict, list(run), predictor.normalization, step, advance)
        else:
            for image in run:
                yield _in_tiles(predict, image, predictor, step, advance)


def representative_images(images, tile_size):
    """Return lists of images whose prediction traces whatever that of all images does.

    Networks are traced for every shape of a batch. Of each run of images of one shape as many are
    taken as are predicted at a time, and as many as are left at its end; of larger ones a part.

    Parameters
    ----------
    images : array-like or list of ndarray of shape (height, width[, channels])
        The images.
    tile_size : int or (int, int)
        How larger ones are divided.

    Returns
    -------
    list of list of ndarray

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.prediction import representative_images
    >>> images = np.zeros((10, 512, 512))
    >>> [len(some) for some in representative_images(images, 1024)]
    [4, 2]
    """
    found = {}
    most = [side + side // 2 for side in pair(tile_size)]
    for shape, run in groupby(images, key=np.shape):
        run = [np.asarray(image)[: most[0], : most[1]] for image in run]
        step = max(1, PIXELS_PER_CALL // (run[0].shape[0] * run[0].shape[1]))
        for n in sorted({min(step, len(run)), len(run) % step} - {0}, reverse=True):
            found.setdefault((shape, n), run[:n])
    return list(found.values())


def _predict_function(model, n_devices):
    """Return what predicts a batch, on all devices if there are several."""
    if n_devices == 1:
        return model.predict_on_batch

    def predict_divided(batch):
        # Only what can be divided evenly is divided: copies of the last image fill up.
        filled = np.pad(batch, [(0, -len(batch) % n_devices)] + [(0, 0)] * 3, mode="edge")
        return model.predict_on_batch(divide(filled, model))[: len(batch)]

    return predict_divided


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


def _in_batches(predict, images, normalization, step, advance):
    """Predict images of one shape, several at a time."""
    for start in range(0, len(images), step):
        batch = np.stack([normalization(image) for image in images[start : start + step]])
        yield from predict(batch)
        advance(batch.shape[0] * batch.shape[1] * batch.shape[2])


def _in_tiles(predict, image, predictor, step, advance):
    n_pixels, past = image.shape[0] * image.shape[1], 0

    def tell(done, total):
        nonlocal past
        advance((done - past) / total * n_pixels)
        past = done

    return predict_tiled(
        predict,
        predictor.normalization(image),
        tile_size=pair(predictor.parameters.tile_size),
        overlap=pair(predictor.parameters.overlap),
        batch_size=step,
        multiple=predictor.size_multiple,
        progress=tell,
    )
