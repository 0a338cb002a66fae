import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from emstellar import UNetSegmenter, load
from emstellar.training.compilation import adapt_batch_norm, use_jit
from emstellar.training.schedules import LinearDecay
from tests.segmenters.small import bright_discs, small_segmenter

pytestmark = pytest.mark.backend
X, y = bright_discs()


def compiled_count(segmenter, monkeypatch):
    """Count how often the model is compiled from now on."""
    calls = []
    original = segmenter.model_.compile
    monkeypatch.setattr(
        segmenter.model_, "compile", lambda **options: (calls.append(1), original(**options))
    )
    return calls


def test_continued_training_compiles_once(monkeypatch):
    segmenter = small_segmenter().partial_fit(X, y)
    calls = compiled_count(segmenter, monkeypatch)
    segmenter.partial_fit(X, y).partial_fit(X, y)
    assert calls == []


def test_a_changed_parameter_takes_effect_and_the_optimiser_keeps_its_past(monkeypatch):
    segmenter = small_segmenter(epochs=2, warm_start=True).fit(X, y)
    calls = compiled_count(segmenter, monkeypatch)
    steps = int(segmenter.model_.optimizer.iterations)
    segmenter.set_params(learning_rate=1e-4).fit(X, y)
    assert calls == [1]
    assert_allclose(segmenter.history_["learning_rate"], [0.03, 0.03, 1e-4, 1e-4], rtol=1e-6)
    assert int(segmenter.model_.optimizer.iterations) == 2 * steps


def rates(segmenter):
    return segmenter.history_["learning_rate"]


@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize("schedule", ["linear", "one_cycle"])
def test_as_many_partial_fits_as_epochs_have_the_rates_of_one_fit(schedule):
    options = {"epochs": 4, "lr_schedule": schedule}
    whole = small_segmenter(**options).fit(X, y)
    parts = small_segmenter(**options)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert_allclose(rates(parts), rates(whole), rtol=1e-6)
    for a, b in zip(parts.model_.get_weights(), whole.model_.get_weights(), strict=True):
        assert_allclose(a, b, atol=1e-6)
    # The next ones begin the next plan instead of learning nothing.
    parts.partial_fit(X, y)
    assert_allclose(rates(parts)[4], rates(whole)[0], rtol=1e-6)


@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize("optimizer", ["radam", keras.optimizers.SGD(0.03)])
@pytest.mark.parametrize("lr_schedule", ["linear", LinearDecay(0.03, total_steps=6)])
def test_a_warm_fit_begins_its_schedule_anew(optimizer, lr_schedule):
    options = {"optimizer": optimizer, "lr_schedule": lr_schedule}
    segmenter = small_segmenter(warm_start=True, **options).fit(X, y).fit(X, y)
    assert_allclose(rates(segmenter)[3:], rates(segmenter)[:3], rtol=1e-5)
    assert int(segmenter.model_.optimizer.iterations) == 12
    segmenter.partial_fit(X, y)
    assert_allclose(rates(segmenter)[6], rates(segmenter)[0], rtol=1e-5)


@pytest.mark.usefixtures("no_tracing")
def test_partial_fits_keep_to_the_plan_when_the_number_of_steps_changes():
    segmenter = small_segmenter(epochs=3, lr_schedule="linear", batch_size=1)
    segmenter.partial_fit(X, y).partial_fit(X[:1], y[:1]).partial_fit(X, y)
    found = rates(segmenter)
    # After 4 steps of 12; after 5 of 4 + 1 + 1, as it looks then; after all of 4 + 1 + 4.
    expected = [LinearDecay(0.03, n)(k) for n, k in [(12, 4), (6, 5), (9, 9)]]
    assert_allclose(found, [float(rate) for rate in expected], rtol=1e-5)


