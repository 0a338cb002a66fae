import keras

from emstellar.networks import build_vgg16


def test_encoder_is_that_of_keras(without_weights):
    original = keras.applications.VGG16(include_top=False, weights=None, input_shape=(64, 64, 1))
    model = build_vgg16((64, 64, 1), 1)
    n_weights = len(original.weights)
    assert [w.shape for w in model.weights[:n_weights]] == [w.shape for w in original.weights]


def test_skips_are_pooled_but_the_first(without_weights):
    model = build_vgg16((64, 64, 1), 1)
    joins = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)]
    pools = [layer for layer in model.layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert [join.input[1] for join in joins[:4]] == [pool.output for pool in pools[3::-1]]
    assert joins[4].input[1].shape[1:] == (64, 64, 64)
