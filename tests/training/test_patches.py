import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emstellar.training.augmentation import get_augmentation
from emstellar.training.normalization import Normalization
from emstellar.training.patches import PatchBatches, grid_corners


def make_batches(images, codes=None, weights=None, **options):
    codes = codes or [np.zeros(image.shape[:2], dtype="int32") for image in images]
    defaults = {
        "normalization": Normalization(None),
        "augment": None,
        "patch_size": (4, 6),
        "batch_size": 3,
        "steps_per_epoch": None,
        "size_multiple": 1,
        "seed": 0,
    }
    return PatchBatches(images, codes, weights, **{**defaults, **options})


@pytest.fixture
def numbered():
    """Two images whose pixels are all different, and masks that repeat the pixels."""
    images = [np.arange(80).reshape(8, 10, 1), 100 + np.arange(99).reshape(9, 11, 1)]
    return images, [image[..., 0].astype("int32") for image in images]


def test_batch_depends_on_seed_epoch_and_index_only(numbered):
    first, again = make_batches(*numbered), make_batches(*numbered)
    again.batch(5, 1)
    for a, b in zip(first.batch(2, 1), again.batch(2, 1), strict=True):
        assert_array_equal(a, b)
    for other in (
        again.batch(2, 0),
        again.batch(3, 1),
        make_batches(*numbered, seed=1).batch(2, 1),
    ):
        assert not np.array_equal(first.batch(2, 1)[0], other[0])


@pytest.mark.parametrize("workers", [1, 3])
def test_number_of_workers_changes_nothing(numbered, workers):
    batches = make_batches(*numbered)
    expected = [batches.batch(e, i) for e in (4, 5) for i in range(batches.steps_per_epoch)]
    found = list(batches.generate(4, 2, workers=workers))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert_array_equal(a[0], b[0])


@pytest.mark.parametrize("workers", [1, 3])
def test_augmentation_depends_on_seed_epoch_and_index_only(workers):
    rng = np.random.default_rng(0)
    images = [rng.random((48, 40, 1)).astype("float32") for _ in range(2)]
    codes = [rng.integers(0, 2, (48, 40)).astype("int32") for _ in range(2)]
    options = {"augment": get_augmentation("strong"), "patch_size": (32, 32), "batch_size": 2}
    batches = make_batches(images, codes, **options)
    n = batches.steps_per_epoch
    # In another order than they are asked for by the generator, and by another object.
    expected = {(e, i): batches.batch(e, i) for e in (2, 1) for i in reversed(range(n))}
    found = make_batches(images, codes, **options).generate(1, 2, workers=workers)
    for (epoch, index), batch in zip(
        [(e, i) for e in (1, 2) for i in range(n)], found, strict=True
    ):
        for a, b in zip(batch, expected[epoch, index], strict=True):
            assert_array_equal(a, b)


def test_image_and_mask_are_cut_at_the_same_place(numbered):
    x, y, w = make_batches(*numbered).batch(0, 0)
    assert (x.shape, y.shape, w.shape) == ((3, 4, 6, 1), (3, 4, 6, 1), (3, 4, 6, 1))
    assert (x.dtype, y.dtype, w.dtype) == ("float32", "int32", "float32")
    assert_array_equal(x, y)


def test_an_epoch_covers_the_area_of_all_images(numbered):
    # 2 x 2 patches of 4 x 6 cover the 8 x 10 image, 3 x 2 the 9 x 11 one; 3 a batch.
    batches = make_batches(*numbered, batch_size=5)
    assert batches.steps_per_epoch == 2
    drawn = np.concatenate([batches.batch(0, i)[0] for i in range(2)])
    assert sum(patch.max() >= 100 for patch in drawn) == 6


def test_a_grid_covers_every_pixel_in_one_epoch(numbered):
    batches = make_batches(*numbered, sampling="grid", batch_size=5)
    seen = {int(v) for x, _, _ in batches.generate(0, 1) for v in x.ravel()}
    assert seen == {int(v) for image in numbered[0] for v in image.ravel()}


def test_a_share_of_patches_lies_on_the_rarest_class():
    code = np.zeros((40, 60), dtype="int32")
    code[20, 30] = 1
    images, codes = [np.zeros((40, 60, 1))] * 2, [code, np.zeros_like(code)]
    hits = {
        fraction: np.mean(
            [
                y.any()
                for _, y, _ in make_batches(
                    images[:1], codes[:1], foreground_fraction=fraction, batch_size=1
                ).generate(0, 2)
            ]
        )
        for fraction in (0.0, 0.5, 1.0)
    }
    assert hits[1.0] == 1
    assert 0.35 < hits[0.5] < 0.7
    assert hits[0.0] < 0.1
    # An image without the class is still drawn.
    mixed = make_batches(images, codes, foreground_fraction=1.0)
    assert 0.4 < np.mean([y.any(axis=(1, 2, 3)) for _, y, _ in mixed.generate(0, 1)]) < 0.6


