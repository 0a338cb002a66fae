from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emstellar.losses import CrossEntropy
from emstellar.training.callbacks import BestEpoch, ValidationScores, is_better


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
