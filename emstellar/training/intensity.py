"""Augmentations that change grey values, as staining, detectors and preparation do.

Images arrive normalised, so all amounts are relative to the spread of the patch itself. Masks
and weights stay as they are.
"""

import numpy as np
from scipy import ndimage
from skimage.morphology import disk

from emstellar.training.transforms import Transform


class IntensityTransform(Transform):
    """Base class of changes of the image alone; a subclass defines `change`."""

    def transform(self, image, mask, weight, rng):
        """Return the changed image, and mask and weight as they are."""
        return self.change(image, rng).astype("float32", copy=False), mask, weight

    def change(self, image, rng):
        """Return a changed copy of an image of shape (height, width, channels)."""
        raise NotImplementedError(f"{type(self).__name__} must define change.")


class Brightness(IntensityTransform):
    """Add a constant.

    Parameters
    ----------
    limit : float, default=0.3
        Largest change, in standard deviations of the patch.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import Brightness
    >>> image = np.array([[[-1], [1]]], dtype="float32")
    >>> changed = Brightness(limit=0.5)(image, None, None, np.random.default_rng(0))[0]
    >>> (changed - image).ravel().round(3)
    array([-0.23, -0.23], dtype=float32)
    """

    def __init__(self, limit=0.3, *, p=1.0):
        self.limit = limit
        super().__init__(p=p)

    def change(self, image, rng):
        """Return the image plus a constant."""
        return image + np.float32(rng.uniform(-self.limit, self.limit) * image.std())


class Contrast(IntensityTransform):
    """Stretch or squeeze the grey values about their mean.

    Parameters
    ----------
    factor : tuple of float, default=(0.7, 1.4)
        Smallest and largest factor.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import Contrast
    >>> image = np.array([[[-1], [1]]], dtype="float32")
    >>> Contrast(factor=(2, 2))(image, None, None, np.random.default_rng(0))[0].ravel()
    array([-2.,  2.], dtype=float32)
    """

    def __init__(self, factor=(0.7, 1.4), *, p=1.0):
        self.factor = factor
        super().__init__(p=p)

    def change(self, image, rng):
        """Return the stretched image."""
        factor = np.float32(rng.uniform(*self.factor))
        return (image - image.mean()) * factor + image.mean()


class Gamma(IntensityTransform):
    """Raise the grey values, scaled to the range 0 to 1, to a power.

    Parameters
    ----------
    exponent : tuple of float, default=(0.7, 1.5)
        Smallest and largest exponent.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import Gamma
    >>> image = np.array([[[-1], [0], [1]]], dtype="float32")
    >>> Gamma(exponent=(2, 2))(image, None, None, np.random.default_rng(0))[0].ravel()
    array([-1. , -0.5,  1. ], dtype=float32)
    """

    def __init__(self, exponent=(0.7, 1.5), *, p=1.0):
        self.exponent = exponent
        super().__init__(p=p)

    def change(self, image, rng):
        """Return the image with its former minimum and maximum."""
        exponent = np.float32(rng.uniform(*self.exponent))
        low, span = image.min(), np.ptp(image)
        return ((image - low) / span) ** exponent * span + low if span else image


class Noise(IntensityTransform):
    """Add normal noise.

    Parameters
    ----------
    amount : tuple of float, default=(0.0, 0.1)
        Smallest and largest standard deviation, in standard deviations of the patch.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import Noise
    >>> image = np.tile([-1, 1], 5000).reshape(100, 100, 1).astype("float32")
    >>> noisy = Noise(amount=(0.1, 0.1))(image, None, None, np.random.default_rng(0))[0]
    >>> round(float((noisy - image).std()), 2)
    0.1
    """

    def __init__(self, amount=(0.0, 0.1), *, p=1.0):
        self.amount = amount
        super().__init__(p=p)

    def change(self, image, rng):
        """Return the image plus noise."""
        amount = np.float32(rng.uniform(*self.amount) * image.std())
        return image + amount * rng.standard_normal(image.shape, dtype="float32")


