"""Files of a `Source`: found where they are, downloaded where they are not, checked always."""

from pathlib import Path
from urllib.parse import quote

import pooch
from requests.exceptions import RequestException

from .data_home import ENVIRONMENT_VARIABLE, cannot_write, get_data_home


def fetch_files(source, names, *, data_home=None, download_if_missing=True):
    """Return the paths of files of `source`, downloaded if need be, with the right contents.

    Parameters
    ----------
    source : Source
        Where the files come from.
    names : list of str
        Their paths in the repository.
    data_home : str or path-like, default=None
        As in `get_data_home`.
    download_if_missing : bool, default=True
        If False, raise an error instead of downloading.

    Returns
    -------
    list of str

    Raises
    ------
    OSError
        If a file is missing and must not or cannot be downloaded, or its contents are wrong.
    """
    folder = Path(get_data_home(data_home)) / source.name
    registry = {name: source.registry()[name] for name in names}
    if not download_if_missing:
        _require(folder, registry)
    return [_fetch(source, name, registry, folder) for name in names]


def _require(folder, registry):
    for name, sha256 in registry.items():
        path = folder / name
        if not path.exists():
            raise OSError(
                f"Data not found: no file {path}, and `download_if_missing` is False. Set "
                f"`data_home` or the environment variable {ENVIRONMENT_VARIABLE} to the folder "
                f"that holds {folder.name}/{name}."
            )
        if pooch.file_hash(str(path)) != sha256:
            raise OSError(
                f"The file {path} does not have the known SHA256 hash {sha256}: it is damaged or "
                "another version. Delete it, or let it be downloaded again with "
                "`download_if_missing=True`."
            )


def _fetch(source, name, registry, folder):
    """Return the path of one file, from the first base URL that has it."""
    problems = []
    for base_url in source.base_urls:
        url = base_url + quote(name)
        keeper = pooch.Pooch(folder, base_url, registry={name: registry[name]}, urls={name: url})
        try:
            # Threads of pooch that make one folder at the same moment fail all but one.
            Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
            return keeper.fetch(name)
        except (RequestException, ValueError) as error:
            problems.append(f"{url}: {error}")
        except OSError as error:
            raise type(error)(error.errno, cannot_write(folder, error)) from error
    raise OSError(
        f"Could not download {name}. If you have it, put it at {folder / name}. Tried "
        + "; ".join(problems)
    )
