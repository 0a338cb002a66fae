import keras
import numpy as np
import pytest

from emstellar.networks import TLU

X = np.random.default_rng(0).normal(size=(2, 4, 5, 3)).astype("float32")


@pytest.mark.backend
def test_a_new_tlu_is_a_relu():
    np.testing.assert_array_equal(np.asarray(TLU(shared_axes=(1, 2))(X)), np.maximum(X, 0))


@pytest.mark.backend
def test_tlu_has_a_slope_on_either_side_of_zero():
    tlu = TLU(shared_axes=(1, 2))
    tlu.build(X.shape)
    alpha, beta = np.array([-1.0, 0.5, 2.0]), np.array([3.0, 1.0, -2.0])
    tlu.set_weights([alpha.reshape(1, 1, 3), beta.reshape(1, 1, 3)])
    expected = np.where(X < 0, alpha * X, beta * X)
    np.testing.assert_allclose(np.asarray(tlu(X)), expected, rtol=1e-6)


@pytest.mark.backend
def test_tlu_with_beta_one_is_keras_prelu():
    slope = keras.initializers.Constant(0.25)
    prelu = keras.layers.PReLU(alpha_initializer=slope, shared_axes=[1, 2])
    tlu = TLU(alpha_initializer=slope, shared_axes=(1, 2))
    np.testing.assert_allclose(np.asarray(tlu(X)), np.asarray(prelu(X)), rtol=1e-6)


@pytest.mark.parametrize(
    ("shared_axes", "shape"), [(None, (4, 5, 3)), ((1, 2), (1, 1, 3)), ([3], (4, 5, 1))]
)
def test_tlu_shares_slopes_along_axes(shared_axes, shape):
    tlu = TLU(shared_axes=shared_axes)
    tlu.build(X.shape)
    assert tlu.alpha.shape == tlu.beta.shape == shape


def test_tlu_penalises_and_constrains_its_slopes():
    tlu = TLU(beta_regularizer=keras.regularizers.L2(0.5), beta_constraint="non_neg")
    tlu(X)
    assert float(sum(tlu.losses)) == pytest.approx(0.5 * 4 * 5 * 3)
    assert float(tlu.beta.constraint(-1.0)) == 0


def test_tlu_survives_serialisation():
    tlu = TLU(
        alpha_initializer=keras.initializers.Constant(0.1),
        alpha_regularizer="l1",
        beta_constraint="non_neg",
        shared_axes=(1, 2),
        name="slopes",
    )
    config = keras.layers.serialize(tlu)
    assert keras.layers.serialize(keras.layers.deserialize(config)) == config