@pytest.mark.usefixtures("no_tracing")
def test_another_optimiser_takes_the_schedule_over():
    segmenter = small_segmenter(epochs=4, lr_schedule="linear").partial_fit(X, y).partial_fit(X, y)
    segmenter.set_params(optimizer="sgd").partial_fit(X, y).partial_fit(X, y)
    whole = small_segmenter(epochs=4, lr_schedule="linear", optimizer="sgd").fit(X, y)
    assert_allclose(rates(segmenter), rates(whole), rtol=1e-5)


@pytest.mark.usefixtures("no_tracing")
def test_a_file_knows_where_the_schedule_is(tmp_path):
    segmenter = small_segmenter(epochs=3, lr_schedule="linear").partial_fit(X, y)
    segmenter.save(tmp_path / "x", include_optimizer=True)
    again = load(tmp_path / "x", network=segmenter.network)
    for each in (segmenter, again):
        each.partial_fit(X, y).partial_fit(X, y)
    assert_allclose(rates(again), rates(segmenter), rtol=1e-6)


def test_a_later_longer_fit_has_the_momentum_of_its_own_length():
    model = UNetSegmenter(width=1 / 32).build_network((32, 32, 1), 1)
    for steps, expected in [(10, 0.8), (200, 0.9), (10**6, 0.99)]:
        adapt_batch_norm(model, steps)
        layers = [x for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
        assert_allclose([x.momentum for x in layers], expected)


def test_an_optimiser_given_is_not_shared():
    optimizer = keras.optimizers.Adam(0.01)
    first = small_segmenter(optimizer=optimizer, epochs=1).fit(X, y)
    second = small_segmenter(optimizer=optimizer, epochs=1).fit(X, y)
    assert not optimizer.built
    assert first.model_.optimizer is not second.model_.optimizer is not optimizer


def schedule():
    return keras.optimizers.schedules.ExponentialDecay(0.5, decay_steps=2, decay_rate=0.5)


@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize(
    ("options", "rates"),
    [
        # Two steps an epoch: the rate after two, after four steps.
        ({"lr_schedule": schedule()}, [0.25, 0.125]),
        ({"optimizer": keras.optimizers.SGD(schedule())}, [0.25, 0.125]),
        ({"optimizer": keras.optimizers.SGD(schedule()), "lr_schedule": "cosine"}, [0.25, 0.125]),
        ({"optimizer": keras.optimizers.SGD(0.125), "lr_schedule": schedule()}, [0.25, 0.125]),
        ({"optimizer": keras.optimizers.SGD(0.125)}, [0.125, 0.125]),
        (
            {"optimizer": keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.125))},
            [0.125] * 2,
        ),
        ({"optimizer": "sgd"}, [0.03, 0.03]),
        ({"optimizer": keras.optimizers.SGD}, [0.03, 0.03]),
    ],
)
def test_objects_bring_their_learning_rate_and_are_not_shared(options, rates):
    fitted = [small_segmenter(epochs=2, steps_per_epoch=2, **options).fit(X, y) for _ in range(2)]
    for segmenter in fitted:
        assert_allclose(segmenter.history_["learning_rate"], rates, rtol=1e-6)
        # Nothing of a fit is kept in what was given.
        used = getattr(segmenter.model_.optimizer, "_learning_rate", None)
        assert used is None or all(used is not given for given in options.values())
    assert fitted[0].model_.optimizer is not fitted[1].model_.optimizer


@pytest.mark.usefixtures("no_tracing")
def test_accumulated_gradients_equal_those_of_a_larger_batch():
    # Plain gradient descent, and neither batch normalisation nor chance.
    options = {"optimizer": "sgd", "learning_rate": 0.5, "augmentation": None, "epochs": 2}
    large = small_segmenter(batch_size=4, **options).fit(X, y)
    halves = small_segmenter(batch_size=2, gradient_accumulation_steps=2, **options).fit(X, y)
    small = small_segmenter(batch_size=2, **options).fit(X, y)
    assert int(large.model_.optimizer.iterations) == int(halves.model_.optimizer.iterations) == 2
    for a, b, c in zip(*(s.model_.get_weights() for s in (large, halves, small)), strict=True):
        assert_allclose(a, b, atol=1e-6)
        assert abs(a - c).max() > 1e-4


