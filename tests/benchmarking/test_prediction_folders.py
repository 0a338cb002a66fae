"""Folders of maps: what their values are taken for, and which file belongs to which."""

import shutil

import numpy as np
import pytest
from scipy import ndimage
from skimage.io import imsave

from emstellar.benchmarking import score_folders
from emstellar.io import write_images
from emstellar.io.pairing import match_names

NAMES = ["im0", "im1", "im2"]


@pytest.fixture
def masks():
    noise = np.random.default_rng(0).normal(size=(3, 48, 48))
    return (ndimage.gaussian_filter(noise, (0, 3, 3)) > 0.03).astype(int)


@pytest.fixture
def score(tmp_path):
    def run(truth, maps, names=NAMES, **options):
        shutil.rmtree(tmp_path / "truth", ignore_errors=True)
        shutil.rmtree(tmp_path / "maps", ignore_errors=True)
        write_images(tmp_path / "truth", truth, NAMES)
        write_images(tmp_path / "maps" / "method", maps, names)
        result = score_folders(
            tmp_path / "maps", tmp_path / "truth", scoring=["f1"], verbose=0, **options
        )
        return result.summary().loc["method", ("f1", "mean")]

    return run


def as_type(masks, low, high, dtype):
    return np.where(masks, high, low).astype(dtype)


CODINGS = [
    (0, 1, "uint8"),
    (0, 255, "uint8"),
    (1, 2, "uint8"),
    (0, 1, "bool"),
    (0, 1, "uint16"),
    (0, 65535, "uint16"),
    (0, 4095, "uint16"),
    (0, 255, "int32"),
    (0, 1, "int8"),
    (0, 1, "float32"),
    (0, 255, "float32"),
]


@pytest.mark.parametrize("coding", CODINGS)
def test_every_coding_of_masks_scores_1_against_every_truth(masks, score, coding):
    assert score(as_type(masks, *CODINGS[1]), as_type(masks, *coding)) == 1
    assert score(as_type(masks, *coding), as_type(masks, *CODINGS[0])) == 1
    assert score(as_type(masks, *coding), as_type(masks, *coding)) == 1


@pytest.mark.parametrize("labels", [(3, 7), (0, 191), (100, 200)])
def test_a_method_may_keep_the_labels_of_the_truth(masks, score, labels):
    coded = as_type(masks, *labels, "uint8")
    assert score(coded, coded) == 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_maps_are_probabilities(masks, score, dtype):
    rng = np.random.default_rng(0)
    maps = np.where(masks, rng.uniform(0.55, 1, masks.shape), rng.uniform(0, 0.45, masks.shape))
    top = 1 if dtype == "float32" else np.iinfo(dtype).max
    maps[0, 0, 0] = masks[0, 0, 0]
    assert score(masks.astype("uint8"), (maps * top).astype(dtype)) == 1


@pytest.mark.parametrize("coding", [(0, 1), (0, 255), (1, 2)])
@pytest.mark.parametrize("only", [0, 1])
def test_one_image_of_one_class_does_not_change_the_coding(masks, score, coding, only):
    masks[1] = only
    truth, maps = as_type(masks, *coding, "uint8"), as_type(masks, 0, 255, "uint8")
    assert score(truth, maps) == 1
    assert score(maps, truth) == 1


def test_unlabelled_pixels_of_the_truth_do_not_count(masks, score):
    truth = masks.astype("int8")
    truth[:, :10] = -1
    maps = masks.astype("uint8")
    maps[:, :10] ^= 1
    assert score(truth, maps) == 1


def test_few_grey_pixels_and_soft_edges_of_the_truth_are_grey(masks, score):
    truth = as_type(masks, 0, 255, "uint8")
    truth[1, 0, :2] = 128, 254
    expected = as_type(truth > 127, 0, 255, "uint8")
    assert score(truth, expected) == 1
    soft = np.round(ndimage.gaussian_filter(masks * 255.0, (0, 1, 1))).astype("uint8")
    assert score(soft, as_type(soft > 127, 0, 255, "uint8")) == 1


