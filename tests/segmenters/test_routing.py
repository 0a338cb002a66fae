"""Metadata of `fit` on their way to members and inner folds, routed and not.

What is right is what `VotingClassifier` and `TunedThresholdClassifierCV` do with the same requests.
"""

import numpy as np
import pytest
import sklearn
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.metadata_routing import MetadataRouter

from emstellar import BaseSegmenter, VotingSegmenter
from emstellar.metrics import get_scorer
from emstellar.segmenters import ThresholdedSegmenter

X = np.random.default_rng(0).random((6, 5, 5))
y = (X > 0.5).astype(int)
WEIGHTS, GROUPS = np.arange(1.0, 7), np.array([0, 0, 1, 1, 2, 2])
VALIDATION = (X[:2], y[:2])


class Recorder(BaseSegmenter):
    """Finds bright pixels, and remembers what its fits were given."""

    fits = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None, *, groups=None, validation_data=None):
        given = {
            "sample_weight": sample_weight,
            "groups": groups,
            "validation_data": validation_data,
        }
        self.fits.append({k: v for k, v in given.items() if v is not None} | {"n": len(X)})
        self.classes_, self.n_features_in_ = np.array([0, 1]), 1
        return self

    def predict_proba(self, X):
        return np.stack([1 - X, X], axis=-1).astype("float32")


class Plain(Recorder):
    def fit(self, X, y):
        return super().fit(X, y)


@pytest.fixture(autouse=True)
def fits():
    Recorder.fits.clear()
    return Recorder.fits


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def names(fit):
    return set(fit) - {"n"}


def test_without_routing_voting_passes_on_what_members_take(fits):
    members = [
        ("own", Recorder()),
        ("pipe", make_pipeline(FunctionTransformer(), Recorder())),
        ("plain", Plain()),
    ]
    VotingSegmenter(members).fit(X, y, groups=GROUPS, validation_data=VALIDATION)
    everything = {"groups", "validation_data"}
    assert [names(fit) for fit in fits] == [everything, everything, set()]
    assert fits[0]["groups"] is GROUPS
    with pytest.raises(ValueError, match="Plain does not support sample weights"):
        VotingSegmenter(members).fit(X, y, WEIGHTS)


def test_without_routing_thresholded_splits_metadata_with_the_images(fits):
    segmenter = ThresholdedSegmenter(Recorder(), cv=LeaveOneGroupOut())
    segmenter.fit(X, y, WEIGHTS, groups=GROUPS, validation_data=VALIDATION)
    assert [fit["n"] for fit in fits] == [4, 4, 4, 6]
    np.testing.assert_array_equal(fits[0]["groups"], [1, 1, 2, 2])
    np.testing.assert_array_equal(fits[1]["sample_weight"], [1, 2, 5, 6])
    assert all(len(fit["validation_data"]) == 2 for fit in fits)
    assert segmenter.threshold_search_.threshold == segmenter.threshold_


@pytest.mark.parametrize(
    "meta", [VotingSegmenter([("a", Recorder())]), ThresholdedSegmenter(Recorder())]
)
def test_without_routing_other_metadata_are_refused(meta):
    with pytest.raises(ValueError, match=r"got .'fields'., which it can pass on only with"):
        meta.fit(X, y, fields=GROUPS)


def test_both_are_routers():
    voting = VotingSegmenter([("a", Recorder()), ("b", "drop")])
    assert isinstance(voting.get_metadata_routing(), MetadataRouter)
    assert isinstance(ThresholdedSegmenter(Recorder()).get_metadata_routing(), MetadataRouter)
    # Like VotingClassifier, it requests nothing for itself.
    assert not hasattr(voting, "set_fit_request")


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("request_", [True, False, None])
def test_voting_passes_weights_as_scikit_learns_voting(request_, fits):
    table, labels = X.reshape(-1, 1), y.ravel()
    pairs = [
        (VotingClassifier, LogisticRegression(), (table, labels), np.ones(len(table))),
        (VotingSegmenter, Recorder(), (X, y), WEIGHTS),
    ]
    for ensemble, member, data, weights in pairs:
        member.set_fit_request(sample_weight=request_)
        fit = ensemble([("a", member)]).fit
        if request_:
            fit(*data, sample_weight=weights)
        elif request_ is None:
            with pytest.raises(UnsetMetadataPassedError):
                fit(*data, sample_weight=weights)
        else:
            with pytest.raises(TypeError, match="sample_weight"):
                fit(*data, sample_weight=weights)
    assert len(fits) == bool(request_)
    assert not request_ or fits[0]["sample_weight"] is WEIGHTS


@pytest.mark.usefixtures("routing")
def test_members_get_what_each_requests(fits):
    voting = VotingSegmenter(
        [
            ("a", Recorder().set_fit_request(sample_weight="of_pixels", groups=False)),
            ("b", Recorder().set_fit_request(sample_weight=False, groups=True)),
        ]
    )
    voting.fit(X, y, groups=GROUPS, of_pixels=WEIGHTS)
    assert [names(fit) for fit in fits] == [{"sample_weight"}, {"groups"}]
    fits.clear()
    params = {"groups": GROUPS, "of_pixels": WEIGHTS}
    cross_validate(voting, X, y, cv=GroupKFold(3), params=params, scoring=get_scorer("f1"))
    assert [names(fit) for fit in fits] == [{"sample_weight"}, {"groups"}] * 3
    np.testing.assert_array_equal(np.unique(fits[1]["groups"]).size, 2)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("asked", [True, False])
def test_groups_reach_the_inner_folds_through_cross_validation(asked, fits):
    # As in TunedThresholdClassifierCV, a splitter by groups requests them by itself.
    tuned = TunedThresholdClassifierCV(LogisticRegression(), cv=LeaveOneGroupOut())
    table = X.reshape(6, -1)
    cross_validate(tuned, table, [0, 1] * 3, cv=GroupKFold(3), params={"groups": GROUPS})
    segmenter = ThresholdedSegmenter(Plain(), cv=LeaveOneGroupOut())
    if asked:
        segmenter.set_fit_request(groups=True)
    f1 = get_scorer("f1")
    found = cross_validate(segmenter, X, y, cv=GroupKFold(3), params={"groups": GROUPS}, scoring=f1)
    assert np.isfinite(found["test_score"]).all()
    # Of three outer folds of two groups, two inner folds of two images and the last fit.
    assert [fit["n"] for fit in fits] == [2, 2, 4] * 3


@pytest.mark.usefixtures("routing")
def test_thresholded_passes_what_the_segmenter_requests(fits):
    member = Recorder().set_fit_request(sample_weight=True, groups=True, validation_data=True)
    segmenter = ThresholdedSegmenter(member, cv=LeaveOneGroupOut())
    segmenter.fit(X, y, WEIGHTS, groups=GROUPS, validation_data=VALIDATION)
    assert {frozenset(names(fit)) for fit in fits} == {
        frozenset({"sample_weight", "groups", "validation_data"})
    }
    with pytest.raises(UnsetMetadataPassedError):
        ThresholdedSegmenter(Recorder()).fit(X, y, WEIGHTS)
