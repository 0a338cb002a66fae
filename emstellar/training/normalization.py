"""Intensity normalisation whose statistics come from the training images and are kept."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Normalization:
    """Subtract a mean and divide by a standard deviation, per channel.

    Parameters
    ----------
    kind : {"train", "image", None}
        Whose statistics: those of the training images, those of each image itself, or none.
    mean, std : tuple of float, default=()
        Per channel, of the training images; used by ``kind="train"`` only.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training import Normalization
    >>> images = [np.array([[[0.0], [10.0]]]), np.array([[[20.0], [30.0]]])]
    >>> normalization = Normalization.fit("train", images)
    >>> normalization.mean
    (15.0,)
    >>> normalization(images[0]).ravel().round(3)
    array([-1.342, -0.447], dtype=float32)
    """

    kind: str | None
    mean: tuple = ()
    std: tuple = ()

    @classmethod
    def fit(cls, kind, images):
        """Return the normalisation for images.

        Parameters
        ----------
        kind : {"train", "image", None}
            As in the class.
        images : list of ndarray of shape (height, width, channels)
            The training images.

        Returns
        -------
        Normalization
        """
        if kind != "train":
            return cls(kind)
        count = sum(image.shape[0] * image.shape[1] for image in images)
        mean = sum(image.sum(axis=(0, 1), dtype="float64") for image in images) / count
        squares = sum(((image - mean) ** 2).sum(axis=(0, 1)) for image in images) / count
        return cls(kind, tuple(mean.tolist()), tuple(_never_zero(np.sqrt(squares)).tolist()))

    def statistics(self, image):
        """Return the mean and the standard deviation that apply to a whole image.

        Parameters
        ----------
        image : ndarray of shape (height, width, channels)
            Any real dtype.

        Returns
        -------
        mean, std : ndarray of shape (channels,)
        """
        if self.kind == "train":
            return np.asarray(self.mean), np.asarray(self.std)
        if self.kind == "image":
            # In half or single precision the squares of large values would be infinite.
            own = {"axis": (0, 1), "dtype": "float64"}
            return image.mean(**own), _never_zero(image.std(**own))
        return np.zeros(image.shape[-1]), np.ones(image.shape[-1])

    def __call__(self, image, statistics=None):
        """Return `image` or a patch of it, normalised, as float32.

        Parameters
        ----------
        image : ndarray of shape (height, width, channels)
            Any real dtype.
        statistics : tuple of two ndarray of shape (channels,), optional
            From `statistics` of the whole image when `image` is a patch of it.

        Returns
        -------
        ndarray of shape (height, width, channels), float32
        """
        mean, std = self.statistics(image) if statistics is None else statistics
        return ((image - mean) / std).astype("float32")


def _never_zero(std):
    """Return `std` with 1 for channels of one constant value, which then become zero."""
    return np.where(std > 0, std, 1.0)
