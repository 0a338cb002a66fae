"""Batches of patches as a pure function of seed, epoch and index."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

import numpy as np


class PatchBatches:
    """Random patches of images, masks and weights, batch by batch.

    The batch of an epoch and an index depends on nothing but these and the seed, so that the
    number of workers, an interruption or a continued training change nothing. In every epoch
    each image is drawn in proportion to its area, and every pixel can be reached.

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
        Height and width of a patch in pixels, at most those of the smallest image.
    batch_size : int
        Patches per batch.
    steps_per_epoch : int or None
        Batches per epoch; None covers the area of all images once on average.
    size_multiple : int
        The sides of what is yielded are multiples of it; reflected pixels of weight zero fill up.
    sampling : {"random", "grid"}, default="random"
        Whether patches lie anywhere, or side by side, overlapping as little as covering the
        image allows.
    foreground_fraction : float, default=0.0
        Share of the patches, in [0, 1], that are placed around a pixel of the rarest class.
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
        # The labelled pixels, as flat positions, of the images that are not labelled everywhere:
        # there a patch must be placed on purpose, or most would have nothing to learn from.
        self._labelled = [np.flatnonzero(w) if not w.all() else None for w in self.weights]
        self._rare = self._pixels_of_rarest_class() if foreground_fraction else None
        self._deck = [
            (i, corner)
            for i, code in enumerate(self.codes)
            for corner in grid_corners(code.shape, patch_size)
        ]
        self.steps_per_epoch = steps_per_epoch or -(-len(self._deck) // batch_size)

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
        rng = np.random.default_rng([self.seed, epoch, index])
        patches = [self._patch(*card, rng) for card in self._cards_of(epoch, index)]
        images, codes, weights = (np.stack(arrays) for arrays in zip(*patches, strict=True))
        return images, codes[..., np.newaxis], weights[..., np.newaxis]

    def _cards_of(self, epoch, index):
        """Return image and grid corner of each patch: the epoch's deck is shuffled, then dealt."""
        positions = np.arange(index * self.batch_size, (index + 1) * self.batch_size)
        rounds, cards = np.divmod(positions, len(self._deck))
        shuffled = {
            r: np.random.default_rng([self.seed, epoch, int(r), 0]).permutation(len(self._deck))
            for r in np.unique(rounds)
        }
        return [self._deck[shuffled[r][card]] for r, card in zip(rounds, cards, strict=True)]

    def _patch(self, i, grid_corner, rng):
        top, left = self._corner(i, grid_corner, rng)
        window = slice(top, top + self.patch_size[0]), slice(left, left + self.patch_size[1])
        image = self.normalization(self.images[i][window], self.statistics[i])
        code, weight = self.codes[i][window], self.weights[i][window]
        if self.augment is not None:
            image, code, weight = self.augment(image, code, weight, rng)
        if any(self.padding):
            image, code = self._pad(image, "reflect"), self._pad(code, "reflect")
            weight = self._pad(weight, "constant")
        return image, code, weight

    def _corner(self, i, grid_corner, rng):
        """Return where a patch begins."""
        on_rare_class = self.foreground_fraction and rng.random() < self.foreground_fraction
        if on_rare_class and len(self._rare[i]):
            return self._corner_around(i, rng.choice(self._rare[i]), rng)
        if self.sampling == "grid":
            return grid_corner
        if self._labelled[i] is not None:
            return self._corner_around(i, rng.choice(self._labelled[i]), rng)
        free = [side - p for side, p in zip(self.codes[i].shape, self.patch_size, strict=True)]
        return tuple(int(rng.integers(f + 1)) for f in free)

    def _corner_around(self, i, position, rng):
        """Return the corner of a patch that contains a pixel, given as a flat position."""
        shape = self.codes[i].shape
        ranges = [
            (max(0, pixel - p + 1), min(pixel, side - p))
            for pixel, p, side in zip(
                np.unravel_index(position, shape), self.patch_size, shape, strict=True
            )
        ]
        return tuple(int(rng.integers(low, high + 1)) for low, high in ranges)

    def _pad(self, array, mode):
        widths = [(0, p) for p in self.padding] + [(0, 0)] * (array.ndim - 2)
        return np.pad(array, widths, mode=mode)

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


def grid_corners(shape, patch_size):
    """Return the corners of the fewest patches that cover an image, evenly spaced.

    Examples
    --------
    >>> from emstellar.training.patches import grid_corners
    >>> grid_corners((10, 4), (4, 4))
    [(0, 0), (3, 0), (6, 0)]
    """
    tops, lefts = (
        np.linspace(0, side - p, -(-side // p)).round().astype(int).tolist()
        for side, p in zip(shape, patch_size, strict=True)
    )
    return [(top, left) for top in tops for left in lefts]


def max_code(codes):
    """Return the highest code that occurs."""
    return max(int(code.max()) for code in codes)


def _each(weights, codes):
    return weights if weights is not None else [1.0] * len(codes)


def _useful_weight(code, weight):
    """Return the weight of each pixel as float32, zero where it is unlabelled."""
    return np.where(code >= 0, weight, 0).astype("float32")
