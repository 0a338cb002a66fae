"""One function per file format: the images in a file and their names.

Each takes the path, the key of a data set within the file, and whether the file holds labels.
"""

import contextlib
import json
import logging
import re
import struct
import threading
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from skimage.io import imread


def numbered(path, n_images):
    """Return names for the images of a file: its own, with a number if there are several."""
    stem = Path(path).stem
    return [stem] if n_images == 1 else [f"{stem}-{i:04d}" for i in range(n_images)]


def read_tiff(path, key, are_labels=False):
    """Return the images and names of a TIFF file: one image, a stack or pages of any sizes."""
    with tifffile.TiffFile(path) as tif, _raised_errors():
        # Thumbnails and the lower levels of pyramids are copies.
        series = [s for s in tif.series if not s.keyframe.is_reduced] or list(tif.series)
        if any(s.is_multifile for s in series):
            # The other files of an OME-TIFF are read when it is their turn.
            images = [_as_seen(page.asarray(), page) for page in tif.pages]
        else:
            images = [image for s in series for image in _split_series(s)]
        names = _names_in_tiff(tif)
    if not images:
        raise ValueError("it holds no image: its directory is cut off or was never written")
    return images, names if len(names) == len(images) else numbered(path, len(images))


@contextlib.contextmanager
def _raised_errors():
    """Raise what tifffile, which reads as much as there is of a damaged file, logs as an error."""
    records = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = records.append
    logger, thread = logging.getLogger("tifffile"), threading.get_ident()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    for record in records:
        # Other threads may be reading other files.
        if record.thread == thread:
            raise ValueError(f"it is damaged: {record.getMessage()}")


def _split_series(series):
    """Return the images of a TIFF series, channels last."""
    array, axes = _as_seen(series.asarray(), series.keyframe), series.axes
    is_planar = series.keyframe.planarconfig == tifffile.PLANARCONFIG.SEPARATE
    # tifffile makes colour planes of three or four grey sections. Where pixels have samples, as in
    # a stack of colour images, channels are sections too.
    are_sections = is_planar and series.kind == "shaped"
    channels = "C" if are_sections or "S" not in axes else "S"
    if channels in axes:
        array = np.moveaxis(array, axes.index(channels), -1)
        axes = axes.replace(channels, "") + channels
    n_last = len(axes) - axes.index("Y")
    return list(array.reshape(-1, *array.shape[array.ndim - n_last :]))


def _as_seen(array, page):
    """Return integers so that more is brighter, where the file has them the other way round."""
    if page.photometric != tifffile.PHOTOMETRIC.MINISWHITE or array.dtype.kind not in "bu":
        return array
    if array.dtype.kind == "b":
        return ~array
    return array.dtype.type(2**page.bitspersample - 1) - array


def _names_in_tiff(tif):
    """Return the names that `write_images` or ImageJ stored in a file, if they are usable."""
    names = (tif.shaped_metadata or [{}])[0].get("names")
    if not names:
        # ImageJ appends whatever it knows of an image to its label.
        labels = [str(label).strip() for label in (tif.imagej_metadata or {}).get("Labels") or []]
        names = [re.sub(r'[/\\:*?"<>|]', "_", (label.splitlines() or [""])[0]) for label in labels]
    return list(names) if len(set(names)) == len(names) and all(names) else []


def read_picture(path, key, are_labels=False):
    """Return the image and the name of a PNG, JPEG or BMP file; of labels the palette's index."""
    with Image.open(path) as picture:
        if picture.mode == "P" and are_labels:
            return [np.array(picture)], [Path(path).stem]
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


def read_mrc(path, key, are_labels=False):
    """Return the images and names of an MRC file: one image or a stack."""
    import mrcfile

    with mrcfile.open(path) as file:
        array, header = np.array(file.data), file.header.tobytes()
    if array.dtype == np.int8 and _has_unsigned_bytes(header):
        array = array.view(np.uint8)
    images = list(array.reshape(-1, *array.shape[-2:]))
    return images, numbered(path, len(images))


def _has_unsigned_bytes(header):
    """Tell whether IMOD wrote bytes without sign, by its stamp and its first flag.

    See https://bio3d.colorado.edu/imod/doc/mrc_format.txt.
    """
    stamp, flags = header[152:156], header[156:160]
    order = {b"IMOD": "little", b"DOMI": "big"}.get(stamp)
    return order is not None and not int.from_bytes(flags, order) & 1


def read_hdf5(path, key, are_labels=False):
    """Return the images and names of the data set `key` of an HDF5 file."""
    import h5py

    with h5py.File(path, "r") as file:
        dataset = file[_find_key(h5py, file, key)]
        array, names = dataset[()], list(dataset.attrs.get("names", []))
        tags = dataset.attrs.get("axistags")
    array = array if tags is None else _by_tags(array, tags)
    images = [array] if array.ndim == 2 else list(array)
    return images, names if len(names) == len(images) else numbered(path, len(images))


def _by_tags(array, tags):
    """Return (n_images, height, width[, channels]) of an array with the axes that ilastik names."""
    axes = "".join(axis["key"] for axis in json.loads(tags)["axes"])
    if len(axes) != array.ndim or not set("xy") <= set(axes):
        return array
    order = "".join(axis for axis in axes if axis not in "yxc") + "yx" + "c" * ("c" in axes)
    array = np.transpose(array, [axes.index(axis) for axis in order])
    if order[-1] == "c" and array.shape[-1] == 1:
        array, order = array[..., 0], order[:-1]
    n_last = len(order) - order.index("y")
    return array.reshape(-1, *array.shape[array.ndim - n_last :])


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
