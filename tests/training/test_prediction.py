import tracemalloc
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emstellar.training import prediction
from emstellar.training.normalization import Normalization
from emstellar.training.parameters import TrainingParameters


def echoing(**options):
    """Return a predictor whose network gives the image back, and its calls."""
    calls = []

    def predict_on_batch(batch):
        calls.append(batch.shape)
        return batch

    settings = {"tile_size": 64, "overlap": 16, "test_time_augmentation": False, **options}
    model = SimpleNamespace(predict_on_batch=predict_on_batch)
    parameters = TrainingParameters(**settings)
    predictor = prediction.Predictor(model, Normalization(None), 8, parameters)
    return predictor, calls


def images(*shapes):
    rng = np.random.default_rng(0)
    return [rng.random((*shape, 1)).astype("float32") for shape in shapes]


def test_images_come_back_whatever_their_size():
    predictor, _ = echoing()
    given = images((1, 1), (17, 23), (17, 23), (100, 70), (64, 64), (5, 200))
    for image, found in zip(given, prediction.network_maps(predictor, given), strict=True):
        assert_allclose(found, image, atol=1e-6)


def test_the_network_sees_multiples_of_what_it_needs():
    predictor, calls = echoing()
    list(prediction.network_maps(predictor, images((17, 23), (100, 70))))
    assert all(height % 8 == width % 8 == 0 for _, height, width, _ in calls)


def test_images_of_one_size_share_calls_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(prediction, "PIXELS_PER_CALL", 3 * 16 * 16)
    predictor, calls = echoing()
    list(prediction.network_maps(predictor, images(*[(16, 16)] * 7)))
    assert [shape[0] for shape in calls] == [3, 3, 1]


@pytest.mark.parametrize("test_time_augmentation", [False, True])
@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_batch_size_bounds_every_call_and_changes_nothing(batch_size, test_time_augmentation):
    predictor, calls = echoing(test_time_augmentation=test_time_augmentation)
    given = images(*[(16, 16)] * 5, (100, 70))
    found = prediction.network_maps(predictor, given, batch_size)
    for image, probabilities in zip(given, found, strict=True):
        assert_allclose(probabilities, image, atol=1e-6)
    # The large image has 2 x 2 tiles.
    largest = {(height, width): 0 for _, height, width, _ in calls}
    for n, height, width, _ in calls:
        largest[height, width] = max(n, largest[height, width])
    assert largest == {(16, 16): min(batch_size, 5), (64, 64): min(batch_size, 4)}


def test_memory_beyond_the_result_does_not_grow_with_the_images():
    predictor, _ = echoing()

    def beyond_the_result(n_images):
        given = images(*[(64, 64)] * n_images)
        tracemalloc.start()
        found = prediction.stack(
            prediction.predict_maps(predictor, given, 2, name="echo"), n_images
        )
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - found.nbytes

    beyond_the_result(2)
    few, many = beyond_the_result(8), beyond_the_result(64)
    # One map of two classes; were the 56 further maps kept twice, it would be 56 times as much.
    assert many - few < 64 * 64 * 2 * 4


def test_progress_ends_at_all_pixels(monkeypatch):
    told = []

    @contextmanager
    def show_progress(name, total, verbose):
        told.append((name, total, verbose))
        yield told.append

    monkeypatch.setattr(prediction, "show_prediction_progress", show_progress)
    predictor, _ = echoing()
    given = images((16, 16), (16, 16), (100, 70))
    list(prediction.predict_maps(predictor, given, batch_size=1, name="echo", verbose=2))
    (start, *steps) = told
    assert start == ("echo", 2 * 16 * 16 + 100 * 70, 2)
    # Two images, and four tiles of an equal share each.
    assert_allclose(steps, [256, 256, 1750, 1750, 1750, 1750])


def test_symmetries_are_averaged():
    predictor, calls = echoing(test_time_augmentation=True)
    (image,) = images((16, 16))
    (found,) = prediction.network_maps(predictor, [image])
    assert_allclose(found, image, atol=1e-6)
    assert len(calls) == 8


@pytest.mark.parametrize("tile_size", [8, (8, 16), 64])
def test_all_symmetries_are_averaged_whatever_image_and_tiles_are(tile_size):
    predictor, calls = echoing(test_time_augmentation=True, tile_size=tile_size, overlap=0)
    (image,) = images((16, 24))
    (found,) = prediction.network_maps(predictor, [image])
    assert_allclose(found, image, atol=1e-6)
    assert len(calls) % 8 == 0
    if tile_size == 64:
        assert len(calls) == 8


def test_background_is_what_the_foreground_leaves():
    foreground = np.array([[[0.25], [1.0]]], dtype="float32")
    expected = [[[0.75, 0.25], [0, 1]]]
    assert_allclose(prediction.with_background(foreground), expected)
    assert prediction.with_background(np.ones((2, 2, 3))).shape == (2, 2, 3)
