"""What the networks of the EM-stellar study made of its test images: `fetch_published_maps`."""

import numpy as np
from skimage.io import imread
from sklearn.utils import Bunch

from .cardiac import fetch_cardiac
from .description import load_description
from .download import fetch_files
from .sources import EM_STELLAR

METHODS = ("CDeep3M", "EM-net V1 BN", "ResNet", "SegNet", "U-net", "VGG")
N_IMAGES = 4


def fetch_published_maps(*, data_home=None, download_if_missing=True):
    """Load the published probability maps of six networks on the cardiac test images.

    Downloaded on the first call (2 MB) and kept in the data home; see `get_data_home`. Metrics
    of these maps are in the table of the study, so they test a metric to the last digit.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Where the files are kept; see `get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an OSError where a file is missing instead of downloading it.

    Returns
    -------
    data : `~sklearn.utils.Bunch`
        With the attributes

        maps : dict of str to ndarray of shape (4, 512, 512), float32
            For each method the probability of mitochondria, in [0, 1], in steps of 1/255.
        data, target, target_grey, groups, filenames, target_filenames, target_names
            The test images and their masks, as `fetch_cardiac` returns them.
        DESCR : str
            Source, licence and citation.

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
    >>> from emstellar.datasets import fetch_published_maps
    >>> published = fetch_published_maps()  # doctest: +SKIP
    >>> sorted(published.maps)  # doctest: +SKIP
    ['CDeep3M', 'EM-net V1 BN', 'ResNet', 'SegNet', 'U-net', 'VGG']
    """
    where = {"data_home": data_home, "download_if_missing": download_if_missing}
    published = fetch_cardiac(subset="test", **where)
    maps = {method: _load_maps(method, where) for method in METHODS}
    return Bunch(**{**published, "maps": maps, "DESCR": load_description("published_maps")})


def _load_maps(method, where):
    folder = f"Images/Networks outputs/{method}"
    names = [f"{folder}/{method}{i:04d}.png" for i in range(N_IMAGES)]
    maps = np.stack([imread(path) for path in fetch_files(EM_STELLAR, names, **where)])
    return maps.astype(np.float32) / np.float32(255)
