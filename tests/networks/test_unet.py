import keras

from emstellar.networks import build_unet


def kinds(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def test_dropout_is_at_the_fourth_level_and_at_the_bottom(without_weights):
    model = build_unet((32, 32, 1), 1, dropout=0.3)
    dropouts = kinds(model, keras.layers.Dropout)
    assert [layer.rate for layer in dropouts] == [0.3, 0.3]
    assert [layer.output.shape[1:] for layer in dropouts] == [(4, 4, 512), (2, 2, 1024)]
    assert not kinds(build_unet((32, 32, 1), 1, dropout=0), keras.layers.Dropout)


def test_skips_stand_before_the_enlarged_features(without_weights):
    model = build_unet((32, 32, 1), 1)
    skip = kinds(model, keras.layers.Dropout)[0].output
    assert kinds(model, keras.layers.Concatenate)[0].input[0] is skip
