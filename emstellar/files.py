"""Files that are there whole or not at all, and the digests by which damage shows."""

import hashlib
import os
import tempfile
from pathlib import Path


def write_atomically(path, write):
    """Let `write` fill a file under a temporary name, then rename it to `path`.

    No reader sees half of the file, and an interruption leaves the old one. The file can be read
    by whom the umask allows, as any other.

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
    path = Path(path)
    # Threads of one process, too, may write the same file at once.
    temporary = path.with_name(f".{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def digest_file(path):
    """Return the SHA-256 of a file's bytes, in hexadecimal digits.

    Parameters
    ----------
    path : path-like
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
