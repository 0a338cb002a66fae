import keras
import pytest

from emstellar import networks
from emstellar.inspection.feature_blocks import find_blocks, select_blocks


def count_channels(blocks):
    return [sum(layer.output.shape[-1] for layer in layers) for layers in blocks.values()]


@pytest.mark.parametrize("name", ["build_unet", "build_em_net", "build_vgg16"])
def test_networks_of_the_figure_have_nine_blocks(name):
    model = getattr(networks, name)((None, None, 1), 1, width=1 / 32)
    assert list(find_blocks(model, 256)) == [f"B{i}" for i in range(1, 10)]


def test_every_convolution_of_the_unet_is_there_once():
    model = networks.build_unet((None, None, 1), 1, width=1 / 32)
    convolutions = [n for n in model.layers if isinstance(n, keras.layers.Conv2D)]
    found = count_channels(find_blocks(model, 128))
    assert sum(found) == sum(layer.filters for layer in convolutions)
    # The filters 64 to 1024 of Ronneberger et al., two convolutions on the way down and three on
    # the way up, over 32; the head has 2 + 1 channels at any width.
    assert found == [4, 8, 16, 32, 64, 48, 24, 12, 6 + 3]


def test_all_layers_of_the_unet_have_as_many_channels_as_the_paper_counted():
    model = networks.build_unet((None, None, 1), 1, batch_norm=True)
    assert sum(count_channels(find_blocks(model, 128, layers="all"))) == pytest.approx(
        2e4, rel=0.03
    )


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("build_resnet", {}),
        ("build_segnet", {"unpooling": "indices"}),
        ("build_cdeep3m", {}),
        ("build_efficientnet", {}),
    ],
)
def test_resolution_falls_to_the_bottom_and_rises_again(name, parameters):
    build = getattr(networks, name)
    model = build((None, None, 1), 1, width=1 / 32, **parameters)
    size = 8 * build.size_multiple
    blocks = find_blocks(model, size)
    sides = []
    for layers in blocks.values():
        maps = keras.Model(model.inputs, [layers[0].output, layers[-1].output])
        first, last = (shape[1] for shape in maps.compute_output_shape((1, size, size, 1)))
        assert abs(first - last) <= 8
        sides.append(last)
    bottom = sides.index(min(sides))
    assert sides[: bottom + 1] == sorted(set(sides[: bottom + 1]), reverse=True)
    assert sides[bottom:] == sorted(set(sides[bottom:]))


def flat_network():
    inputs = keras.Input((None, None, 2))
    nested = keras.Sequential([keras.layers.Conv2D(2, 3, padding="same")], name="nested")
    shared = keras.layers.Conv2D(2, 3, padding="same", name="shared")
    x = keras.layers.Conv2D(3, 1, name="last")(shared(shared(nested(inputs))))
    return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="flat")(x))


def test_a_network_without_pooling_is_one_block():
    blocks = find_blocks(flat_network(), 8)
    names = {block: [layer.name for layer in layers] for block, layers in blocks.items()}
    assert names == {"B1": ["shared", "last"]}


def test_a_network_without_maps_is_refused():
    inner = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, inner(inputs))
    with pytest.raises(ValueError, match="no layer of its own with a map of features"):
        find_blocks(model, 8)


def test_named_layers_are_taken_as_they_are():
    model = flat_network()
    assert select_blocks(model, {"end": "last"}) == {"end": [model.get_layer("last")]}
    assert select_blocks(model, {"a": ["last", "last"]})["a"] == [model.get_layer("last")] * 2


@pytest.mark.parametrize(
    ("blocks", "error", "message"),
    [
        (["last"], TypeError, "blocks must be None or a dict .* got list"),
        ({}, ValueError, "Every block needs at least one layer"),
        ({"a": []}, ValueError, "Every block needs at least one layer"),
        ({"a": "lst"}, ValueError, r"blocks\['a'\] names a layer 'lst' .* names are \['last'"),
        ({"a": ["last", "flat"]}, ValueError, "'flat', which does not have a single output"),
        ({"a": "nested"}, ValueError, "'nested', which does not have a single output"),
    ],
)
def test_wrong_blocks_are_named(blocks, error, message):
    with pytest.raises(error, match=message):
        select_blocks(flat_network(), blocks)