def numbered(masks):
    return np.stack([ndimage.label(mask)[0] for mask in masks])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: numbered(m).astype("uint8"), r"different values, 0, 1, 2.*--foreground"),
        (lambda m: numbered(m).astype("int32"), r"of type int32.*--foreground"),
        (lambda m: (m + (np.arange(48) > 24) * m).astype("uint8"), "3 different values, 0, 1, 2"),
        (lambda m: (np.arange(48) // 16 * 127.5 * m).astype("uint8"), "values, 0, 127, 255"),
        (lambda m: np.where(m, (np.arange(48) // 6) * 36, 0).astype("uint8"), "8 different values"),
        (
            lambda m: [(m[0] * 255).astype("uint8"), *m[1:].astype("uint8")],
            "coded in several ways: 0 and 255 in im0; 0 and 1 in im1",
        ),
        (lambda m: -m.astype("int8"), "nothing but 0 and -1, .* signed bytes"),
        (lambda m: np.ones_like(m, "uint8") * 2, "Each pixel holds the same value 2"),
        (lambda m: m * 100 * np.linspace(0, 1, 48, dtype="float32"), r"outside of \[0, 1\]"),
    ],
)
def test_truth_that_cannot_be_told_is_refused(masks, score, change, message):
    with pytest.raises(ValueError, match=rf"^The true masks: .*{message}"):
        score(change(masks), masks.astype("uint8"))


def ramp(masks, top):
    return ndimage.gaussian_filter(masks * float(top), (0, 2, 2))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: numbered(m).astype("uint8"), "seem to be classes or numbered objects"),
        (lambda m: (numbered(m) * 29 % 251).astype("uint8"), "seem to be classes or numbered"),
        (lambda m: ramp(m, 100).astype("uint8"), "of type uint8, which goes up to 255"),
        (lambda m: ramp(m, 4095).astype("uint16"), r"goes up to 65535.*--maximum VALUE"),
        (lambda m: ramp(m, 255).astype("float32"), r"float32, outside of \[0, 1\]"),
        (lambda m: (ramp(m, 10) - 5).astype("float32"), r"outside of \[0, 1\]"),
        (
            lambda m: [(m[0] * 255).astype("uint8"), *m[1:].astype("uint8")],
            "coded in several ways",
        ),
        (
            lambda m: np.where(m, np.nan, 0.0).astype("float32"),
            "im0 holds NaN or infinity in [0-9]+ of 2304 pixels",
        ),
        (
            lambda m: [m[0].astype(bool), *(m[1:] * 255).astype("uint8")],
            "files differ in type: bool",
        ),
    ],
)
def test_maps_that_cannot_be_told_are_refused(masks, score, change, message):
    with pytest.raises(ValueError, match=rf"^Method 'method': .*{message}"):
        score(as_type(masks, 0, 255, "uint8"), change(masks))


def test_many_numbered_objects_are_no_grey_values(score):
    grid = np.kron(np.arange(1, 226).reshape(15, 15), np.ones((8, 8), int))
    grid[::8] = grid[:, ::8] = 0
    truth = (grid > 0).astype("uint8")
    with pytest.raises(ValueError, match="226 different values"):
        score([grid.astype("uint8")] * 3, [truth] * 3)
    with pytest.raises(ValueError, match="numbered objects"):
        score([truth] * 3, [grid.astype("uint8")] * 3)


def test_the_options_that_messages_name(masks, score):
    objects = numbered(masks).astype("uint8")
    assert score(objects, as_type(masks, 0, 255, "uint8"), foreground="nonzero") == 1
    assert score(objects, objects, foreground="nonzero") == 1
    classes = (masks * 200 + (np.arange(48) > 24) * 20).astype("uint8")
    chosen = (classes == 200).astype("uint8")
    assert score(classes, chosen, foreground=200) == 1
    assert score(classes, classes, foreground=200) == 1
    with pytest.raises(ValueError, match="foreground=7 does not occur; found are 0, 20, 200, 220"):
        score(classes, chosen, foreground=7)
    soft = ramp(masks, 4095).astype("uint16")
    expected = (soft / 4095 > 0.5).astype("uint8")
    assert score(expected, soft, maximum=4095) == 1
    with pytest.raises(ValueError, match="outside of 0 to 100, the maximum that was given"):
        score(expected, soft, maximum=100)
    with pytest.raises(ValueError, match=r"Several true masks agree .* im0, im1, im2"):
        score(expected, expected, pair_by="im")
    names = ["run_2_7", "run_0_8", "run_1_9"]
    with pytest.raises(ValueError, match=r"maps without a true mask: run_0_8.*--pair-by"):
        score(expected, expected, names=[*names[1:], "im0"])
    assert score(expected, expected[[2, 0, 1]], names=names, pair_by=r"im(\d)|_(\d)_") == 1


def test_inverted_maps_are_told(masks, score):
    with pytest.warns(UserWarning, match="'method' is high where the true masks are low"):
        assert score(masks.astype("uint8"), as_type(masks, 255, 0, "uint8")) == 0


def test_a_method_called_like_a_number_is_paired(tmp_path, masks):
    for folder, stem in (("maps/V1", "V1"), ("maps/V2", "V2"), ("truth", "truth")):
        (tmp_path / folder).mkdir(parents=True)
        for i, mask in enumerate(masks):
            image = (mask * 255).astype("uint8")
            imsave(tmp_path / folder / f"{stem}{i:04d}.png", image, check_contrast=False)
    result = score_folders(tmp_path / "maps", tmp_path / "truth", scoring=["f1"], verbose=0)
    assert result.summary().loc[["V1", "V2"], ("f1", "mean")].tolist() == [1, 1]


def test_the_code_of_the_report_repeats_the_options(tmp_path, masks):
    write_images(tmp_path / "truth", masks.astype("uint8") * 3 + (np.arange(48) > 9), NAMES)
    write_images(tmp_path / "maps" / "one", masks.astype("uint8"), NAMES)
    result = score_folders(
        tmp_path / "maps", tmp_path / "truth", foreground=3, scoring=["f1"], verbose=0
    )
    assert "foreground=3" in result.plan.code
    assert "maximum" not in result.plan.code


def test_messages_name_the_side():
    with pytest.raises(ValueError, match=r"true masks without an image: b; images without a true"):
        match_names(["a", "b"], ["a", "c"], sides=("true mask", "image"))
