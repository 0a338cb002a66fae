"""Traps between scikit-learn and Keras that the tests of no single module would catch.

Those of one module are tested with it; docs/developer/testing.md lists every trap with its tests.
"""

import ast
import json
import pickle
import re
from pathlib import Path

import joblib
import keras
import numpy as np
import pytest
import skops.io
from keras import ops
from numpy.testing import assert_array_equal
from sklearn.base import ClassifierMixin, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import LeaveOneOut, cross_validate
from sklearn.utils import get_tags

import emstellar
from emstellar import KerasSegmenter, VotingSegmenter, losses, metrics
from emstellar.training import PatchBatches
from emstellar.training.data import TrainingData
from tests.broken_segmenters import BrightnessSegmenter
from tests.segmenters.small import bright_discs, dropping_network, small_segmenter

X, Y = bright_discs()
SOURCES = sorted(Path(emstellar.__file__).parent.rglob("*.py"))

# What would change the state of the user's process, break off between backends, or be read by
# workers in an order of their own.
FORBIDDEN_CALLS = {
    "clear_session",
    "set_random_seed",
    "set_floatx",
    "set_dtype_policy",
    "set_image_data_format",
    "enable_op_determinism",
    "PyDataset",
    "numpy",
    # Its gradient fails on torch for images.
    "sparse_categorical_crossentropy",
}
MODULES_OF_ONE_BACKEND = {"tensorflow", "jax", "torch"}


def breaches(tree):
    """Yield what a module does that only one backend can, or that others would notice."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # On some backends Keras' own augmentations move image and mask apart.
            of_layers = getattr(node.func.value, "attr", None) == "layers"
            random_layer = of_layers and node.func.attr.startswith("Random")
            if node.func.attr in FORBIDDEN_CALLS or random_layer:
                yield node.lineno, node.func.attr
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        backends = MODULES_OF_ONE_BACKEND & {name.split(".")[0] for name in names}
        yield from ((node.lineno, name) for name in backends)


@pytest.mark.parametrize(
    "code",
    [
        "keras.utils.clear_session()",
        "tensor.numpy()",
        "keras.layers.RandomFlip()",
        "import tensorflow as tf",
        "from jax.numpy import sum",
    ],
)
def test_breaches_are_found(code):
    assert list(breaches(ast.parse(code)))


def test_no_module_changes_global_state_or_knows_a_backend():
    found = {str(path): list(breaches(ast.parse(path.read_text()))) for path in SOURCES}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_what_chance_decides_is_said():
    for seed, expected in ((None, True), (0, False)):
        assert get_tags(small_segmenter(random_state=seed)).non_deterministic is expected


class FailingSegmenter(BrightnessSegmenter):
    def fit(self, images, masks):
        # In one fold only: where all fail, scikit-learn raises whatever the warnings' filter.
        if np.array_equal(images[0], X[0]):
            raise ValueError("it fails on the first image")
        return super().fit(images, masks)


class MuteSegmenter(BrightnessSegmenter):
    def predict_proba(self, X):
        raise ValueError("it never answers")


@pytest.mark.parametrize(
    ("segmenter", "message"),
    [(FailingSegmenter(), "it fails on the first image"), (MuteSegmenter(), "Scoring failed")],
)
def test_failures_within_folds_fail_our_tests_too(segmenter, message):
    scoring = metrics.get_scorer("f1")
    folds = [(np.arange(3), [3]), (np.arange(1, 4), [0])]
    with pytest.raises((FitFailedWarning, UserWarning), match=message):
        cross_validate(segmenter, X, Y, cv=folds, scoring=scoring)


def test_a_segmenter_is_no_classifier_of_rows():
    segmenter = small_segmenter().fit(np.stack([X, X, X], axis=-1), Y)
    assert not isinstance(segmenter, ClassifierMixin)
    assert segmenter.n_features_in_ == 3


@pytest.mark.backend
def test_validation_data_pass_through_cross_validation_whole(monkeypatch):
    seen = []
    check = TrainingData.use_for_validation

    def spy(self, validation_data):
        seen.append(len(validation_data[0]))
        return check(self, validation_data)

    monkeypatch.setattr(TrainingData, "use_for_validation", spy)
    # As many as the images: scikit-learn would cut a parameter of this length at every fold.
    validation = bright_discs(random_state=1)
    cross_validate(
        small_segmenter(epochs=1),
        X,
        Y,
        cv=[(np.arange(3), [3]), (np.arange(1, 4), [0])],
        params={"validation_data": validation},
        scoring=metrics.get_scorer("f1"),
        error_score="raise",
    )
    assert seen == [4, 4]


@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_masks_that_cannot_hold_minus_one_have_no_unlabelled_pixels(dtype):
    mask = Y.astype(dtype)
    mask[:, 0] = np.array(-1).astype(dtype)
    segmenter = small_segmenter(epochs=1).fit(X, mask)
    assert_array_equal(segmenter.classes_, np.unique(mask))


def test_masks_of_0_and_255_are_two_classes_by_name():
    segmenter = small_segmenter(epochs=1).fit(X, Y * np.uint8(255))
    assert_array_equal(segmenter.classes_, [0, 255])
    assert set(np.unique(segmenter.predict(X))) <= {0, 255}


def test_no_module_forks_processes():
    # A forked process hangs where its parent has run TensorFlow; joblib starts new ones.
    # Pipes are allowed, and names of joblib's backends.
    forks = r"import multiprocessing|multiprocessing import|os\.fork\(|[\"']fork[\"']"
    assert [str(path) for path in SOURCES if re.search(forks, path.read_text())] == []


@pytest.mark.backend
def test_fits_in_threads_give_the_weights_of_fits_in_turn():
    segmenter = small_segmenter(dropping_network, epochs=1)
    options = {"cv": 3, "return_estimator": True, "error_score": "raise"}
    options["scoring"] = metrics.get_scorer("f1")
    in_turn = cross_validate(segmenter, X[[0, 1, 2]], Y[[0, 1, 2]], **options)
    with joblib.parallel_config("threading", n_jobs=3):
        at_once = cross_validate(segmenter, X[[0, 1, 2]], Y[[0, 1, 2]], **options)
    for one, other in zip(in_turn["estimator"], at_once["estimator"], strict=True):
        for expected, found in zip(one.model_.weights, other.model_.weights, strict=True):
            assert_array_equal(*map(ops.convert_to_numpy, (found, expected)))


@pytest.mark.backend
def test_skops_keeps_a_network():
    segmenter = small_segmenter(dropping_network, epochs=1).fit(X, Y)
    content = skops.io.dumps(segmenter)
    kinds = skops.io.get_untrusted_types(data=content)
    # Nothing of Keras need be trusted: what is written are parameters and arrays.
    assert all(kind.startswith(("emstellar.", "tests.")) for kind in kinds)
    again = skops.io.loads(content, trusted=kinds)
    assert_array_equal(again.predict_proba(X), segmenter.predict_proba(X))


@pytest.mark.backend
def test_the_history_is_text():
    segmenter = small_segmenter(epochs=2, validation_fraction=0.25).fit(X, Y)
    assert json.loads(json.dumps(segmenter.history_)) == segmenter.history_


def squared_error(y_true, y_pred):
    return ops.mean(ops.square(ops.cast(y_true, y_pred.dtype) - y_pred[..., -1:]), axis=-1)


class UnregisteredLayer(keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def network_with_unregistered_layer(input_shape, n_outputs):
    inputs = keras.Input(input_shape)
    x = UnregisteredLayer()(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


class UnregisteredLoss(losses.SegmentationLoss):
    def compute(self, target, probability, weight):
        error = ops.mean(ops.square(target - probability), axis=-1, keepdims=True)
        return ops.sum(weight * error) / ops.sum(weight)


@pytest.mark.backend
@pytest.mark.parametrize("loss", [UnregisteredLoss, squared_error, "mse"])
def test_a_loss_that_keras_does_not_know_survives_clone_and_pickle(loss):
    segmenter = small_segmenter(epochs=1, loss=loss)
    fitted = clone(segmenter).fit(X, Y)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.loss == fitted.loss == segmenter.loss
    again.set_params(warm_start=True).fit(X, Y)
    assert again.n_iter_ == 2


def test_losses_given_are_not_changed_by_a_fit():
    loss = losses.get_loss("bce+dice", [1, 5])
    before = loss.get_config()
    small_segmenter(epochs=1, loss=loss, class_weight={1: 3}).fit(X, Y)
    assert loss.get_config() == before


@pytest.mark.backend
def test_training_sees_each_batch_once_and_in_order(monkeypatch):
    seen = []
    generate = PatchBatches.generate

    def spy(self, first_epoch, n_epochs, workers=2):
        for batch in generate(self, first_epoch, n_epochs, workers):
            seen.append(batch[0])
            yield batch

    monkeypatch.setattr(PatchBatches, "generate", spy)
    made = []
    monkeypatch.setattr(PatchBatches, "__init__", remembering(PatchBatches.__init__, made))
    segmenter = small_segmenter(epochs=2, steps_per_epoch=3).fit(X, Y)
    expected = [made[0].batch(epoch, index)[0] for epoch in range(2) for index in range(3)]
    assert int(segmenter.model_.optimizer.iterations) == len(seen) == 6
    assert_array_equal(seen, expected)


def remembering(init, made):
    def remember(self, *args, **options):
        made.append(self)
        init(self, *args, **options)

    return remember


@pytest.mark.backend
def test_what_keras_does_not_know_by_name_survives_clone_and_pickle():
    segmenter = KerasSegmenter(
        network_with_unregistered_layer, epochs=1, loss=squared_error, random_state=0
    )
    fitted = clone(segmenter).fit(X, Y)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_folds_of_one_image_keep_their_axes():
    segmenter = small_segmenter(epochs=1)
    result = cross_validate(
        segmenter, X, Y, cv=LeaveOneOut(), scoring=metrics.get_scorer("f1"), return_estimator=True
    )
    assert np.isfinite(result["test_score"]).all()
    assert result["estimator"][0].predict_proba(X[:1]).shape == (1, *X.shape[1:], 2)


def test_folds_without_a_class_vote_by_label():
    three = Y.astype("int64")
    three[0, :4] = 7
    fitted = [
        small_segmenter(epochs=1).fit(X[1:], three[1:]),
        small_segmenter(epochs=1).fit(X, three),
    ]
    ensemble = VotingSegmenter.from_fitted(fitted)
    assert_array_equal(ensemble.classes_, [0, 1, 7])
    expected = np.zeros((*X.shape, 3))
    expected[..., :2] = fitted[0].predict_proba(X) / 2
    expected += fitted[1].predict_proba(X) / 2
    np.testing.assert_allclose(ensemble.predict_proba(X), expected, atol=1e-6)
