from types import SimpleNamespace

import numpy as np
from numpy.testing import assert_allclose

from emstellar.training import prediction
from emstellar.training.normalization import Normalization


def echoing_segmenter(**options):
    """Return what looks like a segmenter whose network gives the image back, and its calls."""
    calls = []

    def predict_on_batch(batch):
        calls.append(batch.shape)
        return batch

    settings = {"tile_size": 64, "overlap": 16, "test_time_augmentation": False, **options}
    segmenter = SimpleNamespace(
        model_=SimpleNamespace(predict_on_batch=predict_on_batch),
        normalization_=Normalization(None),
        _size_multiple=8,
        **settings,
    )
    return segmenter, calls


def images(*shapes):
    rng = np.random.default_rng(0)
    return [rng.random((*shape, 1)).astype("float32") for shape in shapes]


def test_images_come_back_whatever_their_size():
    segmenter, _ = echoing_segmenter()
    given = images((1, 1), (17, 23), (17, 23), (100, 70), (64, 64), (5, 200))
    for image, found in zip(given, prediction.network_maps(segmenter, given), strict=True):
        assert_allclose(found, image, atol=1e-6)


def test_the_network_sees_multiples_of_what_it_needs():
    segmenter, calls = echoing_segmenter()
    prediction.network_maps(segmenter, images((17, 23), (100, 70)))
    assert all(height % 8 == width % 8 == 0 for _, height, width, _ in calls)


def test_images_of_one_size_share_calls_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(prediction, "PIXELS_PER_CALL", 3 * 16 * 16)
    segmenter, calls = echoing_segmenter()
    prediction.network_maps(segmenter, images(*[(16, 16)] * 7))
    assert [shape[0] for shape in calls] == [3, 3, 1]


def test_symmetries_are_averaged():
    segmenter, calls = echoing_segmenter(test_time_augmentation=True)
    (image,) = images((16, 16))
    assert_allclose(prediction.network_maps(segmenter, [image])[0], image, atol=1e-6)
    assert len(calls) == 8


def test_background_is_what_the_foreground_leaves():
    foreground = np.array([[[0.25], [1.0]]], dtype="float32")
    expected = [[[0.75, 0.25], [0, 1]]]
    assert_allclose(prediction.with_background(foreground), expected)
    assert prediction.with_background(np.ones((2, 2, 3))).shape == (2, 2, 3)
