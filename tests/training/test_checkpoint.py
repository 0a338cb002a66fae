import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from emstellar.archive import read_archive
from tests.segmenters.small import bright_discs, dropping_network, small_segmenter

pytestmark = pytest.mark.backend
X, y = bright_discs()


class Stop(keras.callbacks.Callback):
    """Interrupt a fit, as Ctrl-C does, in the middle of an epoch."""

    def on_train_batch_begin(self, batch, logs=None):
        if self.model.optimizer.iterations >= 5:
            raise KeyboardInterrupt


def segmenter_with(folder, **parameters):
    options = {"epochs": 6, "validation_fraction": 0.25, "checkpoint": folder, **parameters}
    return small_segmenter(dropping_network, **options)


def assert_same_training(found, expected):
    assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    assert found.best_iter_ == expected.best_iter_
    for name in set(expected.history_) - {"elapsed"}:
        assert_array_equal(found.history_[name], expected.history_[name])


@pytest.mark.parametrize("random_state", [0, None])
def test_an_interrupted_fit_continues_and_ends_the_same(tmp_path, random_state):
    options = {"random_state": random_state}
    with pytest.raises(KeyboardInterrupt):
        segmenter_with(tmp_path, callbacks=[Stop()], **options).fit(X, y)
    (file,) = tmp_path.iterdir()
    header, _ = read_archive(file)
    assert 0 < len(header["history"]["loss"]) < 6
    continued = segmenter_with(tmp_path, **options).fit(X, y)
    undisturbed = segmenter_with(None, random_state=header["seed"]).fit(X, y)
    assert_same_training(continued, undisturbed)


@pytest.mark.slow
def test_a_killed_process_loses_an_epoch_at_most(tmp_path):
    command = [sys.executable, "-m", "tests.training.killed_fit", tmp_path]
    killed = subprocess.run(command, check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert_same_training(segmenter_with(tmp_path).fit(X, y), segmenter_with(None).fit(X, y))


def test_a_finished_fit_is_not_repeated(tmp_path, monkeypatch):
    first = segmenter_with(tmp_path, patience=1, learning_rate=0.5).fit(X, y)
    monkeypatch.setattr(keras.Model, "fit", lambda *a, **k: pytest.fail("trained again"))
    assert_same_training(segmenter_with(tmp_path, patience=1, learning_rate=0.5).fit(X, y), first)


def test_other_data_and_parameters_have_their_own_files(tmp_path):
    segmenter_with(tmp_path, epochs=1).fit(X, y)
    segmenter_with(tmp_path, epochs=1, verbose=1, tile_size=64, overlap=8).fit(X, y)
    assert len(list(tmp_path.iterdir())) == 1
    segmenter_with(tmp_path, epochs=1).fit(X[::-1], y[::-1])
    segmenter_with(tmp_path, epochs=1, learning_rate=0.1).fit(X, y)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_checkpoint_is_named(tmp_path):
    segmenter_with(tmp_path, epochs=1).fit(X, y)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=f"{file.name} is not a segmenter saved by emstellar"):
        segmenter_with(tmp_path, epochs=1).fit(X, y)
    assert np.array_equal(file.read_bytes(), b"nothing")
