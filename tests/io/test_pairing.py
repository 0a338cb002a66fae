import re

import numpy as np
import pytest

from emstellar.io import pair_by_name, read_images, read_masks, write_images
from emstellar.io.pairing import match_names


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


T = [f"truth{i:04d}" for i in range(4)]


@pytest.mark.parametrize(
    ("names", "others", "order"),
    [
        (T, [f"V2{i:04d}" for i in (1, 0, 3, 2)], [1, 0, 3, 2]),
        (["V28", "V29", "V210"], ["t10", "t08", "t09"], [1, 2, 0]),
        (["z1", "z2", "z10"], ["p_01", "p_10", "p_02"], [0, 2, 1]),
        (["a1_512x512", "a2_512x512"], ["p2_64", "p1_64"], [1, 0]),
        (["A0004", "B0004", "A0005"], ["A_5_seg", "B_4_seg", "A_4_seg"], [2, 1, 0]),
        (["fieldA_01", "fieldB_02"], ["p02", "p01"], [1, 0]),
        (["cortex_mask", "liver_mask"], ["Liver", "Cortex"], [1, 0]),
        (["a", "a2"], ["m_a2", "m_a"], [1, 0]),
        (["truth"], ["map"], [0]),
    ],
)
def test_names_match_by_what_varies(names, others, order):
    assert match_names(names, others) == order


@pytest.mark.parametrize(
    ("names", "others"),
    [
        (["t20", "t21"], ["m10", "m11"]),
        (["t0000", "t0001"], ["m1000", "m1001"]),
        (["A0000", "A0001"], ["A0010", "A0011"]),
        (["im10", "im20", "im30"], ["p1", "p2", "p3"]),
        (["x1_2", "x2_1"], ["p1", "p2"]),
        (["a", "b"], ["c", "d"]),
        (["a", "b", "c"], ["m_a", "m_b"]),
    ],
)
def test_names_that_vary_otherwise_do_not_match(names, others):
    with pytest.raises(ValueError, match="do not match by name"):
        match_names(names, others)


@pytest.mark.parametrize("key", [r"(\d+)_raw|seg_(\d+)", r"\d+"])
def test_a_regular_expression_matches(key):
    assert match_names(["7_raw", "12_raw"], ["seg_012", "seg_007"], key=key) == [1, 0]


def test_mistakes_in_a_regular_expression():
    with pytest.raises(ValueError, match=r"'\(' is no regular expression"):
        match_names(["a"], ["b"], key="(")
    with pytest.raises(ValueError, match=r"does not occur in the name of the mask 'b'"):
        match_names(["a1"], ["b"], key=r"\d")
    with pytest.raises(ValueError, match=r"Several images agree in what is matched by: a1, b1"):
        match_names(["a1", "b1"], ["c1", "c2"], key=r"\d")
