"""What all augmentations share: a probability, a representation, a chain, a user's function."""

import copy
import inspect

import numpy as np


class Transform:
    """Base class of augmentations of a patch.

    A subclass defines `transform`, which is called with the probability `p`.

    Parameters
    ----------
    p : float in [0, 1], default=1.0
        How often it is applied.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.transforms import Transform
    >>> class Invert(Transform):
    ...     def transform(self, image, mask, weight, rng):
    ...         return -image, mask, weight
    >>> invert, rng = Invert(p=1.0), np.random.default_rng(0)
    >>> image, mask = np.ones((1, 1, 1), dtype="float32"), np.ones((1, 1), dtype="int32")
    >>> float(invert(image, mask, None, rng)[0][0, 0, 0]), invert
    (-1.0, Invert(p=1.0))
    """

    def __init__(self, *, p=1.0):
        self.p = p

    def __call__(self, image, mask, weight, rng):
        """Return a patch, transformed or not.

        Parameters
        ----------
        image : ndarray of shape (height, width, channels), float32
            Normalised; it is not changed.
        mask : ndarray of shape (height, width), int32
            Class codes.
        weight : ndarray of shape (height, width), float32, or None
            Weights of the pixels.
        rng : numpy.random.Generator
            The only source of chance.

        Returns
        -------
        tuple of image, mask and weight
            Of the same shapes and dtypes.
        """
        if rng.random() >= self.p:
            return image, mask, weight
        return self.transform(image, mask, weight, rng)

    def transform(self, image, mask, weight, rng):
        """Return the transformed image, mask and weight."""
        raise NotImplementedError(f"{type(self).__name__} must define transform.")

    def __repr__(self):
        values = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"


class Compose(Transform):
    """Several transforms, one after the other.

    Parameters
    ----------
    transforms : sequence of callable
        Each ``(image, mask, weight, rng) -> (image, mask, weight)``.
    p : float in [0, 1], default=1.0
        How often they are applied.

    Examples
    --------
    >>> from emstellar.training.geometry import Flip
    >>> from emstellar.training.intensity import Noise
    >>> from emstellar.training.transforms import Compose
    >>> Compose([Flip(), Noise()])
    Compose(transforms=[Flip(transpose=True, p=1.0), Noise(amount=(0.0, 0.1), p=1.0)], p=1.0)
    """

    def __init__(self, transforms, *, p=1.0):
        self.transforms = list(transforms)
        super().__init__(p=p)

    def transform(self, image, mask, weight, rng):
        """Return what the last transform gives."""
        for transform in self.transforms:
            image, mask, weight = transform(image, mask, weight, rng)
        return image, mask, weight


class UserTransform(Transform):
    """A user's function as a transform.

    Parameters
    ----------
    function : callable
        ``(image, mask, rng) -> (image, mask)`` or, where weights need care of their own,
        ``(image, mask, weight, rng) -> (image, mask, weight)``; told apart by the number of
        parameters without a default. The first kind is called a second time with the same random
        numbers and the weights in place of the labels where these differ, so it must draw from
        `rng` alone.

    Raises
    ------
    TypeError
        If the function has another number of parameters.
    ValueError
        When called, if the function returns something of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.transforms import UserTransform
    >>> def mirror(image, mask, rng):
    ...     return image[:, ::-1], mask[:, ::-1]
    >>> image, mask = np.zeros((1, 2, 1), dtype="float32"), np.array([[0, 1]], dtype="int32")
    >>> weight = np.array([[0.5, 1]], dtype="float32")
    >>> UserTransform(mirror)(image, mask, weight, np.random.default_rng(0))[1:]
    (array([[1, 0]], dtype=int32), array([[1. , 0.5]], dtype=float32))
    """

    def __init__(self, function):
        self.function = function
        self.takes_weight = _n_parameters(function) == 4
        super().__init__()

    def transform(self, image, mask, weight, rng):
        """Return what the function gives, as arrays of the right dtypes."""
        if self.takes_weight:
            results = self.function(image, mask, weight, rng)
        elif weight is None or weight.min() == weight.max():
            results = (*self.function(image, mask, rng), weight)
        else:
            again = copy.deepcopy(rng)
            values, codes = np.unique(weight, return_inverse=True)
            codes = codes.reshape(weight.shape).astype("int32")
            _, moved = self.function(image, codes, again)
            results = (*self.function(image, mask, rng), values[moved])
        return tuple(_checked(*given) for given in zip(results, (image, mask, weight), strict=True))

    def __repr__(self):
        return f"UserTransform({self.function!r})"


def _n_parameters(function):
    """Return how many parameters a function needs, 3 or 4."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    needed = [p for p in parameters if p.kind in kinds and p.default is p.empty]
    if len(needed) not in (3, 4):
        raise TypeError(
            "An augmentation function must take (image, mask, rng) or (image, mask, weight, rng), "
            f"but {function!r} takes {[p.name for p in needed]}."
        )
    return len(needed)


def _checked(result, original):
    if original is None:
        return None
    result = np.ascontiguousarray(result, dtype=original.dtype)
    if result.shape != original.shape:
        raise ValueError(
            f"The augmentation function returned an array of shape {result.shape} where it was "
            f"given one of shape {original.shape}: patches must keep their shape."
        )
    return result
