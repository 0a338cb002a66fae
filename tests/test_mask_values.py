"""Which masks are taken as they are, which are doubted, and which are refused."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage.transform import resize

from emstellar import RandomForestSegmenter, VotingSegmenter, benchmark
from emstellar.datasets import make_em_images
from emstellar.input_warnings import inputs_were_judged
from emstellar.mask_values import check_mask_values
from emstellar.validation import find_classes

X, Y = make_em_images(4, (64, 64), random_state=0)
Y = Y.astype(int)
COLUMN = np.arange(64)
BLOBS = ndimage.gaussian_filter(
    np.random.default_rng(0).normal(size=(4, 40, 64, 64)), (0, 0, 3, 3)
).argmax(axis=1)


def with_rare_class(value):
    masks = Y.astype("uint8")
    masks[0, 20:24, 20:25] = value
    return masks


def thin_walls():
    """Return cells, walls of two pixels and background, coded by grey values."""
    eroded = np.stack([ndimage.binary_erosion(mask, iterations=2) for mask in Y == 1])
    return (Y * 127 + eroded * 128).astype("uint8")


LEGITIMATE = {
    "two classes": Y,
    "booleans": Y == 1,
    "0 and 255": (Y * 255).astype("uint8"),
    "two of any values": Y * 188 + 3,
    "unlabelled": np.where(COLUMN > 40, -1, Y),
    "three classes": (BLOBS % 3).astype("uint8"),
    "three classes from 1": (BLOBS % 3 + 1).astype("uint8"),
    "three grey values": (BLOBS % 3 * 127.5).astype("uint8"),
    "thin walls": thin_walls(),
    "nine classes by grey values": (BLOBS % 9 * 31).astype("uint8"),
    "twelve classes by grey values": (BLOBS % 12 * 23).astype("uint8"),
    "twenty classes": BLOBS % 20,
    "a rare class": with_rare_class(2),
    "a class in one image only": [Y[0] * 2, *Y[1:]],
    "a class missing from an image": [Y[0] * 0, Y[1] * 2, *Y[2:]],
    "three classes and unlabelled": np.where(COLUMN > 40, -1, BLOBS % 3),
    "floats": (BLOBS % 3).astype("float32"),
    "int8 of three": (BLOBS % 3).astype("int8"),
}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_classes_are_taken_as_they_are(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_classes(list(LEGITIMATE[name]))


def jpeg(mask, quality=90):
    file = io.BytesIO()
    Image.fromarray((mask * 255).astype("uint8")).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


REFUSED = {
    "JPEG": [jpeg(mask) for mask in Y],
    "JPEG, good": [jpeg(mask, 95) for mask in Y],
    "JPEG, poor": [jpeg(mask, 50) for mask in Y],
    "smoothed": np.round(ndimage.gaussian_filter(Y * 255.0, (0, 1, 1))).astype("uint8"),
    "enlarged": [(resize(mask * 255.0, (100, 100), order=1)).round().astype("uint8") for mask in Y],
    "an image": X,
}


@pytest.mark.parametrize("name", REFUSED)
def test_grey_values_are_refused(name):
    with pytest.raises(ValueError, match=r"masks hold \d+ values \(.*They are grey .*y > 1\d\d"):
        find_classes(list(REFUSED[name]))


MIXED = {
    "uint8": [Y[0].astype("uint8"), (Y[1] * 255).astype("uint8")],
    "booleans": [Y[0] == 1, (Y[1] * 255).astype("uint8")],
    "16 bits": [(Y[0] * 255).astype("uint16"), (Y[1] * 65535).astype("uint16"), Y[2]],
    "with an empty one": [Y[2] * 0, Y[0], Y[1] * 255],
}


@pytest.mark.parametrize("name", MIXED)
def test_masks_coded_in_several_ways_are_refused(name):
    with pytest.raises(ValueError, match=r"coded in several ways, .*; 0 and \d+ in y\[1|2\]"):
        find_classes(MIXED[name])


def stray(values):
    masks = (Y * 255).astype("uint8")
    masks[0, 0, : len(values)] = values
    return masks


DOUBTED = {
    "numbered objects": (
        [ndimage.label(mask)[0] for mask in Y],
        "each is one object of its image: are they the numbers of objects",
    ),
    "many numbered objects": (
        [np.kron(np.arange(100).reshape(10, 10), np.ones((6, 6), int))],
        "each is one object",
    ),
    "many classes": (BLOBS, r"takes each of the 40 values in y .* 0, 1, 2, 3, 4, \.\.\., 37, 38"),
    "values from editing": (stray([130, 233]), "130 in 1 pixels, 233 in 1 pixels"),
    "the last but one": (stray([254, 254]), r"very rare \(254 in 2 pixels\)"),
    "ignored pixels": (np.where(COLUMN > 60, 255, Y), "does 255 mark pixels to be ignored"),
    "ignored pixels of many classes": (
        np.where(COLUMN > 60, 255, BLOBS % 4),
        "does 255 mark pixels to be ignored",
    ),
    "signed bytes": (
        np.where(COLUMN > 40, -56, Y).astype("int8"),
        "unsigned values read as signed",
    ),
    "halved by averaging": (
        ((Y * 255).reshape(4, 32, 2, 32, 2).mean(axis=(2, 4))).round().astype("uint8"),
        "come from interpolation.*order=0",
    ),
}


@pytest.mark.parametrize("name", DOUBTED)
def test_doubtful_values_are_told(name):
    masks, message = DOUBTED[name]
    with pytest.warns(UserWarning, match=message) as told:
        find_classes(list(masks))
    assert len(told) == 1


def test_three_pixels_of_a_class_are_told():
    masks = Y.astype("uint8")
    masks[0, 5, 5:8] = 2
    with pytest.warns(UserWarning, match=r"very rare \(2 in 3 pixels\)"):
        check_mask_values(list(masks))


def test_who_has_judged_is_not_told_again():
    with warnings.catch_warnings(), inputs_were_judged():
        warnings.simplefilter("error")
        find_classes(list(DOUBTED["many classes"][0]))


FOREST = RandomForestSegmenter(2, max_samples=200, random_state=0)


@pytest.mark.parametrize("segmenter", [FOREST, VotingSegmenter([("one", FOREST)])])
def test_fit_judges(segmenter):
    with pytest.raises(ValueError, match="coded in several ways"):
        segmenter.fit(X[:2], MIXED["uint8"])
    with pytest.warns(UserWarning, match="RandomForestSegmenter takes each of the 7 values"):
        segmenter.fit(X, [ndimage.label(mask)[0] for mask in Y])


def test_a_benchmark_judges_once():
    with pytest.raises(ValueError, match="They are grey values"):
        benchmark({"forest": FOREST}, X, REFUSED["JPEG"], verbose=0)
    methods = {"one": FOREST, "two": FOREST}
    objects = [ndimage.label(Y[1])[0]] * 4
    with pytest.warns(UserWarning, match="benchmark takes each") as told:
        benchmark(methods, X, objects, cv=2, scoring=["accuracy"], ensembles=(), verbose=0)
    messages = [str(warning.message) for warning in told]
    assert sum("takes each of the 7 values" in message for message in messages) == 1
