"""The names, seeds and identities of segmenters."""

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from emstellar import RandomForestSegmenter, UNetSegmenter, VotingSegmenter
from emstellar.benchmarking._methods import name_segmenters, seeded_clone
from emstellar.fingerprints import identify

from .segmenters import NoisyThreshold


def test_automatic_names():
    assert list(name_segmenters(RandomForestSegmenter())) == ["RandomForest"]
    named = name_segmenters([RandomForestSegmenter(), NoisyThreshold(), NoisyThreshold(noise=1.0)])
    assert list(named) == ["RandomForest", "NoisyThreshold(noise=0.0)", "NoisyThreshold(noise=1.0)"]
    with pytest.raises(ValueError, match="must be unique"):
        name_segmenters([NoisyThreshold(), NoisyThreshold()])


def test_fingerprints_depend_on_class_and_parameters_but_not_on_how_it_is_run():
    forest = identify(RandomForestSegmenter(10))
    assert forest == identify(RandomForestSegmenter(10, n_jobs=2))
    assert forest != identify(RandomForestSegmenter(11))
    network = UNetSegmenter(width=0.5)
    elsewhere = UNetSegmenter(width=0.5, checkpoint="a", verbose=1)
    assert identify(network) == identify(elsewhere)
    members = [("a", NoisyThreshold()), ("b", RandomForestSegmenter(10))]
    voting = identify(VotingSegmenter(members))
    assert voting == identify(VotingSegmenter(list(members)))
    members[1] = ("b", RandomForestSegmenter(11))
    assert voting != identify(VotingSegmenter(members))


def test_seeds_reach_nested_segmenters_and_depend_on_repeat_and_fold():
    pipeline = make_pipeline(FunctionTransformer(), RandomForestSegmenter())
    seeds = {
        seeded_clone(pipeline, 0, r, f).get_params()["randomforestsegmenter__random_state"]
        for r in range(2)
        for f in range(3)
    }
    assert len(seeds) == 6
    assert seeded_clone(pipeline, None, 0, 0)[-1].random_state is None
    members = VotingSegmenter([("a", NoisyThreshold()), ("b", NoisyThreshold())])
    a, b = (s.random_state for _, s in seeded_clone(members, 0, 0, 0).estimators)
    assert a != b
