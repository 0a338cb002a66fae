"""The library's main roads, in a minute: run where its dependencies differ from the newest.

Nothing is compared with digits here; that a score is good says that the parts fit together.
"""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_validate

import emstellar
from emstellar import RandomForestSegmenter, UNetSegmenter, VotingSegmenter, benchmark
from emstellar._keras import keras
from emstellar.datasets import make_em_images
from emstellar.io import read_images, write_images
from emstellar.metrics import f1_score, get_scorers

# The rest of the tests asks all this of the newest versions.
pytestmark = pytest.mark.slow

X, y, groups = make_em_images(6, (32, 32), n_groups=3, return_groups=True, random_state=0)


def tiny_unet(**options):
    return UNetSegmenter(width=1 / 16, epochs=2, steps_per_epoch=2, random_state=0, **options)


def small_forest():
    return RandomForestSegmenter(n_estimators=5, max_samples=500, random_state=0)


def test_a_network_is_fitted_saved_and_loaded(tmp_path):
    unet = tiny_unet(validation_fraction=0.3, monitor="val_f1", augmentation="strong").fit(X, y)
    probabilities = unet.predict_proba(X)
    assert probabilities.shape == (6, 32, 32, 2)
    unet.save(tmp_path / "unet.emstellar")
    again = emstellar.load(tmp_path / "unet.emstellar").predict_proba(X)
    np.testing.assert_allclose(again, probabilities, atol=1e-6)


@pytest.mark.parametrize("features", ["multiscale", "ilastik", "weka"])
def test_a_forest_segments(features):
    forest = small_forest().set_params(features=features).fit(X, y)
    assert f1_score(y, forest.predict_proba(X)) > 0.5


def test_scikit_learn_validates_and_searches():
    result = cross_validate(
        small_forest(),
        X,
        y,
        groups=groups,
        cv=LeaveOneGroupOut(),
        scoring=get_scorers("f1", "v_rand", "neg_brier", "neg_hausdorff"),
        return_estimator=True,
        error_score="raise",
    )
    assert np.isfinite(result["test_v_rand"]).all()
    vote = VotingSegmenter.from_fitted(result["estimator"])
    assert f1_score(y, vote.predict_proba(X)) > 0.5
    grid = {"n_estimators": [2, 4]}
    scoring = get_scorers("jaccard")
    search = GridSearchCV(small_forest(), grid, cv=2, scoring=scoring, refit="jaccard")
    assert search.fit(X, y).predict(X).shape == X.shape


def test_a_benchmark_is_kept_and_shown(tmp_path):
    segmenters = {"unet": tiny_unet(), "forest": small_forest()}
    options = {"cv": 3, "groups": groups, "store": tmp_path / "store", "verbose": 0}
    result = benchmark(segmenters, X, y, keep_models=True, **options)
    assert result.errors.empty
    assert set(result.summary().index) >= {"unet", "forest"}
    assert "</html>" in result.to_html()
    assert (
        benchmark(segmenters, X, y, keep_models=True, **options).summary().equals(result.summary())
    )


@pytest.fixture
def masks(tmp_path):
    """A folder with the true masks and, in another, those of a method that is always right."""
    names = [f"{i}.png" for i in range(len(y))]
    write_images(tmp_path / "truth", y.astype("uint8"), names)
    write_images(tmp_path / "methods" / "copy", y.astype("uint8"), names)
    return tmp_path


def test_the_command_scores_and_segments(masks):
    images, truth = masks / "images", masks / "truth"
    write_images(images, X, [f"{i}.png" for i in range(len(X))])
    run_command("score", masks / "methods", truth, "--out", masks / "scores")
    assert (masks / "scores" / "report.html").exists()
    tiny_unet().fit(X, y).save(masks / "unet.emstellar")
    run_command("segment", masks / "unet.emstellar", images, "--out", masks / "found")
    assert read_images(masks / "found")[0][0].shape == (32, 32)


def run_command(*arguments):
    command = [sys.executable, "-m", "emstellar", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_doctor_names_the_backend():
    assert f"on {keras.config.backend()} " in run_command("doctor")
