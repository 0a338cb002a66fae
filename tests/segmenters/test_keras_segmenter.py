import inspect
import re

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import jaccard_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from emstellar import EMNetSegmenter, KerasSegmenter, UNetSegmenter, VotingSegmenter, metrics
from emstellar.training.data import TrainingData

from .small import bright_discs, dropping_network, small_segmenter, two_convolutions

pytestmark = pytest.mark.backend
X, y = bright_discs()


def weights(segmenter):
    return np.concatenate([w.ravel() for w in segmenter.model_.get_weights()])


def test_it_learns():
    segmenter = small_segmenter(epochs=20, steps_per_epoch=10).fit(X, y)
    expected = jaccard_score(y.ravel(), segmenter.predict(X).ravel())
    assert expected > 0.9
    assert_allclose(segmenter.score(X, y), expected)
    assert segmenter.history_["loss"][-1] < segmenter.history_["loss"][0]


def test_fitted_attributes():
    segmenter = small_segmenter().fit(X, y)
    assert_array_equal(segmenter.classes_, [0, 1])
    assert segmenter.n_channels_in_ == segmenter.n_features_in_ == 1
    assert segmenter.n_iter_ == segmenter.best_iter_ == 3
    assert {"loss", "learning_rate", "elapsed"} == set(segmenter.history_)
    assert all(len(values) == 3 for values in segmenter.history_.values())
    assert segmenter.convergence_time_ == segmenter.history_["elapsed"][-1] <= segmenter.fit_time_


def test_each_fit_starts_from_new_weights():
    segmenter = small_segmenter().fit(X[:2], y[:2])
    segmenter.fit(X[2:], y[2:])
    assert_array_equal(weights(segmenter), weights(clone(segmenter).fit(X[2:], y[2:])))


def test_continued_training_equals_uninterrupted_training():
    whole = small_segmenter(dropping_network, epochs=3).fit(X, y)
    parts = small_segmenter(dropping_network, epochs=2, warm_start=True).fit(X, y)
    parts.set_params(epochs=1).fit(X, y)
    assert parts.n_iter_ == 3
    assert_array_equal(weights(parts), weights(whole))
    stepwise = small_segmenter(dropping_network)
    for _ in range(3):
        stepwise.partial_fit(X, y)
    assert_array_equal(weights(stepwise), weights(whole))
    assert_allclose(stepwise.history_["loss"], whole.history_["loss"], rtol=0)


def test_partial_fit_knows_classes_that_come_later():
    segmenter = small_segmenter().partial_fit(X[:1], y[:1], classes=[0, 1, 2])
    segmenter.partial_fit(X[1:], 2 * y[1:])
    assert segmenter.predict_proba(X).shape == (4, 16, 16, 3)
    with pytest.raises(ValueError, match=re.escape("not among the classes [0, 1, 2]: [5]")):
        segmenter.partial_fit(X, 5 * y)


