import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emstellar import UNetSegmenter
from emstellar.losses import CrossEntropy, Focal, Lovasz, SegmentationLoss, get_loss
from emstellar.losses.logits import KeepingLogits, logits_kept, logits_of
from tests.losses.helpers import draw
from tests.segmenters.small import bright_discs, small_segmenter

pytestmark = pytest.mark.backend
X, y = bright_discs()


def far_off(bias, n_layers=1, nested=False):
    """Return a function that builds networks whose last bias has run away."""

    def build(input_shape, n_outputs):
        last = {"padding": "same", "bias_initializer": keras.initializers.Constant(bias)}
        activation = "sigmoid" if n_outputs == 1 else "softmax"
        if n_layers == 1:
            layers = [keras.layers.Conv2D(n_outputs, 3, activation=activation, **last)]
        else:
            layers = [
                keras.layers.Conv2D(n_outputs, 3, **last),
                keras.layers.Activation(activation),
            ]
        model = keras.Sequential([keras.Input(input_shape), *layers])
        return keras.Sequential([keras.Input(input_shape), model]) if nested else model

    return build


def loss_of_logits(loss, codes, logits, weight):
    """Return the loss and what it would be given the probabilities alone."""
    one = logits.shape[-1] == 1
    activation = keras.activations.sigmoid if one else keras.activations.softmax
    logits = keras.ops.convert_to_tensor(logits)
    values = [loss(codes, f(logits), weight) for f in (KeepingLogits(activation), activation)]
    return [float(keras.ops.convert_to_numpy(value)) for value in values]


@pytest.mark.parametrize("n_channels", [1, 2, 4])
@pytest.mark.parametrize(
    "loss",
    [CrossEntropy(), CrossEntropy(label_smoothing=0.2), Focal(), Focal(gamma=0.5), Lovasz()],
    ids=["bce", "smoothed", "focal", "low gamma", "lovasz"],
)
def test_losses_of_logits_equal_those_of_probabilities_where_these_tell_enough(loss, n_channels):
    codes, _, weight = draw(n_channels)
    logits = np.random.default_rng(0).normal(0, 2, (*codes.shape[:3], n_channels))
    found, expected = loss_of_logits(loss, codes, logits.astype("float32"), weight)
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_hinge_of_a_far_logit_is_not_cut_off():
    codes = np.zeros((1, 1, 1, 1))
    found, cut_off = loss_of_logits(Lovasz(hinge=True), codes, np.full((1, 1, 1, 1), 40.0), None)
    assert found == pytest.approx(41)
    assert cut_off < 18


@pytest.mark.parametrize("logit", [5.0, 17.0, 30.0, 80.0])
@pytest.mark.parametrize("code", [0, 1])
def test_cross_entropy_equals_that_of_keras_from_logits(logit, code):
    codes = np.full((1, 1, 1, 1), code)
    logits = np.full((1, 1, 1, 1), logit, dtype="float32")
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(codes, logits)
    found, _ = loss_of_logits(CrossEntropy(), codes, logits, None)
    assert found == pytest.approx(float(expected), rel=1e-6, abs=1e-30)


@pytest.mark.parametrize("bias", [-25.0, 17.0, 30.0])
@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("loss", ["auto", "bce+dice", "focal"])
@pytest.mark.usefixtures("no_tracing")
def test_a_saturated_network_recovers(bias, n_layers, loss):
    segmenter = small_segmenter(
        far_off(bias, n_layers), optimizer="sgd", learning_rate=0.2, epochs=1, loss=loss
    )
    before = segmenter.build_network((16, 16, 1), 1).layers[0].get_weights()[1]
    after = segmenter.fit(X, y).model_.layers[0].get_weights()[1]
    assert before == bias
    # A step down the gradient of about 1, towards 0.
    assert 0.05 < abs(before) - abs(after) < 3


@pytest.mark.usefixtures("no_tracing")
def test_a_saturated_softmax_recovers_in_a_network_within_a_network():
    three = np.where(y & (np.arange(16) > 8), 2, y)
    segmenter = small_segmenter(
        far_off([60.0, 0.0, 0.0], nested=True), optimizer="sgd", learning_rate=0.2, epochs=1
    )
    bias = segmenter.fit(X, three).model_.layers[0].layers[0].get_weights()[1]
    assert bias[0] < 59.99
    assert bias[2] > 0.001


def test_a_saturated_network_recovers_in_a_traced_step():
    segmenter = small_segmenter(far_off(30.0), optimizer="sgd", learning_rate=0.2, epochs=1)
    bias = segmenter.fit(X, y).model_.layers[0].get_weights()[1]
    assert 27 < bias < 29.95


def test_the_network_is_the_same_after_the_fit():
    segmenter = small_segmenter(epochs=1).fit(X, y)
    last = segmenter.model_.layers[-1]
    assert last.activation is keras.activations.sigmoid
    maps = segmenter.model_.predict(X[..., np.newaxis] / 255.0, verbose=0)
    assert ((maps > 0) & (maps < 1)).all()


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_the_networks_of_the_library_keep_their_logits(n_outputs):
    model = UNetSegmenter(width=1 / 32).build_network((32, 32, 1), n_outputs)
    with logits_kept(model):
        assert type(model.layers[-1].activation) is KeepingLogits
    assert type(model.layers[-1].activation) is not KeepingLogits


def test_sigmoids_of_several_channels_and_other_activations_are_left_alone():
    for activation, filters in [("sigmoid", 2), ("softmax", 1), ("relu", 1)]:
        layer = keras.layers.Conv2D(filters, 1, activation=activation)
        model = keras.Sequential([keras.Input((4, 4, 1)), layer])
        with logits_kept(model):
            assert logits_of(model(np.ones((1, 4, 4, 1)))) is None


def test_a_subclass_that_only_computes_from_probabilities_is_given_them():
    class Certain(CrossEntropy):
        def compute(self, target, probability, weight):
            return keras.ops.sum(probability)

    found, expected = loss_of_logits(Certain(), np.ones((1, 1, 1, 1)), np.zeros((1, 1, 1, 1)), None)
    assert found == expected == 0.5
    assert not SegmentationLoss._takes_logits()
    assert_array_equal([type(t)._takes_logits() for t in get_loss("bce+dice").losses], [1, 0])


@pytest.mark.parametrize("probability", [1e-3, 1e-8, 1e-20])
def test_small_probabilities_of_the_true_class_keep_their_loss(probability):
    found = CrossEntropy()(np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), probability))
    assert_allclose(float(found), -np.log(probability), rtol=1e-5)
