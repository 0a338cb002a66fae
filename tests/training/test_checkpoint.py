import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import emstellar
from emstellar.archive import read_archive
from tests.segmenters.small import bright_discs, dropping_network, small_segmenter

pytestmark = pytest.mark.backend
X, y = bright_discs()


class Stop(keras.callbacks.Callback):
    """Interrupt a fit, as Ctrl-C does, in the middle of an epoch, unless it is switched off."""

    on = True

    def on_train_batch_begin(self, batch, logs=None):
        if Stop.on and self.model.optimizer.iterations >= 5:
            raise KeyboardInterrupt


def interrupt(folder, monkeypatch, **parameters):
    """Begin a fit, interrupt it, and return the file that it leaves."""
    with monkeypatch.context() as context:
        context.setattr(Stop, "on", True)
        with pytest.raises(KeyboardInterrupt):
            segmenter_with(folder, callbacks=[Stop()], **parameters).fit(X, y)
    monkeypatch.setattr(Stop, "on", False)
    return max(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns)


def segmenter_with(folder, **parameters):
    options = {"epochs": 6, "validation_fraction": 0.25, "checkpoint": folder, **parameters}
    return small_segmenter(dropping_network, **options)


def assert_same_training(found, expected):
    assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    assert found.best_iter_ == expected.best_iter_
    for name in set(expected.history_) - {"elapsed"}:
        assert_array_equal(found.history_[name], expected.history_[name])


@pytest.mark.parametrize("random_state", [0, None])
def test_an_interrupted_fit_continues_and_ends_the_same(tmp_path, monkeypatch, random_state):
    options = {"random_state": random_state}
    file = interrupt(tmp_path, monkeypatch, **options)
    header, _ = read_archive(file)
    assert 0 < len(header["history"]["loss"]) < 6
    continued = segmenter_with(tmp_path, callbacks=[Stop()], **options).fit(X, y)
    undisturbed = segmenter_with(None, random_state=header["seed"]).fit(X, y)
    assert_same_training(continued, undisturbed)


def test_the_same_segmenter_continues_after_an_interruption(tmp_path, monkeypatch):
    segmenter = segmenter_with(tmp_path, callbacks=[Stop()], warm_start=True)
    with pytest.raises(KeyboardInterrupt):
        segmenter.fit(X, y)
    assert 0 < len(segmenter.history_["loss"]) < 6
    monkeypatch.setattr(Stop, "on", False)
    assert_same_training(segmenter.fit(X, y), segmenter_with(None).fit(X, y))


@pytest.mark.slow
def test_a_killed_process_loses_an_epoch_at_most(tmp_path):
    command = [sys.executable, "-m", "tests.training.killed_fit", tmp_path]
    killed = subprocess.run(command, check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    (file,) = tmp_path.iterdir()
    assert read_archive(file)[0]["history"]["loss"]
    subprocess.run([*command, "again"], check=True, env=os.environ)
    assert not file.exists()
    expected = segmenter_with(None).fit(X, y).predict_proba(X)
    assert_array_equal(np.load(tmp_path / "maps.npy"), expected)


def test_a_finished_fit_leaves_no_file_for_another_to_find(tmp_path):
    fits = [segmenter_with(tmp_path, epochs=1, random_state=None).fit(X, y) for _ in range(2)]
    assert list(tmp_path.iterdir()) == []
    assert fits[0].seed_ != fits[1].seed_


def test_a_warm_fit_trains_on(tmp_path):
    segmenter = segmenter_with(tmp_path, epochs=2, warm_start=True).fit(X, y).fit(X, y)
    assert segmenter.n_iter_ == 4


def test_other_data_and_parameters_have_their_own_files(tmp_path, monkeypatch):
    interrupt(tmp_path, monkeypatch)
    interrupt(tmp_path, monkeypatch, verbose=1, tile_size=64, overlap=8)
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(KeyboardInterrupt), monkeypatch.context() as context:
        context.setattr(Stop, "on", True)
        segmenter_with(tmp_path, callbacks=[Stop()]).fit(X[::-1], y[::-1])
    interrupt(tmp_path, monkeypatch, learning_rate=0.1)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"optimizer": keras.optimizers.SGD(0.1, momentum=0.9)},
        lambda: {"lr_schedule": keras.optimizers.schedules.CosineDecay(0.01, 10)},
        lambda: {"loss": keras.losses.BinaryFocalCrossentropy()},
        lambda: {"augmentation": lambda image, mask, rng: (image, mask)},
    ],
    ids=["optimizer", "schedule", "loss", "function"],
)
def test_equal_objects_made_anew_are_the_same_fit(tmp_path, make):
    paths = {segmenter_with(tmp_path, **make())._checkpoint_path(X, 0) for _ in range(2)}
    assert len(paths) == 1


def test_callbacks_count_by_class_and_attributes(tmp_path):
    class First(keras.callbacks.Callback):
        def __init__(self, factor=1):
            super().__init__()
            self.factor = factor

    class Second(First):
        pass

    callbacks = [None, [First()], [First(2)], [Second()], [First(), First()]]
    paths = {segmenter_with(tmp_path, callbacks=c)._checkpoint_path(X, 0) for c in callbacks}
    assert len(paths) == len(callbacks)


def test_other_versions_begin_anew_with_a_warning(tmp_path, monkeypatch):
    file = interrupt(tmp_path, monkeypatch)
    monkeypatch.setattr(emstellar, "__version__", "0.0.1")
    with pytest.warns(UserWarning, match="as other code, or other versions .* begins anew"):
        segmenter = segmenter_with(tmp_path, callbacks=[Stop()]).fit(X, y)
    assert len(segmenter.history_["loss"]) == 6
    assert file.exists()


def test_an_edited_network_begins_anew(tmp_path):
    def network(width):
        def build(input_shape, n_outputs):
            return dropping_network(input_shape, n_outputs * width)

        return build

    first = segmenter_with(tmp_path).set_params(network=network(1))._checkpoint_path(X, 0)
    first.touch()
    second = segmenter_with(tmp_path).set_params(network=network(2))._checkpoint_path(X, 0)
    assert first != second


def test_a_damaged_checkpoint_is_named_and_the_fit_begins_anew(tmp_path, monkeypatch):
    file = interrupt(tmp_path, monkeypatch)
    file.write_bytes(b"nothing")
    with pytest.warns(UserWarning, match=f"{file.name} is not a segmenter .* begins anew"):
        segmenter = segmenter_with(tmp_path, callbacks=[Stop()]).fit(X, y)
    assert_same_training(segmenter, segmenter_with(None).fit(X, y))
