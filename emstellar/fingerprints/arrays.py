"""The fingerprint of images, masks and other arrays."""

import hashlib

import numpy as np


def fingerprint_arrays(*arrays):
    """Return the SHA-256 of the dtypes, shapes and values of arrays or sequences of arrays.

    Parameters
    ----------
    *arrays : array-like, sequence of array-like, or None

    Returns
    -------
    str
        Of 64 hexadecimal digits.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.fingerprints import fingerprint_arrays
    >>> ones = np.ones((2, 3, 4))
    >>> fingerprint_arrays(ones) == fingerprint_arrays(list(ones)) != fingerprint_arrays(-ones)
    True
    """
    digest = hashlib.sha256()
    for images in arrays:
        digest.update(f"|{'none' if images is None else len(images)}".encode())
        for image in () if images is None else images:
            image = np.ascontiguousarray(image)
            digest.update(f"{image.dtype.str}{image.shape}".encode())
            digest.update(image.tobytes())
    return digest.hexdigest()
