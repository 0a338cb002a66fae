"""Images and masks to files: `write_images`."""

from pathlib import Path

import numpy as np

from ..files import replace_whole
from ..validation import is_sequence_of_arrays
from .formats import format_of, suffixes_of


def write_images(path, images, names=None, *, suffix=".tif"):
    """Write images to one file or to a folder, under their names, as they are.

    Each file is written under a temporary name and then renamed, so no reader ever sees half a
    file, and an interrupted run leaves the old one.

    Parameters
    ----------
    path : str or path-like
        A file that ends in ``.tif``, ``.mrc`` or ``.h5`` receives all images as one stack.
        Anything else is a folder, which is made if need be, with one file for each image.
    images : array-like of shape (n_images, height, width[, channels]) or sequence of images
        The images; their type is kept. A channel axis of length one is lost in TIFF files.
    names : list of str, default=None
        Their names, as from `read_images`; None means ``0000``, ``0001``, ... A TIFF or HDF5
        stack keeps them, an MRC file cannot.
    suffix : {".tif", ".png"}, default=".tif"
        Type of the files in a folder. PNG files hold 8-bit images and 16-bit grey images only.

    Raises
    ------
    ValueError
        If names and images do not match, a name occurs twice or is no file name, images of a
        stack differ in size, or the file type cannot hold the type of the images.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from emstellar.io import write_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_images(folder, np.zeros((2, 8, 8), "uint8"), ["a", "b"], suffix=".png")
    ...     sorted(os.listdir(folder))
    ['a.png', 'b.png']
    """
    path = Path(path)
    images = list(images) if is_sequence_of_arrays(images) else list(np.asarray(images))
    names = [f"{i:04d}" for i in range(len(images))] if names is None else list(map(str, names))
    _check_names(names, images)
    if path.suffix.lower() in suffixes_of("write_stack"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_stack(path, images, names)
        return
    if suffix not in suffixes_of("write_image"):
        known = ", ".join(map(repr, suffixes_of("write_image")))
        raise ValueError(f"suffix must be one of {known}, got {suffix!r}.")
    path.mkdir(parents=True, exist_ok=True)
    for image, name in zip(images, names, strict=True):
        _write_one(path / f"{name}{suffix}", np.asarray(image))


def _check_names(names, images):
    if len(names) != len(images):
        raise ValueError(
            f"Found {len(images)} images but {len(names)} names; pass one name for each image."
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"Names must differ; these occur more than once: {', '.join(repeated)}.")
    wrong = [name for name in names if name in ("", ".", "..") or set(name) & set("/\\:\0")]
    if wrong:
        raise ValueError(f"Names must be file names without folders, got {wrong}.")


def _write_stack(path, images, names):
    shapes = {np.shape(image) for image in images}
    if len(shapes) > 1:
        raise ValueError(
            f"The images of the stack {path.name} must have one size, got {sorted(shapes)}; write "
            "them to a folder instead."
        )
    stack = np.stack(images)
    write = format_of(path).write_stack
    with replace_whole(path) as temporary:
        write(str(temporary), stack, names)


def _write_one(path, image):
    write = format_of(path).write_image
    with replace_whole(path) as temporary:
        write(str(temporary), image, path.name)