def test_more_than_two_classes_and_channels():
    three = np.where(y & (np.arange(16) > 8), 7, y)
    colour = np.stack([X, 255 - X, X // 2], axis=-1)
    segmenter = small_segmenter(epochs=30).fit(colour, three)
    assert_array_equal(segmenter.classes_, [0, 1, 7])
    assert_allclose(segmenter.predict_proba(colour).sum(axis=-1), 1, atol=1e-5)


def test_early_stopping_restores_the_best_epoch():
    # A learning rate that jumps about, so that the last epoch is not the best.
    segmenter = small_segmenter(epochs=40, patience=3, learning_rate=0.5, monitor="val_f1")
    segmenter.fit(X[:3], y[:3], validation_data=(X[3:], y[3:]))
    scores = segmenter.history_["val_f1"]
    assert segmenter.best_iter_ == np.argmax(scores) + 1
    assert segmenter.n_iter_ == min(40, segmenter.best_iter_ + 3)
    assert segmenter.convergence_time_ == segmenter.history_["elapsed"][segmenter.best_iter_ - 1]
    tp = (segmenter.predict(X[3:]) & y[3:]).sum()
    assert_allclose(2 * tp / (segmenter.predict(X[3:]).sum() + y[3:].sum()), max(scores))


def test_last_weights_are_kept_on_request():
    options = {"epochs": 8, "patience": None, "learning_rate": 0.5}
    validation = {"validation_data": (X[3:], y[3:])}
    last = small_segmenter(restore_best=False, **options).fit(X[:3], y[:3], **validation)
    plain = small_segmenter(**options).fit(X[:3], y[:3])
    assert_array_equal(weights(last), weights(plain))


def test_validation_loss_is_the_mean_cross_entropy():
    from sklearn.metrics import log_loss

    segmenter = small_segmenter(restore_best=False)
    segmenter.fit(X[:3], y[:3], validation_data=(X[3:], y[3:]))
    probabilities = segmenter.predict_proba(X[3:])[..., 1]
    expected = log_loss(y[3:].ravel(), probabilities.ravel())
    assert_allclose(segmenter.history_["val_loss"][-1], expected, rtol=1e-4)


def test_validation_fraction_sets_whole_groups_aside(monkeypatch):
    seen = {}
    original = TrainingData.set_aside

    def spy(self, fraction, seed, groups):
        original(self, fraction, seed, groups)
        seen["trained"], seen["aside"] = self.images, self.validation[0]

    monkeypatch.setattr(TrainingData, "set_aside", spy)
    groups = np.array(["a", "a", "b", "b"])
    segmenter = small_segmenter(validation_fraction=0.5).fit(X, y, groups=groups)
    aside = [
        int(np.flatnonzero([(image[..., 0] == x).all() for x in X])[0]) for image in seen["aside"]
    ]
    assert len(set(groups[aside])) == 1
    assert len(aside) == len(seen["trained"]) == 2
    # The statistics of normalisation come from the images that are trained on, too.
    assert_allclose(segmenter.normalization_.mean[0], np.mean(seen["trained"]))


def test_continued_training_sets_the_same_images_aside(monkeypatch):
    aside = []
    original = TrainingData.set_aside

    def spy(self, fraction, seed, groups):
        original(self, fraction, seed, groups)
        aside.append(np.array(self.validation[0]))

    monkeypatch.setattr(TrainingData, "set_aside", spy)
    many, masks = bright_discs(12)
    segmenter = small_segmenter(
        epochs=1, validation_fraction=0.25, warm_start=True, random_state=None
    ).fit(many, masks)
    segmenter.fit(many, masks)
    assert_array_equal(*aside)


@pytest.mark.usefixtures("no_tracing")
def test_any_image_size():
    segmenter = UNetSegmenter(width=1 / 32, epochs=1, random_state=0).fit(X, y)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 255, shape) for shape in [(1, 1), (17, 23), (5, 40), (64, 16)]]
    maps = segmenter.predict_proba(images)
    assert [p.shape for p in maps] == [(*image.shape, 2) for image in images]


