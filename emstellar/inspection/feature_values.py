"""The values of all features of a network at some pixels, read batch by batch."""

from itertools import groupby

import numpy as np


def sample_features(segmenter, images, layers, *, n_pixels, batch_size, seed):
    """Return the values of the feature maps of a fitted segmenter at random pixels.

    Every map is enlarged to the size of its image by repeating its pixels; so any pixel of the
    image has a value in every map.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        Fitted.
    images : list of ndarray of shape (height, width, channels)
        Of any sizes; of one larger than ``segmenter.tile_size`` a part of that size is taken, at
        a random place.
    layers : list of keras.layers.Layer
        Of ``segmenter.model_``; each has one map.
    n_pixels : int or None
        How many pixels of all images together, as many of each; None takes all.
    batch_size : int
        Images that the network sees at a time.
    seed : int
        Decides the places.

    Returns
    -------
    ndarray of shape (n_pixels, n_channels), float32
        The channels of all layers in their order.
    """
    read = _make_reader(segmenter.model_, [layer.output for layer in layers])
    share = None if n_pixels is None else -(-n_pixels // len(images))
    tile = np.broadcast_to(segmenter.tile_size, 2)
    rngs = [np.random.default_rng([seed, i]) for i in range(len(images))]
    cuts = [_cut(image, tile, rng) for image, rng in zip(images, rngs, strict=True)]
    counts = [_count(image, cut, share) for image, cut in zip(images, cuts, strict=True)]
    n_channels = sum(layer.output.shape[-1] for layer in layers)
    values = np.empty((sum(counts), n_channels), dtype="float32")
    start = 0
    for batch in _batches(images, batch_size):
        prepared = [_prepare(segmenter, images[i], cuts[i], counts[i], rngs[i]) for i in batch]
        maps = read.predict_on_batch([np.stack(part) for part in zip(*prepared, strict=True)])
        rows = slice(start, start + sum(counts[i] for i in batch))
        maps = maps if isinstance(maps, (list, tuple)) else [maps]
        np.concatenate(
            [np.reshape(m, (-1, np.shape(m)[-1])) for m in maps], axis=1, out=values[rows]
        )
        start = rows.stop
    return values


def _batches(images, batch_size):
    """Yield positions of consecutive images of one shape, `batch_size` at most at a time."""
    for _, run in groupby(range(len(images)), key=lambda i: images[i].shape):
        run = list(run)
        for start in range(0, len(run), batch_size):
            yield run[start : start + batch_size]


def _cut(image, tile, rng):
    """Return which part of an image is looked at: all, or one of the size of a tile."""
    sizes = np.minimum(image.shape[:2], tile)
    starts = rng.integers(np.subtract(image.shape[:2], sizes) + 1)
    return tuple(slice(a, a + size) for a, size in zip(starts, sizes, strict=True))


def _count(image, cut, share):
    area = int(np.prod([part.stop - part.start for part in cut]))
    return area if share is None else min(share, area)


def _prepare(segmenter, image, cut, count, rng):
    """Return the padded part of an image and where to look, as parts of height and width."""
    patch = segmenter.normalization_(image)[cut]
    height, width = patch.shape[:2]
    chosen = np.sort(rng.choice(height * width, count, replace=False))
    places = np.stack(np.unravel_index(chosen, (height, width)), axis=-1) + 0.5
    multiple = segmenter.network_size_multiple
    padded = np.pad(patch, [(0, -height % multiple), (0, -width % multiple), (0, 0)], "reflect")
    return padded, (places / padded.shape[:2]).astype("float32")


def _make_reader(model, maps):
    """Return a model from images and places to the values of `maps` there.

    Maps are read inside the network, so that each can be forgotten as soon as no layer needs it.
    """
    from emstellar._keras import keras

    images = keras.Input(model.input_shape[1:])
    places = keras.Input((None, 2), dtype="float32")
    outputs = keras.Model(model.inputs, maps)(images)
    read = [
        keras.layers.Lambda(_read, output_shape=(None, m.shape[-1]), dtype="float32")([m, places])
        for m in outputs
    ]
    return keras.Model([images, places], read)


def _read(inputs):
    from emstellar._keras import ops

    maps, places = inputs
    _, height, width, n_channels = ops.shape(maps)
    rows = ops.cast(ops.floor(places[..., 0] * ops.cast(height, "float32")), "int32")
    columns = ops.cast(ops.floor(places[..., 1] * ops.cast(width, "float32")), "int32")
    flat = ops.reshape(maps, (-1, height * width, n_channels))
    return ops.take_along_axis(flat, (rows * width + columns)[..., None], axis=1)
