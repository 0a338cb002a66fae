"""Large stacks and volumes take little memory beyond themselves."""

import tracemalloc

import numpy as np
import pytest

from emstellar import metrics

N_SLICES = 200


@pytest.fixture
def stack():
    """200 slices of 1024 x 1024 that are one in memory, so that only copies would be noticed."""
    y, x = np.indices((1024, 1024))
    truth = (np.sin(x / 20) * np.sin(y / 25) > 0.2)[np.newaxis]
    maps = np.clip(truth * 0.5 + 0.25 + 0.3 * np.cos(x / 7), 0, 1).astype("float32")
    shape = (N_SLICES, 1024, 1024)
    return np.broadcast_to(truth, shape), np.broadcast_to(maps, shape)


def peak_megabytes(function, *arguments, **options):
    tracemalloc.start()
    result = function(*arguments, **options)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return result, peak


@pytest.mark.slow
def test_stack_of_200_slices(stack):
    score, peak = peak_megabytes(metrics.f1_score, *stack)
    one = metrics.f1_score(stack[0][:1], stack[1][:1])
    assert score == pytest.approx(one)
    assert peak < 200
    rand, peak = peak_megabytes(metrics.v_rand_score, *stack, thresholds=0.5)
    assert rand == pytest.approx(metrics.v_rand_score(stack[0][:1], stack[1][:1], thresholds=0.5))
    assert peak < 200


@pytest.mark.parametrize("name", ["roc_auc_score", "brier_score_loss"])
def test_probabilities_are_sorted_range_by_range(name):
    rng = np.random.default_rng(0)
    maps = rng.random((8, 512, 512), dtype="float32")
    truth = rng.random(maps.shape, dtype="float32") < maps
    score, peak = peak_megabytes(getattr(metrics, name), truth, maps)
    assert score == pytest.approx(
        {"roc_auc_score": 5 / 6, "brier_score_loss": 1 / 6}[name], abs=1e-3
    )
    # As much as one image of 1024 x 1024 needs, whatever the number of images.
    assert peak < 100


@pytest.mark.parametrize("dtype", ["uint32", "uint64"])
def test_volume_of_labels(dtype):
    slices = np.kron(np.arange(1, 401).reshape(20, 20), np.ones((32, 32))).astype(dtype)
    true = np.broadcast_to(slices, (50, 640, 640))
    pred = np.broadcast_to(np.roll(slices, 5, axis=1), true.shape)
    errors, peak = peak_megabytes(metrics.partition_errors, true, pred)
    one = metrics.partition_errors(true[:1], pred[:1])
    assert errors.voi_split == pytest.approx(one.voi_split)
    assert peak < 40


def test_no_dense_table_of_many_regions():
    checkerboard = np.indices((512, 512)).sum(axis=0) % 2 == 1
    stack = checkerboard[np.newaxis]
    scores, peak = peak_megabytes(metrics.v_scores, stack, stack)
    assert scores["v_rand"] == pytest.approx(1.0)
    assert peak < 200


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 9), (2, 9, 1)])
@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_tiny_images(shape, value):
    names = [name for name in metrics.get_scorer_names() if name != "foreground_share"]
    masks = np.full(shape, value)
    scores = metrics.compute_scores(names, masks, masks)
    assert scores["accuracy"] == 1
    # Nothing is there and nothing is found: undefined, neither good nor bad.
    assert scores["v_rand"] == 1 if value else np.isnan(scores["v_rand"])
    assert scores["neg_pixel_error"] == scores["neg_warping_error"] == 0
