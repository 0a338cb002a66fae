"""Where the fetchers keep their files: `get_data_home`, `clear_data_home`."""

import contextlib
import os
from pathlib import Path

import pooch

from .sources import SOURCES

ENVIRONMENT_VARIABLE = "EMSTELLAR_DATA"


def get_data_home(data_home=None):
    """Return the path of the folder in which the fetchers keep their files.

    The folder is made if it does not exist.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder. None means the environment variable ``EMSTELLAR_DATA`` or, where that is not
        set, a folder ``emstellar`` in the user's cache. ``~`` is the user's home folder.

    Returns
    -------
    str
        The path of the folder.

    Raises
    ------
    OSError
        If it cannot be made.

    Examples
    --------
    >>> import os, tempfile
    >>> from emstellar.datasets import get_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     get_data_home(os.path.join(folder, "em-data")) == os.path.join(folder, "em-data")
    True
    """
    if data_home is None:
        data_home = os.environ.get(ENVIRONMENT_VARIABLE) or pooch.os_cache("emstellar")
    data_home = Path(data_home).expanduser()
    try:
        data_home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise type(error)(error.errno, cannot_write(data_home, error)) from error
    return str(data_home)


def cannot_write(path, error):
    """Return what to do where nothing can be written to the folder of the data sets."""
    return (
        f"Nothing can be written to {path} ({error.strerror or error}), where data sets are kept; "
        f"set `data_home` or the environment variable {ENVIRONMENT_VARIABLE} to another folder"
    )


def clear_data_home(data_home=None):
    """Delete the files that the fetchers keep, and the folders which that leaves empty.

    Other files in the folder stay.

    Parameters
    ----------
    data_home : str or path-like, default=None
        As in `get_data_home`.

    Examples
    --------
    >>> import tempfile
    >>> from emstellar.datasets import clear_data_home
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     clear_data_home(folder)
    """
    for source in SOURCES:
        root = Path(get_data_home(data_home)) / source.name
        for name in source.registry():
            (root / name).unlink(missing_ok=True)
        folders = [folder for folder in root.rglob("*") if folder.is_dir()]
        for folder in [*sorted(folders, reverse=True), root]:
            # Folders that hold something else, or never existed, are none of our business.
            with contextlib.suppress(OSError):
                folder.rmdir()
