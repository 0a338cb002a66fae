import keras
import numpy as np
import pytest

from emstellar.optimizers import RAdam, get_optimizer


def radam_steps(gradients, rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Return the weight after each step from 1.0, by the formulas of Liu et al. in float64."""
    weight, mean, square, weights = 1.0, 0.0, 0.0, []
    rho_inf = 2 / (1 - beta_2) - 1
    for t, g in enumerate(gradients, start=1):
        mean = beta_1 * mean + (1 - beta_1) * g
        square = beta_2 * square + (1 - beta_2) * g**2
        corrected = mean / (1 - beta_1**t)
        rho = rho_inf - 2 * t * beta_2**t / (1 - beta_2**t)
        if rho >= 5:
            top = (rho - 4) * (rho - 2) * rho_inf
            r = np.sqrt(top / ((rho_inf - 4) * (rho_inf - 2) * rho))
            corrected *= r / (np.sqrt(square / (1 - beta_2**t)) + epsilon)
        weight -= rate * corrected
        weights.append(weight)
    return weights


def run(optimizer, gradients):
    weight = keras.Variable(np.array([1.0], dtype="float32"))
    weights = []
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor([gradient], "float32")], [weight])
        weights.append(float(keras.ops.convert_to_numpy(weight.value)[0]))
    return weights


@pytest.mark.backend
@pytest.mark.parametrize("beta_2", [0.999, 0.99, 0.9])
def test_radam_equals_the_formulas_in_float64(beta_2):
    gradients = np.random.default_rng(0).normal(size=40)
    expected = radam_steps(gradients, rate=0.01, beta_2=beta_2)
    found = run(RAdam(0.01, beta_2=beta_2), gradients)
    np.testing.assert_allclose(found, expected, rtol=2e-6)


@pytest.mark.backend
def test_first_steps_of_radam_by_hand():
    # rho is 1.0, 2.0, 3.0, 4.0 and 5.0 - 0.003 at first: five steps of momentum alone, then
    # r = sqrt(2.0 * 4.0 * 1999 / (1995 * 1997 * 6.0)) = 0.0258, times 0.25 / sqrt(0.25 ** 2).
    found = run(RAdam(0.1), [0.25] * 6)
    np.testing.assert_allclose(found[:5], 1 - 0.025 * np.arange(1, 6), rtol=1e-6)
    assert found[4] - found[5] == pytest.approx(0.1 * 0.0258, rel=5e-3)


# Weights after each step from 1.0, printed by optax 0.2.8:
# radam(0.01, b1=0.9, b2=b2, eps=1e-7, threshold=5.0), in float64.
GRADIENTS = [0.5, -0.25, 1.0, 0.75, -0.5, 0.25, 0.5, -1.0, 0.125, 0.375]
MOMENTUM_ALONE = [0.995, 0.993947368, 0.989593125, 0.984324151, 0.981562802]
OPTAX = {
    0.999: [*MOMENTUM_ALONE, 0.981447091, 0.981272558, 0.981223089, 0.981158674, 0.981049008],
    0.9: [*MOMENTUM_ALONE, 0.980403145, 0.978607667, 0.978118772, 0.977464787, 0.976336883],
}


@pytest.mark.backend
@pytest.mark.parametrize("beta_2", OPTAX)
def test_radam_equals_that_of_optax(beta_2):
    found = run(RAdam(0.01, beta_2=beta_2), GRADIENTS)
    np.testing.assert_allclose(found, OPTAX[beta_2], rtol=0, atol=2e-7)


@pytest.mark.backend
def test_after_many_steps_radam_is_adam():
    gradients = np.random.default_rng(0).normal(size=300)
    moves = [
        np.diff(run(optimizer(0.01, beta_2=0.9), gradients))[-5:]
        for optimizer in (RAdam, keras.optimizers.Adam)
    ]
    # What is left is the epsilon, which Adam adds before and we after the correction.
    np.testing.assert_allclose(moves[0], moves[1], rtol=1e-4)


@pytest.mark.backend
def test_weight_decay_and_accumulation_are_those_of_keras():
    decayed = run(RAdam(0.1, weight_decay=0.5), [0.0])
    assert decayed[0] == pytest.approx(1 - 0.1 * 0.5)
    accumulated = run(RAdam(0.1, gradient_accumulation_steps=2), [0.5, 1.5])
    np.testing.assert_allclose(accumulated, [1.0, 0.9], rtol=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_radam_trains_in_mixed_precision(policy):
    layer = keras.layers.Dense(1, dtype=policy)
    model = keras.Sequential([keras.Input((3,)), layer])
    model.compile(RAdam(0.01), loss="mse")
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    history = model.fit(x, x.sum(axis=1), epochs=8, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_config_gives_an_equal_optimizer():
    optimizer = RAdam(0.25, beta_1=0.8, beta_2=0.99, epsilon=0.5, clipnorm=1.0, name="mine")
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert copy.get_config() == optimizer.get_config()
    assert copy.get_config()["beta_2"] == 0.99


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("radam", RAdam),
        ("RAdam", RAdam),
        ("adam", keras.optimizers.Adam),
        ("AdamW", keras.optimizers.AdamW),
        ("sgd", keras.optimizers.SGD),
        (keras.optimizers.Lion, keras.optimizers.Lion),
    ],
)
def test_optimizers_by_name_and_class(name, cls):
    optimizer = get_optimizer(name, 0.5)
    assert isinstance(optimizer, cls)
    assert float(optimizer.learning_rate) == 0.5
    assert float(get_optimizer(name, 1).learning_rate) == 1.0
    assert float(get_optimizer(name).learning_rate) == float(cls().learning_rate)


@pytest.mark.parametrize("rate", [0.5, keras.optimizers.schedules.CosineDecay(0.5, 10)])
@pytest.mark.parametrize("own_rate", [0.125, keras.optimizers.schedules.CosineDecay(0.25, 10)])
def test_objects_are_rebuilt_without_their_state(own_rate, rate):
    optimizer = keras.optimizers.SGD(own_rate, momentum=0.5)
    run(optimizer, [1.0])
    for copy, expected in (
        (get_optimizer(optimizer, rate), 0.5),
        (get_optimizer(optimizer), 0.125 if own_rate == 0.125 else 0.25),
    ):
        assert copy is not optimizer
        assert copy.momentum == 0.5
        assert int(copy.iterations) == 0
        assert float(copy.learning_rate) == pytest.approx(expected)


def test_loss_scaling_around_an_optimizer_is_kept():
    optimizer = keras.optimizers.LossScaleOptimizer(RAdam(0.125), initial_scale=8.0)
    copy = get_optimizer(optimizer, 0.5)
    assert copy.inner_optimizer is not optimizer.inner_optimizer
    assert copy.get_config()["initial_scale"] == 8.0
    assert float(copy.learning_rate) == 0.5


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"'radm' is not .* Did you mean 'radam'"):
        get_optimizer("radm", 0.1)
    with pytest.raises(ValueError, match=r"'xyz' is not the name of an optimiser. Valid names"):
        get_optimizer("xyz")


@pytest.mark.parametrize("identifier", [None, 3, int])
def test_other_things_are_refused(identifier):
    with pytest.raises(TypeError, match="optimizer must be the name of an optimiser"):
        get_optimizer(identifier, 0.1)