class Blur(IntensityTransform):
    """Smooth with a Gaussian.

    Parameters
    ----------
    sigma : tuple of float, default=(0.3, 1.5)
        Smallest and largest standard deviation, in pixels.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import Blur
    >>> image = np.array([[[0], [0], [1], [0], [0]]], dtype="float32")
    >>> Blur(sigma=(0.5, 0.5))(image, None, None, np.random.default_rng(0))[0].ravel().round(2)
    array([0.  , 0.11, 0.79, 0.11, 0.  ], dtype=float32)
    """

    def __init__(self, sigma=(0.3, 1.5), *, p=1.0):
        self.sigma = sigma
        super().__init__(p=p)

    def change(self, image, rng):
        """Return the smoothed image."""
        return ndimage.gaussian_filter(image, rng.uniform(*self.sigma), axes=(0, 1))


class Defocus(IntensityTransform):
    """Average over a disk, as a lens out of focus does.

    Parameters
    ----------
    radius : tuple of int, default=(1, 3)
        Smallest and largest radius, in pixels.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import Defocus
    >>> image = np.array([[0, 0, 0], [0, 5, 0], [0, 0, 0]], dtype="float32")[..., np.newaxis]
    >>> Defocus(radius=(1, 1))(image, None, None, np.random.default_rng(0))[0][..., 0]
    array([[0., 1., 0.],
           [1., 1., 1.],
           [0., 1., 0.]], dtype=float32)
    """

    def __init__(self, radius=(1, 3), *, p=1.0):
        self.radius = radius
        super().__init__(p=p)

    def change(self, image, rng):
        """Return the averaged image."""
        kernel = disk(int(rng.integers(self.radius[0], self.radius[1] + 1)), dtype="float32")
        return ndimage.convolve(image, (kernel / kernel.sum())[..., np.newaxis], mode="reflect")


class MissingSection(IntensityTransform):
    """Lose a neighbouring section: one channel other than the middle one becomes uniform.

    Parameters
    ----------
    p : float in [0, 1], default=1.0
        How often it is applied. An image of one channel has no neighbours and stays as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import MissingSection
    >>> image = np.array([[[0, 1, 2], [4, 5, 6]]], dtype="float32")
    >>> MissingSection()(image, None, None, np.random.default_rng(0))[0]
    array([[[0., 1., 4.],
            [4., 5., 4.]]], dtype=float32)
    """

    def change(self, image, rng):
        """Return the image with one channel at its mean."""
        middle = image.shape[-1] // 2
        neighbours = [channel for channel in range(image.shape[-1]) if channel != middle]
        if not neighbours:
            return image
        changed = image.copy()
        lost = neighbours[rng.integers(len(neighbours))]
        changed[..., lost] = image[..., lost].mean()
        return changed


class Curtaining(IntensityTransform):
    """Add streaks along one axis, as uneven milling by an ion beam leaves them.

    Parameters
    ----------
    amount : tuple of float, default=(0.1, 0.4)
        Smallest and largest standard deviation of the streaks, in those of the patch.
    width : tuple of float, default=(0.5, 4.0)
        Smallest and largest width of the streaks, in pixels.
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.intensity import Curtaining
    >>> image = np.random.default_rng(0).normal(size=(8, 8, 1)).astype("float32")
    >>> streaks = Curtaining()(image, None, None, np.random.default_rng(0))[0] - image
    >>> bool(np.allclose(streaks, streaks[:1], atol=1e-6))
    True
    """

    def __init__(self, amount=(0.1, 0.4), width=(0.5, 4.0), *, p=1.0):
        self.amount = amount
        self.width = width
        super().__init__(p=p)

    def change(self, image, rng):
        """Return the image with streaks along its height or its width."""
        axis = rng.integers(2)
        profile = rng.standard_normal(image.shape[axis])
        profile = ndimage.gaussian_filter1d(profile, rng.uniform(*self.width), mode="reflect")
        profile *= rng.uniform(*self.amount) * image.std() / (profile.std() or 1.0)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        return image + profile.reshape(shape).astype("float32")
