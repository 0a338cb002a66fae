"""One function per file format: the images in a file and their names."""

import struct
from pathlib import Path

import numpy as np
import tifffile
from skimage.io import imread

TIFF = (".tif", ".tiff")
PICTURES = (".png", ".jpg", ".jpeg", ".bmp")
MRC = (".mrc", ".rec", ".map")
HDF5 = (".h5", ".hdf5", ".hdf")
FOLDER_SUFFIXES = TIFF + PICTURES
SUFFIXES = FOLDER_SUFFIXES + MRC + HDF5


def import_extra(module, what):
    """Return an optional module, or raise an error that tells how to install it."""
    try:
        return __import__(module)
    except ImportError as error:
        raise ImportError(
            f"{what} files need the package {module}, which is not installed: "
            "pip install emstellar[io]"
        ) from error


def numbered(path, n_images):
    """Return names for the images of a file: its own, with a number if there are several."""
    stem = Path(path).stem
    return [stem] if n_images == 1 else [f"{stem}-{i:04d}" for i in range(n_images)]


def read_tiff(path, key):
    """Return the images and names of a TIFF file: one image, a stack or pages of any sizes."""
    with tifffile.TiffFile(path) as tif:
        images = [image for series in tif.series for image in _split_series(series)]
        names = _names_in_tiff(tif)
    return images, names if len(names) == len(images) else numbered(path, len(images))


def _split_series(series):
    """Return the images of a TIFF series, channels last."""
    array, axes = series.asarray(), series.axes
    for channel in "CS":
        if channel in axes:
            array = np.moveaxis(array, axes.index(channel), -1)
            axes = axes.replace(channel, "") + channel
    n_last = len(axes) - axes.index("Y")
    return list(array.reshape(-1, *array.shape[array.ndim - n_last :]))


def _names_in_tiff(tif):
    """Return the names that `write_images` or ImageJ stored in a file, if any."""
    ours = (tif.shaped_metadata or [{}])[0].get("names")
    return list(ours or (tif.imagej_metadata or {}).get("Labels") or [])


def read_picture(path, key):
    """Return the image and the name of a PNG, JPEG or BMP file."""
    with open(path, "rb") as file:
        header = file.read(26)
    if header.startswith(b"\x89PNG") and len(header) == 26:
        bits, color = struct.unpack(">BB", header[24:26])
        if bits == 16 and color != 0:
            raise ValueError(
                "a PNG with 16 bits per colour channel would be reduced to 8 bits on reading; "
                "convert it to TIFF"
            )
    return [imread(path)], [Path(path).stem]


def read_mrc(path, key):
    """Return the images and names of an MRC file: one image or a stack."""
    mrcfile = import_extra("mrcfile", "MRC")
    with mrcfile.open(path) as file:
        array = np.array(file.data)
    images = list(array.reshape(-1, *array.shape[-2:]))
    return images, numbered(path, len(images))


def read_hdf5(path, key):
    """Return the images and names of the data set `key` of an HDF5 file."""
    h5py = import_extra("h5py", "HDF5")
    with h5py.File(path, "r") as file:
        dataset = file[_find_key(h5py, file, key)]
        array, names = dataset[()], list(dataset.attrs.get("names", []))
    images = [array] if array.ndim == 2 else list(array)
    return images, names if len(names) == len(images) else numbered(path, len(images))


def _find_key(h5py, file, key):
    found = []
    file.visititems(
        lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None
    )
    if key is None and len(found) == 1:
        return found[0]
    if key is None or key.strip("/") not in found:
        asked = "" if key is None else f", none of them {key!r}"
        raise ValueError(
            f"it holds the data sets {', '.join(sorted(found)) or '(none)'}{asked}; name one of "
            "them by `key`"
        )
    return key


def reader_of(path):
    """Return the function that reads the format of `path`, by its suffix."""
    suffix = Path(path).suffix.lower()
    for suffixes, reader in (
        (TIFF, read_tiff),
        (PICTURES, read_picture),
        (MRC, read_mrc),
        (HDF5, read_hdf5),
    ):
        if suffix in suffixes:
            return reader
    raise ValueError(f"Unknown type of file: {path}. Known are {', '.join(SUFFIXES)}.")