def test_every_pixel_is_reached(numbered):
    batches = make_batches(*numbered)
    seen = {int(v) for x, _, _ in batches.generate(0, 200) for v in x.ravel()}
    assert seen == {int(v) for image in numbered[0] for v in image.ravel()}


@pytest.mark.parametrize("sampling", ["random", "grid"])
def test_every_pixel_is_reached_while_patches_lie_on_the_rarest_class(sampling):
    # Numbered pixels; the rarest class is in a corner of the first image only.
    images = [np.arange(80).reshape(8, 10, 1), 100 + np.arange(99).reshape(9, 11, 1)]
    codes = [np.zeros(image.shape[:2], dtype="int32") for image in images]
    codes[0][0, 0] = 1
    options = {"sampling": sampling, "foreground_fraction": 0.5, "batch_size": 1}
    batches = make_batches(images, codes, **options)
    drawn = [x for x, _, _ in batches.generate(0, 200)]
    seen = {int(v) for x in drawn for v in x.ravel()}
    assert seen == {int(v) for image in images for v in image.ravel()}
    # Those of the first image: half of them around its corner, and that of the others in reach.
    first = [x for x in drawn if x.max() < 100]
    assert 0.5 < np.mean([x.min() == 0 for x in first]) < 0.9


@settings(max_examples=200, deadline=None)
@given(side=st.tuples(st.integers(1, 60), st.integers(1, 60)), data=st.data())
def test_a_grid_leaves_no_remainder(side, data):
    patch = tuple(data.draw(st.integers(1, s)) for s in side)
    covered = np.zeros(side, dtype=int)
    corners = grid_corners(side, patch)
    for top, left in corners:
        covered[top : top + patch[0], left : left + patch[1]] += 1
        assert top + patch[0] <= side[0]
        assert left + patch[1] <= side[1]
    assert covered.min() >= 1
    assert len(corners) == -(-side[0] // patch[0]) * -(-side[1] // patch[1])


def test_every_labelled_pixel_of_a_sparse_mask_is_reached():
    image = np.arange(80).reshape(8, 10, 1)
    code = np.where(image[..., 0] % 7 == 0, image[..., 0] % 2, -1).astype("int32")
    batches = make_batches([image], [code])
    seen = {int(v) for x, _, w in batches.generate(0, 60) for v in x[w > 0]}
    assert seen == set(range(0, 80, 7))


def test_unlabelled_pixels_weigh_nothing_and_have_a_valid_code():
    code = np.full((8, 10), -1, dtype="int32")
    code[1, 2] = 1
    batches = make_batches([np.zeros((8, 10, 1))], [code])
    for _, y, w in batches.generate(0, 20):
        assert y.min() >= 0
        # Patches of sparsely labelled images are placed where there is something to learn.
        assert_array_equal(w.sum(axis=(1, 2, 3)), 1)
        assert_array_equal(y[w > 0], 1)


def test_labels_of_weight_zero_are_as_good_as_unlabelled():
    rng = np.random.default_rng(0)
    image, code = rng.random((8, 10, 1)), rng.integers(0, 2, (8, 10)).astype("int32")
    hidden = rng.random((8, 10)) < 0.5
    weighted = make_batches([image], [code], [np.where(hidden, 0, 1).astype("float32")])
    unlabelled = make_batches([image], [np.where(hidden, -1, code).astype("int32")])
    for a, b in zip(weighted.batch(0, 0), unlabelled.batch(0, 0), strict=True):
        assert_array_equal(a, b)


def test_images_without_labels_are_left_out():
    blank = np.full((8, 10), -1, dtype="int32")
    images = [np.zeros((8, 10, 1)), np.ones((8, 10, 1))]
    batches = make_batches(images, [blank, np.ones((8, 10), dtype="int32")])
    assert all(x.min() == 1 for x, _, _ in batches.generate(0, 3))


def test_patches_are_padded_by_reflection_without_weight(numbered):
    x, _, w = make_batches(*numbered, size_multiple=8).batch(0, 0)
    assert x.shape == (3, 8, 8, 1)
    assert_array_equal(x, np.pad(x[:, :4, :6], [(0, 0), (0, 4), (0, 2), (0, 0)], mode="reflect"))
    assert w[:, :4, :6].all()
    assert w.sum() == 3 * 24


def test_augmentation_gets_each_patch_and_its_own_generator(numbered):
    calls = []

    def augment(image, mask, weight, rng):
        calls.append((image.shape, mask.shape, weight.shape, rng.random()))
        return -image, mask, weight

    x, y, _ = make_batches(*numbered, augment=augment).batch(0, 0)
    assert_array_equal(x, -y)
    assert [call[:3] for call in calls] == [((4, 6, 1), (4, 6), (4, 6))] * 3
    assert len({call[3] for call in calls}) == 3
