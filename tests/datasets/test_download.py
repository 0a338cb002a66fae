import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from emstellar.datasets.download import fetch_files
from emstellar.datasets.sources import Source

NAME = "some folder/a 1.txt"
TEXT = b"forty-two mitochondria"
SHA256 = hashlib.sha256(TEXT).hexdigest()


@dataclass(frozen=True)
class OneFile(Source):
    hashes: dict = field(default_factory=lambda: {NAME: SHA256})

    def registry(self):
        return self.hashes


@pytest.fixture
def remote(tmp_path):
    folder = tmp_path / "remote"
    (folder / "some folder").mkdir(parents=True)
    (folder / NAME).write_bytes(TEXT)
    return folder


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


def test_a_missing_file_is_downloaded_once(serve, remote, home):
    url, requested = serve(remote)
    source = OneFile("em", (url,))
    for _ in range(2):
        (path,) = fetch_files(source, [NAME], data_home=home)
        assert path == str(home / "em" / NAME)
        assert (home / "em" / NAME).read_bytes() == TEXT
    assert requested == ["/some%20folder/a%201.txt"]


def test_a_file_that_is_there_needs_no_network(home):
    (home / "em/some folder").mkdir(parents=True)
    (home / "em" / NAME).write_bytes(TEXT)
    source = OneFile("em", ("http://127.0.0.1:9/",))
    for download_if_missing in (True, False):
        fetch_files(source, [NAME], data_home=home, download_if_missing=download_if_missing)


def test_the_second_place_is_asked_when_the_first_has_no_file(serve, remote, home, tmp_path):
    (tmp_path / "empty").mkdir()
    urls = serve(tmp_path / "empty")[0], serve(remote)[0]
    fetch_files(OneFile("em", urls), [NAME], data_home=home)
    assert (home / "em" / NAME).read_bytes() == TEXT


def test_a_damaged_file_is_replaced(serve, remote, home):
    (home / "em/some folder").mkdir(parents=True)
    (home / "em" / NAME).write_bytes(b"half")
    fetch_files(OneFile("em", (serve(remote)[0],)), [NAME], data_home=home)
    assert (home / "em" / NAME).read_bytes() == TEXT


def test_wrong_contents_upstream(serve, remote, home):
    source = OneFile("em", (serve(remote)[0],), {NAME: "0" * 64})
    with pytest.raises(OSError, match=rf"Could not download {NAME}.*a 1\.txt.*does not match"):
        fetch_files(source, [NAME], data_home=home)
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_nobody_answers(home):
    source = OneFile("em", ("http://127.0.0.1:9/",))
    with pytest.raises(OSError, match=r"If you have it, put it at .*home.*a 1\.txt\. Tried http"):
        fetch_files(source, [NAME], data_home=home)


def test_missing_and_not_to_be_downloaded(serve, remote, home):
    url, requested = serve(remote)
    with pytest.raises(
        OSError,
        match=r"no file .*a 1\.txt, and `download_if_missing` is False.*"
        r"EMSTELLAR_DATA to the folder that holds em/some folder/a 1\.txt",
    ):
        fetch_files(OneFile("em", (url,)), [NAME], data_home=home, download_if_missing=False)
    assert requested == []


def test_damaged_and_not_to_be_downloaded(home):
    (home / "em/some folder").mkdir(parents=True)
    (home / "em" / NAME).write_bytes(b"half")
    source = replace(OneFile("em", ()))
    with pytest.raises(OSError, match=rf"a 1\.txt does not have the known SHA256 hash {SHA256}"):
        fetch_files(source, [NAME], data_home=home, download_if_missing=False)


def test_threads_that_download_one_file_at_once_all_get_it(serve, remote, home):
    source = OneFile("em", (serve(remote)[0],))
    barrier = threading.Barrier(4)

    def fetch(_):
        barrier.wait()
        return Path(*fetch_files(source, [NAME], data_home=home)).read_bytes()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(fetch, range(4))) == [TEXT] * 4
    assert [path.name for path in (home / "em/some folder").iterdir()] == ["a 1.txt"]


def test_a_cache_that_cannot_be_written_says_which_variable_to_set(serve, remote, home):
    source = OneFile("em", (serve(remote)[0],))
    home.write_text("no folder")
    with pytest.raises(OSError, match=r"Nothing can be written to .*home.*EMSTELLAR_DATA"):
        fetch_files(source, [NAME], data_home=home)
    home.unlink()
    home.mkdir()
    (home / "em").write_text("no folder")
    with pytest.raises(OSError, match=r"Nothing can be written to .*em.*EMSTELLAR_DATA"):
        fetch_files(source, [NAME], data_home=home)