def test_tiles_change_nothing_where_the_overlap_covers_the_receptive_field():
    segmenter = small_segmenter().fit(X, y)
    image = np.random.default_rng(0).integers(0, 255, (1, 50, 70))
    whole = segmenter.predict_proba(image)
    segmenter.set_params(tile_size=(24, 32), overlap=8)
    assert_allclose(segmenter.predict_proba(image), whole, atol=1e-3)


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_batch_size_bounds_what_the_network_sees_and_not_the_result(batch_size, monkeypatch):
    segmenter = small_segmenter(epochs=1, tile_size=12, overlap=4).fit(X, y)
    expected, seen = segmenter.predict_proba(X), []
    predict = segmenter.model_.predict_on_batch

    def spy(batch):
        seen.append(len(batch))
        return predict(batch)

    monkeypatch.setattr(segmenter.model_, "predict_on_batch", spy)
    # Convolutions may add up in another order where there are more images.
    assert_allclose(segmenter.predict_proba(X, batch_size=batch_size), expected, atol=1e-6)
    assert max(seen) == min(batch_size, 4)  # an image of 16 pixels has 2 x 2 tiles of 12


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "auto", True])
def test_a_wrong_batch_size_of_a_prediction_is_named(batch_size):
    segmenter = small_segmenter(epochs=1).fit(X, y)
    message = (
        "The 'batch_size' parameter of KerasSegmenter.predict_proba must be an int in the range "
        f"[1, inf) or None. Got {batch_size!r} instead."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        segmenter.predict_proba(X, batch_size=batch_size)


def test_batch_size_reaches_the_last_step_of_a_pipeline_and_ensembles_need_none():
    segmenter = small_segmenter(epochs=1)
    pipeline = make_pipeline(FunctionTransformer(), segmenter).fit(X, y)
    found = pipeline.predict_proba(X, batch_size=1)
    assert_allclose(found, segmenter.predict_proba(X), atol=1e-6)
    assert_allclose(VotingSegmenter.from_fitted([segmenter]).predict_proba(X), found, atol=1e-6)
    assert metrics.get_scorer("roc_auc")(pipeline, X, y) == pytest.approx(
        metrics.roc_auc_score(y, found)
    )


def test_test_time_augmentation_makes_the_prediction_equivariant():
    segmenter = small_segmenter(test_time_augmentation=True).fit(X, y)
    image = np.random.default_rng(0).integers(0, 255, (1, 20, 20))
    turned = segmenter.predict_proba(np.rot90(image, axes=(1, 2)))
    assert_allclose(turned, np.rot90(segmenter.predict_proba(image), axes=(1, 2)), atol=1e-5)


def test_class_weight_balances():
    light = small_segmenter(epochs=2).fit(X, y).predict_proba(X)[..., 1].mean()
    heavy = small_segmenter(epochs=2, class_weight={1: 20}).fit(X, y).predict_proba(X)[..., 1]
    assert heavy.mean() > light
    share = y.mean()
    explicit = small_segmenter(class_weight={0: 0.5 / (1 - share), 1: 0.5 / share}).fit(X, y)
    balanced = small_segmenter(class_weight="balanced").fit(X, y)
    assert_allclose(weights(balanced), weights(explicit), atol=1e-5)


def test_the_weights_of_a_loss_reach_the_network():
    from emstellar.losses import boundary_weight_map

    touching = y.copy()
    touching[:, 8] = 0
    weight = np.stack([boundary_weight_map(mask) for mask in touching])
    by_loss = small_segmenter(loss="boundary_weighted_cross_entropy").fit(X, touching)
    by_hand = small_segmenter().fit(X, touching, sample_weight=weight)
    assert_allclose(weights(by_loss), weights(by_hand), atol=1e-6)
    assert np.abs(weights(by_loss) - weights(small_segmenter().fit(X, touching))).max() > 1e-3


def test_callbacks_are_copied():
    class Counter(keras.callbacks.Callback):
        n_epochs = 0

        def on_epoch_end(self, epoch, logs=None):
            self.n_epochs += 1
            type(self).last_logs = logs

    counter = Counter()
    small_segmenter(callbacks=[counter]).fit(X, y)
    assert counter.n_epochs == 0
    assert "loss" in Counter.last_logs


def diverged(y_true, y_pred):
    return keras.ops.mean(y_pred) * np.nan


def test_a_diverged_loss_is_said():
    with pytest.warns(ConvergenceWarning, match=r"The loss, .* became NaN or infinite in epoch 1"):
        small_segmenter(loss=diverged).fit(X, y)


def test_progress_is_printed(capsys):
    small_segmenter(verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert re.match(r"\[KerasSegmenter\] epoch 3/3  loss 0\.\d+ .* 0 s left", lines[-1])


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (lambda s, k: two_convolutions(s, 3), "expected (1, 1, 1, 1)"),
        (
            lambda s, k: keras.Sequential([keras.Input(s), keras.layers.Conv2D(k, 3)]),
            "as large as the image",
        ),
    ],
)
def test_a_network_with_another_output_is_refused(network, message):
    size_multiple = 1 if "1, 1" in message else 8
    with pytest.raises(ValueError, match=re.escape(message)):
        small_segmenter(network, size_multiple=size_multiple).fit(X, y)


@pytest.mark.parametrize("cls", [KerasSegmenter, UNetSegmenter, EMNetSegmenter])
def test_every_parameter_is_documented_and_keyword_only(cls):
    parameters = inspect.signature(cls).parameters
    assert set(parameters) == set(cls._get_param_names())
    for name, parameter in parameters.items():
        assert re.search(rf"^{name} : ", cls.__doc__, flags=re.MULTILINE), name
        assert name == "network" or parameter.kind is parameter.KEYWORD_ONLY
    assert "{" + "attributes}" not in cls.__doc__
