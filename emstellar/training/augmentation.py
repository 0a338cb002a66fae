"""Augmentation by name: what is done to the patches of a fit.

Every transform is a function of the patch and of a random generator alone, so that a generator
per patch makes training independent of the number of workers. Its parts are in `geometry`
(pixels move), `intensity` (grey values change) and `transforms` (chains, a user's functions).
"""

from emstellar.constraints import did_you_mean
from emstellar.training.geometry import Affine, Elastic, Flip, Warp
from emstellar.training.intensity import (
    Blur,
    Brightness,
    Contrast,
    Curtaining,
    Defocus,
    Gamma,
    MissingSection,
    Noise,
)
from emstellar.training.transforms import Compose, Transform, UserTransform


def _flips():
    return Flip()


def _mirrors():
    return Flip(transpose=False)


def _paper():
    """Return the augmentation of the EM-net notebook, whose shear is in degrees."""
    affine = Affine(rotation=140.0, zoom=(0.8, 1.2), shear=0.2, shift=0.2)
    return Compose([Flip(transpose=False), affine])


def _strong():
    """Return what real sections suffer: geometry always, each change of grey values sometimes."""
    affine = Affine(rotation=45.0, zoom=(0.8, 1.25), shear=5.0, shift=0.1, p=0.7)
    return Compose(
        [
            Flip(),
            Warp([affine, Elastic(p=0.5)]),
            Brightness(p=0.5),
            Contrast(p=0.5),
            Gamma(p=0.3),
            Blur(p=0.15),
            Defocus(p=0.1),
            Noise(p=0.3),
            Curtaining(p=0.15),
            MissingSection(p=0.1),
        ]
    )


_AUGMENTATIONS = {"flips": _flips, "mirrors": _mirrors, "paper": _paper, "strong": _strong}


def get_augmentation(identifier):
    """Return a function that augments a patch.

    Parameters
    ----------
    identifier : {"flips", "mirrors", "paper", "strong"}, callable or None
        - ``"flips"``: the 8 symmetries of the square.
        - ``"mirrors"``: 4 of them, without quarter turns, for images in which everything runs one
          way, as muscle fibres do.
        - ``"paper"``: both flips, rotation by up to 140 degrees, shifts by up to 20 %, zoom by
          0.8 to 1.2 per axis, as in the EM-stellar paper's notebook.
        - ``"strong"``: the symmetries, affine and elastic deformation, brightness, contrast,
          gamma, noise, blur, defocus, curtaining, and missing neighbouring sections.
        - A callable ``(image, mask, rng) -> (image, mask)`` or
          ``(image, mask, weight, rng) -> (image, mask, weight)``, among them any `Transform`;
          see `UserTransform`. It must be picklable where the estimator is to be.
        - None: patches stay as they are.

    Returns
    -------
    callable or None
        ``(image, mask, weight, rng) -> (image, mask, weight)``; image float32 (height, width,
        channels), mask int32 (height, width), weight float32 (height, width) or None, rng a
        `numpy.random.Generator`.

    Raises
    ------
    ValueError
        If the name is unknown; the message holds the nearest names.
    TypeError
        If `identifier` is none of these, or a callable with other parameters.

    Examples
    --------
    >>> from emstellar.training import get_augmentation
    >>> get_augmentation("flips")
    Flip(transpose=True, p=1.0)
    >>> get_augmentation("flip")
    Traceback (most recent call last):
        ...
    ValueError: 'flip' is not the name of an augmentation. Did you mean 'flips'? ...
    """
    if identifier is None or isinstance(identifier, Transform):
        return identifier
    if isinstance(identifier, str):
        return _by_name(identifier)
    if callable(identifier):
        return UserTransform(identifier)
    raise TypeError(
        "augmentation must be None, the name of one or a callable (image, mask, rng), "
        f"got {identifier!r} instead."
    )


def _by_name(name):
    if name in _AUGMENTATIONS:
        return _AUGMENTATIONS[name]()
    raise ValueError(
        f"{name!r} is not the name of an augmentation.{did_you_mean(name, _AUGMENTATIONS)} "
        f"Valid names are {list(_AUGMENTATIONS)}; a callable works too."
    )
