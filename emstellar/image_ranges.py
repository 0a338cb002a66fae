"""The range of the training images' values, and a warning of images in another: `ImageRange`."""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from emstellar.input_warnings import are_inputs_judged, warn_of_input

_PERCENTILES = (1, 50, 99)
# Images of one type differ in exposure; those of two types more often in their scale.
_FACTOR, _FACTOR_OF_TYPES = 8, 3
_SIDE = 256


@dataclass(frozen=True)
class ImageRange:
    """Between what values images lie.

    Parameters
    ----------
    low, high : float
        The 1st and the 99th percentile of their pixels.
    dtype : str
        Their type.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.image_ranges import ImageRange
    >>> images = [np.arange(256, dtype="uint8").reshape(16, 16, 1)]
    >>> seen = ImageRange.of(images)
    >>> print(seen)
    2.55 to 252.4 (uint8)
    >>> seen.holds(images[0] // 2), seen.holds(images[0] / 255)
    (True, False)
    """

    low: float
    high: float
    dtype: str

    @classmethod
    def of(cls, images):
        """Return the range of images.

        Parameters
        ----------
        images : list of ndarray of shape (height, width, channels)

        Returns
        -------
        ImageRange
        """
        # The more images, the fewer pixels of each.
        side = max(16, int(_SIDE / math.sqrt(len(images))))
        pixels = np.concatenate([_sample(image, side).ravel() for image in images])
        low, _, high = np.percentile(pixels, _PERCENTILES).tolist()
        return cls(low, high, str(images[0].dtype))

    @classmethod
    def from_list(cls, values):
        """Return the range that `as_list` wrote.

        Raises
        ------
        ValueError
            If it is none.
        """
        is_range = isinstance(values, list) and len(values) == 3 and isinstance(values[2], str)
        if (
            not is_range
            or not all(isinstance(v, Real) and math.isfinite(v) for v in values[:2])
            or values[0] > values[1]
        ):
            raise ValueError(
                f"its range of images is {values!r}, expected two numbers, the lower first, and a "
                "type"
            )
        return cls(*values)

    def as_list(self):
        """Return low, high and dtype."""
        return [self.low, self.high, self.dtype]

    def holds(self, image):
        """Tell whether an image may be on the same scale.

        Parameters
        ----------
        image : ndarray of shape (height, width, channels)

        Returns
        -------
        bool
            Also True for an image of one value, which may be empty on any scale.
        """
        low, middle, high = np.percentile(_sample(image), _PERCENTILES)
        if low == high:
            return True
        factor = _FACTOR if str(image.dtype) == self.dtype else _FACTOR_OF_TYPES
        ours, theirs = max(abs(self.low), abs(self.high)), max(abs(low), abs(high))
        width = self.high - self.low
        return bool(
            ours / factor <= theirs <= ours * factor
            and self.low - width <= middle <= self.high + width
        )

    def warn_of_others(self, images, *, name="This segmenter", where="X"):
        """Warn of images in another range, once for all of them.

        Parameters
        ----------
        images : list of ndarray of shape (height, width, channels)
        name : str, default="This segmenter"
            Who is trained on images of this range.
        where : str, default="X"
            What the images are called.

        Warns
        -----
        UserWarning
            With both ranges.
        """
        if are_inputs_judged():
            return
        others = [i for i, image in enumerate(images) if not self.holds(image)]
        if others:
            first = ImageRange.of([images[others[0]]])
            warn_of_input(
                f"{len(others)} of {len(images)} images in {where} lie in another range than those "
                f"that {name} is trained on: {where}[{others[0]}] holds {first}, the training "
                f"images hold {self} (1st and 99th percentile). Scale all alike: what a method "
                "predicts for another range is of little worth."
            )

    def __str__(self):
        return f"{self.low:.4g} to {self.high:.4g} ({self.dtype})"


def _sample(image, side=_SIDE):
    """Return about so many rows and columns, spread over the image, as floats."""
    steps = [max(1, n // side) for n in image.shape[:2]]
    return np.asarray(image[:: steps[0], :: steps[1]], dtype="float64")
