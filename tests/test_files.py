import stat
import sys

import pytest

from emstellar.files import check_writable, file_names, write_atomically


@pytest.mark.parametrize(
    "names",
    [
        ["a/b", "a b", "a-b"],
        ["Net", "net"],
        ["α", "β", "/", "..", "."],
        ["x" * 300, "x" * 301],
        ["a" * 80 + "b", "a" * 80],
        ["CON?", 'a"b', "a<b", "line\nbreak"],
    ],
)
def test_names_of_files_are_safe_and_each_another(names):
    found = file_names(names)
    assert len({name.casefold() for name in found}) == len(names)
    for name in found:
        assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")
        assert len(name) < 100
        assert name.strip("-")


def test_a_name_of_letters_stays():
    assert file_names(["U-Net", "VGG 16"]) == ["U-Net", "VGG-16"]


def test_a_failed_write_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, lambda file: file.write(b"old"))
    with pytest.raises(TypeError):
        write_atomically(path, lambda file: file.write("text"))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(sys.platform == "win32", reason="modes of POSIX")
def test_files_can_be_read_by_whom_the_umask_allows(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_atomically(tmp_path / "file", lambda file: None)
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "file")}
    assert len(modes) == 1


def test_what_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OSError, match=r"Nothing can be written to .*file.*choose another"):
            check_writable(folder)
    check_writable(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []
