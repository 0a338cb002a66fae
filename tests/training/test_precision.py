import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from emstellar import UNetSegmenter
from emstellar.datasets import make_em_images
from emstellar.training.precision import choose_precision, set_precision
from tests.segmenters.small import bright_discs, small_segmenter

pytestmark = pytest.mark.backend
X, y = bright_discs()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_learns_and_leaves_the_global_policy_alone(policy):
    before = keras.config.dtype_policy()
    options = {"epochs": 20, "steps_per_epoch": 10, "learning_rate": 0.01}
    half = small_segmenter(precision=policy, **options).fit(X, y)
    single = small_segmenter(**options).fit(X, y)
    assert keras.config.dtype_policy() is before
    assert half.predict_proba(X).dtype == "float32"
    assert all(variable.dtype == "float32" for variable in half.model_.trainable_variables)
    assert half.history_["loss"][-1] < 0.5 * half.history_["loss"][0]
    assert_allclose(half.predict_proba(X), single.predict_proba(X), atol=0.15)


@pytest.mark.usefixtures("no_tracing")
def test_float16_scales_the_loss():
    scaling = keras.optimizers.LossScaleOptimizer
    given = scaling(keras.optimizers.SGD(0.01))
    for optimizer in ("sgd", given):
        half = small_segmenter(precision="mixed_float16", epochs=1, optimizer=optimizer).fit(X, y)
        assert type(half.model_.optimizer) is scaling
        assert type(half.model_.optimizer.inner_optimizer) is keras.optimizers.SGD


@pytest.mark.slow
@pytest.mark.usefixtures("no_tracing")
def test_probabilities_in_half_precision_differ_by_a_hundredth_on_average_a_tenth_at_most():
    images, masks = make_em_images(2, (64, 64), random_state=0)
    training = {"epochs": 4, "steps_per_epoch": 4, "optimizer": "adam", "learning_rate": 0.01}
    single = UNetSegmenter(width=1 / 16, random_state=0, lr_schedule=None, **training)
    expected = single.fit(images, masks).predict_proba(images)
    # A copy with the same weights, in another precision.
    half = pickle.loads(pickle.dumps(single.set_params(precision="mixed_bfloat16")))
    difference = np.abs(half.predict_proba(images) - expected)
    # On jax one pixel of this briefly trained network differs by .076.
    assert 0 < difference.mean() < 0.01
    assert difference.max() < 0.1


def test_layers_compute_in_half_precision_but_the_last():
    model = UNetSegmenter(width=1 / 32).build_network((32, 32, 1), 1)
    set_precision(model, "mixed_bfloat16")
    computed = {layer.compute_dtype for layer in model.layers[:-1]}
    assert computed == {"bfloat16"}
    assert model.layers[-1].compute_dtype == "float32"
    assert keras.ops.convert_to_numpy(model(np.zeros((1, 32, 32, 1)))).dtype == "float32"


@pytest.mark.usefixtures("no_tracing")
def test_precision_can_be_changed_back():
    segmenter = small_segmenter(epochs=1, warm_start=True, precision="mixed_bfloat16").fit(X, y)
    assert segmenter.model_.layers[1].compute_dtype == "bfloat16"
    segmenter.set_params(precision="float32").fit(X, y)
    assert {layer.compute_dtype for layer in segmenter.model_.layers} == {"float32"}
    # Prediction, too, is computed anew.
    again = pickle.loads(pickle.dumps(segmenter))
    assert_allclose(segmenter.predict_proba(X), again.predict_proba(X), atol=1e-6)


def test_layers_get_back_a_policy_of_their_own():
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(2, 3, dtype="mixed_float16", name="own")(inputs)
    model = keras.Model(inputs, keras.layers.Conv2D(1, 1)(x))
    for policy in ("mixed_bfloat16", "float32"):
        set_precision(model, policy)
    assert model.get_layer("own").dtype_policy.name == "mixed_float16"


def test_float32_changes_nothing():
    model = UNetSegmenter(width=1 / 32).build_network((32, 32, 1), 1)
    set_precision(model, "float32")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}


def test_auto_follows_the_device(monkeypatch):
    from emstellar.training import precision

    for gpu, amx, expected in [
        (False, False, "float32"),
        (True, False, "mixed_bfloat16"),
        (False, True, "mixed_bfloat16"),
    ]:
        monkeypatch.setattr(precision, "has_gpu", lambda gpu=gpu: gpu)
        monkeypatch.setattr(precision, "has_amx", lambda amx=amx: amx)
        assert choose_precision("auto") == expected
        assert choose_precision("float32") == "float32"
