"""Synthetic electron-microscopy images: `make_em_images`."""

import numpy as np

from ..constraints import NONE, RANDOM_STATE, Interval, OneOf, check_arguments, pair_of
from ..randomness import seed_from
from .microscope import Stain, paint, photograph
from .scene import Scene

SECTIONS_PER_GROUP = 4
MEMBRANE_HALF_WIDTH = 1.6
_FRACTION = Interval(float, 0, 1, closed="both")
_NOT_NEGATIVE = Interval(float, 0, None)
_CONSTRAINTS = {
    "n_images": [Interval(int, 1, None)],
    "shape": [pair_of(Interval(int, 16, None))],
    "kind": [OneOf("mitochondria", "membranes")],
    "n_groups": [Interval(int, 1, None), NONE],
    "density": [Interval(float, 0, 0.5, closed="both"), NONE],
    "organelle_radius": [Interval(float, 3, None), NONE],
    "size_spread": [_FRACTION],
    "cell_size": [Interval(float, 8, None), NONE],
    "distractors": [_NOT_NEGATIVE],
    "section_spacing": [_NOT_NEGATIVE],
    "noise": [_NOT_NEGATIVE],
    "blur": [_NOT_NEGATIVE],
    "illumination": [_FRACTION],
    "random_state": [RANDOM_STATE, NONE],
}


