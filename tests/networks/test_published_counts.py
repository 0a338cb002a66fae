"""The numbers of parameters of the authors' own functions, and of the published prototxt files."""

import math

import pytest

from emstellar import networks

PUBLISHED = [
    ("build_em_net", {"variant": "v1-bn"}, 5_394_649, 7_300),
    ("build_em_net", {"variant": "v1-bn-2x"}, 6_797_801, 10_276),
    ("build_em_net", {"variant": "v1-2x"}, 7_010_377, 2_884),
    ("build_em_net", {"variant": "v1-4x"}, 28_012_681, 5_764),
    ("build_em_net", {"variant": "v2"}, 7_576_201, 3_652),
    ("build_em_net", {"variant": "v2-2x"}, 14_871_977, 4_036),
    ("build_em_net", {"variant": "v2-4x"}, 33_827_209, 3_844),
    ("build_unet", {"batch_norm": False}, 31_031_685, 0),
    ("build_unet", {"batch_norm": True}, 31_045_385, 13_700),
    ("build_prelu_net", {}, 31_052_235, 13_700),
    ("build_vgg16", {}, 25_987_913, 6_148),
    ("build_resnet", {}, 2_737_825, 14_336),
    ("build_segnet", {}, 7_809_347, 8_194),
    ("build_cdeep3m", {"n_frames": 1}, 24_002_804, 26_056),
    ("build_cdeep3m", {"n_frames": 3}, 24_021_812, 26_056),
    ("build_cdeep3m", {"n_frames": 5}, 24_040_244, 26_056),
]


def count(weights):
    return sum(math.prod(weight.shape) for weight in weights)


@pytest.mark.parametrize(("builder", "parameters", "trainable", "non_trainable"), PUBLISHED)
def test_parameters_are_those_of_the_original(
    builder, parameters, trainable, non_trainable, without_weights
):
    model = getattr(networks, builder)((None, None, parameters.get("n_frames", 1)), 1, **parameters)
    assert count(model.trainable_weights) == trainable
    assert count(model.non_trainable_weights) == non_trainable
