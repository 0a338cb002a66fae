"""One function per file format that is written: a stack with its names, or one image.

Each takes the name of a file, which is renamed when it is complete, and what to write; one image
comes with the name that its file will have, for messages.
"""

import numpy as np
import tifffile
from skimage.io import imsave

# Of other types mrcfile changes some and refuses the rest.
MRC_TYPES = ("int8", "int16", "uint16", "float16", "float32")


def write_tiff(file, array, names=None):
    """Write an image, or the stack of the images of these names."""
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


def write_mrc(file, stack, names):
    """Write a stack of grey images."""
    import mrcfile

    if stack.ndim != 3 or stack.dtype not in MRC_TYPES:
        raise ValueError(
            f"An MRC file cannot hold images of type {stack.dtype} and shape {stack.shape[1:]}: "
            f"it takes grey images of type {', '.join(MRC_TYPES)}."
        )
    with mrcfile.new(file, overwrite=True) as mrc:
        mrc.set_data(stack)
        mrc.set_image_stack()


def write_hdf5(file, stack, names):
    """Write a stack as the data set "images"."""
    import h5py

    with h5py.File(file, "w") as h5:
        h5.create_dataset("images", data=stack, compression="gzip")
        h5["images"].attrs["names"] = names


def write_tiff_image(file, image, name):
    """Write one image."""
    write_tiff(file, image)


def write_png(file, image, name):
    """Write one image, if a PNG file can hold it."""
    grey = image.ndim == 2
    if image.dtype not in ((np.uint8, np.uint16, np.bool_) if grey else (np.uint8,)):
        raise ValueError(
            f"A PNG file cannot hold {'grey' if grey else 'colour'} images of type "
            f"{image.dtype} ({name}); use suffix='.tif'."
        )
    imsave(file, image, check_contrast=False)
