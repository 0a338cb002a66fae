"""Batches of patches as a pure function of seed, epoch and index."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from emstellar.training.deck import Deck


class PatchBatches:
    """Random patches of images, masks and weights, batch by batch.

    The batch of an epoch and an index depends on nothing but these and the seed, so that the
    number of workers, an interruption or a continued training change nothing. Every labelled
    pixel is trained on equally often, at borders and in corners too, whatever the size of its
    image: see ``emstellar.training.deck``. Pixels of a patch that belong to another one's share
    are seen, but have no weight.

    Parameters
    ----------
    images : list of ndarray of shape (height, width, channels)
        Any real dtype; normalised patch by patch.
    codes : list of ndarray of shape (height, width), int32
        Positions of classes; ``-1`` where unlabelled.
    weights : list of ndarray of shape (height, width), float32, or None
        Pixel weights.
    normalization : Normalization
        Applied to every patch with the statistics of its whole image.
    augment : callable or None
        ``augment(image, mask, weight, rng) -> (image, mask, weight)``, applied to a patch.
    patch_size : tuple of int
        Height and width of a patch in pixels. Smaller images are filled up by reflection; what
        is filled up has no weight.
    batch_size : int
        Patches per batch.
    steps_per_epoch : int or None
        Batches per epoch; None takes as many patches as cover all images side by side. An epoch
        goes on where the last one ended.
    size_multiple : int
        The sides of what is yielded are multiples of it; reflected pixels of weight zero fill up.
    sampling : {"random", "grid"}, default="random"
        Whether patches lie anywhere, or side by side, overlapping as little as covering the
        image allows, and anew in every epoch.
    foreground_fraction : float, default=0.0
        Share of the patches, in [0, 1], that are placed around a pixel of the rarest class, each
        such pixel of an image being equally likely.
    seed : int
        The seed of all choices.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training import Normalization, PatchBatches
    >>> images, codes = [np.zeros((64, 48, 1))], [np.zeros((64, 48), dtype="int32")]
    >>> batches = PatchBatches(
    ...     images,
    ...     codes,
    ...     None,
    ...     normalization=Normalization(None),
    ...     augment=None,
    ...     patch_size=(32, 32),
    ...     batch_size=2,
    ...     steps_per_epoch=3,
    ...     size_multiple=16,
    ...     seed=0,
    ... )
    >>> [array.shape for array in batches.batch(epoch=0, index=0)]
    [(2, 32, 32, 1), (2, 32, 32, 1), (2, 32, 32, 1)]
    """

    def __init__(
        self,
        images,
        codes,
        weights,
        *,
        normalization,
        augment,
        patch_size,
        batch_size,
        steps_per_epoch,
        size_multiple,
        seed,
        sampling="random",
        foreground_fraction=0.0,
    ):
        useful = [
            _useful_weight(code, w) for code, w in zip(codes, _each(weights, codes), strict=True)
        ]
        kept = [i for i, weight in enumerate(useful) if weight.any()]
        self.images = [images[i] for i in kept]
        self.weights = [useful[i] for i in kept]
        # A label without weight must not matter, whatever a loss or an augmentation does with it.
        self.codes = [np.where(useful[i] > 0, codes[i], 0).astype("int32") for i in kept]
        self.normalization = normalization
        self.statistics = [normalization.statistics(image) for image in self.images]
        self.augment = augment
        self.patch_size = patch_size
        self.padding = tuple(-side % size_multiple for side in patch_size)
        self.batch_size = batch_size
        self.seed = seed
        self.sampling = sampling
        self.foreground_fraction = foreground_fraction
        self._rare = self._pixels_of_rarest_class() if foreground_fraction else None
        self._deck = Deck(self.weights, patch_size, seed, sampling)
        n_patches = int(self._deck.fewest.prod(axis=1).sum())
        self.steps_per_epoch = steps_per_epoch or -(-n_patches // batch_size)

    def _pixels_of_rarest_class(self):
        """Return the flat positions of the rarest class in each image."""
        pairs = list(zip(self.codes, self.weights, strict=True))
        counts = sum(np.bincount(c[w > 0], minlength=1 + max_code(self.codes)) for c, w in pairs)
        rarest = np.argmin(np.where(counts > 0, counts, np.inf))
        return [np.flatnonzero((c == rarest) & (w > 0)) for c, w in pairs]

    def batch(self, epoch, index):
        """Return one batch.

        Parameters
        ----------
        epoch, index : int
            Which epoch, and which batch in it.

        Returns
        -------
        images : ndarray of shape (batch_size, height, width, channels), float32
        codes : ndarray of shape (batch_size, height, width, 1), int32
        weights : ndarray of shape (batch_size, height, width, 1), float32
        """
        key = np.random.SeedSequence(self.seed, spawn_key=(1, epoch, index))
        rng = np.random.default_rng(key)
        patches = [self._patch(cell, rng) for cell in self._cells_of(epoch, index, rng)]
        images, codes, weights = (np.stack(arrays) for arrays in zip(*patches, strict=True))
        return images, codes[..., np.newaxis], weights[..., np.newaxis]

    def _cells_of(self, epoch, index, rng):
        """Return the cell of each patch: the next of the deck, or one of the rarest class."""
        first = index * self.batch_size
        if self.sampling == "grid":
            run = epoch
        else:
            run, first = 0, first + epoch * self.steps_per_epoch * self.batch_size
        cells = self._deck.deal(run, first, self.batch_size)
        if not self.foreground_fraction:
            return cells
        return [self._or_rare(cell, run, first + i, rng) for i, cell in enumerate(cells)]

    def _or_rare(self, cell, run, position, rng):
        """Return the cell, or by chance one of its image with a pixel of the rarest class."""
        rare = self._rare[cell.image]
        if rng.random() >= self.foreground_fraction or not len(rare):
            return cell
        pixel = np.unravel_index(rng.choice(rare), self.codes[cell.image].shape)
        return self._deck.cell_around(run, position, cell.image, pixel)

    def _patch(self, cell, rng):
        i = cell.image
        corner = [
            self._start(part, side, p, rng)
            for part, side, p in zip(cell[1:], self.codes[i].shape, self.patch_size, strict=True)
        ]
        window = tuple(slice(at, at + p) for at, p in zip(corner, self.patch_size, strict=True))
        share = tuple(
            slice(start - at, end - at) for (start, end), at in zip(cell[1:], corner, strict=True)
        )
        image = self.normalization(self.images[i][window], self.statistics[i])
        code, weight = self.codes[i][window], np.zeros_like(self.weights[i][window])
        weight[share] = self.weights[i][window][share]
        patch = self._filled((image, code, weight), self.patch_size)
        if self.augment is not None:
            patch = self.augment(*patch, rng)
        sides = [p + more for p, more in zip(self.patch_size, self.padding, strict=True)]
        return self._filled(patch, sides)

    def _start(self, part, side, patch, rng):
        """Return where a patch begins along a side of its image, so that it holds its cell."""
        start, end = part
        lowest, highest = max(0, end - patch), max(0, min(start, side - patch))
        if self.sampling == "random":
            return int(rng.integers(lowest, highest + 1))
        # The first cell begins with its patch, the last one ends with it.
        share = start / max(1, side - (end - start))
        return int(np.clip(round(share * max(0, side - patch)), lowest, highest))

    @staticmethod
    def _filled(patch, sides):
        """Return image, mask and weight of height and width `sides`."""
        height, width = patch[0].shape[:2]
        widths = [(0, sides[0] - height), (0, sides[1] - width)]
        if not np.any(widths):
            return patch
        image, code, weight = patch
        return (
            np.pad(image, [*widths, (0, 0)], mode="reflect"),
            np.pad(code, widths, mode="reflect"),
            np.pad(weight, widths),
        )

    def generate(self, first_epoch, n_epochs, workers=2):
        """Yield the batches of `n_epochs` epochs, prepared ahead by threads.

        Parameters
        ----------
        first_epoch, n_epochs : int
            Which epochs.
        workers : int, default=2
            Threads that prepare batches; the batches are the same whatever their number.

        Yields
        ------
        tuple
            What `batch` returns.
        """
        keys = (
            (epoch, index)
            for epoch in range(first_epoch, first_epoch + n_epochs)
            for index in range(self.steps_per_epoch)
        )
        with ThreadPoolExecutor(workers) as pool:
            waiting = deque()
            for key in keys:
                waiting.append(pool.submit(self.batch, *key))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()


def max_code(codes):
    """Return the highest code that occurs."""
    return max(int(code.max()) for code in codes)


def _each(weights, codes):
    return weights if weights is not None else [1.0] * len(codes)


def _useful_weight(code, weight):
    """Return the weight of each pixel as float32, zero where it is unlabelled."""
    return np.where(code >= 0, weight, 0).astype("float32")
