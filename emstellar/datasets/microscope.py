"""From a section of a synthetic scene to the picture that a microscope would take of it."""

import numpy as np
from scipy import ndimage

from .fields import DriftingField, smooth_noise


class Stain:
    """Brightness of each structure of a scene, the same in all its sections.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    scene : Scene
        Whose cells and organelles are stained.
    """

    def __init__(self, rng, scene):
        n_cells, n_tubes, n_bodies = len(scene.cells), len(scene.tubes), len(scene.bodies)
        dark = rng.random(n_cells) < 0.18
        self.cell = rng.normal(0.66, 0.035, n_cells) - dark * rng.uniform(0.08, 0.22, n_cells)
        self.matrix = rng.normal(0.41, 0.035, max(n_tubes, 1))
        self.crista_contrast = rng.uniform(0.05, 0.17, max(n_tubes, 1))
        self.crista_period = rng.uniform(3.6, 5.5, max(n_tubes, 1))
        self.body = rng.choice([0.16, 0.28, 0.42, 0.8], max(n_bodies, 1), p=[0.3, 0.3, 0.2, 0.2])
        self.texture = [
            (amplitude, DriftingField(rng, scene.shape, scale, depth))
            for amplitude, scale, depth in ((0.03, 14, 30), (0.035, 4, 6))
        ]
        self.reticulum = DriftingField(rng, scene.shape, 8, 16)
        self.reticulum_where = DriftingField(rng, scene.shape, 24, 40)
        self.density_where = DriftingField(rng, scene.shape, 12, 20)
        self.granularity = rng.uniform(0.6, 1.4)


def paint(rng, section, stain, z):
    """Return the ideal image of `section`, float32 with values in about [0, 1]."""
    image = _cytoplasm(rng, section, stain, z)
    image = _mitochondria(rng, image, section, stain)
    image = _bodies(image, section, stain)
    return _membranes(image, section, stain, z)


def _bump(distance, centre, width):
    """Return a bell of height 1 around `centre`: how a thin structure is painted."""
    return np.exp(-0.5 * ((distance - centre) / width) ** 2)


def _cytoplasm(rng, section, stain, z):
    shape = section.cell.shape
    image = stain.cell[section.cell].astype("float32")
    for amplitude, field in stain.texture:
        image += amplitude * field.at(z)
    image += 0.03 * smooth_noise(rng, shape, 0.8)
    ribosomes = (rng.random(shape) < 0.035).astype("float32")
    image -= 0.85 * stain.granularity * ndimage.gaussian_filter(ribosomes, 0.75)
    sheet = np.abs(stain.reticulum.at(z))
    where = np.clip(2 * stain.reticulum_where.at(z) - 0.8, 0, 1)
    image -= where * (0.22 * _bump(sheet, 0.30, 0.09) - 0.08 * (sheet < 0.2))
    return _vesicles(rng, image, section)


def _vesicles(rng, image, section):
    """Add clusters of small bright vesicles with a dark membrane."""
    shape = image.shape
    crowd = smooth_noise(rng, shape, 20)
    seeds = rng.random(shape) < 0.02 * np.clip(crowd - 0.7, 0, 1)
    if not seeds.any():
        return image
    distance = ndimage.distance_transform_edt(~seeds)
    free = (section.depth_in_cell > 5) & (section.mitochondrion > 3)
    return image + free * (0.08 * (distance < 1.5) - 0.2 * _bump(distance, 2.3, 0.6))


def _mitochondria(rng, image, section, stain):
    distance = section.mitochondrion
    if not (distance < 0).any():
        return image
    shape = image.shape
    index = section.mitochondrion_index
    wobble = 1.6 * smooth_noise(rng, shape, 5)
    phase = 2 * np.pi * (section.along + wobble) / stain.crista_period[index]
    present = np.clip(smooth_noise(rng, shape, 5) + 1.0, 0, 1) * (distance < -2.5)
    matrix = stain.matrix[index] + 0.03 * smooth_noise(rng, shape, 0.9)
    matrix = matrix + stain.crista_contrast[index] * present * np.cos(phase)
    # Two membranes, dark, with a bright space between them.
    matrix -= 0.20 * _bump(distance, -0.5, 0.8) - 0.07 * _bump(distance, -1.9, 0.5)
    matrix -= 0.10 * _bump(distance, -3.0, 0.6)
    inside = np.clip(0.5 - distance, 0, 1)
    return image * (1 - inside) + matrix * inside


def _bodies(image, section, stain):
    inside = np.clip(0.5 - section.body, 0, 1)
    body = stain.body[section.body_index] - 0.12 * _bump(section.body, -0.5, 0.8)
    return image * (1 - inside) + body * inside


def _membranes(image, section, stain, z):
    depth = section.depth_in_cell
    image = image + 0.12 * (_bump(depth, 0, 0.6) - 3.6 * _bump(depth, 1.0, 0.75))
    thick = np.clip(stain.density_where.at(z) - 1.5, 0, 1)
    return image - 0.4 * thick * np.exp(-np.maximum(depth - 1, 0) / 2.5)


def photograph(rng, image, *, blur, noise, illumination):
    """Return `image` as a camera sees it.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the numbers come from.
    image : ndarray of shape (height, width)
        The ideal image, values in about [0, 1].
    blur, noise, illumination : float
        As in `make_em_images`.

    Returns
    -------
    ndarray of shape (height, width), uint8
    """
    image = ndimage.gaussian_filter(image, blur) if blur else image
    contrast = 1 + illumination * rng.uniform(-1, 1)
    offset = 0.5 * illumination * rng.uniform(-1, 1)
    image = (image - 0.55) * contrast + 0.55 + offset
    image = image * (1 + 0.6 * illumination * _uneven(rng, image.shape))
    # Counting statistics: the variance is proportional to the signal.
    grain = rng.standard_normal(image.shape, dtype="float32")
    image = image + noise * np.sqrt(np.clip(image, 0.05, 1)) * grain
    return np.clip(255 * image + 0.5, 0, 255).astype(np.uint8)


def _uneven(rng, shape):
    """Return a slow change of brightness over the image, between about -1 and 1."""
    row, column = np.meshgrid(*(np.linspace(-1, 1, size) for size in shape), indexing="ij")
    slope, curve = rng.uniform(-0.6, 0.6, size=(2, 2))
    return (
        slope[0] * row
        + slope[1] * column
        + curve[0] * (row**2 - 1 / 3)
        + curve[1] * (column**2 - 1 / 3)
    ).astype("float32")
