"""An option of the command is one field: parser, file, check and help are read from it."""

import argparse
from dataclasses import dataclass

import pytest

from emstellar import studies
from emstellar.cli import build_parser
from emstellar.studies import Settings, _settings, make_settings
from emstellar.studies._options import (
    COUNT,
    TEXT,
    add_options,
    arguments_for,
    constraints_of,
    option,
    options_of,
)


@dataclass(frozen=True)
class Longer(Settings):
    """Settings with one option more."""

    warm_up_epochs: int = option(
        3,
        COUNT,
        metavar="N",
        help="epochs without decay",
        group="training of the networks",
        to={"training": "patience"},
    )


@pytest.fixture
def longer(monkeypatch):
    monkeypatch.setattr(_settings, "Settings", Longer)
    monkeypatch.setattr(studies, "Settings", Longer)
    monkeypatch.setattr(_settings, "CONSTRAINTS", constraints_of(Longer))


@pytest.mark.usefixtures("longer")
def test_a_field_is_parsed_and_explained(capsys):
    command = ["benchmark", "--warm-up-epochs", "5"]
    assert build_parser().parse_args(command).warm_up_epochs == 5
    with pytest.raises(SystemExit):
        build_parser().parse_args(["benchmark", "--help"])
    training = capsys.readouterr().out.partition("training of the networks:")[2]
    assert "--warm-up-epochs N" in training.partition("running:")[0]
    assert "epochs without decay (3)" in training


@pytest.mark.usefixtures("longer")
def test_it_is_a_key_of_a_file_and_checked(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text("warm-up-epochs = 7")
    assert make_settings({}, path).warm_up_epochs == 7
    assert make_settings({"warm_up_epochs": 2}, path).warm_up_epochs == 2
    path.write_text("warm-up-epochs = 0")
    with pytest.raises(
        ValueError, match=r"'warm_up_epochs' parameter of .* must be an int .* Got 0"
    ):
        make_settings({}, path)


def test_it_reaches_what_it_is_for():
    assert arguments_for("training", Longer(warm_up_epochs=8))["patience"] == 8
    assert "patience" not in arguments_for("run", Longer())
    (segmenter,) = Longer(methods=["unet"], warm_up_epochs=8).make_methods().values()
    assert segmenter.patience == 8


@pytest.mark.parametrize("cls", [Settings, Longer])
def test_every_argument_of_a_destination_has_one_source(cls):
    for destination in ("data", "training", "run", "page"):
        names = [item.metadata["to"].get(destination) for item in options_of(cls).values()]
        named = [name for name in names if name is not None]
        assert named
        assert len(named) == len(set(named))


def test_some_options_with_their_defaults():
    parser = argparse.ArgumentParser()
    add_options(parser, Settings, ["colors", "watts", "store"], with_defaults=True)
    assert vars(parser.parse_args([])) == {"colors": "colorblind", "watts": 0.0, "store": None}
    assert vars(parser.parse_args(["--watts", "3"]))["watts"] == 3.0


def test_a_value_is_converted_on_its_way():
    @dataclass
    class One:
        size: str = option("none", TEXT, help="", to={"x": "n"}, convert=lambda word: word.upper())

    assert arguments_for("x", One()) == {"n": "NONE"}
