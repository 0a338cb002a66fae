import builtins
import pickle
import random
import re

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_validate
from sklearn.naive_bayes import GaussianNB

from emstellar import (
    PixelSegmenter,
    RandomForestSegmenter,
    UNetSegmenter,
    VotingSegmenter,
    segmenters,
)
from emstellar.segmenters import ThresholdedSegmenter
from emstellar.testing import (
    check_segmenter,
    make_check_images,
    parametrize_with_segmenter_checks,
    segmenter_checks,
)
from emstellar.testing.running import CHECKS
from tests import broken_segmenters as broken
from tests.segmenters.small import small_segmenter, two_convolutions

VOTING = [("forest", RandomForestSegmenter(3)), ("bayes", PixelSegmenter(GaussianNB()))]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_segmenter_checks(
    [
        broken.BrightnessSegmenter(),
        RandomForestSegmenter(),
        PixelSegmenter(LogisticRegression()),
        VotingSegmenter(VOTING),
        VotingSegmenter(VOTING, voting="hard"),
    ]
)
def test_classical_segmenters(segmenter, check):
    check(segmenter)


@parametrize_with_segmenter_checks(
    [ThresholdedSegmenter(RandomForestSegmenter(3), cv=2)],
    expected_failed_checks=lambda _: {"check_three_classes": "a threshold is for two classes"},
)
def test_thresholded_segmenter(segmenter, check):
    check(segmenter)


@pytest.mark.backend
@parametrize_with_segmenter_checks([small_segmenter()])
def test_a_network_of_ones_own(segmenter, check):
    check(segmenter)


# A network is traced anew in each fit, which takes longer than the fit itself; plain gradient
# descent halves that. The optimiser has tests of its own.
CHEAP = {"optimizer": "sgd", "lr_schedule": None}


@pytest.mark.slow
@pytest.mark.usefixtures("no_tracing")
# One stands for all: what the checks look at is code that the networks share.
@parametrize_with_segmenter_checks([UNetSegmenter(width=1 / 16, **CHEAP)])
def test_networks_of_the_study(segmenter, check):
    check(segmenter)


NEEDS_NO_FIT = {
    "check_parameters_roundtrip",
    "check_constructor",
    "check_tags",
    "check_unfitted",
    "check_wrong_images",
    "check_wrong_masks",
    "check_wrong_weights",
}


@pytest.mark.parametrize(
    "name", sorted(n for n in segmenters.__all__ if n.endswith("Segmenter") and n[:4] != "Base")
)
def test_every_segmenter_passes_the_checks_that_need_no_fit(name, monkeypatch):
    parameters = {
        "KerasSegmenter": {"network": two_convolutions},
        "VotingSegmenter": {"estimators": VOTING},
        "ThresholdedSegmenter": {"estimator": RandomForestSegmenter(), "cv": 2},
    }
    segmenter_class = getattr(segmenters, name)
    if hasattr(segmenter_class, "build_network"):
        monkeypatch.setattr(segmenter_class, "build_network", _refuse_to_build)
    segmenter = segmenter_class(**parameters.get(name, {}))
    for _, check in segmenter_checks(segmenter):
        if check.__name__ in NEEDS_NO_FIT:
            check(segmenter)


def _refuse_to_build(*arguments):
    raise NotImplementedError("a network was built before the input was judged")


