"""The option `head` of the networks whose last layers are narrow in the original."""

import keras
import pytest

from emstellar import networks

NARROW = {
    "build_unet": {"width": 1 / 8},
    "build_prelu_net": {"width": 1 / 8},
    "build_vgg16": {"width": 1 / 8},
    "build_em_net": {"width": 1 / 4, "variant": "v1-bn"},
}


def last_convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][-2:]


@pytest.mark.parametrize("builder", NARROW)
def test_direct_lets_the_last_convolution_see_all_features(builder, without_weights):
    build = getattr(networks, builder)
    squeezed, last = last_convolutions(build((32, 32, 1), 1, **NARROW[builder]))
    assert squeezed.filters == last.input.shape[-1] == 2
    features, last = last_convolutions(build((32, 32, 1), 1, head="direct", **NARROW[builder]))
    assert features.filters == last.input.shape[-1] > 2
    assert last.kernel_size == (1, 1)


@pytest.mark.parametrize(("head", "n_normalised"), [("paper", 1), ("direct", 0)])
def test_segnet_normalises_what_the_sigmoid_gets_or_not(head, n_normalised, without_weights):
    model = networks.build_segnet((32, 32, 1), 1, width=1 / 8, head=head)
    *_, before, _ = model.layers
    assert isinstance(before, keras.layers.BatchNormalization) == bool(n_normalised)


@pytest.mark.parametrize("builder", [*NARROW, "build_segnet"])
def test_other_heads_are_refused(builder):
    with pytest.raises(ValueError, match=r"head must be one of \['paper', 'direct'\]\. Got 'wide'"):
        getattr(networks, builder)((32, 32, 1), 1, width=1 / 8, head="wide")
