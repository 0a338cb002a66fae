"""The numbers of parameters of the authors' own functions, and of the published prototxt files."""

import math

import pytest

from emstellar.segmenters.registry import network_classes

PUBLISHED = [
    pytest.param(
        cls.builder, counts, id="-".join([cls.__name__, *map(str, counts.parameters.values())])
    )
    for cls in network_classes().values()
    for counts in cls.builder.published
]


def count(weights):
    return sum(math.prod(weight.shape) for weight in weights)


@pytest.mark.parametrize(("builder", "published"), PUBLISHED)
def test_parameters_are_those_of_the_original(builder, published, without_weights):
    n_channels = published.parameters.get("n_frames", 1)
    model = builder((None, None, n_channels), 1, **published.parameters)
    assert count(model.trainable_weights) == published.trainable
    assert count(model.non_trainable_weights) == published.non_trainable


def test_every_network_of_the_study_has_published_counts():
    without = {cls.__name__ for cls in network_classes().values() if not cls.builder.published}
    # Ours alone: the authors only planned to add it.
    assert without == {"EfficientNetSegmenter"}