BROKEN = [
    (broken.ContinuesFromOldMeans, "check_idempotent_fit"),
    (broken.ContinuesFromOldMeans, "check_independent_fits"),
    (broken.SharesItsMeans, "check_independent_fits"),
    (broken.ReadsGlobalState, "check_global_states"),
    (broken.IgnoresRandomState, "check_repeatable"),
    (broken.NormalisesInPlace, "check_input_unchanged"),
    (broken.WritesToMasks, "check_input_unchanged"),
    (broken.WritesToItsInput, "check_read_only_input"),
    (broken.RemembersPredictions, "check_predict_leaves_no_trace"),
    (broken.FindsClassesInUnlabelled, "check_unlabelled_pixels"),
    (broken.TakesUnlabelledForBackground, "check_unlabelled_equals_weight_zero"),
    (broken.IgnoresWeights, "check_unlabelled_equals_weight_zero"),
    (broken.IgnoresWeights, "check_image_and_pixel_weights"),
    (broken.WritesToWeights, "check_image_and_pixel_weights"),
    (broken.AveragesPixelWeights, "check_image_and_pixel_weights"),
    (broken.GuessesLabels, "check_label_values"),
    (broken.TwoClassesOnly, "check_three_classes"),
    (broken.ReturnsForegroundOnly, "check_probabilities"),
    (broken.ReturnsFloat64, "check_probabilities"),
    (broken.DoesNotSumToOne, "check_probabilities"),
    (broken.PredictsTheOtherClass, "check_predict"),
    (broken.ScoresAccuracy, "check_score"),
    (broken.SqueezesOneImage, "check_one_image"),
    (broken.KnowsOneSizeOnly, "check_image_sizes"),
    (broken.AddsAChannelAxisTwice, "check_channel_axis"),
    (broken.StacksLists, "check_list_at_predict"),
    (broken.NormalisesByTheTestSet, "check_order_of_images"),
    (broken.DividesIntegersBy255, "check_dtypes_at_predict"),
    (broken.DividesIntegersBy255AtFit, "check_dtypes_at_fit"),
    (broken.ListsAreOther, "check_list_at_fit"),
    (broken.ArraysOnly, "check_images_of_different_sizes"),
    (broken.OneChannelOnly, "check_channels"),
    (broken.AcceptsNaN, "check_wrong_images"),
    (broken.AcceptsNaN, "check_wrong_images_at_predict"),
    (broken.AcceptsOneHotMasks, "check_wrong_masks"),
    (broken.NegativeWeightsAreFine, "check_wrong_weights"),
    (broken.LearnsBeforeItChecks, "check_wrong_images"),
    (broken.IsNoSegmenter, "check_tags"),
    (broken.PredictsUnfitted, "check_unfitted"),
    (broken.ReturnsNothing, "check_fit_returns_self"),
    (broken.ChangesItsParameter, "check_fit_keeps_parameters"),
    (broken.ConvertsInTheConstructor, "check_constructor"),
    (broken.TakesAnyParameter, "check_parameters_roundtrip"),
    (broken.ClonesItsFit, "check_clone"),
    (broken.HidesItsName, "check_repr"),
    (broken.SetsBareAttributes, "check_fitted_attributes"),
    (broken.CannotBePickled, "check_joblib"),
    (broken.LosesItsMeansWhenPickled, "check_pickle"),
]


@pytest.mark.parametrize(("segmenter_class", "name"), BROKEN)
def test_a_broken_segmenter_fails_its_check(segmenter_class, name):
    segmenter_class.__dict__.get("shared", {}).clear()
    (check,) = (c for _, c in segmenter_checks(segmenter_class()) if c.__name__ == name)
    with pytest.raises(AssertionError, match=f"{name} failed for"):
        check(segmenter_class())


def test_every_check_is_failed_by_a_broken_segmenter():
    tripped = {name for _, name in BROKEN} | {"check_save"}
    assert tripped == {check.__name__ for check in CHECKS}


@pytest.mark.backend
def test_a_file_that_loses_weights_fails_its_check(monkeypatch):
    segmenter = small_segmenter()
    monkeypatch.setattr(segmenters, "load", lambda path, network: segmenter.fit(*_images()))
    (check,) = (c for _, c in segmenter_checks(segmenter) if c.__name__ == "check_save")
    with pytest.raises(AssertionError, match="check_save failed for"):
        check(segmenter)


def _images():
    return make_check_images(random_state=3)


def test_check_segmenter_raises_at_the_first_failure():
    with pytest.raises(AssertionError, match=r"^check_tags failed for IsNoSegmenter\(\): "):
        check_segmenter(broken.IsNoSegmenter())


def test_check_segmenter_tells_what_became_of_each_check():
    results = check_segmenter(
        broken.ContinuesFromOldMeans(),
        expected_failed_checks={"check_idempotent_fit": "it continues"},
        on_fail=None,
    )
    status = {result["check_name"]: result["status"] for result in results}
    assert list(status) == [check.__name__ for check in CHECKS]
    assert status.pop("check_idempotent_fit") == "xfail"
    assert status.pop("check_independent_fits") == "failed"
    assert status.pop("check_save") == "skipped"
    assert set(status.values()) == {"passed"}


def test_checks_leave_the_segmenter_as_it_is():
    segmenter = broken.BrightnessSegmenter(epochs=50)
    before = pickle.dumps(segmenter)
    check_segmenter(segmenter)
    assert pickle.dumps(segmenter) == before


