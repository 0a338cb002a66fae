"""Inputs that were once read as something else, silently: refused by name, or honoured."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from emstellar import RandomForestSegmenter, UNetSegmenter, VotingSegmenter, benchmark
from emstellar.datasets import make_em_images
from emstellar.model_selection import cross_val_predict, leakage_report
from emstellar.segmenters import ThresholdedSegmenter
from emstellar.training import Normalization

X, y = make_em_images(4, (32, 32), random_state=0)
FOREST = RandomForestSegmenter(2, max_samples=200, random_state=0)
HIDDEN = np.median(X) < X


def test_masked_pixels_of_masks_are_unlabelled():
    marked = np.where(HIDDEN, -1, y.astype(int))
    expected = FOREST.fit(X, marked).predict_proba(X)
    hidden = np.ma.array(y, mask=HIDDEN)
    for masks in (hidden, list(hidden)):
        assert_array_equal(FOREST.fit(X, masks).predict_proba(X), expected)
    options = {"cv": 2, "scoring": "accuracy", "verbose": 0, "random_state": 0}
    one, two = (benchmark({"a": FOREST}, X, masks, **options).scores for masks in (hidden, marked))
    pd.testing.assert_frame_equal(one, two)


def test_masked_images_and_weights_are_refused():
    with pytest.raises(ValueError, match=f"X is a masked array with {HIDDEN.sum()} masked values"):
        FOREST.fit(np.ma.array(X, mask=HIDDEN), y)
    with pytest.raises(ValueError, match="sample_weight is a masked array"):
        FOREST.fit(X, y, np.ma.array(np.ones(X.shape), mask=HIDDEN))
    # A mask that hides nothing does no harm.
    FOREST.fit(np.ma.array(X), y)


def test_a_series_of_images_is_a_sequence():
    images, masks = pd.Series(list(X), index=list("abcd")), pd.Series(list(y), index=list("abcd"))
    predicted = FOREST.fit(images, masks).predict(images)
    assert isinstance(predicted, list)
    assert_array_equal(predicted, FOREST.fit(X, y).predict(X))
    found = cross_val_predict(FOREST, images, masks, cv=2)
    assert_array_equal(found, cross_val_predict(FOREST, X, y, cv=2))


def test_values_beyond_float32_are_refused():
    for images in (np.full(X.shape, 1e300), X * -1e40):
        with pytest.raises(ValueError, match="value too large for dtype"):
            FOREST.fit(images, y)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_an_images_own_statistics_do_not_overflow(dtype):
    largest = np.finfo(dtype).max / 2
    image = (largest * np.array([[-1, 1], [1, -1]]))[..., np.newaxis].astype(dtype)
    # Half of the values one standard deviation above the mean, half below.
    assert_array_equal(Normalization("image")(image)[..., 0], [[-1, 1], [1, -1]])


@pytest.mark.parametrize("fold", [([0, 1, 2, 3], [-1]), ([0, 1], [4]), ([0, -2], [1])])
def test_positions_that_are_no_images_are_refused(fold):
    with pytest.raises(ValueError, match=r"Fold 0 of cv has positions .* stand at 0 to 3"):
        benchmark({"a": FOREST}, X, y, cv=[fold], scoring="f1", verbose=0)
    with pytest.raises(ValueError, match="Fold 0 of cv has positions"):
        leakage_report(X, y, cv=[fold])
    with pytest.raises(ValueError, match="Fold 0 of cv has positions"):
        cross_val_predict(FOREST, X, y, cv=[fold])


def test_an_image_on_both_sides_is_refused():
    with pytest.raises(ValueError, match=r"images .1. on both sides"):
        cross_val_predict(FOREST, X, y, cv=[([0, 1], [1])])


def test_voters_of_different_codings_are_refused():
    members = [FOREST.fit(X, y), RandomForestSegmenter(2, random_state=1).fit(X, y * 255)]
    with pytest.raises(ValueError, match=r"different labels: .* .0, 1., .* .0, 255."):
        VotingSegmenter.from_fitted(members)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"monitor": "val_nonsense"}, "monitor='val_nonsense' is unknown"),
        ({"monitor": "val_f1"}, "monitor='val_f1' needs validation images"),
        ({"patch_size": 64}, "patch_size=64 is larger than each"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda net: net, lambda net: ThresholdedSegmenter(net)])
def test_what_a_network_refuses_is_said_before_others_are_trained(
    wrong, message, wrap, monkeypatch
):
    def fit(*arguments, **keywords):
        raise AssertionError("it was trained")

    monkeypatch.setattr(RandomForestSegmenter, "fit", fit)
    network = wrap(UNetSegmenter(width=1 / 16, **wrong))
    with pytest.raises(ValueError, match=message):
        VotingSegmenter([("forest", FOREST), ("network", network)]).fit(X, y)
    with pytest.raises(ValueError, match=f"Method 'net' cannot be trained: {message}"):
        benchmark({"forest": FOREST, "net": network}, X, y, cv=2, verbose=0)
