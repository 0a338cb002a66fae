"""Images and masks from files: `read_images`, `read_masks`."""

import re
from pathlib import Path

import numpy as np

from .formats import format_of, suffixes_of


def read_images(path, *, key=None):
    """Read the images in a file or folder, with their names, as they are.

    Nothing is cast or scaled: 16-bit images stay 16-bit, colour images keep their channels. More is
    brighter: TIFF files in which white is 0 are turned round. Bytes of MRC files have a sign unless
    IMOD's stamp denies it. Thumbnails and the lower levels of pyramids are left out.

    Parameters
    ----------
    path : str, path-like or list of them
        A TIFF file (one image, a stack, or pages of several sizes); a PNG, JPEG or BMP file; an
        MRC or HDF5 file (these two, and TIFF files compressed by LZW, JPEG or fax codes, need
        ``pip install emstellar[io]``); a folder of TIFF, PNG, JPEG and BMP files, read in natural
        order (``2`` before ``10``); or a list of files.
    key : str, default=None
        Path of the data set in an HDF5 file, needed if it has several. Its last axes are height
        and width, or height, width and channels if it has four.

    Returns
    -------
    images : ndarray of shape (n_images, height, width[, channels]), or list of ndarray
        A list if sizes or types differ.
    names : list of str
        Names of the files without suffix; images of a stack have their own names if the file
        holds such, else the file's name with a number.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`, or a folder holds no images.
    OSError
        If a file cannot be decoded; the message names it.
    ValueError
        If the type of a file is unknown.
    ImportError
        If an optional package is missing.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from emstellar.io import read_images, write_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_images(folder, np.zeros((2, 8, 8), "uint16"), ["z2", "z10"])
    ...     images, names = read_images(folder)
    >>> images.shape, images.dtype, names
    ((2, 8, 8), dtype('uint16'), ['z2', 'z10'])
    """
    images, names = _read(path, key)
    return _stack(images), names


def _read(path, key, are_labels=False):
    images, names = [], []
    for file in _files(path):
        found, labels = _decode(file, key, are_labels)
        images.extend(found)
        names.extend(labels)
    return images, names


def read_masks(path, *, key=None):
    """Read the masks in a file or folder, with their names.

    Parameters
    ----------
    path : str, path-like or list of them
        As in `read_images`.
    key : str, default=None
        As in `read_images`.

    Returns
    -------
    masks : ndarray of shape (n_images, height, width), or list of ndarray
        In the type and with the values of the files. Grey masks that are stored in colour, with
        the same values in all channels, lose their channels; so does an opaque alpha channel.
        Pictures with a palette give its indices, as labelling programs mean them.
    names : list of str
        As in `read_images`.

    Raises
    ------
    ValueError
        If a mask has colours; the message names it. Otherwise as `read_images`.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from emstellar.io import read_masks, write_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "labels.tif")
    ...     write_images(file, np.ones((2, 8, 8, 3), "uint8"), ["a", "b"])
    ...     masks, names = read_masks(file)
    >>> masks.shape, names
    ((2, 8, 8), ['a', 'b'])
    """
    images, names = _read(path, key, are_labels=True)
    return _stack([_grey(*pair) for pair in zip(images, names, strict=True)]), names


def natural_key(name):
    """Return what sorts names as people do: numbers by value, letters regardless of case.

    Examples
    --------
    >>> from emstellar.io.reading import natural_key
    >>> sorted(["z10", "Z9", "a"], key=natural_key)
    ['a', 'Z9', 'z10']
    """
    parts = re.split(r"(\d+)", str(name))
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in parts]


def _files(path):
    """Return the files that `path` stands for."""
    if isinstance(path, (list, tuple)):
        return [Path(file) for file in path]
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"No such file or folder: {path}")
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in path.iterdir()
        if file.suffix.lower() in suffixes_of("in_folders")
        and not file.name.startswith(".")
        and file.is_file()
    ]
    if not files:
        raise FileNotFoundError(
            f"Found no images in the folder {path}; expected files that end in "
            f"{', '.join(suffixes_of('in_folders'))}."
        )
    return sorted(files, key=lambda file: natural_key(file.name))


def _decode(file, key, are_labels):
    read = format_of(file).read
    try:
        return read(file, key, are_labels)
    except (FileNotFoundError, ImportError, MemoryError):
        raise
    # Decoders fail in ways of their own on damaged files; the user needs to know which file.
    except Exception as error:
        remedy = ": pip install emstellar[io]" if "'imagecodecs' package" in str(error) else ""
        raise OSError(f"Could not read {file}: {error}{remedy}") from error


def _stack(images):
    """Return one array if all images have one shape and type, else the list."""
    if len({(image.shape, image.dtype) for image in images}) == 1:
        return np.stack(images)
    return images


def _grey(mask, name):
    if mask.ndim == 2:
        return mask
    if mask.shape[-1] in (2, 4) and np.all(mask[..., -1] == mask[..., -1].max()):
        mask = mask[..., :-1]
    if np.any(mask != mask[..., :1]):
        raise ValueError(
            f"The mask {name!r} has colours: its {mask.shape[-1]} channels differ. Store one "
            "integer label for each pixel."
        )
    return mask[..., 0]