def test_slow_parameters_are_lowered_also_in_members():
    seen = []

    class Recorder(broken.BrightnessSegmenter):
        def fit(self, X, y, sample_weight=None):
            seen.append((self.epochs, self.random_state))
            return super().fit(X, y, sample_weight)

    voting = VotingSegmenter([("one", Recorder(epochs=100)), ("two", Recorder(epochs=1))])
    for segmenter, check in segmenter_checks(voting):
        if check.__name__ == "check_fit_returns_self":
            check(segmenter)
    assert sorted(seen) == [(1, 0), (2, 0)]


def test_checks_of_weights_are_skipped_where_there_are_none():
    class WithoutWeights(broken.BrightnessSegmenter):
        def fit(self, X, y):
            return super().fit(X, y)

    results = check_segmenter(WithoutWeights(), expected_failed_checks=_pickling_reasons())
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert skipped == {
        "check_save",
        "check_wrong_weights",
        "check_unlabelled_equals_weight_zero",
        "check_image_and_pixel_weights",
    }


def _pickling_reasons():
    return dict.fromkeys(("check_pickle", "check_joblib"), "a class in a function")


def test_a_leak_between_folds_of_a_cross_validation_is_what_the_canary_is_about():
    X, y = make_check_images(6)
    folds = {"cv": KFold(3), "return_estimator": True, "scoring": _no_score}

    def means(segmenter):
        return [e.means_ for e in cross_validate(segmenter, X, y, **folds)["estimator"]]

    honest = means(broken.BrightnessSegmenter(random_state=0))
    broken.SharesItsMeans.shared.clear()
    leaking = means(broken.SharesItsMeans(random_state=0))
    np.testing.assert_array_equal(leaking[0], leaking[2])
    assert not np.array_equal(honest[0], honest[2])


def _no_score(segmenter, X, y):
    return 0.0


def test_parametrize_gives_readable_ids_and_expected_failures():
    mark = parametrize_with_segmenter_checks(
        [small_segmenter(), broken.ScoresAccuracy()],
        expected_failed_checks=lambda segmenter: (
            {"check_score": "accuracy"} if isinstance(segmenter, broken.ScoresAccuracy) else {}
        ),
    ).mark
    names, cases = mark.args
    ids = [case.id for case in cases]
    assert names == ("segmenter", "check")
    assert len(set(ids)) == len(ids) == 2 * len(CHECKS)
    assert "ScoresAccuracy()-check_score" in ids
    assert not any(re.search(r"\s|0x", text) for text in ids)
    marked = [case.id for case in cases if case.marks]
    assert marked == ["ScoresAccuracy()-check_score"]


def test_a_class_is_refused():
    with pytest.raises(TypeError, match=r"got the class UNetSegmenter; pass an instance"):
        check_segmenter(UNetSegmenter)
    with pytest.raises(ValueError, match=r"on_fail must be 'raise' or None\. Got 'warn'"):
        check_segmenter(broken.BrightnessSegmenter(), on_fail="warn")


def test_parametrize_without_pytest(monkeypatch):
    imported = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "pytest":
            raise ImportError("no pytest")
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match="needs pytest: python -m pip install pytest"):
        parametrize_with_segmenter_checks([broken.BrightnessSegmenter()])


def test_check_images_are_learnable_and_repeatable():
    X, y = make_check_images(3, (17, 23), n_channels=2)
    assert X.shape == (3, 17, 23, 2)
    assert X.dtype == "uint8"
    assert 0.2 < y.mean() < 0.5
    assert X[y == 1].mean() > X[y == 0].mean() + 50
    np.testing.assert_array_equal(X, make_check_images(3, (17, 23), n_channels=2)[0])


def unseeded_network(input_shape, n_outputs):
    import keras

    inputs = keras.Input(input_shape)
    x = keras.layers.Dropout(0.3)(keras.layers.Conv2D(4, 3, padding="same")(inputs))
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


@pytest.mark.backend
def test_keras_own_random_generator_is_left_alone():
    import keras

    def draw():
        return float(keras.random.uniform(()))

    states = random.getstate(), np.random.get_state()
    try:
        keras.utils.set_random_seed(7)
        expected = draw(), draw()
        keras.utils.set_random_seed(7)
        first = draw()
        X, y = make_check_images()
        small_segmenter(unseeded_network, random_state=None).fit(X, y).predict_proba(X)
        assert (first, draw()) == expected
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
