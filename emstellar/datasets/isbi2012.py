"""Membranes in the brain of a fly: `fetch_isbi2012`."""

import numpy as np
from skimage.io import imread
from sklearn.utils import Bunch

from .description import load_description
from .download import fetch_files
from .sources import EM_NET

N_SECTIONS = 30
BLOCK = 5


def fetch_isbi2012(*, data_home=None, download_if_missing=True, return_X_y=False):
    """Load the training stack of the ISBI 2012 challenge (membranes, ssTEM).

    Downloaded on the first call (16 MB) and kept in the data home; see `get_data_home`.

    ==============   =====================================
    Images           30 serial sections, 512 x 512, uint8
    Foreground       all but membranes, 78 % of the pixels
    ==============   =====================================

    Parameters
    ----------
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

        data : ndarray of shape (30, 512, 512), uint8
            The images, in the order of the sections.
        target : ndarray of shape (30, 512, 512), uint8
            The masks: 0 on membranes, 1 elsewhere, the challenge's own convention.
        groups : ndarray of shape (30,), int
            Blocks of five neighbouring sections. Neighbours across two blocks still look alike;
            `emstellar.model_selection.BlockKFold` leaves a gap between them.
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
    .. [1] I. Arganda-Carreras et al. (2015), Crowdsourcing the creation of image segmentation
       algorithms for connectomics, Frontiers in Neuroanatomy 9, 142,
       `doi:10.3389/fnana.2015.00142 <https://doi.org/10.3389/fnana.2015.00142>`_.

    Examples
    --------
    >>> from emstellar.datasets import fetch_isbi2012
    >>> X, y = fetch_isbi2012(return_X_y=True)  # doctest: +SKIP
    >>> X.shape, round(float(y.mean()), 2)  # doctest: +SKIP
    ((30, 512, 512), 0.78)
    """
    images = [f"Zero/ISBI_source/train-volume{z:04d}.tif" for z in range(N_SECTIONS)]
    masks = [f"Zero/ISBI_mask/train-labels{z:04d}.tif" for z in range(N_SECTIONS)]
    paths = fetch_files(
        EM_NET, images + masks, data_home=data_home, download_if_missing=download_if_missing
    )
    stack = np.stack([imread(path) for path in paths])
    data, target = stack[:N_SECTIONS], (stack[N_SECTIONS:] > 127).astype(np.uint8)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        groups=np.arange(N_SECTIONS) // BLOCK,
        filenames=images,
        target_filenames=masks,
        target_names=["membrane", "not membrane"],
        DESCR=load_description("isbi2012"),
    )
