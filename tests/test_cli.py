"""The command: what it prints, writes and answers to mistakes."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.io import imread, imsave

import emstellar
from emstellar import cli, studies
from emstellar.benchmarking import BenchmarkResult
from emstellar.benchmarking._scoring import DEFAULT_SCORING
from emstellar.studies import Settings, _data, _methods, _settings

from .benchmarking.segmenters import NoisyThreshold

DATA = os.environ.get("EMSTELLAR_DATA")
PUBLISHED = Path(DATA or ".") / "em-stellar" / "Images"


@pytest.fixture(autouse=True)
def _headless(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture
def cheap(monkeypatch):
    """Cheap segmenters in place of the networks."""

    def make(*args, **kwargs):
        return {"blunt": NoisyThreshold(3.0), "sharp": NoisyThreshold(20.0)}

    monkeypatch.setattr(_settings, "choose_methods", make)
    monkeypatch.setattr(studies, "demo_methods", make)
    small = partial(studies.make_synthetic_study, shape=(32, 32))
    monkeypatch.setattr(studies, "make_synthetic_study", small)


@pytest.fixture
def folder(tmp_path):
    """A folder of images and masks of three fields, two images each."""
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    mask = np.zeros((32, 32), dtype="uint8")
    mask[8:20, 8:24] = 255
    for name in ("a_1", "a_2", "b_1", "b_2", "c_1", "c_2"):
        image = np.clip(mask / 3 + rng.normal(80, 25, mask.shape), 0, 255).astype("uint8")
        imsave(tmp_path / "data" / "images" / f"{name}.png", image, check_contrast=False)
        imsave(tmp_path / "data" / "masks" / f"{name}.png", mask, check_contrast=False)
    return tmp_path / "data"


def test_help_loads_no_heavy_library():
    code = (
        "import sys; from emstellar import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print(sorted({'numpy', 'sklearn', 'keras', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "benchmark" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"emstellar {emstellar.__version__}\n"


@pytest.mark.slow
@pytest.mark.usefixtures("cheap")
def test_demo_leaves_a_folder_and_prints_a_summary(tmp_path, capsys):
    out = tmp_path / "demo"
    assert cli.main(["demo", "--out", str(out), "--jobs", "1"]) == 0
    printed = capsys.readouterr().out
    assert "[6/6] sharp, fold 2" in printed
    assert "average voting" in printed
    assert str(out / "report.html") in printed
    assert {path.name for path in out.iterdir()} == {
        "report.html",
        "heatmap.png",
        "tables",
        "overlays",
    }


@pytest.mark.usefixtures("cheap")
def test_benchmark_of_a_folder_resumes_and_is_reported(folder, tmp_path, capsys):
    command = ["benchmark", "--data", str(folder), "--groups", "^[abc]", "--test-groups", "c"]
    command += ["--metrics", "f1", "accuracy", "--store", str(tmp_path / "store")]
    assert cli.main([*command, "--out", str(tmp_path / "first")]) == 0
    assert "[4/4]" in capsys.readouterr().out
    assert cli.main([*command, "--out", str(tmp_path / "second")]) == 0
    assert "/4]" not in capsys.readouterr().out
    report = ["report", str(tmp_path / "store"), "--out", str(tmp_path / "third")]
    assert cli.main([*report, "--price-per-hour", "2", "--watts", "300", "--colors", "paper"]) == 0
    page = (tmp_path / "third" / "report.html").read_text()
    for text in ("(at 2 per hour)", "(at 300 W)", "background: #00ff00"):
        assert text in page
        assert text not in (tmp_path / "first" / "report.html").read_text()
    tables = [
        pd.read_csv(tmp_path / name / "tables" / "scores.csv")
        for name in ("first", "second", "third")
    ]
    pd.testing.assert_frame_equal(tables[0], tables[1])
    pd.testing.assert_frame_equal(tables[0], tables[2])
    groups = tables[0].query("subset == 'validation'")["group"]
    assert set(groups) == {"a", "b"}


def test_benchmark_trains_the_methods_named(folder, tmp_path):
    out = tmp_path / "out"
    command = ["benchmark", "--data", str(folder), "--groups", "^[abc]", "--folds", "1"]
    command += ["--methods", "forest", "--metrics", "f1", "--out", str(out)]
    assert cli.main(command) == 0
    summary = pd.read_csv(out / "tables" / "summary_validation.csv", index_col="method")
    assert summary.loc["Random forest", "f1_mean"] > 0.8


def example_of_the_guide():
    guide = Path(__file__).parents[1] / "docs" / "user_guide" / "benchmark.md"
    return re.search(r"```toml\n(.*?)```", guide.read_text(), re.DOTALL)[1]


@pytest.mark.slow
def test_the_configuration_file_of_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mitochondria.toml").write_text(example_of_the_guide())
    command = ["benchmark", "--config", "mitochondria.toml", "--epochs", "1", "--steps", "1"]
    assert cli.main([*command, "--folds", "1", "--metrics", "f1"]) == 0
    summary = pd.read_csv("mitochondria-report/tables/summary_test.csv", index_col="method")
    assert {"forest", "deep forest", "wide U-Net"} <= set(summary.index)
    assert [name for name in summary if name.endswith("_mean")] == ["f1_mean"]
    plan = BenchmarkResult.load("mitochondria-store").plan
    assert "epochs=1, loss='bce+dice'" in plan.methods["wide U-Net"]


@pytest.mark.usefixtures("cheap")
def test_benchmark_splits_and_reports_as_asked(folder, tmp_path):
    command = ["benchmark", "--data", str(folder), "--metrics", "f1", "--cv", "blocks:3:1"]
    assert cli.main([*command, "--watts", "300", "--out", str(tmp_path)]) == 0
    assert "(at 300 W)" in (tmp_path / "report.html").read_text()
    scores = pd.read_csv(tmp_path / "tables" / "scores.csv").query("method == 'sharp'")
    images = scores.groupby("fold")["image"].unique().map(list).tolist()
    assert images == [[0, 1], [2, 3], [4, 5]]
    assert "cv=BlockKFold(n_splits=3, purge=1)" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["report", "nowhere"], r"holds no benchmark \(no file benchmark-\*.json\)"),
        (["benchmark", "--data", "nowhere"], "'nowhere' is neither a data set .* nor a folder"),
        (
            ["benchmark", "--data", "synthetic", "--methods", "unett"],
            r"Unknown methods \['unett'\]",
        ),
        (
            ["benchmark", "--data", "synthetic", "--cv", "7"],
            "cv='7' asks for 7 folds, but there are 6 groups",
        ),
        (["benchmark"], r"Which images\? Give --data"),
        (["benchmark", "--config", "nowhere.toml"], "nowhere.toml"),
        (["score", "nowhere", "nowhere"], "nowhere"),
        (["segment", "nowhere", "nowhere"], "nowhere"),
        (["demo", "--out", "file"], "Nothing can be written to file"),
        (["benchmark", "--data", "synthetic", "--out", "file/sub"], "Nothing can be written to"),
        (
            ["benchmark", "--data", "synthetic", "--store", "file"],
            r"Nothing can be written to .*file",
        ),
        (["score", "nowhere", "nowhere", "--out", "file"], "Nothing can be written to file"),
        (
            ["benchmark", "--data", "synthetic", "--methods", "unet", "--patch-size", "128"],
            r"patch_size=128 is larger than each of the images.*\(96, 96\)",
        ),
        (["benchmark", "--config", "nonsense.toml"], "'val_nonsense' is unknown"),
        (["benchmark", "--config", "unwatched.toml"], "monitor='val_f1' needs validation images"),
    ],
)
def test_mistakes_are_answered_without_a_traceback(command, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("no folder")
    for name in ("nonsense", "f1"):
        text = f"data = 'synthetic'\n[methods.unet]\nmonitor = 'val_{name}'\n"
        Path({"f1": "unwatched"}.get(name, name)).with_suffix(".toml").write_text(text)
    assert cli.main(command) == 1
    error = capsys.readouterr().err
    assert error.startswith("emstellar: error: ")
    assert re.search(message, error)
    assert "Traceback" not in error


def test_a_pattern_of_groups_that_is_none_is_named(folder, tmp_path, capsys):
    command = ["benchmark", "--data", str(folder), "--groups", "[", "--out", str(tmp_path / "o")]
    assert cli.main(command) == 1
    assert "The pattern '[' of the groups is no regular expression" in capsys.readouterr().err


def test_a_damaged_image_of_a_folder_is_named(folder, tmp_path, capsys):
    (folder / "images" / "b_1.png").write_bytes(b"no picture")
    command = ["benchmark", "--data", str(folder), "--out", str(tmp_path / "out")]
    assert cli.main(command) == 1
    assert re.search(r"Could not read .*b_1.png", capsys.readouterr().err)


def test_the_doctor_survives_caches_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("EMSTELLAR_DATA", str(tmp_path / "file"))
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert re.search("data home +Nothing can be written to .*EMSTELLAR_DATA", printed)


def test_traceback_is_shown_if_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        cli.main(["--traceback", "report", "nowhere"])


def test_misspelt_commands_are_answered_by_the_usage(capsys):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["demmo"])
    assert "invalid choice: 'demmo'" in capsys.readouterr().err


def test_doctor_tells_versions_devices_and_data_home(capsys):
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr().out
    for word in ("keras", "python", "devices", "memory", "data home"):
        assert word in printed


@pytest.mark.backend
def test_networks_lists_published_counts(capsys, monkeypatch):
    names = ("unet", "emnet-v1-bn")
    few = {name: _methods.named_networks()[name] for name in names}
    monkeypatch.setattr(_methods, "named_networks", lambda: few)
    assert cli.main(["networks"]) == 0
    printed = capsys.readouterr().out
    assert "U-Net" in printed
    assert "GFLOPs" in printed


@pytest.fixture
def maps(tmp_path):
    """Maps of two methods named otherwise than the masks but for their numbers."""
    rng = np.random.default_rng(0)
    truth = tmp_path / "truth"
    truth.mkdir()
    masks = (rng.uniform(size=(3, 16, 16)) > 0.5).astype("uint8") * 255
    for i, mask in enumerate(masks):
        imsave(truth / f"mask{i:02d}.png", mask, check_contrast=False)
    for method in ("one", "two"):
        (tmp_path / "maps" / method).mkdir(parents=True)
        for i, mask in enumerate(masks):
            image = np.clip(mask * 0.5 + rng.uniform(0, 120, mask.shape), 0, 255).astype("uint8")
            path = tmp_path / "maps" / method / f"{method}{i:02d}.png"
            imsave(path, image, check_contrast=False)
    return tmp_path


def test_score_matches_by_number_and_writes_everything(maps, capsys):
    out = maps / "out"
    command = ["score", str(maps / "maps"), str(maps / "truth"), "--out", str(out)]
    assert cli.main([*command, "--metrics", "f1", "ppv", "--threshold", "0.3"]) == 0
    assert "[2/2] two: f1" in capsys.readouterr().out
    scores = pd.read_csv(out / "tables" / "scores.csv")
    assert len(scores) == (2 + 2) * 3 * 2
    assert (out / "report.html").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m: (m / "two" / "two01.png").unlink(), "Method 'two': .* do not match .*mask01"),
        (
            lambda m: imsave(m / "two" / "two01.png", np.ones((5, 5), "uint8") * 9),
            r"Method 'two': .*differ in size: mask01 \(16, 16\) and two01 \(5, 5\)",
        ),
        (
            lambda m: imsave(m / "two" / "two01.png", np.ones((16, 16), "uint16") * 9),
            r"Method 'two': The files differ in type: uint8 \(two00, ...\), uint16 \(two01",
        ),
        (
            lambda m: imsave(m / "two" / "two01.png", np.ones((16, 16, 3), "uint8") * 9),
            r"two01 has shape \(16, 16, 3\)",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:.*low contrast")
def test_score_lists_what_does_not_match(maps, spoil, message, capsys):
    spoil(maps / "maps")
    assert cli.main(["score", str(maps / "maps"), str(maps / "truth")]) == 1
    assert re.search(message, capsys.readouterr().err)


@pytest.mark.slow
@pytest.mark.skipif(
    not PUBLISHED.is_dir(), reason="needs the published maps below the folder EMSTELLAR_DATA"
)
def test_score_gives_the_published_table(tmp_path):
    command = ["score", str(PUBLISHED / "Networks outputs"), str(PUBLISHED / "Groundtruth")]
    assert cli.main([*command, "--out", str(tmp_path)]) == 0
    found = pd.read_csv(tmp_path / "tables" / "summary_test.csv", index_col="method")
    # The table that the authors published with the maps.
    columns = list(DEFAULT_SCORING)
    published = """
        CDeep3M .96607 .96485 .96845 .97450 .99303 .96383 .94054 .99585 .93437
        EM-net_V1_BN .97468 .95974 .96392 .98153 .97254 .98671 .97683 .98422 .95061
        ResNet .96320 .96219 .96586 .97286 .97174 .97350 .95481 .98355 .92901
        SegNet .96749 .95779 .95822 .97644 .95902 .98647 .97610 .97663 .93702
        U-net .96651 .96448 .95326 .97580 .95542 .98754 .97786 .97465 .93519
        VGG .96454 .96459 .96355 .97449 .94938 .98895 .98020 .97136 .93151
    """
    for line in published.strip().splitlines():
        method, *values = line.split()
        row = found.loc[method.replace("_", " "), [f"{column}_mean" for column in columns]]
        assert row.round(5).tolist() == [float(value) for value in values]


def test_maps_of_several_classes_have_a_folder_each(tmp_path, monkeypatch):
    probabilities = np.random.default_rng(0).dirichlet([1, 1, 1], (1, 8, 8)).astype("float32")

    class Fitted:
        classes_ = np.array([0, 2, 7])

        def predict_proba(self, X):
            return probabilities

    monkeypatch.setattr("emstellar.segmenters.load", lambda path: Fitted())
    imsave(tmp_path / "a.png", np.zeros((8, 8), "uint8"), check_contrast=False)
    out = tmp_path / "out"
    command = ["segment", "saved", str(tmp_path / "a.png"), "--probabilities", "--out", str(out)]
    assert cli.main(command) == 0
    for i, folder in enumerate(("class-0", "class-2", "class-7")):
        np.testing.assert_array_equal(imread(out / folder / "a.tif"), probabilities[0, ..., i])
    Fitted.classes_, probabilities = np.array([0, 255]), probabilities[..., :2]
    assert cli.main(command) == 0
    np.testing.assert_array_equal(imread(out / "a.tif"), probabilities[0, ..., 1])


def test_help_tells_the_true_defaults_and_choices(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit):
        cli.main(["benchmark", "--help"])
    printed = capsys.readouterr().out
    told = re.findall(r"^  --([\w-]+) .*\(([^()]+)\)$", printed, re.MULTILINE)
    assert len(told) >= 10
    defaults = vars(Settings())
    assert told == [(name, str(defaults[name.replace("-", "_")])) for name, _ in told]
    words = set(re.findall(r"[\w:-]+", printed))
    assert {"leave-one-group-out", "blocks:N", "blocks:N:GAP", *_data.DATA_SETS} <= words


def test_the_package_can_be_run_as_the_command():
    command = [sys.executable, "-m", "emstellar", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"emstellar {emstellar.__version__}\n"
