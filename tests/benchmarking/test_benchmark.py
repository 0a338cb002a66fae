"""benchmark() against scikit-learn's cross_validate, and what it promises besides."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut, cross_validate

from emstellar import VotingSegmenter, benchmark
from emstellar.inspection import complexity
from emstellar.metrics import get_scorer, get_scorers
from tests.segmenters.small import bright_discs, small_segmenter

from .segmenters import FailingSegmenter, NoisyThreshold

pytestmark = pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
METRICS = ("f1", "v_rand", "jaccard", "roc_auc")
METHODS = {"blunt": NoisyThreshold(3.0), "sharp": NoisyThreshold(20.0)}


def run(data, segmenters=METHODS, **options):
    options = {"cv": LeaveOneGroupOut(), "scoring": "f1", "verbose": 0} | options
    return benchmark(segmenters, **data, **options)


def fold_values(result, method, metric, subset="validation"):
    rows = result.fold_scores.query("method == @method and metric == @metric and subset == @subset")
    return rows["value"].to_numpy()


@pytest.mark.parametrize(
    "cv", [3, LeaveOneGroupOut(), GroupKFold(2), KFold(2, shuffle=True, random_state=0)]
)
def test_fold_scores_equal_cross_validate(data, cv):
    result = run(data, cv=cv, scoring=METRICS)
    for name, segmenter in METHODS.items():
        expected = cross_validate(
            segmenter,
            data["X"],
            data["y"],
            groups=data["groups"],
            cv=cv,
            scoring=get_scorers(*METRICS),
        )
        for metric in METRICS:
            np.testing.assert_array_equal(
                fold_values(result, name, metric), expected[f"test_{metric}"]
            )


def test_test_scores_are_those_of_each_fold_model(data):
    result = run(data)
    folds = list(LeaveOneGroupOut().split(data["X"], groups=data["groups"]))
    expected = [
        get_scorer("f1")(
            clone(METHODS["blunt"]).fit(data["X"][train], data["y"][train]),
            data["X_test"],
            data["y_test"],
        )
        for train, _ in folds
    ]
    np.testing.assert_array_equal(fold_values(result, "blunt", "f1", "test"), expected)


def test_scores_of_images_are_scores_of_stacks_of_one(data):
    result = run(data, scoring=METRICS)
    scores = result.scores.query(
        "method == 'sharp' and metric == 'jaccard' and subset == 'validation'"
    )
    model = clone(METHODS["sharp"]).fit(data["X"][3:], data["y"][3:])
    expected = [model.score(data["X"][i : i + 1], data["y"][i : i + 1]) for i in range(3)]
    np.testing.assert_allclose(scores["value"].iloc[:3], expected, rtol=1e-12)
    assert scores["image"].tolist() == list(range(9))
    assert scores["group"].tolist() == data["groups"].tolist()


def test_scoring_may_be_a_name_names_or_scorers(data):
    def foreground_share(segmenter, X, y):
        return float(segmenter.predict(X).mean())

    named = run(data, scoring="f1")
    mixed = run(data, scoring={"dice": "f1", "share": foreground_share})
    assert named.metrics == ["f1"]
    assert mixed.metrics == ["dice", "share"]
    np.testing.assert_array_equal(
        fold_values(named, "blunt", "f1"), fold_values(mixed, "blunt", "dice")
    )


def test_groups_reach_splitter_and_fit(data):
    result = run(data)
    held_out = [record.images["validation"] for record in result.records if not record.fold < 0]
    assert {tuple(images) for images in held_out} == {(0, 1, 2), (3, 4, 5), (6, 7, 8)}


def test_networks_monitor_their_fold_where_asked():
    X, y = bright_discs()
    splits = [(np.array([0, 1]), np.array([2, 3]))]
    options = {"cv": splits, "scoring": "f1", "verbose": 0, "random_state": 0}
    methods = {
        "network": small_segmenter(restore_best=False, patience=None),
        "no network": NoisyThreshold(),
    }
    plain = benchmark(methods, X, y, **options)
    assert plain.convergence_times.query("criterion == 'val_f1'").empty
    result = benchmark(methods, X, y, monitor_folds=True, **options)
    (record,) = (r for r in result.records if r.method == "network" and r.kind == "segmenter")
    assert len(record.history["val_f1"]) == methods["network"].epochs
    # The score of the last epoch is that of the fold, which the monitored images did not change.
    (score,) = fold_values(result, "network", "f1")
    assert score == record.history["val_f1"][-1]
    assert score == fold_values(plain, "network", "f1")[0]
    assert set(result.convergence_times["method"]) == {"network"}


def test_networks_that_choose_their_epoch_by_the_fold_are_warned_of():
    X, y = bright_discs()
    methods = {
        "network": small_segmenter(),
        "last epoch": small_segmenter(restore_best=False, patience=None),
    }
    with pytest.warns(UserWarning, match="monitor_folds=True, network would choose the epoch"):
        benchmark(methods, X, y, cv=2, scoring="f1", verbose=0, monitor_folds=True)


def test_monitored_jobs_are_others_in_the_store(tmp_path):
    X, y = bright_discs()
    methods = {"network": small_segmenter(restore_best=False, patience=None)}
    options = {"cv": 2, "scoring": "f1", "verbose": 0, "random_state": 0, "store": tmp_path}
    for monitor in (False, True, False):
        result = benchmark(methods, X, y, monitor_folds=monitor, **options)
        assert ("val_f1" in result.records[0].history) == monitor


def test_lists_of_images_of_different_sizes(data):
    X = [image[: 20 + i] for i, image in enumerate(data["X"][:4])]
    y = [mask[: 20 + i] for i, mask in enumerate(data["y"][:4])]
    result = benchmark(METHODS, X, y, cv=2, scoring=("f1", "v_rand"), verbose=0)
    assert result.scores["value"].notna().all()
    assert result.probabilities("blunt")[2].shape == (22, 24, 2)


def test_methods_may_be_a_list_with_automatic_names(data):
    result = run(data, [NoisyThreshold(3.0), NoisyThreshold(20.0), ("third", NoisyThreshold())])
    assert result.methods_of("segmenter") == [
        "NoisyThreshold(steepness=3.0)",
        "NoisyThreshold(steepness=20.0)",
        "third",
    ]


def test_segmenters_and_arrays_are_not_changed(data):
    copies = {name: array.copy() for name, array in data.items()}
    segmenter = NoisyThreshold()
    run(data, {"a": segmenter}, random_state=3)
    assert not hasattr(segmenter, "classes_")
    assert segmenter.random_state is None
    for name, array in copies.items():
        np.testing.assert_array_equal(data[name], array)


def test_random_state_decides_whatever_n_jobs_and_the_other_methods(data):
    noisy = NoisyThreshold(noise=0.3)
    alone = run(data, {"noisy": noisy}, random_state=1)
    parallel = run(data, {"other": NoisyThreshold(), "noisy": noisy}, random_state=1, n_jobs=2)
    other_seed = run(data, {"noisy": noisy}, random_state=2)
    values = fold_values(alone, "noisy", "f1")
    np.testing.assert_array_equal(values, fold_values(parallel, "noisy", "f1"))
    assert not np.array_equal(values, fold_values(other_seed, "noisy", "f1"))


def test_repeats_have_other_seeds(data):
    result = run(data, {"noisy": NoisyThreshold(noise=0.3)}, n_repeats=2, random_state=0)
    first, second = (
        result.fold_scores.query("repeat == @r and subset == 'validation' and metric == 'f1'")
        for r in (0, 1)
    )
    assert len(first) == len(second) == 3
    assert not np.array_equal(first["value"], second["value"])


def test_without_test_images_there_are_no_test_scores(data):
    result = benchmark(METHODS, data["X"], data["y"], cv=3, scoring="f1", verbose=0)
    assert result.subsets == ["validation"]
    assert result.methods == ["blunt", "sharp", "average voting", "majority voting"]


def test_test_images_without_masks_are_predicted_but_not_scored(data):
    data["y_test"] = None
    result = run(data)
    assert result.subsets == ["validation"]
    assert result.records[0].probabilities("test").shape == (3, 24, 24, 2)
    maps = result.probabilities("sharp", "test", fold=1)
    assert [maps[i].shape for i in range(3)] == [(24, 24, 2)] * 3


def test_a_failing_method_is_a_row_and_the_others_finish(data):
    methods = {"broken": FailingSegmenter()} | METHODS
    with pytest.warns(FitFailedWarning, match=r"3 of \d+ jobs failed \(broken\).*fell apart"):
        result = run(data, methods)
    assert result.errors[["method", "fold", "type", "message"]].to_numpy().tolist() == [
        ["broken", fold, "RuntimeError", "the network fell apart"] for fold in range(3)
    ]
    assert "segmenters.py" in result.errors["traceback"][0]
    without = run(data)
    assert result.methods == without.methods
    np.testing.assert_array_equal(
        fold_values(result, "average voting", "f1"), fold_values(without, "average voting", "f1")
    )


def test_when_every_job_fails_the_traceback_is_raised(data):
    with pytest.raises(ValueError, match=r"(?s)All the 3 jobs failed.*the network fell apart"):
        run(data, {"broken": FailingSegmenter()})


@pytest.mark.parametrize("voting", ["soft", "hard"])
@pytest.mark.parametrize(("map_dtype", "tolerance"), [("float32", 1e-6), ("uint8", 0.02)])
def test_votes_equal_those_of_voting_segmenter(data, voting, map_dtype, tolerance):
    name = {"soft": "average voting", "hard": "majority voting"}[voting]
    result = run(data, map_dtype=map_dtype)
    splits = LeaveOneGroupOut().split(data["X"], groups=data["groups"])
    models = [
        {name: clone(s).fit(data["X"][train], data["y"][train]) for name, s in METHODS.items()}
        for train, _ in splits
    ]
    across = VotingSegmenter.from_fitted(
        [fold[method] for fold in models for method in METHODS], voting=voting
    )
    folds = VotingSegmenter.from_fitted([fold["sharp"] for fold in models], voting=voting)
    within = VotingSegmenter.from_fitted(list(models[1].values()), voting=voting)
    score = get_scorer("f1")
    assert fold_values(result, name, "f1", "test") == pytest.approx(
        score(across, data["X_test"], data["y_test"]), abs=tolerance
    )
    assert fold_values(result, f"sharp, {name}", "f1", "test") == pytest.approx(
        score(folds, data["X_test"], data["y_test"]), abs=tolerance
    )
    assert fold_values(result, name, "f1")[1] == pytest.approx(
        score(within, data["X"][3:6], data["y"][3:6]), abs=tolerance
    )


def test_votes_of_folds_are_not_scored_on_images_that_they_have_seen(data):
    result = run(data)
    rows = result.fold_scores.query("kind == 'fold ensemble'")
    assert set(rows["subset"]) == {"test"}
    rows = result.fold_scores.query("kind == 'ensemble' and fold == -1")
    assert set(rows["subset"]) == {"test"}


def first_repeat_of_two(data, **options):
    methods = {"noisy": NoisyThreshold(noise=0.1), "sharp": NoisyThreshold(20.0)}
    return run(data, methods, random_state=5, n_repeats=2, **options)


def test_the_best_fold_is_chosen_by_validation_scores_alone(data):
    result = first_repeat_of_two(data)
    validation, test = (fold_values(result, "noisy", "f1", s) for s in ("validation", "test"))
    folds = [values.reshape(2, 3) for values in (validation, test)]
    chosen = folds[0].argmax(axis=1)
    # Otherwise this test could not tell a choice by validation scores from one by test scores.
    assert not np.array_equal(chosen, folds[1].argmax(axis=1))
    expected = folds[1][[0, 1], chosen]
    np.testing.assert_array_equal(fold_values(result, "noisy, best fold", "f1", "test"), expected)
    assert [result.best_fold("noisy", repeat=repeat) for repeat in (0, 1)] == chosen.tolist()
    for repeat in (0, 1):
        maps = result.probabilities("noisy, best fold", "test", repeat=repeat)
        own = result.probabilities("noisy", "test", repeat=repeat, fold=chosen[repeat])
        np.testing.assert_array_equal(maps[1], own[1])


def test_the_best_fold_has_no_validation_score(data):
    rows = run(data).fold_scores.query("method.str.endswith('best fold')")
    assert set(rows["method"]) == {"blunt, best fold", "sharp, best fold"}
    assert set(rows["subset"]) == {"test"}
    without_test = benchmark(METHODS, data["X"], data["y"], cv=3, scoring="f1", verbose=0)
    assert not [method for method in without_test.methods if "best fold" in method]


def test_the_first_metric_chooses_the_best_fold(data):
    def darkness(segmenter, X, y):
        return -np.mean(X)

    result = run(data, scoring={"darkness": darkness, "f1": "f1"})
    images = data["X"].reshape(3, 3, 24, 24)
    expected = images.mean(axis=(1, 2, 3)).argmin()
    assert result.best_fold("blunt") == expected
    np.testing.assert_array_equal(
        fold_values(result, "blunt, best fold", "f1", "test"),
        fold_values(result, "blunt", "f1", "test")[[expected]],
    )
    assert result.best_fold("blunt", "f1") == fold_values(result, "blunt", "f1").argmax()
    with pytest.raises(ValueError, match=r"No fold of 'blnt' \(repeat 0\) has a validation score"):
        result.best_fold("blnt")


def test_ensembles_are_made_as_asked(data):
    assert run(data, ensembles="best fold").methods == [
        "blunt",
        "sharp",
        "blunt, best fold",
        "sharp, best fold",
    ]
    assert run(data, ensembles=()).methods == ["blunt", "sharp"]


def test_resources_and_curves(data):
    result = run(data)
    measured = result.resources.query("kind == 'segmenter'")
    assert len(measured) == 6
    assert (measured[["fit_time", "predict_time", "fit_peak_memory"]] > 0).all(axis=None)
    curves = result.curves.query("method == 'blunt' and fold == 1")
    assert curves["value"].tolist() == [0.7, 0.5, 0.4]
    assert curves["epoch"].tolist() == [1, 2, 3]
    assert result.complexity.loc["blunt"].isna().all()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"segmenters": {}}, ValueError, "at least one segmenter"),
        ({"segmenters": [("a", NoisyThreshold()), ("a", NoisyThreshold())]}, ValueError, "unique"),
        ({"segmenters": {"a": NoisyThreshold}}, TypeError, r"pass an instance: NoisyThreshold\(\)"),
        ({"segmenters": {"a": 3}}, TypeError, "'a' .* has no 'fit'"),
        ({"segmenters": {1: NoisyThreshold()}}, TypeError, "non-empty strings"),
        ({"scoring": "f2"}, ValueError, "'f2' is not a valid scoring value"),
        ({"scoring": ()}, ValueError, "at least one metric"),
        ({"ensembles": "stacking"}, ValueError, "Unknown ensemble 'stacking': choose among"),
        ({"n_repeats": 0}, ValueError, "'n_repeats' parameter of benchmark must be an int"),
        ({"map_dtype": "floot16"}, ValueError, "Did you mean 'float16'"),
        ({"random_state": -1}, ValueError, "'random_state' parameter"),
        ({"map_dtype": "int8"}, ValueError, "'map_dtype' parameter .* 'uint8'"),
        ({"groups": [0, 1]}, ValueError, "one group per image"),
        ({"X": np.zeros((4, 4))}, ValueError, "Expected a stack of images"),
        ({"y": np.zeros((9, 24, 24))}, ValueError, "at least 2 classes"),
        ({"X_test": None}, ValueError, "y_test was passed without X_test"),
        ({"X_test": np.zeros((3, 24, 24, 2))}, ValueError, "channels"),
        ({"y_test": np.full((3, 24, 24), 7)}, ValueError, r"not among the classes \[0, 1\].*\[7\]"),
        ({"cv": []}, ValueError, "makes no fold"),
        ({"cv": [([0, 1], [1, 2])]}, ValueError, r"Fold 0 of cv has images \[1\] on both sides"),
    ],
)
def test_wrong_input_is_named_before_any_fit(data, options, error, message):
    arguments = {"segmenters": {"a": FailingSegmenter()}, "cv": 3, "verbose": 0, **data} | options
    with pytest.raises(error, match=message):
        benchmark(**arguments)


def test_operations_are_those_of_the_padded_image(recwarn):
    X, y = (images[:, :12] for images in bright_discs(size=20))
    network = small_segmenter(size_multiple=8, epochs=1)
    result = benchmark([network], X, y, cv=2, scoring="f1", ensembles=(), verbose=0)
    (flops,) = result.complexity["flops"]
    assert flops == complexity(network, (16, 24, 1)).flops
    assert not [warning for warning in recwarn if "complexity" in str(warning.message)]
