from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emstellar.losses import CrossEntropy
from emstellar.training import callbacks
from emstellar.training.callbacks import (
    BestEpoch,
    EpochLog,
    ValidationScores,
    best_epoch,
    is_better,
)


class Recorder:
    """Stands for a model whose weights are the number of the epoch."""

    def __init__(self):
        self.weights = [0]
        self.stop_training = False

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = weights


def follow(callback, values):
    """Feed a monitored value per epoch, until training stops."""
    model = Recorder()
    callback.set_model(model)
    for epoch, value in enumerate(values):
        model.weights = [epoch]
        callback.on_epoch_end(epoch, {callback.monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch, model


@pytest.mark.parametrize(
    ("monitor", "values"),
    [("val_loss", [3, 2, 1, 1, 2, 0]), ("val_f1", [0.1, 0.2, 0.5, 0.5, 0.3, 0.9])],
)
def test_training_stops_when_the_best_epoch_is_long_past(monitor, values):
    best = BestEpoch(monitor, patience=2, restore=True)
    last, model = follow(best, values)
    assert (last, best.epoch, model.weights) == (4, 2, [2])
    assert best.value == values[2]


def test_without_patience_it_runs_to_the_end_and_may_keep_the_last_weights():
    last, model = follow(BestEpoch("val_loss", patience=None, restore=False), [1, 2, 3, 4])
    assert (last, model.weights) == (3, [3])


def test_a_monitor_that_was_not_recorded_is_named():
    callback = BestEpoch("val_jaccard", None, True)
    with pytest.raises(ValueError, match=r"monitor='val_jaccard' .*: \['loss', 'val_f1'\]"):
        callback.on_epoch_end(0, {"loss": 1.0, "val_f1": 0.5})


def test_losses_fall_and_scores_rise():
    assert is_better(1, 2, "val_loss")
    assert is_better(2, 1, "val_f1")
    assert not is_better(float("nan"), 2, "val_loss")


NAN = float("nan")


def test_training_stops_only_where_there_is_a_value():
    # Of every third epoch; that after the best one is worse, though patience ended long before.
    best = BestEpoch("val_f1", patience=1, restore=True, frequency=3)
    values = [NAN, NAN, 0.5, NAN, NAN, 0.7, NAN, NAN, 0.6, NAN, NAN, 0.9]
    last, model = follow(best, values)
    assert (last, best.epoch, best.value, model.weights) == (8, 5, 0.7, [5])


def test_training_stops_too_if_no_value_is_ever_a_number():
    last, model = follow(BestEpoch("val_loss", patience=2, restore=True), [NAN] * 5)
    assert (last, model.weights) == (2, [2])


def test_best_epoch_overlooks_what_is_no_number():
    assert best_epoch([NAN, 3, NAN, 1, NAN], "val_loss") == 3
    assert best_epoch([NAN, 0.2, NAN, 0.5, 0.5], "val_v_rand") == 3
    assert best_epoch([NAN, NAN], "val_f1") is None


def test_scores_are_computed_every_so_many_epochs():
    n_predictions = []

    def predict(images):
        n_predictions.append(len(images))
        return [np.array([[[0.9], [0.2]]], "float32")]

    codes = [np.array([[1, 0]], "int32")]
    callback = ValidationScores(predict, [None], codes, ("f1",), frequency=3)
    callback.set_model(SimpleNamespace(loss=CrossEntropy()))
    found = []
    for epoch in range(7):
        logs = {}
        callback.on_epoch_end(epoch, logs)
        assert set(logs) == {"val_loss", "val_f1"}
        found.append(logs["val_f1"])
    assert_array_equal(found, [NAN, NAN, 1, NAN, NAN, 1, NAN])
    assert n_predictions == [1, 1]


def test_the_line_of_an_epoch(capsys, monkeypatch):
    clock = iter([100.0, 110.0, 130.0])
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: next(clock))
    log = EpochLog({"elapsed": [7.0]}, n_epochs=5, name="unet", verbose=1)
    log.set_model(SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5)))
    log.on_train_begin()
    log.on_epoch_end(1, {"loss": 0.51234, "val_v_rand": NAN})
    log.on_epoch_end(2, {"loss": 0.25, "val_v_rand": 0.875})
    first, second = capsys.readouterr().out.splitlines()
    # The fit that is continued took 7 s; 10 s an epoch, then 15 s on average.
    assert first == "[unet] epoch 2/5  loss 0.5123  10 s, at most 30 s left"
    assert second == "[unet] epoch 3/5  loss 0.25  val_v_rand 0.875  30 s, at most 30 s left"
    assert log.history["elapsed"] == [7, 17, 37]


@pytest.mark.backend
def test_whole_images_are_scored_and_unlabelled_pixels_ignored():
    maps = [np.array([[[0.9], [0.2], [0.7]]], "float32"), np.array([[[0.4]], [[0.6]]], "float32")]
    codes = [np.array([[1, 0, -1]], "int32"), np.array([[1], [1]], "int32")]
    callback = ValidationScores(lambda images: maps, [None, None], codes, ("f1", "sensitivity"))
    callback.set_model(SimpleNamespace(loss=CrossEntropy()))
    logs = {}
    callback.on_epoch_end(0, logs)
    expected = -np.mean(np.log([0.9, 0.8, 0.4, 0.6]))
    assert_allclose(logs["val_loss"], expected, rtol=1e-5)
    assert_allclose([logs["val_f1"], logs["val_sensitivity"]], [0.8, 2 / 3])
