"""Validation images under weights: what counts in ``val_loss``, scores and the best epoch."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_class_weight

from emstellar import metrics
from emstellar.training.data import TrainingData

from .small import bright_discs, small_segmenter

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("no_tracing")]
X, y = bright_discs(6)
HALF = np.ones(y.shape, "float32")
HALF[:, :, 8:] = 0
WRONG = np.where(HALF > 0, y, 1 - y).astype("uint8")
SPLIT = {"validation_fraction": 0.34, "epochs": 3, "learning_rate": 0.1}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"monitor": "val_f1", "class_weight": "balanced"},
        {"monitor": "val_v_rand", "loss": "dice"},
    ],
)
def test_labels_under_weight_0_change_nothing(parameters):
    right, wrong = (
        small_segmenter(**SPLIT, **parameters).fit(X, labels, HALF) for labels in (y, WRONG)
    )
    for name in right.history_.keys() - {"elapsed"}:
        assert_array_equal(right.history_[name], wrong.history_[name], err_msg=name)
    assert right.best_iter_ == wrong.best_iter_


def last_epoch(**parameters):
    return small_segmenter(restore_best=False, epochs=2, **parameters)


def test_scores_are_those_of_scorers_under_the_same_weights():
    weights = np.random.default_rng(0).uniform(0.5, 2, y.shape)
    segmenter = last_epoch().fit(X[:4], y[:4], validation_data=(X[4:], y[4:], weights[4:]))
    found = segmenter.history_["val_f1"][-1]
    f1 = metrics.get_scorer("f1")
    assert_allclose(found, f1(segmenter, X[4:], y[4:], sample_weight=weights[4:]), rtol=1e-6)
    assert abs(found - f1(segmenter, X[4:], y[4:])) > 1e-4


def test_val_loss_is_the_pooled_cross_entropy_under_weights_of_pixels_and_classes():
    weights = np.random.default_rng(0).uniform(0.5, 2, y.shape)
    segmenter = last_epoch(class_weight={0: 1, 1: 5})
    segmenter.fit(X[:4], y[:4], validation_data=(X[4:], y[4:], weights[4:]))
    foreground = segmenter.predict_proba(X[4:])[..., 1]
    truth = y[4:].astype(bool)
    entropy = -np.log(np.where(truth, foreground, 1 - foreground))
    expected = np.average(entropy, weights=weights[4:] * np.where(truth, 5, 1))
    assert_allclose(segmenter.history_["val_loss"][-1], expected, rtol=1e-4)


def test_boundary_weights_count_in_val_loss():
    loss = "boundary_weighted_cross_entropy"
    bars = np.zeros_like(y[4:])
    bars[:, :, [3, 4, 7, 8]] = 1
    segmenter = last_epoch(loss=loss).fit(X[:4], y[:4], validation_data=(X[4:], bars))
    foreground = segmenter.predict_proba(X[4:])[..., 1]
    entropy = -np.log(np.where(bars, foreground, 1 - foreground))
    weights = [segmenter.model_.loss.weight_map(mask) for mask in bars]
    assert np.max(weights) > 1.5
    expected = np.average(entropy, weights=weights)
    assert_allclose(segmenter.history_["val_loss"][-1], expected, rtol=1e-4)


def test_balanced_counts_the_labelled_pixels_that_are_trained_on_by_their_weights():
    labels = y.astype(int)
    labels[:, :4] = -1
    weights = HALF * np.arange(1, 7)[:, np.newaxis, np.newaxis]
    segmenter = small_segmenter(class_weight="balanced", **SPLIT)
    taken = []
    original = TrainingData._take

    def take(self, positions):
        taken.append(list(positions))
        return original(self, positions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingData, "_take", take)
        segmenter.fit(X, labels, weights)
    kept = taken[-1]
    known = labels[kept] >= 0
    expected = compute_class_weight(
        "balanced",
        classes=np.array([0, 1]),
        y=labels[kept][known],
        sample_weight=weights[kept][known],
    )
    assert_allclose(segmenter.model_.loss.class_weight, expected, rtol=1e-6)


def test_a_scorer_rises_whatever_it_is_called():
    metrics.register_scorer("brier_loss", metrics.brier_score_loss, greater_is_better=False)
    found = []
    for monitor in ("val_brier_loss", "val_neg_brier"):
        segmenter = small_segmenter(monitor=monitor, epochs=8, learning_rate=0.1)
        segmenter.fit(X[:4], y[:4], validation_data=(X[4:], y[4:]))
        scores = segmenter.history_[monitor]
        assert segmenter.best_iter_ == 1 + np.argmax(scores)
        found.append(segmenter.best_iter_)
    assert found[0] == found[1] > 1


class Poison(keras.callbacks.Callback):
    """Make all weights NaN after an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.set_weights([w * np.nan for w in self.model.get_weights()])


def test_nan_stops_training_and_the_best_epoch_stays():
    options = {"epochs": 8, "callbacks": [Poison(3)]}
    with pytest.warns(ConvergenceWarning, match=r"in epoch 5.* weights of epoch \d are kept"):
        segmenter = small_segmenter(**options).fit(X[:4], y[:4], validation_data=(X[4:], y[4:]))
    assert segmenter.n_iter_ == 5
    assert_array_equal(np.isnan(segmenter.history_["val_f1"]), [False] * 4 + [True])
    assert 1 <= segmenter.best_iter_ <= 4
    undisturbed = small_segmenter(epochs=4).fit(X[:4], y[:4], validation_data=(X[4:], y[4:]))
    assert_array_equal(segmenter.predict_proba(X), undisturbed.predict_proba(X))


def test_nan_stops_training_without_validation_images_too():
    with pytest.warns(ConvergenceWarning, match="in epoch 2.* it cannot predict"):
        segmenter = small_segmenter(epochs=8, callbacks=[Poison(0)]).fit(X, y)
    assert segmenter.n_iter_ == 2
    with pytest.raises(ValueError, match=r"NaN or infinite probabilities for X.0.. Its training"):
        segmenter.predict(X)


def test_overflow_in_float16_is_said_instead_of_predicted():
    images = X.astype("float32") * 1e4
    half = small_segmenter(precision="mixed_float16", normalization=None, epochs=1)
    with pytest.warns(ConvergenceWarning, match="mixed_bfloat16"):
        half.fit(images[:4], y[:4], validation_data=(images[4:], y[4:]))
    with pytest.raises(ValueError, match="float16 overflows beyond 65504"):
        half.predict(images)


def test_validation_images_without_labels_are_refused_before_training():
    unlabelled = np.full(y[4:].shape, -1)
    for data in (
        (X[4:], unlabelled),
        (X[4:], np.where(HALF[4:] > 0, -1, y[4:].astype(int)), HALF[4:]),
    ):
        segmenter = small_segmenter()
        with pytest.raises(ValueError, match="No pixel of the 2 validation images is labelled"):
            segmenter.fit(X[:4], y[:4], validation_data=data)
        assert not hasattr(segmenter, "model_")
    with pytest.raises(ValueError, match=r"tuple .* got a tuple of 4 items"):
        small_segmenter().fit(X, y, validation_data=(X, y, HALF, HALF))
