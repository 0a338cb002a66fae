"""Settings of `emstellar benchmark`: file over defaults, command line over file, mistakes named."""

from dataclasses import fields

import pytest

from emstellar import RandomForestSegmenter, UNetSegmenter
from emstellar.cli import build_parser
from emstellar.studies import Settings, make_settings, read_config
from emstellar.studies._settings import CONSTRAINTS


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "benchmark.toml"
        path.write_text(text)
        return path

    return write


def options_of_the_command(capsys):
    """Return the names of the options in the help of the command, as it prints them."""
    with pytest.raises(SystemExit):
        build_parser().parse_args(["benchmark", "--help"])
    words = capsys.readouterr().out.split("options:")[1].replace(",", " ").split()
    names = {word[2:].replace("-", "_") for word in words if word.startswith("--")}
    return names - {"help", "config", "no_retry_failed", "no_keep_models"}


def test_every_option_has_a_rule_and_a_default(capsys):
    names = {field.name for field in fields(Settings)} - {"tables"}
    assert names == set(CONSTRAINTS) == options_of_the_command(capsys)


@pytest.mark.parametrize("name", ["width", "epochs", "batch_size", "learning_rate", "repeats"])
def test_the_help_tells_the_defaults(name, capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["benchmark", "--help"])
    assert f"({getattr(Settings, name):g})" in capsys.readouterr().out


def test_without_a_file_defaults_hold():
    assert make_settings({}) == Settings()
    assert make_settings({"epochs": 3, "traceback": False}) == Settings(epochs=3)


def test_a_file_goes_over_defaults_and_the_command_line_over_the_file(write):
    path = write('batch-size = 2\nepochs = 5\nmethods = ["forest"]\nretry_failed = true')
    settings = make_settings({"epochs": 7}, path)
    assert settings == Settings(batch_size=2, epochs=7, methods=["forest"], retry_failed=True)


TABLES = """
width = 0.125
loss = "dice"
[methods.forest]
max-samples = 100
[methods."wide U-Net"]
method = "unet"
width = 0.5
lr_schedule = "none"
patch_size = [64, 96]
"""


def test_tables_make_methods_of_ones_own(write):
    methods = make_settings({"epochs": 2}, write(TABLES)).make_methods()
    assert list(methods) == ["forest", "wide U-Net"]
    assert isinstance(methods["forest"], RandomForestSegmenter)
    assert methods["forest"].max_samples == 100
    unet = methods["wide U-Net"]
    assert isinstance(unet, UNetSegmenter)
    assert not unet.batch_norm
    assert (unet.width, unet.loss, unet.epochs) == (0.5, "dice", 2)
    assert unet.lr_schedule is None
    assert unet.patch_size == [64, 96]


def test_the_command_line_chooses_among_names_and_tables(write):
    settings = make_settings({"methods": ["wide U-Net", "unet-bn"]}, write(TABLES))
    assert list(settings.make_methods()) == ["U-Net BN", "wide U-Net"]
    assert settings.make_methods()["U-Net BN"].width == 0.125


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs 5", "benchmark.toml is no TOML file: .*line 1"),
        ("epoch = 5", "unknown key 'epoch'; .* Did you mean 'epochs'?"),
        ("[training]\nepochs = 5", "unknown key 'training'"),
        ('epochs = "5"', r"'epochs' parameter of .*benchmark.toml must be an int .* Got '5'"),
        ("epochs = 0", r"must be an int in the range \[1, inf\). Got 0"),
        ("seed = true", "'seed' parameter .* Got True"),
        ("data = 5", "must be a str. Got 5"),
        ('metrics = "f1"', "must be a list of str. Got 'f1'"),
        ("cv = 1", "'cv' parameter"),
        ('augmentation = "flip"', "Did you mean 'flips'?"),
        ('methods = {unet = "wide"}', r"methods.unet = 'wide'; .* is a table, \[methods.unet\]"),
    ],
)
def test_mistakes_in_a_file_are_named(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_config(write(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[methods.unett]", r"methods.'unett'. needs method = .* Did you mean 'unet'"),
        ("[methods.a]\nmethod = 5", "needs method = .* got 5"),
        ("[methods.unet]\nwitdh = 1.0", "unknown parameter 'witdh'; UNetSegmenter has .*'width'?"),
        ('[methods.unet]\nwidth = "wide"', "'width' parameter of method 'unet' must be a float"),
        ('[methods.unet]\nloss = "dise"', "method 'unet': 'dise' is not .* Did you mean 'dice'"),
        ('[methods.unet]\noptimizer = "adan"', "'adan' is not the name of an optimiser"),
        ('[methods.unet]\nlr_schedule = "linea"', "'linea' is not the name of a schedule"),
        ('[methods.emnet-v2]\nvariant = "v3"', "'variant' parameter of method 'emnet-v2'"),
        ("[methods.forest]\nn_estimators = 0", "'n_estimators' parameter of method 'forest'"),
        ('methods = ["unet"]\nloss = "dise"', "method 'U-Net': 'dise' is not"),
        ('methods = ["unett"]', r"Unknown methods \['unett'\]"),
    ],
)
def test_mistakes_in_methods_are_named_before_any_fit(write, text, message):
    settings = make_settings({}, write(text))
    with pytest.raises(ValueError, match=message):
        settings.make_methods()


def test_two_methods_of_one_name_are_refused(write):
    settings = make_settings({"methods": ["unet", "U-Net"]}, write('methods.U-Net.method = "unet"'))
    with pytest.raises(ValueError, match="Two methods are called 'U-Net'"):
        settings.make_methods()


def test_what_the_command_line_says_is_checked_too():
    with pytest.raises(ValueError, match=r"'repeats' parameter of emstellar benchmark .* Got 0"):
        make_settings({"repeats": 0})


def test_images_are_asked_for():
    with pytest.raises(ValueError, match=r"Which images\? Give --data"):
        Settings().load_study()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.toml"):
        make_settings({}, tmp_path / "nowhere.toml")
