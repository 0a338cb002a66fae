import numpy as np
import pytest
from numpy.testing import assert_array_equal

from emstellar.training.augmentation import get_augmentation
from emstellar.training.normalization import Normalization
from emstellar.training.patches import PatchBatches


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


def trained_on(batches, n_epochs):
    """Return how often each pixel number has had weight, by number."""
    counts = np.zeros(100_000)
    for x, _, w in batches.generate(0, n_epochs):
        np.add.at(counts, x[w > 0].astype(int), 1)
    return counts


def numbered_images(*shapes):
    """Return images whose pixels are all different, and where each image's numbers begin."""
    first = np.cumsum([0, *(height * width for height, width in shapes)])
    images = [
        np.arange(start, end).reshape(*shape, 1)
        for shape, start, end in zip(shapes, first, first[1:], strict=False)
    ]
    return images, first


def test_an_epoch_has_as_many_patches_as_cover_all_images_side_by_side(numbered):
    # 2 x 2 patches of 4 x 6 cover the 8 x 10 image, 3 x 2 the 9 x 11 one.
    assert make_batches(*numbered, batch_size=5).steps_per_epoch == 2
    assert make_batches(*numbered, batch_size=4).steps_per_epoch == 3


@pytest.mark.parametrize("sampling", ["random", "grid"])
@pytest.mark.parametrize(
    "shapes",
    [
        # A multiple of the patch, the patch itself, a little more, less, and thinner than it.
        [(64, 64)],
        [(32, 32)],
        [(33, 40)],
        [(20, 25)],
        [(100, 17)],
        [(64, 64), (32, 32), (33, 40), (20, 25), (100, 17)],
    ],
)
def test_every_pixel_is_trained_on_equally_often(shapes, sampling):
    images, first = numbered_images(*shapes)
    batches = make_batches(images, patch_size=(32, 32), batch_size=1, sampling=sampling)
    # Forty epochs are 16 to 40 passes, the last of which may be unfinished.
    counts = trained_on(batches, 40)[: first[-1]]
    assert counts.min() > 10
    assert counts.max() - counts.min() <= 1


def test_the_frame_of_an_image_has_its_share_of_the_training():
    images, first = numbered_images((128, 128))
    counts = trained_on(make_batches(images, patch_size=(64, 64), batch_size=4), 40)
    seen = counts[: first[-1]].reshape(128, 128)
    inside = seen[8:-8, 8:-8].sum()
    # As much as its share of the area.
    assert abs((1 - inside / seen.sum()) / (1 - (112 / 128) ** 2) - 1) < 0.01


def test_patches_lie_anywhere_around_what_they_are_to_train():
    images, _ = numbered_images((128, 128))
    batches = make_batches(images, patch_size=(64, 64), batch_size=4)
    corners = {int(x[0, 0, 0]) for batch in batches.generate(0, 100) for x in batch[0]}
    tops, lefts = np.divmod(sorted(corners), 128)
    # Flush with the border, as at prediction, and in the middle at many places.
    assert {0, 64} < set(tops)
    assert len(set(tops)) > 20
    assert len(set(lefts)) > 20
    assert tops.max() == lefts.max() == 64


def test_shuffling_and_placing_draw_from_different_streams(monkeypatch):
    # numpy takes [5, 1, 2] and [5, 1, 2, 0] for the same seed; no two states may be the same.
    states = []
    default_rng = np.random.default_rng

    def spy(seed):
        states.append(tuple(seed.generate_state(4)))
        return default_rng(seed)

    monkeypatch.setattr(np.random, "default_rng", spy)
    images, _ = numbered_images((16, 24))
    batches = make_batches(images, steps_per_epoch=4, seed=5)
    for epoch in range(3):
        for index in range(4):
            batches.batch(epoch, index)
    # Counts of cells are drawn again where they are needed again, batches only once.
    assert len(set(states)) >= 12 + 2


def test_an_image_smaller_than_the_patch_is_filled_up_without_weight():
    image = np.arange(12.0).reshape(3, 4, 1)
    x, _, w = make_batches([image], patch_size=(8, 8), batch_size=1).batch(0, 0)
    assert x.shape == (1, 8, 8, 1)
    assert_array_equal(x[0, ..., 0], np.pad(image[..., 0], [(0, 5), (0, 4)], mode="reflect"))
    assert_array_equal(w[0, ..., 0], np.pad(np.ones((3, 4)), [(0, 5), (0, 4)]))


def test_a_grid_covers_every_pixel_in_one_epoch(numbered):
    batches = make_batches(*numbered, sampling="grid", batch_size=5)
    for epoch in range(3):
        seen = {int(v) for x, _, w in batches.generate(epoch, 1) for v in x[w > 0]}
        assert seen == {int(v) for image in numbered[0] for v in image.ravel()}


def test_patches_of_a_grid_overlap_as_little_as_they_can():
    images, _ = numbered_images((10, 16))
    batches = make_batches(images, patch_size=(4, 8), sampling="grid", batch_size=6)
    corners = sorted(int(x[0, 0, 0]) for x in batches.batch(0, 0)[0])
    assert corners == [row * 16 + column for row in (0, 3, 6) for column in (0, 8)]


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


def test_every_labelled_pixel_of_a_sparse_mask_is_reached():
    image = np.arange(80).reshape(8, 10, 1)
    code = np.where(image[..., 0] % 7 == 0, image[..., 0] % 2, -1).astype("int32")
    counts = trained_on(make_batches([image], [code]), 60)[:80]
    labelled = np.arange(80) % 7 == 0
    assert not counts[~labelled].any()
    # As often as each other, not only reached.
    assert counts[labelled].max() - counts[labelled].min() <= 1
    assert counts[labelled].min() > 10


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
    assert not w[:, 4:].any()
    assert not w[:, :, 6:].any()
    assert w[:, :4, :6].any(axis=(1, 2, 3)).all()


def test_augmentation_gets_each_patch_and_its_own_generator(numbered):
    calls = []

    def augment(image, mask, weight, rng):
        calls.append((image.shape, mask.shape, weight.shape, rng.random()))
        return -image, mask, weight

    x, y, _ = make_batches(*numbered, augment=augment).batch(0, 0)
    assert_array_equal(x, -y)
    assert [call[:3] for call in calls] == [((4, 6, 1), (4, 6), (4, 6))] * 3
    assert len({call[3] for call in calls}) == 3