@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize("loss", ["bce", "focal", "bce+focal"])
def test_accumulated_gradients_equal_those_of_a_larger_batch_where_few_pixels_are_labelled(loss):
    sparse = y.astype(int)
    # One image in two rows only, another one not at all in its lower half.
    sparse[0, 2:] = -1
    sparse[1, 8:] = -1
    options = {"optimizer": "sgd", "learning_rate": 0.5, "augmentation": None, "epochs": 2}
    options |= {"loss": loss, "class_weight": {0: 1.0, 1: 3.0}, "sampling": "grid"}
    large = small_segmenter(batch_size=4, **options).fit(X, sparse)
    quarters = small_segmenter(batch_size=1, gradient_accumulation_steps=4, **options)
    quarters.fit(X, sparse)
    for a, b in zip(large.model_.get_weights(), quarters.model_.get_weights(), strict=True):
        assert_allclose(a, b, atol=1e-6)
    # And so is what is reported.
    assert_allclose(large.history_["loss"][0], quarters.history_["loss"][0], rtol=1e-5)
    assert np.ptp(large.history_["loss"]) > 1e-3


@pytest.mark.usefixtures("no_tracing")
def test_schedules_count_batches_whether_their_gradients_are_accumulated_or_not():
    options = {"epochs": 2, "steps_per_epoch": 2, "lr_schedule": "linear"}
    rates = [
        small_segmenter(gradient_accumulation_steps=n, **options)
        .fit(X, y)
        .history_["learning_rate"]
        for n in (1, 2)
    ]
    assert_allclose(*rates)
    assert_allclose(rates[0][-1], 0.03 / 100, rtol=1e-5)


class Traced(keras.layers.Layer):
    """Count how often Python runs through the network."""

    n_calls = 0

    def call(self, inputs):
        type(self).n_calls += 1
        return inputs


def traced_network(input_shape, n_outputs):
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(2, 3, padding="same")(Traced()(inputs))
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


def test_the_step_is_traced_once():
    segmenter = small_segmenter(traced_network, epochs=1, steps_per_epoch=1, warm_start=True)
    segmenter.fit(X, y)
    n_calls = Traced.n_calls
    segmenter.set_params(epochs=3, steps_per_epoch=4).fit(X, y).partial_fit(X, y)
    assert Traced.n_calls == n_calls


def test_optimiser_variables_exist_before_the_first_step(monkeypatch):
    seen = []
    original = keras.Model.fit

    def fit(self, *args, **options):
        seen.append(self.optimizer.built)
        return original(self, *args, **options)

    monkeypatch.setattr(keras.Model, "fit", fit)
    small_segmenter(epochs=1).fit(X, y)
    assert seen == [True]


def test_jit_follows_the_backend():
    assert use_jit(True)
    assert not use_jit(False)
    on_processor = not any("gpu" in d.lower() for d in keras.distribution.list_devices())
    if on_processor:
        assert use_jit("auto") == (keras.config.backend() == "jax")


@pytest.mark.parametrize(
    ("steps", "expected"), [(10, 0.8), (200, 0.9), (2000, 0.99), (10**6, 0.99)]
)
def test_batch_normalisation_settles_within_the_training(steps, expected):
    model = UNetSegmenter(width=1 / 32).build_network((32, 32, 1), 1)
    adapt_batch_norm(model, steps)
    found = [x.momentum for x in model.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert len(found) > 10
    assert_allclose(found, expected)


@pytest.mark.slow
def test_a_briefly_trained_network_predicts_as_it_was_trained():
    # Its running statistics are those of the images that it has seen.
    segmenter = UNetSegmenter(
        width=1 / 32,
        dropout=0.0,
        optimizer="adam",
        lr_schedule=None,
        learning_rate=0.01,
        epochs=30,
        steps_per_epoch=2,
        patch_size=16,
        random_state=0,
    ).fit(X, y)
    assert segmenter.score(X, y) > 0.7
