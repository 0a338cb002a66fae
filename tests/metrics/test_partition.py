"""V_Rand and V_Info: values printed by Fiji, edge cases and the published table."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.exceptions import UndefinedMetricWarning

from emstellar import metrics
from emstellar.metrics import v_info_score, v_rand_score
from emstellar.metrics.threshold_sweep import threshold_values
from tests.metrics.test_pixel import read_published


def parse(*slices):
    return np.array([[[float(c) for c in row] for row in text.split("/")] for text in slices])


CELLS = "11011/11011/11011"
MERGED = "11111/11111/11111"
# Ground truth, proposal, V_Rand and V_Info for thresholds (0, 1, 0.1) as Fiji prints them.
VECTORS = {
    "hand_1x6": ("110111", "100001", 0.8181818181818181, 0.7789794173345359),
    "hand_6x1": ("1/1/0/1/1/1", "1/0/0/0/0/1", 0.8181818181818181, 0.7789794173345359),
    "merge_two": ("1101101", "1111101", 0.6923076923076924, 0.6434709124204983),
    "split_row": ("111/111/111/000/111", "111/000/111/000/111", 0.5, 0.505860253849075),
    "width-2 tie": ("1101", "1001", 1.0, 1.0),
    "perfect": (CELLS, CELLS, 1.0, 1.0),
    "merge_gap": (CELLS, "11011/11111/11011", 0.6666666666666666, 0.0),
    "diag_touch": ("1100/1100/0011/0011", "1100/1100/0011/0011", 1.0, 1.0),
    "three_basins": (
        "11111/11111/11011/11011/11011",
        "10001/00000/00000/00000/00100",
        0.31944444444444436,
        0.0,
    ),
    "empty truth": ("000", "101", 0.0, 0.0),
    "all object": ("111", "111", 1.0, 0.0),
    "one object cut in two": ("11111/11111/11111", CELLS, 0.5, 0.0),
    "one cell": ("0000/0110/0110", "0000/0110/0110", 1.0, 0.0),
    "all border": (CELLS, "00000/00000/00000", 0.6666666666666666, 0.0),
    "all merged": (CELLS, MERGED, 0.6666666666666666, 0.0),
    "one pixel": ("1", "1", 1.0, 0.0),
}


@pytest.mark.parametrize(("truth", "proposal", "rand", "info"), VECTORS.values(), ids=VECTORS)
def test_values_of_fiji(truth, proposal, rand, info):
    truth, proposal = parse(truth), parse(proposal)
    assert v_rand_score(truth, proposal) == pytest.approx(rand, abs=1e-12)
    assert v_info_score(truth, proposal) == pytest.approx(info, abs=1e-12)
    twice = np.concatenate([truth, truth]), np.concatenate([proposal, proposal])
    assert v_rand_score(*twice) == pytest.approx(rand, abs=1e-12)


SOFT = [[0.9, 0.8, gap, 0.7, 0.9] for gap in (0.35, 0.55, 0.15)]


@pytest.mark.parametrize("score", [v_rand_score, v_info_score])
def test_nothing_found_where_nothing_is(score):
    # Fiji prints 0 for this and for a false alarm alike.
    with pytest.warns(UndefinedMetricWarning, match="neither the truth nor the prediction"):
        assert np.isnan(score(parse("000"), parse("000")))
    nothing = "00000/00000/00000"
    truth, found = parse(CELLS, nothing, nothing), parse(CELLS, CELLS, nothing)
    with pytest.warns(UndefinedMetricWarning):
        np.testing.assert_array_equal(score(truth, found, average=None), [1, 0, np.nan])
    assert score(truth, found) == pytest.approx(0.5)


def test_curves_of_a_soft_proposal():
    curve = metrics.v_rand_curve(parse(CELLS), [SOFT])
    two_thirds = 2 / 3
    expected = [two_thirds] * 6 + [1.0, 0.8, 0.8, two_thirds, two_thirds]
    np.testing.assert_allclose(curve.scores, expected, atol=1e-12)
    assert curve.best_threshold == threshold_values((0.0, 1.0, 0.1))[6]
    info = metrics.v_info_curve(parse(CELLS), [SOFT]).scores
    assert info[[5, 6]].tolist() == [0.0, 1.0]
    np.testing.assert_allclose(info[[7, 8]], 0.6905503578023671, atol=1e-12)
    assert info[9] == 0.0


def test_one_threshold():
    assert v_rand_score(parse(CELLS), [SOFT], thresholds=0.7) == pytest.approx(0.8)
    assert v_rand_score(parse(CELLS), [SOFT], thresholds=np.array([0.5, 0.6])) == 1.0


def test_precision_tells_of_merges_and_recall_of_splits():
    merged = metrics.v_rand_curve(parse(CELLS), parse(MERGED), thresholds=0.5)
    assert (merged.precision.item(), merged.recall.item()) == (0.5, 1.0)
    split = metrics.v_rand_curve(parse(MERGED), parse(CELLS), thresholds=0.5)
    assert split.precision.item() == 1.0
    assert split.recall.item() == pytest.approx(75 / 225)


def test_macro_and_micro():
    truth, proposal = parse(CELLS, CELLS), parse(CELLS, MERGED)
    assert v_rand_score(truth, proposal) == pytest.approx(0.8333333333333333, abs=1e-12)
    assert v_rand_score(truth, proposal, average="micro") == pytest.approx(0.8, abs=1e-12)
    assert v_info_score(truth, proposal) == pytest.approx(0.5, abs=1e-12)
    per_image = v_rand_score(truth, proposal, average=None)
    np.testing.assert_allclose(per_image, [1, 2 / 3], atol=1e-12)
    weighted = v_rand_score(truth, proposal, sample_weight=[3, 1])
    assert weighted == pytest.approx((3 + 2 / 3) / 4)


def test_one_slice_without_truth():
    truth, proposal = parse(CELLS, "00000/00000/00000"), parse(CELLS, CELLS)
    assert v_rand_score(truth, proposal) == 0.5
    assert v_rand_score(truth, proposal, average="micro") == 0.0
    assert v_info_score(truth, proposal) == 0.5


def test_single_precision_decides_at_thresholds():
    # float32(51 / 255) is greater than 0.2, so the gap is object and merges the cells there.
    proposal = parse(CELLS)
    proposal[0, :, 2] = 51 / 255
    assert v_rand_score(parse(CELLS), proposal, thresholds=0.2) == pytest.approx(2 / 3)
    proposal[0, :, 2] = 0.5
    assert v_rand_score(parse(CELLS), proposal, thresholds=0.5) == 1.0


@pytest.mark.parametrize("grey", [51, 102, 153, 204, 255])
def test_grey_values_on_thresholds_are_objects(grey):
    proposal = parse(CELLS)
    proposal[0, :, 2] = grey / 255
    threshold = threshold_values((0.0, 1.0, 0.1))[round(grey / 25.5)]
    assert v_rand_score(parse(CELLS), proposal, thresholds=threshold) == pytest.approx(2 / 3)


def test_grey_truth_is_cut_at_each_threshold():
    truth, proposal = parse(CELLS), parse(CELLS)
    truth[0, :, 2], proposal[0, :, 2] = 0.3, 0.6
    rand = metrics.v_rand_curve(truth, proposal)
    info = metrics.v_info_curve(truth, proposal)
    assert (rand.scores[0], info.scores[0]) == (1.0, 0.0)
    assert (rand.scores[7], info.scores[7]) == (1.0, 1.0)


@pytest.mark.parametrize("where", [np.s_[0, :, 2], np.s_[:]])
def test_nan_is_refused(where):
    proposal = parse(CELLS)
    proposal[where] = np.nan
    with pytest.raises(ValueError, match=r"Input y_prob\[0\] contains NaN in .* diverged"):
        v_rand_score(parse(CELLS), proposal)


@pytest.mark.parametrize(("rand", "info"), [(0.6666666666666666, 0.0)])
def test_without_thinning(rand, info):
    proposal = parse("10001/10001/10001")
    assert v_rand_score(parse(CELLS), proposal) == 1.0
    # Unthinned, half of each cell is single pixels: A = 72, B = AB = 18 + 6.
    plain = v_rand_score(parse(CELLS), proposal, thinning=False)
    assert plain == pytest.approx(2 * 24 / (72 + 24))
    merged = parse(MERGED)
    assert v_rand_score(parse(CELLS), merged, thinning=False) == pytest.approx(rand)
    assert v_info_score(parse(CELLS), merged, thinning=False) == info


def test_unlabelled_pixels_are_left_out():
    truth = np.array([[[1, 1, 0, 1, 1, -1, -1]]])
    proposal = np.array([[[1, 1, 0, 1, 1, 0, 1]]])
    assert v_rand_score(truth, proposal) == 1.0


REGIONS = {
    "v_rand": v_rand_score,
    "v_info": v_info_score,
    "without thinning": lambda *masks: v_rand_score(*masks, thinning=False),
    "rand": metrics.component_rand_error,
    "rand, thinned": lambda *masks: metrics.component_rand_error(*masks, thinning=True),
    "voi": metrics.component_voi,
    "pixel": metrics.pixel_error,
    "warping": metrics.warping_error,
    "boundary": metrics.boundary_f1_score,
    "panoptic": metrics.panoptic_quality_score,
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("score", REGIONS.values(), ids=REGIONS)
def test_what_is_predicted_under_unlabelled_pixels_does_not_matter(score):
    rng = np.random.default_rng(17)
    for density in (0.05, 0.3, 0.6):
        truth = (rng.random((1, 14, 15)) < 0.7).astype(int)
        truth[rng.random(truth.shape) < 0.3] = -1
        proposal = (rng.random(truth.shape) < density).astype(float)
        other = np.where(truth == -1, 1 - proposal, proposal)
        np.testing.assert_array_equal(score(truth, proposal), score(truth, other))


@pytest.mark.parametrize("name", ["v_rand", "v_info", "without thinning", "rand, thinned", "voi"])
def test_an_unlabelled_half_is_as_if_cut_off(name):
    rng = np.random.default_rng(18)
    for _ in range(20):
        truth = (rng.random((1, 11, 16)) < 0.8).astype(int)
        proposal = rng.random(truth.shape).round(1)
        ignored = truth.copy()
        ignored[:, :, 9:] = -1
        expected = REGIONS[name](truth[:, :, :9], proposal[:, :, :9])
        assert REGIONS[name](ignored, proposal) == pytest.approx(expected, abs=1e-12)


def test_a_part_without_predicted_objects_is_one_region():
    truth, proposal = parse(CELLS + "/11011"), parse("11011/11011/11011/00000")
    truth[0, 2] = -1
    # Above, both cells are found; below the cut nothing is, and its two cells are one region.
    assert v_rand_score(truth, proposal) == pytest.approx(2 * (32 + 8) / ((32 + 8) + (32 + 16)))


def test_unlabelled_pixels_of_a_grey_truth():
    truth, proposal = parse("110110"), parse("110111")
    truth[0, 0, 1], truth[0, 0, 5] = 0.9, -1
    assert v_rand_score(truth, proposal, thresholds=0.5) == 1.0


@pytest.mark.parametrize("encode", [lambda m: m * 255, lambda m: m == 1, lambda m: m.astype("i1")])
def test_encodings_and_forms(encode):
    truth, proposal = parse("110111"), parse("100001")
    both = np.stack([1 - proposal, proposal], axis=-1)
    for y_prob in (proposal, both, proposal == 1, list(both)):
        assert v_rand_score(encode(truth), y_prob) == pytest.approx(18 / 22)


def test_both_scores_from_one_pass():
    truth, proposal = parse("110111"), parse("100001")
    scores = metrics.v_scores(truth, proposal)
    assert scores == {
        "v_rand": v_rand_score(truth, proposal),
        "v_info": v_info_score(truth, proposal),
    }


def test_checkerboard_of_many_regions():
    # 131,072 regions of one pixel in two cells: Fiji clips labels at 65,535 and prints .2215 and
    # .1333; without clipping the scores are these.
    checkerboard = (np.indices((1, 512, 512)).sum(axis=0) % 2).astype(bool)
    halves = np.ones((1, 512, 512), dtype=bool)
    halves[:, :, 256] = False
    scores = metrics.v_scores(halves, checkerboard, thresholds=0.5)
    assert scores["v_rand"] == pytest.approx(1.5e-5, abs=1e-6)
    assert scores["v_info"] == pytest.approx(0.10527851083524822, abs=1e-12)


BAD = {
    "pixel weights": ({"sample_weight": np.ones((1, 1, 6))}, "cannot weight pixels"),
    "range": ({"thresholds": (0.5, 0.2, 0.1)}, "0 <= low <= high <= 1"),
    "step": ({"thresholds": (0.0, 1.0, 0.0)}, "step > 0"),
    "threshold": ({"thresholds": 1.5}, r"numbers in \[0, 1\]"),
    "average": ({"average": "pooled"}, "average must be one of"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        v_rand_score(parse("110111"), parse("100001"), **options)


def test_wrong_input():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[1, 2\]"):
        v_rand_score(parse(CELLS), parse(CELLS, CELLS))
    with pytest.raises(ValueError, match="heights and widths must be equal"):
        v_info_score(parse(CELLS), parse("110111"))
    with pytest.raises(ValueError, match="Divide an 8-bit map by 255"):
        v_rand_score(parse(CELLS), parse(CELLS) * 255)
    with pytest.raises(ValueError, match="average must be one of"):
        v_info_score(parse(CELLS), parse(CELLS), average="micro")


SHAPES = st.tuples(st.just(1), st.integers(1, 8), st.integers(1, 8))
MASKS = SHAPES.flatmap(lambda s: st.tuples(*[arrays(bool, s, elements=st.booleans())] * 2))


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_range_and_thresholds_do_not_matter_for_masks(masks):
    assume(np.any(masks))
    for score in (v_rand_score, v_info_score):
        value = score(*masks)
        assert 0 <= value <= 1 + 1e-12
        assert value == score(*masks, thresholds=0.5)


PUBLISHED = {
    "CDeep3M": ("0.96485", "0.96845"),
    "EM-net V1 BN": ("0.95974", "0.96392"),
    "ResNet": ("0.96219", "0.96586"),
    "SegNet": ("0.95779", "0.95822"),
    "U-net": ("0.96448", "0.95326"),
    "VGG": ("0.96459", "0.96355"),
}


@pytest.mark.parametrize("method", PUBLISHED)
def test_published_table(method):
    scores = metrics.v_scores(*read_published(method))
    assert (f"{scores['v_rand']:.5f}", f"{scores['v_info']:.5f}") == PUBLISHED[method]
