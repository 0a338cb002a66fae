import random

import numpy as np
import pytest

from emstellar.networks import build_cdeep3m


def build(n_channels, n_frames):
    state = random.getstate()
    random.seed(0)
    model = build_cdeep3m((32, 32, n_channels), 1, width=1 / 16, n_frames=n_frames)
    random.setstate(state)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("n_frames", [1, 3, 5])
def test_only_the_central_frames_are_seen(n_frames):
    images = np.random.default_rng(0).normal(size=(1, 32, 32, 7)).astype("float32")
    first = (7 - n_frames) // 2
    central = images[..., first : first + n_frames]
    from_all = np.asarray(build(7, n_frames)(images))
    np.testing.assert_array_equal(from_all, np.asarray(build(n_frames, n_frames)(central)))


def test_one_output_is_two_classes():
    assert build(1, 1).output_shape == (None, 32, 32, 2)
    assert build_cdeep3m((32, 32, 1), 4, width=1 / 32).output_shape == (None, 32, 32, 4)


def test_too_few_channels_for_the_frames():
    with pytest.raises(ValueError, match=r"n_frames=3 needs images of at least 3 channels.*got 1"):
        build(1, 3)


def test_unknown_number_of_frames():
    with pytest.raises(ValueError, match=r"n_frames must be one of \[1, 3, 5\]\. Got 2"):
        build(2, 2)
