"""Mitochondria in heart muscle: `fetch_cardiac`."""

import numpy as np
from skimage.io import imread
from sklearn.utils import Bunch

from .description import load_description
from .download import fetch_files
from .sources import EM_NET, EM_STELLAR
from .subsets import check_subset

QUADRANTS = "ABCD"
FIELDS = {"train": (0, 1, 2, 3, 5), "test": (4,), "all": (0, 1, 2, 3, 4, 5)}
TEST_FIELD = 4


def fetch_cardiac(*, subset="train", data_home=None, download_if_missing=True, return_X_y=False):
    """Load the cardiac images of the EM-stellar study (mitochondria, FIB-SEM).

    Downloaded on the first call (12 MB) and kept in the data home; see `get_data_home`.

    ==============   =====================================
    Images           24, 512 x 512 pixels, uint8
    Fields           6, four quadrants each
    Foreground       mitochondria, 38 % of the pixels
    ==============   =====================================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 20 training images (fields 0, 1, 2, 3, 5), the 4 test images of the study (field 4),
        or all.
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

        data : ndarray of shape (n_images, 512, 512), uint8
            The images, ordered by field, then quadrant.
        target : ndarray of shape (n_images, 512, 512), uint8
            The masks: 1 inside mitochondria, 0 elsewhere.
        target_grey : ndarray of shape (n_images, 512, 512), uint8
            The masks as in the files, 0 to 255. They differ from ``255 * target`` in 26 pixels of
            the second test image, which count for V_Rand and V_Info.
        groups : ndarray of shape (n_images,), int
            The field of each image. The four quadrants of a field fit together without a seam:
            images of one field must not stand on both sides of a split.
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
    .. [1] A. Khadangi, T. Boudier and V. Rajagopal (2021), EM-stellar: benchmarking deep learning
       for electron microscopy image segmentation, Bioinformatics 37(1), 97-106,
       `doi:10.1093/bioinformatics/btaa1094 <https://doi.org/10.1093/bioinformatics/btaa1094>`_.

    Examples
    --------
    >>> from emstellar.datasets import fetch_cardiac
    >>> cardiac = fetch_cardiac()  # doctest: +SKIP
    >>> cardiac.data.shape, sorted(set(cardiac.groups))  # doctest: +SKIP
    ((20, 512, 512), [0, 1, 2, 3, 5])
    """
    fields = FIELDS[check_subset(subset, FIELDS, "fetch_cardiac")]
    tiles = [(field, quadrant) for field in fields for quadrant in QUADRANTS]
    where = {"data_home": data_home, "download_if_missing": download_if_missing}
    data = _load([_image_file(*tile) for tile in tiles], where)
    grey = _load([_mask_file(*tile) for tile in tiles], where)
    target = (grey > 127).astype(np.uint8)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_grey=grey,
        groups=np.array([field for field, _ in tiles]),
        filenames=[_image_file(*tile)[1] for tile in tiles],
        target_filenames=[_mask_file(*tile)[1] for tile in tiles],
        target_names=["background", "mitochondrion"],
        DESCR=load_description("cardiac"),
    )


def _load(files, where):
    """Return the images in `files`, pairs of a source and a name, as one array."""
    return np.stack([imread(fetch_files(source, [name], **where)[0]) for source, name in files])


def _image_file(field, quadrant):
    folder = "Test" if field == TEST_FIELD else "Training_source"
    return EM_NET, f"Zero/{folder}/{quadrant}{field:04d}.tif"


def _mask_file(field, quadrant):
    """Return the file of a mask; upstream numbers masks six higher than their images."""
    if field == TEST_FIELD:
        return EM_STELLAR, f"Images/Groundtruth/Groundtruth{QUADRANTS.index(quadrant):04d}.png"
    return EM_NET, f"Zero/Training_target/{quadrant}{field + 6:04d}.tif"
