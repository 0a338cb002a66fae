"""Images and masks to files: `write_images`."""

from pathlib import Path

import numpy as np
import tifffile
from skimage.io import imsave

from ..files import replace_whole
from ..validation import is_sequence_of_arrays
from .formats import HDF5, MRC, TIFF, import_extra

PNG = (".png",)
# Of other types mrcfile changes some and refuses the rest.
MRC_TYPES = ("int8", "int16", "uint16", "float16", "float32")
STACKS = TIFF + MRC + HDF5


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
    if path.suffix.lower() in STACKS:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_stack(path, images, names)
        return
    if suffix not in TIFF + PNG:
        raise ValueError(f"suffix must be one of '.tif', '.tiff', '.png', got {suffix!r}.")
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
    write = {**dict.fromkeys(TIFF, _tiff), **dict.fromkeys(MRC, _mrc), **dict.fromkeys(HDF5, _hdf5)}
    with replace_whole(path) as temporary:
        write[path.suffix.lower()](str(temporary), stack, names)


def _write_one(path, image):
    if path.suffix in TIFF:
        with replace_whole(path) as temporary:
            _tiff(str(temporary), image)
        return
    grey = image.ndim == 2
    if image.dtype not in ((np.uint8, np.uint16, np.bool_) if grey else (np.uint8,)):
        raise ValueError(
            f"A PNG file cannot hold {'grey' if grey else 'colour'} images of type "
            f"{image.dtype} ({path.name}); use suffix='.tif'."
        )
    with replace_whole(path) as temporary:
        imsave(str(temporary), image, check_contrast=False)


def _tiff(file, array, names=None):
    is_stack = names is not None
    metadata = {"names": names} if is_stack else None
    how = {"photometric": "minisblack"}
    has_channels = array.ndim == (4 if is_stack else 3)
    if has_channels and array.shape[-1] == 1:
        # TIFF knows no channel axis of length one.
        array = array[..., 0]
    elif has_channels:
        colour = array.shape[-1] in (3, 4)
        how = {"photometric": "rgb" if colour else "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(file, array, metadata=metadata, **how)


def _mrc(file, stack, names):
    mrcfile = import_extra("mrcfile", "MRC")
    if stack.ndim != 3 or stack.dtype not in MRC_TYPES:
        raise ValueError(
            f"An MRC file cannot hold images of type {stack.dtype} and shape {stack.shape[1:]}: "
            f"it takes grey images of type {', '.join(MRC_TYPES)}."
        )
    with mrcfile.new(file, overwrite=True) as mrc:
        mrc.set_data(stack)
        mrc.set_image_stack()


def _hdf5(file, stack, names):
    h5py = import_extra("h5py", "HDF5")
    with h5py.File(file, "w") as h5:
        h5.create_dataset("images", data=stack, compression="gzip")
        h5["images"].attrs["names"] = names
