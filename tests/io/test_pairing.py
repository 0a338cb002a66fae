import re

import numpy as np
import pytest

from emstellar.io import pair_by_name, read_images, read_masks, write_images


def numbered_masks(names):
    return np.stack([np.full((4, 4), i) for i in range(len(names))]), names


def test_masks_follow_the_images():
    X, y, names = pair_by_name((np.zeros((3, 4, 4)), ["c", "a", "b"]), numbered_masks(list("abc")))
    assert X.shape == (3, 4, 4)
    assert y[:, 0, 0].tolist() == [2, 0, 1]
    assert names == ["c", "a", "b"]


def test_key_matches_names_that_differ_by_rule():
    images = np.zeros((2, 4, 4)), ["images.011", "images.010"]
    masks = numbered_masks(["mitos_3D.010", "mitos_3D.011"])
    _, y, _ = pair_by_name(images, masks, key=lambda name: re.findall(r"\d+", name)[-1])
    assert y[:, 0, 0].tolist() == [1, 0]


def test_folders_of_images_of_different_sizes(tmp_path):
    images = [np.zeros((4, 5), "uint8"), np.zeros((6, 5), "uint8")]
    write_images(tmp_path / "images", images, ["a", "b"])
    write_images(tmp_path / "masks", [image > 0 for image in images], ["a", "b"])
    X, y, _ = pair_by_name(read_images(tmp_path / "images"), read_masks(tmp_path / "masks"))
    assert [mask.shape for mask in y] == [image.shape for image in X]


@pytest.mark.parametrize(
    ("names", "mask_names", "message"),
    [
        ("abc", "ab", r"do not match by name; images without a mask: c\. If the names differ"),
        ("ab", "abc", r"masks without an image: c\."),
        ("ab", "cd", "images without a mask: a, b; masks without an image: c, d"),
        ("abcdefgh", "a", "without a mask: b, c, d, e, f and 2 more"),
        ("aab", "abc", "Several images are called the same: a"),
        ("abc", "abb", "Several masks are called the same: b"),
    ],
)
def test_culprits_are_listed(names, mask_names, message):
    with pytest.raises(ValueError, match=message):
        pair_by_name((np.zeros((len(names), 4, 4)), list(names)), numbered_masks(list(mask_names)))


def test_sizes_must_agree():
    images = [np.zeros((4, 4)), np.zeros((4, 6))], ["a", "b"]
    with pytest.raises(ValueError, match=r"differ in size: b \(4, 6\) and b \(4, 4\)\."):
        pair_by_name(images, numbered_masks(["a", "b"]))
