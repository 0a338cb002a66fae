"""Count how often each probability occurs in the foreground and in the background, in slabs.

Ranking metrics need the probabilities of all images in one order. Maps of floats have about as
many values as pixels, so they are sorted range by range: memory is bounded by the pixels of one
range, not of all images.
"""

from typing import NamedTuple

import numpy as np

# The pixels that are sorted at a time, and how often all images are read at most: of very many
# pixels more are sorted at a time, since each range takes a pass over all.
MAX_PIXELS = 2**20
MAX_PASSES = 32
# The upper half of a float32: 128 buckets for each factor of two, in the order of the values.
BUCKET_BITS = 16


class ValueCounts(NamedTuple):
    """The weights of background and foreground at each of several rising probabilities."""

    values: np.ndarray
    negatives: np.ndarray
    positives: np.ndarray


def count_values(values, is_positive, weights=None):
    """Return the `ValueCounts` of flat arrays; `weights` may be None."""
    values, position = np.unique(values, return_inverse=True)
    weights = 1.0 if weights is None else weights
    negatives = np.bincount(position, weights * ~is_positive, minlength=len(values))
    positives = np.bincount(position, weights * is_positive, minlength=len(values))
    return ValueCounts(values, negatives, positives)


def pool_counts(counts):
    """Return the sum of several `ValueCounts`."""
    values, position = np.unique(np.concatenate([c.values for c in counts]), return_inverse=True)
    negatives = np.bincount(position, np.concatenate([c.negatives for c in counts]), len(values))
    positives = np.bincount(position, np.concatenate([c.positives for c in counts]), len(values))
    return ValueCounts(values, negatives, positives)


def iterate_counts(images, max_pixels=None):
    """Yield the `ValueCounts` of images together, range by range, from low values to high ones.

    Parameters
    ----------
    images : sequence of callables
        Each returns the flat arrays (values, is_positive, weights) of an image; the values are
        floats in [0, 1], the weights may be None. They are called once for each range.
    max_pixels : int, optional
        About how many pixels are sorted at a time; a million by default, or a thirty-second part of
        all pixels if that is more.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics.value_counts import iterate_counts
    >>> image = np.array([0.9, 0.1, 0.9]), np.array([True, False, False]), None
    >>> for counts in iterate_counts([lambda: image], max_pixels=2):
    ...     print(counts.values, counts.negatives, counts.positives)
    [0.1] [1.] [0.]
    [0.9] [1.] [1.]
    """
    for low, high in _ranges(images, max_pixels):
        counts, pixels = [], []
        for image in images:
            pixels.append(_within(image(), low, high))
            if sum(values.size for values, *_ in pixels) > (max_pixels or MAX_PIXELS):
                counts, pixels = [pool_counts([*counts, _count(pixels)])], []
        counts += [_count(pixels)] if pixels else []
        yield counts[0] if len(counts) == 1 else pool_counts(counts)


def _within(pixels, low, high):
    """Return those pixels whose values are in a range of buckets."""
    buckets = _buckets(pixels[0])
    chosen = (buckets >= low) & (buckets < high)
    return [None if array is None else array[chosen] for array in pixels]


def _count(pixels):
    """Return the `ValueCounts` of the pixels of several images."""
    return count_values(
        *(None if a[0] is None else np.concatenate(a) for a in zip(*pixels, strict=True))
    )


def _buckets(values):
    """Return the bucket of each value, rising with it; both zeros are in the first."""
    return (np.asarray(values, dtype=np.float32) + np.float32(0)).view(np.uint32) >> BUCKET_BITS


def _ranges(images, max_pixels):
    """Return ranges of buckets with few enough pixels; a range of one bucket may hold more."""
    n_buckets = int(_buckets(np.ones(1))[0]) + 1
    sizes = np.zeros(n_buckets, dtype=np.int64)
    for image in images:
        sizes += np.bincount(_buckets(image()[0]), minlength=n_buckets)
    if max_pixels is None:
        max_pixels = max(MAX_PIXELS, sizes.sum() // MAX_PASSES)
    ranges, low, n_pixels = [], 0, 0
    for bucket in np.flatnonzero(sizes).tolist():
        if n_pixels and n_pixels + sizes[bucket] > max_pixels:
            ranges.append((low, bucket))
            low, n_pixels = bucket, 0
        n_pixels += sizes[bucket]
    return [*ranges, (low, n_buckets)]
