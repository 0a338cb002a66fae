"""The public repositories that hold the real images, and the hash of each file in them."""

from dataclasses import dataclass
from importlib.resources import files

RAW = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class Source:
    """A repository of image files.

    Attributes
    ----------
    name : str
        Name of its folder under the data home and of its list of hashes.
    base_urls : tuple of str
        Where its files can be had; the first place that answers with the right file counts.
    """

    name: str
    base_urls: tuple

    def registry(self):
        """Return the SHA256 hash of each file by its path in the repository."""
        lines = (files(__package__) / "registries" / f"{self.name}.txt").read_text("utf-8")
        pairs = (line.split("  ", maxsplit=1) for line in lines.splitlines())
        return {path: sha256 for sha256, path in pairs}


def _commits(repository, *commits):
    """Return where the files of a repository are: at known commits, then wherever it is now.

    Commits may vanish when a repository's history is rewritten; the hashes of the files decide.
    """
    return tuple(f"{RAW}/{repository}/{commit}/" for commit in (*commits, "master"))


EM_NET = Source(
    "em-net",
    (
        *_commits("CellSMB/EM-net", "1ce0a1c19f60", "16bc38281fc4c0c36d1b067b4173d31ea2c40373"),
        *_commits("akhadangi/EM-net", "16bc38281fc4c0c36d1b067b4173d31ea2c40373"),
    ),
)
EM_STELLAR = Source(
    "em-stellar",
    _commits("CellSMB/EM-stellar", "fa55c637ab14", "3bfb34d65d4afb62a65d66cd19aab817ee4871a8"),
)
CDEEP3M = Source("cdeep3m", _commits("CRBS/cdeep3m", "abf9958"))
SOURCES = (EM_NET, EM_STELLAR, CDEEP3M)
