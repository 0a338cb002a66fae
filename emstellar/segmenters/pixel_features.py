"""Feature banks: from an image to filter values at each pixel, window by window."""

import numpy as np

from emstellar.segmenters import ilastik_bank, multiscale_bank, weka_bank

# Under the name that it had before it got its own module, too.
from emstellar.segmenters.multiscale_bank import multiscale_features as multiscale_features
from emstellar.segmenters.windows import split_windows


class FunctionBank:
    """Features by any function of whole images.

    Parameters
    ----------
    compute : callable
        From an image (height, width, n_channels) to features (height, width, n_features).
    """

    def __init__(self, compute):
        self.compute = compute

    def prepare(self, image):
        """Return a function from windows of an image to their features.

        Parameters
        ----------
        image : ndarray of shape (height, width, n_channels)
            Given to the function as it is.

        Returns
        -------
        callable
            From a `Window` to features (n_rows, n_columns, n_features).

        Raises
        ------
        ValueError
            If the function's features have not the height and width of the image.
        """
        features = np.asarray(self.compute(image))
        if features.ndim != 3 or features.shape[:2] != image.shape[:2]:
            raise ValueError(
                f"features returned an array of shape {features.shape} for an image of shape "
                f"{image.shape}; expected (height, width, n_features) with the image's height "
                "and width."
            )
        return lambda window: features[window.rows, window.columns]


def compute_pixels(bank, image, pixels):
    """Return the features of some pixels.

    Parameters
    ----------
    bank : FilterBank or FunctionBank
        What to compute.
    image : ndarray of shape (height, width, n_channels)
        The whole image.
    pixels : ndarray of shape (n_pixels,)
        Flat positions.

    Returns
    -------
    ndarray of shape (n_pixels, n_features)
    """
    rows, columns = np.divmod(pixels, image.shape[1])
    compute_window, parts, places = bank.prepare(image), [], []
    for window in split_windows(image.shape):
        inside = np.flatnonzero(
            (rows >= window.rows.start)
            & (rows < window.rows.stop)
            & (columns >= window.columns.start)
            & (columns < window.columns.stop)
        )
        if inside.size:
            features = compute_window(window)
            r, c = rows[inside] - window.rows.start, columns[inside] - window.columns.start
            parts.append(features[r, c])
            places.append(inside)
    return np.concatenate(parts)[np.argsort(np.concatenate(places))]


BANKS = {
    "multiscale": multiscale_bank.BANK,
    "ilastik": ilastik_bank.BANK,
    "weka": weka_bank.BANK,
}
