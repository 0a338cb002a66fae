import keras
import pytest

from emstellar.networks import EM_NET_VARIANTS, TLU, build_em_net


def kinds(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


@pytest.mark.parametrize(
    ("variant", "channels", "bottom"),
    [
        ("v1-bn", [32, 64, 128, 256], 256),
        ("v1-bn-2x", [16, 32, 64, 128], 512),
        ("v1-2x", [32, 64, 128, 256], 256),
        ("v1-4x", [64, 128, 256, 512], 512),
        ("v2", [32, 64, 128, 256], 256),
        ("v2-2x", [64, 128, 256, 512], 512),
        ("v2-4x", [128, 256, 512, 1024], 1024),
    ],
)
def test_channels_of_skips_and_bottom(variant, channels, bottom, without_weights):
    model = build_em_net((32, 32, 1), 1, variant=variant)
    joins = kinds(model, keras.layers.Concatenate)[-4:]
    assert [join.input[1].shape[-1] for join in joins] == channels[::-1]
    assert kinds(model, keras.layers.UpSampling2D)[0].input.shape[-1] == bottom


@pytest.mark.parametrize(
    ("variant", "n_dropouts"),
    [
        ("v1-bn", 1),
        ("v1-bn-2x", 0),
        ("v1-2x", 1),
        ("v1-4x", 2),
        ("v2", 0),
        ("v2-2x", 0),
        ("v2-4x", 5),
    ],
)
def test_dropout_is_where_the_authors_have_it(variant, n_dropouts, without_weights):
    model = build_em_net((32, 32, 1), 1, variant=variant)
    assert len(kinds(model, keras.layers.SpatialDropout2D)) == n_dropouts
    assert not kinds(build_em_net((32, 32, 1), 1, variant=variant, dropout=0), keras.layers.Dropout)


@pytest.mark.parametrize("variant", EM_NET_VARIANTS)
def test_only_the_units_have_tlu(variant, without_weights):
    model = build_em_net((32, 32, 1), 1, variant=variant)
    n_relu = len(kinds(model, keras.layers.ReLU))
    assert n_relu == (15 if variant == "v2-4x" else 13)
    assert kinds(model, TLU)
    relu = build_em_net((32, 32, 1), 1, variant=variant, activation="relu")
    assert not kinds(relu, TLU)


def test_unknown_variant():
    with pytest.raises(ValueError, match=r"variant must be one of \['v1-bn', .*Got 'v3'"):
        build_em_net((32, 32, 1), 1, variant="v3")
