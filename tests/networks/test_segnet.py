import keras
import numpy as np
import pytest

from emstellar.networks import Unpooling, build_segnet


@pytest.mark.backend
def test_indices_reach_the_decoder():
    model = build_segnet((None, None, 1), 1, width=1 / 16, unpooling="indices")
    assert sum(isinstance(layer, Unpooling) for layer in model.layers) == 5
    assert not any(isinstance(layer, keras.layers.UpSampling2D) for layer in model.layers)
    assert model(np.ones((1, 32, 64, 1))).shape == (1, 32, 64, 1)


def test_a_smaller_map_is_never_returned():
    with pytest.raises(ValueError, match="multiples of 32"):
        build_segnet((48, 64, 1), 1)


def test_unknown_unpooling():
    with pytest.raises(ValueError, match=r"unpooling must be one of \['nearest', 'indices'\]"):
        build_segnet((32, 32, 1), 1, unpooling="bilinear")
