"""Mitochondria in the brain of a mouse: `fetch_neuronal`."""

import numpy as np
from skimage.io import imread
from sklearn.utils import Bunch

from .description import load_description
from .download import fetch_files
from .sources import CDEEP3M
from .subsets import check_subset

SECTIONS = {
    "train": [("training", z) for z in range(10, 30)],
    "test": [("validation", z) for z in range(50, 60)],
}
SECTIONS["all"] = SECTIONS["train"] + SECTIONS["test"]
BLOCK = 5


def fetch_neuronal(*, subset="train", data_home=None, download_if_missing=True, return_X_y=False):
    """Load the neuronal images that come with CDeep3M (mitochondria, SBEM).

    Downloaded on the first call (30 MB) and kept in the data home; see `get_data_home`.

    ==============   =======================================
    Images           30 sections, 1024 x 1024 pixels, uint8
    Foreground       mitochondria, 7 to 10 % of the pixels
    ==============   =======================================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        Sections 10 to 29, sections 50 to 59 (upstream's validation set), or all.
    data_home : str or path-like, default=None
        Where the files are kept; see `get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError where a file is missing instead of downloading it.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    data : `~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of shape (n_images, 1024, 1024), uint8
            The images, in the order of the sections.
        target : ndarray of shape (n_images, 1024, 1024), uint8
            The masks: 1 inside mitochondria, 0 elsewhere.
        section : ndarray of shape (n_images,), int
            The number of the section in the volume.
        groups : ndarray of shape (n_images,), int
            Blocks of five neighbouring sections. Neighbours look alike (their masks have a Dice
            overlap of 0.78): they must not stand on both sides of a split, and
            `emstellar.model_selection.BlockKFold` leaves a gap besides.
        filenames, target_filenames : list of str
            The files of the images and of the masks, as named upstream.
        target_names : list of str
            What the values of `target` mean.
        DESCR : str
            Source, licence and citation.
    (data, target) : tuple if ``return_X_y`` is True

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, cannot be downloaded or has a
        wrong hash.

    References
    ----------
    .. [1] M. G. Haberl et al. (2018), CDeep3M: plug-and-play cloud-based deep learning for image
       segmentation, Nature Methods 15, 677-680,
       `doi:10.1038/s41592-018-0106-z <https://doi.org/10.1038/s41592-018-0106-z>`_.

    Examples
    --------
    >>> from emstellar.datasets import fetch_neuronal
    >>> neuronal = fetch_neuronal(subset="test")  # doctest: +SKIP
    >>> neuronal.data.shape, neuronal.section[[0, -1]]  # doctest: +SKIP
    ((10, 1024, 1024), array([50, 59]))
    """
    sections = SECTIONS[check_subset(subset, SECTIONS, "fetch_neuronal")]
    root = "mito_testsample"
    images = [f"{root}/{folder}/images/images.{z:03d}.png" for folder, z in sections]
    masks = [f"{root}/{folder}/labels/mitos_3D.{z:03d}.png" for folder, z in sections]
    where = {"data_home": data_home, "download_if_missing": download_if_missing}
    data = np.stack([imread(path) for path in fetch_files(CDEEP3M, images, **where)])
    # Upstream stores the labels 0 and 1 in each of three colour channels.
    target = np.stack([imread(path)[..., 0] for path in fetch_files(CDEEP3M, masks, **where)])
    if return_X_y:
        return data, target
    section = np.array([z for _, z in sections])
    return Bunch(
        data=data,
        target=target,
        section=section,
        groups=section // BLOCK,
        filenames=images,
        target_filenames=masks,
        target_names=["background", "mitochondrion"],
        DESCR=load_description("neuronal"),
    )
