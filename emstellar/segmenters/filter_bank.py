"""Banks of filters that are computed window by window."""

from functools import cache, partial

import numpy as np
from threadpoolctl import ThreadpoolController

from emstellar.segmenters.windows import split_windows


class FilterBank:
    """Filters of each channel, side by side.

    Parameters
    ----------
    fill : callable
        Writes the features of a window of a channel: ``fill(channel, window, planes)``.
    n_features : int
        How many there are.
    """

    def __init__(self, fill, n_features):
        self.fill = fill
        self.n_features = n_features

    def prepare(self, image):
        """Return a function from windows of an image to their features.

        Parameters
        ----------
        image : ndarray of shape (height, width, n_channels)
            Any real dtype; converted to float32 without rescaling.

        Returns
        -------
        callable
            From a `Window` to float32 features (n_rows, n_columns, n_channels * n_features).
        """
        return partial(self._compute_window, image)

    def _compute_window(self, image, window):
        size = [span.stop - span.start for span in (window.rows, window.columns)]
        planes = np.empty((image.shape[-1], self.n_features, *size), dtype="float32")
        # One thread: how many cores a fit may use is the caller's to say.
        with _controller().limit(limits=1, user_api="blas"):
            for c, channel_planes in enumerate(planes):
                self.fill(image[..., c], window, channel_planes)
        return np.moveaxis(planes.reshape(-1, *size), 0, -1)

    def compute(self, image):
        """Return the features of a whole image.

        Parameters
        ----------
        image : ndarray of shape (height, width, n_channels)
            As in `prepare`.

        Returns
        -------
        ndarray of shape (height, width, n_channels * n_features), float32
        """
        shape = (*image.shape[:2], image.shape[-1] * self.n_features)
        features, compute_window = np.empty(shape, dtype="float32"), self.prepare(image)
        for window in split_windows(shape):
            features[window.rows, window.columns] = compute_window(window)
        return features


@cache
def _controller():
    return ThreadpoolController()