def make_em_images(
    n_images=24,
    shape=(128, 128),
    *,
    kind="mitochondria",
    n_groups=None,
    density=None,
    organelle_radius=None,
    size_spread=0.3,
    cell_size=None,
    distractors=1.0,
    section_spacing=4.0,
    noise=0.08,
    blur=0.8,
    illumination=0.15,
    return_groups=False,
    random_state=None,
):
    """Generate synthetic electron-microscopy images with masks.

    Each group is a piece of synthetic tissue, cut into serial sections: its cells and organelles
    are the same in all its images, a little deformed and shifted from each to the next, and
    appear and vanish slowly. Images of different groups share nothing. A brightness threshold
    does not find the mitochondria: dark cells, lysosomes, lipid droplets, membranes and uneven
    illumination are in its way.

    Parameters
    ----------
    n_images : int, default=24
        The number of images.
    shape : tuple of int, default=(128, 128)
        Height and width of the images, in pixels; at least 16.
    kind : {"mitochondria", "membranes"}, default="mitochondria"
        What the mask shows. With "mitochondria", 1 inside mitochondria with their membranes.
        With "membranes", 0 on the membranes between cells and 1 elsewhere, the convention of the
        ISBI 2012 challenge; mitochondria are then distractors.
    n_groups : int, default=None
        The number of pieces of tissue; None means one for every four images. Images of one group
        follow each other.
    density : float, default=None
        Share of the area that mitochondria take, roughly, in [0, 0.5]; cells are full at about
        0.3. None means 0.25, or 0.08 if `kind` is "membranes".
    organelle_radius : float, default=None
        Mean radius of the mitochondria, in pixels, at least 3; other dark bodies have about half
        of it. None means 9, or 7 if `kind` is "membranes".
    size_spread : float, default=0.3
        Standard deviation of the logarithm of the radii, in [0, 1].
    cell_size : float, default=None
        Mean diameter of the cells, in pixels, at least 8; None means six times
        `organelle_radius`, or 30 if `kind` is "membranes".
    distractors : float, default=1.0
        Multiplies the number of lysosomes and lipid droplets, which are not foreground.
    section_spacing : float, default=4.0
        Distance between neighbouring sections of a group, in pixels; 0 gives sections of the same
        objects that differ by noise only.
    noise : float, default=0.08
        Standard deviation of the shot noise at full brightness, as a share of it; it falls with
        the square root of the brightness.
    blur : float, default=0.8
        Standard deviation of the Gaussian point-spread function, in pixels.
    illumination : float, default=0.15
        How much brightness and contrast change over an image and from image to image, in [0, 1].
    return_groups : bool, default=False
        If True, return the group of each image too.
    random_state : int, RandomState instance or None, default=None
        Determines the images. Pass an int for the same images in every call. The global random
        state of numpy is neither used nor changed.

    Returns
    -------
    X : ndarray of shape (n_images, height, width), uint8
        The images.
    y : ndarray of shape (n_images, height, width), uint8
        The masks, values 0 and 1.
    groups : ndarray of shape (n_images,), int
        The group of each image, for splitters such as
        `sklearn.model_selection.LeaveOneGroupOut`. Only if `return_groups` is True.

    Raises
    ------
    ValueError
        If a parameter is out of its range or there are more groups than images.

    See Also
    --------
    fetch_cardiac : Real images of heart muscle with masks of mitochondria.
    fetch_isbi2012 : Real images of brain with masks of membranes.

    Notes
    -----
    Cells are a power diagram of random points in three dimensions, under a smooth random
    deformation [1]_. Shot noise has a variance proportional to the signal.

    References
    ----------
    .. [1] F. Aurenhammer (1987), Power diagrams: properties, algorithms and applications, SIAM
       Journal on Computing 16(1), 78-96.

    Examples
    --------
    >>> from emstellar.datasets import make_em_images
    >>> X, y, groups = make_em_images(4, (64, 48), n_groups=2, return_groups=True, random_state=0)
    >>> X.shape, X.dtype, y.shape, sorted(set(y.ravel().tolist()))
    ((4, 64, 48), dtype('uint8'), (4, 64, 48), [0, 1])
    >>> groups
    array([0, 0, 1, 1])
    """
    check_arguments("make_em_images", locals(), _CONSTRAINTS)
    n_groups = -(-n_images // SECTIONS_PER_GROUP) if n_groups is None else n_groups
    if n_groups > n_images:
        raise ValueError(
            f"n_groups={n_groups} is greater than n_images={n_images}: each group needs an image."
        )
    tissue = {
        "density": density,
        "radius": organelle_radius,
        "size_spread": size_spread,
        "cell_size": cell_size,
        "distractors": distractors,
    }
    camera = {"noise": noise, "blur": blur, "illumination": illumination}
    tissue = _with_defaults(tissue, kind)
    seed = seed_from(random_state)
    groups = np.arange(n_images) * n_groups // n_images
    pairs = [
        pair
        for group, n_sections in enumerate(np.bincount(groups))
        for pair in _make_group(
            np.random.default_rng([seed, group]),
            tuple(shape),
            section_spacing * np.arange(n_sections),
            kind,
            tissue,
            camera,
        )
    ]
    X, y = (np.stack(arrays) for arrays in zip(*pairs, strict=True))
    return (X, y, groups) if return_groups else (X, y)


def _with_defaults(tissue, kind):
    """Return the properties of the tissue with values where None was given."""
    of_membranes = kind == "membranes"
    radius = tissue["radius"] or (7.0 if of_membranes else 9.0)
    defaults = {
        "density": 0.08 if of_membranes else 0.25,
        "radius": radius,
        "cell_size": 30.0 if of_membranes else 6.0 * radius,
    }
    return {name: defaults[name] if value is None else value for name, value in tissue.items()}


def _make_group(rng, shape, depths, kind, tissue, camera):
    """Yield the image and the mask of each section of one piece of tissue."""
    scene = Scene(rng, shape, depths[-1], **tissue)
    stain = Stain(rng, scene)
    for z in depths:
        section = scene.cut(z, shift=rng.normal(0, 0.4, size=2))
        yield photograph(rng, paint(rng, section, stain, z), **camera), _mask(section, kind)


def _mask(section, kind):
    if kind == "membranes":
        return (section.depth_in_cell > MEMBRANE_HALF_WIDTH).astype(np.uint8)
    return (section.mitochondrion < 0).astype(np.uint8)
