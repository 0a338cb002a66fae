"""Images in another range than the training images', and how a segmenter tells."""

import pickle
import warnings

import numpy as np
import pytest

from emstellar import RandomForestSegmenter, benchmark
from emstellar.datasets import make_em_images
from emstellar.image_ranges import ImageRange

X, Y = make_em_images(4, (64, 64), random_state=0)
MESSAGE = r"{} of 4 images in X lie in another range .* X\[0\] holds .*, the training images hold"

SAME = {
    "themselves": X,
    "floats": X.astype("float32"),
    "one image": X[:1],
    "a darker exposure": (X * 0.3).astype("uint8"),
    "more contrast": np.clip((X - 128.0) * 2 + 128, 0, 255).astype("uint8"),
    "an empty image": X * 0,
    "a blank one": X * 0 + 200,
    "signed integers": X.astype("int16"),
    "a hot pixel": np.where(np.arange(64) == 5, 65535, X[:, :1]).astype("uint16"),
}
OTHERS = {
    "0 to 1": X / 255,
    "0 to 1, single precision": (X / 255).astype("float32"),
    "16 bit": X.astype("uint16") * 257,
    "12 bit": X.astype("uint16") * 16,
    "10 bit": X.astype("uint16") * 4,
    "standardised": (X - X.mean()) / X.std(),
    "signed with an offset": (X.astype(int) * 257 - 32768).astype("int16"),
}


@pytest.fixture(scope="module")
def forest():
    return RandomForestSegmenter(2, max_samples=200, random_state=0).fit(X, Y)


@pytest.mark.parametrize("name", SAME)
def test_images_of_the_same_range(name):
    seen = ImageRange.of(list(X[..., np.newaxis]))
    assert all(seen.holds(image[..., np.newaxis]) for image in SAME[name])


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("turned", [False, True])
def test_images_of_another_range(name, turned):
    fitted, asked = (OTHERS[name], X) if turned else (X, OTHERS[name])
    seen = ImageRange.of(list(fitted[..., np.newaxis]))
    assert not any(seen.holds(image[..., np.newaxis]) for image in asked)


def test_a_forest_tells(forest):
    with pytest.warns(UserWarning, match=MESSAGE.format(4)) as told:
        forest.predict(X / 255)
    assert len(told) == 1
    with pytest.warns(UserWarning, match=MESSAGE.format(2)):
        pickle.loads(pickle.dumps(forest)).predict_proba([X[0] / 255, X[1], X[2] / 255, X[3]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forest.predict(X.astype("float64"))


@pytest.mark.parametrize("wrong", [[0, 1], [0, "1", "uint8"], [0, float("inf"), "uint8"], "0 1 2"])
def test_a_range_of_another_form_is_refused(wrong):
    with pytest.raises(ValueError, match="expected two numbers, the lower first, and a type"):
        ImageRange.from_list(wrong)


def test_a_benchmark_tells_once():
    methods = {name: RandomForestSegmenter(2, max_samples=200) for name in ("one", "two")}
    with pytest.warns(UserWarning, match="in X_test lie in another range") as told:
        benchmark(
            methods,
            X,
            Y,
            X_test=X[:1] / 255,
            y_test=Y[:1],
            cv=2,
            scoring=["f1"],
            random_state=0,
            verbose=0,
        )
    messages = [str(warning.message) for warning in told]
    assert sum("another range" in message for message in messages) == 1
