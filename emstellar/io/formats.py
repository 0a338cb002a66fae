"""The file formats: suffixes, what reads and writes them, and the package that this needs.

A further format is one entry of `FORMATS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import decoders, encoders


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes
    ----------
    name : str
    suffixes : tuple of str
        In small letters, with the dot.
    read : callable
        ``read(path, key, are_labels)`` returns the images of a file and their names.
    write_stack : callable or None
        ``write_stack(path, stack, names)`` writes all images to one file.
    write_image : callable or None
        ``write_image(path, image, name)`` writes one of the files of a folder, which will be called
        `name`.
    in_folders : bool
        Whether files of a folder are read without being asked for by name.
    package : str or None
        What reading and writing import and is not installed with emstellar, unless by `extra`.
    extra : str
        The optional dependencies, ``pip install emstellar[extra]``, that hold the package.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable
    write_stack: Callable | None = None
    write_image: Callable | None = None
    in_folders: bool = False
    package: str | None = None
    extra: str = "io"

    def check_package(self):
        """Raise an ImportError that tells how to install what the format needs, if it is not."""
        if self.package is None:
            return
        try:
            __import__(self.package)
        except ImportError as error:
            raise ImportError(
                f"{self.name} files need the package {self.package}, which is not installed: "
                f"pip install emstellar[{self.extra}]"
            ) from error


FORMATS = (
    Format(
        "TIFF",
        (".tif", ".tiff"),
        decoders.read_tiff,
        write_stack=encoders.write_tiff,
        write_image=encoders.write_tiff_image,
        in_folders=True,
    ),
    Format(
        "PNG", (".png",), decoders.read_picture, write_image=encoders.write_png, in_folders=True
    ),
    Format("JPEG", (".jpg", ".jpeg"), decoders.read_picture, in_folders=True),
    Format("BMP", (".bmp",), decoders.read_picture, in_folders=True),
    Format(
        "MRC",
        (".mrc", ".rec", ".map"),
        decoders.read_mrc,
        write_stack=encoders.write_mrc,
        package="mrcfile",
    ),
    Format(
        "HDF5",
        (".h5", ".hdf5", ".hdf"),
        decoders.read_hdf5,
        write_stack=encoders.write_hdf5,
        package="h5py",
    ),
)


def suffixes_of(attribute):
    """Return the suffixes of formats of which an attribute is true or not None."""
    return tuple(suffix for fmt in FORMATS if getattr(fmt, attribute) for suffix in fmt.suffixes)


def optional_packages():
    """Return the packages that some formats need and that may be missing."""
    return tuple(fmt.package for fmt in FORMATS if fmt.package is not None)


def format_of(path):
    """Return the format of a file, by its suffix; what it needs is installed.

    Raises
    ------
    ValueError
        If there is none; all suffixes are told.
    ImportError
        If an optional package is missing.
    """
    suffix = Path(path).suffix.lower()
    for fmt in FORMATS:
        if suffix in fmt.suffixes:
            fmt.check_package()
            return fmt
    raise ValueError(f"Unknown type of file: {path}. Known are {', '.join(suffixes_of('read'))}.")
