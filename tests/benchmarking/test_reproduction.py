"""The code on the page, run from its first line, gives the result again."""

import os

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from emstellar import RandomForestSegmenter, benchmark
from emstellar.benchmarking import BenchmarkResult, score_folders
from emstellar.io import write_images
from emstellar.model_selection import BlockKFold
from emstellar.studies import load_study, make_synthetic_study

from .segmenters import NoisyThreshold


def run(code):
    """Run code with nothing given, and return its names."""
    names = {}
    exec(code, names)
    return names


def assert_same_scores(one, other):
    for frame in ("scores", "fold_scores"):
        np.testing.assert_array_equal(getattr(one, frame)["value"], getattr(other, frame)["value"])


def assert_loads(study):
    names = run(study.loading)
    for name in ("X", "y", "groups", "X_test", "y_test"):
        expected = getattr(study, name)
        if expected is None:
            assert name not in names
        else:
            np.testing.assert_array_equal(names[name], expected)


@pytest.fixture
def folder(tmp_path):
    names = ["f1_a", "f1_b", "f2_a", "f2_b", "g3_a"]
    images = np.arange(5 * 64).reshape(5, 8, 8).astype("uint8")
    write_images(tmp_path / "images", images, names, suffix=".png")
    write_images(tmp_path / "masks", images % 2, names, suffix=".png")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("n_folds", [None, 1])
def test_the_code_of_a_ready_made_study_gives_its_result_again(n_folds):
    study = load_study("synthetic", n_folds=n_folds, random_state=3)
    methods = {"forest": RandomForestSegmenter(3, max_samples=500)}
    options = {"scoring": ["f1"], "ensembles": ("majority voting",), "random_state": 1}
    result = benchmark(methods, **study.arguments(), **options, n_repeats=2, verbose=0)
    again = run(result.plan.code)["result"]
    assert again.data.fingerprint == result.data.fingerprint
    assert_same_scores(again, result)


def test_the_code_loads_a_synthetic_study_of_any_size():
    assert_loads(make_synthetic_study(3, (16, 24), n_test_groups=1, random_state=2))


@pytest.mark.parametrize(
    "options", [{}, {"groups": r"^\w\d", "test_groups": ["g3"]}, {"cv": "blocks:4"}]
)
def test_the_code_loads_a_folder(folder, options):
    assert_loads(load_study(folder, **options))


@pytest.mark.skipif(
    not os.environ.get("EMSTELLAR_DATA"), reason="needs the data sets in EMSTELLAR_DATA"
)
@pytest.mark.parametrize("name", ["cardiac", "isbi2012", "neuronal"])
def test_the_code_loads_a_data_set(name):
    assert_loads(load_study(name))


def make_result(**options):
    masks = np.tile(np.arange(16) % 8 < 4, (4, 16, 1)).astype(int)
    methods = {"noisy": NoisyThreshold(2.0)}
    options = {"scoring": "f1", "random_state": 0, "verbose": 0, **options}
    return benchmark(methods, masks * 0.5, masks, **options)


LOADING = """import numpy as np
y = np.tile(np.arange(16) % 8 < 4, (4, 16, 1)).astype(int)
X = y * 0.5
groups = [0, 0, 1, 1]"""


def test_code_of_ones_own_is_taken_for_the_loading():
    result = make_result(cv=GroupKFold(2), groups=[0, 0, 1, 1], loading=LOADING)
    assert_same_scores(run(result.plan.code)["result"], result)


def test_a_splitter_of_ours_is_imported_from_where_it_is_offered():
    result = make_result(cv=BlockKFold(2, purge=0), loading=LOADING)
    assert "from emstellar.model_selection import BlockKFold" in result.plan.code
    assert_same_scores(run(result.plan.code)["result"], result)


def test_the_code_names_scorers_of_ones_own():
    result = make_result(cv=2, scoring={"mine": lambda segmenter, X, y: 0.5}, loading=LOADING)
    assert "registered or passed by the reader: mine." in result.plan.code


def test_splits_that_come_from_a_generator_are_written_out():
    halves = (np.array([0, 1]), np.array([2, 3]))
    result = make_result(cv=(pair for pair in [halves, halves[::-1]]), loading=LOADING)
    assert "cv=[([0, 1], [2, 3]), ([2, 3], [0, 1])]" in result.plan.code
    assert_same_scores(run(result.plan.code)["result"], result)


def test_without_loading_code_the_page_says_which_images_they_were():
    result = make_result(cv=2)
    first, second = result.plan.code.splitlines()[:2]
    assert "X (4), y (4)" in first
    assert result.data.fingerprint in second
    masks = np.tile(np.arange(16) % 8 < 4, (4, 16, 1)).astype(int)
    names = {"X": masks * 0.5, "y": masks}
    exec(result.plan.code, names)
    assert_same_scores(names["result"], result)


def test_the_code_of_scored_folders_scores_them_again(folder):
    write_images(folder / "maps" / "half", np.full((5, 8, 8), 0.6), list("abcde"), suffix=".tif")
    write_images(folder / "truth", np.eye(8)[None] * np.ones((5, 1, 1)), list("abcde"))
    result = score_folders(
        folder / "maps", folder / "truth", scoring=["f1", "jaccard"], threshold=0.7, verbose=0
    )
    again = run(result.plan.code)["result"]
    assert_same_scores(again, result)


def test_the_code_of_maps_made_elsewhere_scores_them_again():
    loading = "predictions, y = {'a': [[[0.2, 0.6]]]}, [[[0, 1]]]\nX = y"
    names = run(loading)
    result = BenchmarkResult.from_predictions(
        names["predictions"],
        np.array(names["y"]),
        X=np.array(names["X"]),
        scoring="f1",
        threshold=0.7,
        ensembles=(),
        loading="import numpy as np\n" + loading + "\nX, y = np.array(X), np.array(y)",
    )
    assert_same_scores(run(result.plan.code)["result"], result)


def test_a_merged_result_has_the_code_of_its_parts():
    one, other = make_result(cv=2, loading=LOADING), make_result(cv=2, random_state=1)
    code = BenchmarkResult.merge([one, other]).plan.code
    assert code.count("result = benchmark(") == 2
    assert code.startswith(LOADING)
