import pooch
import pytest

from emstellar.datasets import clear_data_home, get_data_home


def test_the_argument_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("EMSTELLAR_DATA", str(tmp_path / "variable"))
    assert get_data_home(tmp_path / "argument") == str(tmp_path / "argument")
    assert (tmp_path / "argument").is_dir()


def test_then_the_environment_variable(tmp_path, monkeypatch):
    monkeypatch.setenv("EMSTELLAR_DATA", str(tmp_path / "variable"))
    assert get_data_home() == str(tmp_path / "variable")


@pytest.mark.parametrize("value", [None, ""])
def test_then_the_cache(tmp_path, monkeypatch, value):
    if value is None:
        monkeypatch.delenv("EMSTELLAR_DATA", raising=False)
    else:
        monkeypatch.setenv("EMSTELLAR_DATA", value)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    assert get_data_home() == str(tmp_path / "emstellar")


def test_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert get_data_home("~/em") == str(tmp_path / "em")


def test_clearing_deletes_only_what_was_fetched(tmp_path):
    fetched = tmp_path / "em-net/Zero/Test/A0004.tif"
    own = tmp_path / "em-net/Zero/my notes.txt"
    for file in (fetched, own):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    clear_data_home(tmp_path)
    assert not fetched.parent.exists()
    assert own.exists()
    own.unlink()
    clear_data_home(tmp_path)
    assert list(tmp_path.iterdir()) == []
