"""Compare two label images or volumes: adapted Rand error and variation of information.

Both come from one table of label pairs, counted in chunks, so that volumes of any size take
little memory.
"""

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.segmentation import find_boundaries

from emstellar.constraints import check_option
from emstellar.metrics.contingency import count_pairs
from emstellar.metrics.options import check_number, check_pixel_size
from emstellar.validation import UNLABELLED


class PartitionErrors(NamedTuple):
    """How two partitions differ; all are 0 or 1 at best, as told.

    Attributes
    ----------
    adapted_rand_error : float
        1 minus the F1 score of pairs of pixels, in [0, 1]; the best is 0.
    rand_precision : float
        The share of pairs joined in the prediction that belong together; low where objects are
        merged. In [0, 1]; the best is 1.
    rand_recall : float
        The share of pairs that belong together that are joined; low where objects are split.
    voi_split : float
        The entropy of the prediction, given the truth, in bits; the best is 0.
    voi_merge : float
        The entropy of the truth, given the prediction, in bits; the best is 0.
    """

    adapted_rand_error: float
    rand_precision: float
    rand_recall: float
    voi_split: float
    voi_merge: float


def partition_errors(
    labels_true,
    labels_pred,
    *,
    ignore_true=(0,),
    ignore_pred=(),
    background="region",
    border_distance=None,
    pixel_size=1.0,
):
    """Return the adapted Rand error and the variation of information from one pass.

    Parameters
    ----------
    labels_true, labels_pred : array-like of int, of the same shape
        Labels of objects, images or volumes of any number of dimensions. Memory-mapped, zarr
        and HDF5 arrays are read in chunks. Pixels of ``-1`` in `labels_true` are unlabelled
        and left out.
    ignore_true, ignore_pred : sequence of int, default=(0,) and ()
        Pixels of these labels are left out too.
    background : {"region", "singletons"}, default="region"
        What pixels of 0 in `labels_pred` are: one region more, as in scikit-image; or each a
        region of its own, as in the SNEMI3D challenge.
    border_distance : float, optional
        Leave out pixels that are not farther than this from a border of true objects in their
        section, in the unit of `pixel_size`, as the CREMI challenge does (25 nm there). It
        makes a copy of `labels_true`.
    pixel_size : float or (float, float), default=1.0
        Height and width of a pixel.

    Returns
    -------
    PartitionErrors
        With the fields `adapted_rand_error`, `rand_precision`, `rand_recall`, `voi_split` and
        `voi_merge`.

    Raises
    ------
    ValueError
        If the shapes differ, or no pixel is left.
    TypeError
        If the labels are not integers.

    Notes
    -----
    With a_i, b_j and p_ij the pixels of true object i, of predicted object j and of both, n
    their sum, and S(x) the sum of x (x - 1): precision S(p) / S(b), recall S(p) / S(a), error
    1 - 2 S(p) / (S(a) + S(b)). The error equals scikit-image's ``adapted_rand_error``, which
    up to its version 0.26 returns precision and recall swapped.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015). Meila, "Comparing clusterings: an
    information based distance", Journal of Multivariate Analysis 98 (2007). CREMI challenge,
    https://cremi.org/metrics.

    Examples
    --------
    Two objects of two pixels are merged, so two of six pairs that are joined belong together:

    >>> import numpy as np
    >>> from emstellar.metrics import partition_errors
    >>> errors = partition_errors(np.array([[1, 1, 2, 2]]), np.array([[7, 7, 7, 7]]))
    >>> errors.rand_precision, errors.rand_recall, errors.adapted_rand_error
    (0.333..., 1.0, 0.5)
    >>> errors.voi_split, errors.voi_merge
    (0.0, 1.0)
    """
    check_option("background", background, ("region", "singletons"))
    if border_distance is not None:
        labels_true = remove_borders(labels_true, border_distance, pixel_size=pixel_size)
    pairs = count_pairs(_as_array(labels_true), _as_array(labels_pred))
    kept = ~np.isin(pairs.first, ignore_true) & ~np.isin(pairs.second, ignore_pred)
    kept &= pairs.first != UNLABELLED
    if not kept.any():
        raise ValueError("All pixels are ignored: there is nothing to compare.")
    return errors_of_pairs(pairs.select(kept), single=background == "singletons")


def _as_array(labels):
    return labels if hasattr(labels, "shape") else np.asarray(labels)


