"""Files that are there whole or not at all, and the digests by which damage shows."""

import hashlib
import os
import re
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

# Of the temporary files that a killed process leaves; longer than any write takes.
_SECONDS_OF_LEFTOVERS = 24 * 3600
# File systems take 255 bytes, and more than this is read by nobody.
_LONGEST_NAME = 80


class DamagedFileError(ValueError, OSError):
    """A file is not what was written, which another attempt may mend; the message names it."""


@contextmanager
def replace_whole(path):
    """Give a temporary file name, which becomes `path` when the block ends well.

    No reader sees half of the file, and an interruption leaves the old one.

    Parameters
    ----------
    path : path-like
        Its suffix is that of the temporary name too, by which many libraries choose the format.

    Yields
    ------
    pathlib.Path
        In the same folder; there is no such file.

    Raises
    ------
    OSError
        If the file cannot be written; the old one stays.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from emstellar.files import replace_whole
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "file.txt")
    ...     with replace_whole(path) as temporary:
    ...         _ = temporary.write_text("content")
    ...     path.read_text()
    'content'
    """
    path = Path(path)
    # Threads of one process, too, may write the same file at once.
    temporary = path.with_name(f".{os.getpid()}-{os.urandom(4).hex()}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path, write):
    """Let `write` fill a file as `replace_whole` does.

    The file can be read by whom the umask allows, as any other.

    Parameters
    ----------
    path : path-like
    write : callable
        Takes a binary file object.

    Raises
    ------
    OSError
        If the file cannot be written; the old one stays.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from emstellar.files import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "file")
    ...     write_atomically(path, lambda file: file.write(b"content"))
    ...     path.read_bytes()
    b'content'
    """
    with replace_whole(path) as temporary, open(temporary, "xb") as file:
        write(file)


def file_names(names):
    """Return a file name for each name, each another, on any file system.

    Parameters
    ----------
    names : sequence of str
        Each another; of any letters.

    Returns
    -------
    list of str
        The letters and digits of the alphabet, all else as dashes. Where that is another's too,
        empty or long, digits of the name's digest follow.

    Examples
    --------
    >>> from emstellar.files import file_names
    >>> file_names(["U-Net BN", "a/b", "a b"])
    ['U-Net-BN', 'a-b-c14cddc0', 'a-b-c8687a08']
    """
    plain = [re.sub("[^A-Za-z0-9]", "-", name) for name in names]
    # Some file systems take small and capital letters for the same.
    counts = Counter(name.casefold() for name in plain)
    return [
        short
        if short.strip("-") and counts[short.casefold()] == 1 and len(short) <= _LONGEST_NAME
        else f"{short[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        for name, short in zip(names, plain, strict=True)
    ]


def digest_file(path):
    """Return the SHA-256 of a file's bytes, in hexadecimal digits.

    Parameters
    ----------
    path : path-like
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_digest(path, expected):
    """Raise unless the SHA-256 of a file's bytes is the expected one.

    Parameters
    ----------
    path : path-like
    expected : str or None
        As `digest_file` gives it; None is for what is not known.

    Raises
    ------
    DamagedFileError
        If it is another, or the file is missing or cannot be read.
    """
    try:
        found = digest_file(path)
    except OSError as error:
        raise DamagedFileError(
            f"{path} is missing or cannot be read ({error.strerror or error})"
        ) from error
    if expected not in (None, found):
        raise DamagedFileError(f"{path} is damaged (its content has changed)")


def remove_leftovers(folder):
    """Delete the temporary files of processes that were killed in `replace_whole` a day ago.

    Parameters
    ----------
    folder : path-like
    """
    for path in Path(folder).glob(".*-*.tmp*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _SECONDS_OF_LEFTOVERS:
                path.unlink()


def check_writable(folder):
    """Make a folder, and write and delete a file in it.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    OSError
        If that is impossible; the message names the folder and the reason.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        reason = error.strerror or error
        raise type(error)(
            error.errno,
            f"Nothing can be written to {folder} ({reason}); choose another folder, or make room",
        ) from error