def errors_of_pairs(pairs, *, single=False):
    """Return the `PartitionErrors` of `PairCounts`; label 0 is many single pixels if asked."""
    sizes = pairs.totals("first")
    lone = (pairs.second == 0) & single
    in_true = sizes[np.unique(pairs.first, return_inverse=True)[1]]
    both, n = pairs.counts[~lone], pairs.counts.sum()
    joined = pairs.select(~lone)
    sizes_pred = joined.totals("second")
    in_pred = sizes_pred[np.unique(joined.second, return_inverse=True)[1]]
    shared, true, predicted = _n_pairs(both), _n_pairs(sizes), _n_pairs(sizes_pred)
    split = -(both * np.log2(both / in_true[~lone])).sum()
    split += (pairs.counts[lone] * np.log2(in_true[lone])).sum()
    merge = -(both * np.log2(both / in_pred)).sum()
    return PartitionErrors(
        adapted_rand_error=1.0 - _ratio(2 * shared, true + predicted),
        rand_precision=_ratio(shared, predicted),
        rand_recall=_ratio(shared, true),
        voi_split=float(split / n) + 0.0,
        voi_merge=float(merge / n) + 0.0,
    )


def _n_pairs(counts):
    counts = counts.astype(np.float64)
    return (counts * (counts - 1)).sum()


def _ratio(part, whole):
    """Return a share of pairs of pixels; nothing is wrong where there are no pairs."""
    return float(part / whole) if whole else 1.0


def remove_borders(labels, distance, *, pixel_size=1.0):
    """Return the labels with 0 near the borders between objects, section by section.

    Parameters
    ----------
    labels : ndarray of int, of shape (..., height, width)
        Labels of objects.
    distance : float
        Pixels not farther than this from a pixel with a neighbour of another label become 0.
    pixel_size : float or (float, float), default=1.0
        Height and width of a pixel, in the unit of `distance`.

    Returns
    -------
    ndarray of the same shape and dtype

    Notes
    -----
    Truth is uncertain at borders, so the CREMI challenge leaves out 25 nm around them.

    References
    ----------
    CREMI challenge, https://cremi.org/metrics.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import remove_borders
    >>> remove_borders(np.array([[1, 1, 1, 2, 2, 2]]), 1)
    array([[1, 0, 0, 0, 0, 2]])
    """
    check_number("distance", distance)
    labels, sampling = np.array(labels), check_pixel_size(pixel_size)
    for section in labels.reshape(-1, *labels.shape[-2:]):
        inside = ~find_boundaries(section, connectivity=1, mode="thick")
        if not inside.all():
            near = ndimage.distance_transform_edt(inside, sampling=sampling) <= distance
            section[near] = 0
    return labels


def adapted_rand_error(labels_true, labels_pred, **options):
    """Return the adapted Rand error of two label images, with its precision and recall.

    Parameters
    ----------
    labels_true, labels_pred : array-like of int, of the same shape
        Labels of objects.
    **options
        As for `partition_errors`.

    Returns
    -------
    error, precision, recall : float
        Low precision tells of merged objects, low recall of split ones.

    Raises
    ------
    ValueError
        If the shapes differ, or no pixel is left.

    See Also
    --------
    partition_errors : This and the variation of information from one pass.

    References
    ----------
    Arganda-Carreras et al., "Crowdsourcing the creation of image segmentation algorithms for
    connectomics", Frontiers in Neuroanatomy 9 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import adapted_rand_error
    >>> adapted_rand_error(np.array([1, 1, 1, 1]), np.array([1, 1, 2, 2]))
    (0.5, 1.0, 0.333...)
    """
    return tuple(partition_errors(labels_true, labels_pred, **options)[:3])


def variation_of_information(labels_true, labels_pred, **options):
    """Return the variation of information of two label images, split and merge part.

    Parameters
    ----------
    labels_true, labels_pred : array-like of int, of the same shape
        Labels of objects.
    **options
        As for `partition_errors`.

    Returns
    -------
    split, merge : float
        In bits, at least 0; the best is 0. Their sum is the variation of information.

    Raises
    ------
    ValueError
        If the shapes differ, or no pixel is left.

    See Also
    --------
    partition_errors : This and the adapted Rand error from one pass.

    References
    ----------
    Meila, "Comparing clusterings: an information based distance", Journal of Multivariate
    Analysis 98 (2007).

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics import variation_of_information
    >>> variation_of_information(np.array([1, 1, 1, 1]), np.array([1, 1, 2, 2]))
    (1.0, 0.0)
    """
    return tuple(partition_errors(labels_true, labels_pred, **options)[3:])
