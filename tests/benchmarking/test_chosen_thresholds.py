"""Thresholds are chosen on validation images, and never on those that are scored."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from emstellar import RandomForestSegmenter, benchmark
from emstellar.benchmarking import BenchmarkResult
from emstellar.benchmarking._data import BenchmarkData
from emstellar.benchmarking._plan import BenchmarkPlan
from emstellar.benchmarking._record import Record
from emstellar.benchmarking._scoring import Scoring
from emstellar.benchmarking.job import keep_scores
from emstellar.metrics import find_threshold, v_rand_score

from .segmenters import NoisyThreshold

# The left half is foreground. Probabilities of foreground and background, image by image: the
# image is segmented without an error at thresholds from the second, below the first.
TRUTH = np.tile(np.arange(8) < 4, (8, 1)).astype("uint8")
PROBABILITIES = [(0.875, 0.625), (0.5, 0.25), (0.75, 0.125)]


def make_map(foreground, background):
    image = np.where(TRUTH, np.float32(foreground), np.float32(background))
    return np.stack([1 - image, image], axis=-1)


def make_record(fold, images, maps, data, test=None, scoring=("f1",)):
    record = Record("method", 0, fold, images={"validation": images}, classes=[0, 1])
    subsets = {"validation": maps} if test is None else {"validation": maps, "test": test}
    for subset, values in subsets.items():
        record.images.setdefault(subset, list(range(len(values))))
        y = data.scored_on(subset)[record.images[subset]].masks
        keep_scores(record, subset, values, None, y, [0, 1], Scoring(scoring))
        record.keep_maps(subset, values, "float16")
    return record


def make_result(folds, n_images, scoring=("f1",)):
    y = np.stack([TRUTH] * n_images)
    data = BenchmarkData(X=y, y=y, X_test=y[:1], y_test=y[:1])
    test = [make_map(0.75, 0.375)]
    records = [
        make_record(
            fold, images, [make_map(*PROBABILITIES[i]) for i in images], data, test, scoring
        )
        for fold, images in enumerate(folds)
    ]
    return BenchmarkResult(records, data, BenchmarkPlan({}, [], []))


@pytest.fixture
def by_hand():
    return make_result([[0], [1], [2]], 3)


def thresholds_of(result, subset):
    rows = result.thresholds.query("subset == @subset")
    return rows.set_index("fold")["threshold"].to_dict()


def test_each_fold_is_cut_where_the_others_are_best(by_hand):
    # Fold 0: images 1 and 2 have no error in [.25, .5); its own would choose .75.
    # Fold 1: images 0 and 2 in [.625, .75). Fold 2: all of image 1 and too much of image 0 (F1 .8)
    # is better than half of them (F1 2/3). All three together likewise.
    assert thresholds_of(by_hand, "validation") == {0: 0.37, 1: 0.68, 2: 0.37}
    assert thresholds_of(by_hand, "test") == {0: 0.37, 1: 0.37, 2: 0.37}
    own = find_threshold([make_map(*PROBABILITIES[0])], None, [TRUTH])
    assert own.threshold == 0.75


def test_scores_are_those_at_the_chosen_thresholds(by_hand):
    chosen = by_hand.at_chosen_thresholds()
    scores = chosen.fold_scores.query("subset == 'validation'").set_index("fold")["value"]
    expected = [
        f1_score(TRUTH.ravel(), make_map(*PROBABILITIES[fold])[..., 1].ravel() > threshold)
        for fold, threshold in enumerate([0.37, 0.68, 0.37])
    ]
    assert expected == pytest.approx([2 / 3, 0, 1])
    assert scores.tolist() == pytest.approx(expected)
    summary = by_hand.summary("f1", "validation", threshold="chosen")
    assert summary.loc["method", ("f1", "mean")] == pytest.approx(5 / 9)
    # The background of the test image is above .37, and not above .5.
    assert by_hand.summary("f1", "test", threshold="chosen").iat[0, 0] == pytest.approx(2 / 3)
    assert by_hand.summary("f1", "test").iat[0, 0] == 1


def test_an_image_that_is_scored_does_not_choose_in_another_fold_either():
    # Fold 1 holds out image 0 too; without it, only image 1 is left for fold 0.
    result = make_result([[0], [0, 1]], 2)
    rows = result.thresholds.query("subset == 'validation'").set_index("fold")
    assert rows.loc[0, "threshold"] == 0.37
    assert rows.loc[0, "n_images"] == 1
    # All that fold 0 holds out is scored in fold 1: nothing is left to choose by.
    assert np.isnan(rows.loc[1, "threshold"])
    assert rows.loc[1, "n_images"] == 0
    chosen = result.at_chosen_thresholds().fold_scores.query("subset == 'validation'")
    assert chosen["value"].isna().tolist() == [False, True]


def test_changing_the_scored_images_changes_no_threshold():
    result = make_result([[0], [1], [2]], 3)
    turned = 1 - result.data.y.copy()
    turned[1:] = result.data.y[1:]
    other = BenchmarkResult(
        result.records, BenchmarkData(result.data.X, turned, None, None, None), result.plan
    )
    assert thresholds_of(other, "validation")[0] == thresholds_of(result, "validation")[0]
    assert thresholds_of(other, "validation")[1] != thresholds_of(result, "validation")[1]


def test_regions_are_cut_at_the_chosen_threshold_instead_of_the_best_one():
    result = make_result([[0], [1], [2]], 3, scoring=("f1", "v_rand", "roc_auc"))
    chosen = result.at_chosen_thresholds().fold_scores.query("subset == 'validation'")
    values = chosen.pivot_table(index="fold", columns="metric", values="value")
    for fold, threshold in enumerate([0.37, 0.68, 0.37]):
        expected = v_rand_score([TRUTH], [make_map(*PROBABILITIES[fold])], thresholds=threshold)
        assert values.loc[fold, "v_rand"] == pytest.approx(expected)
    assert values["roc_auc"].tolist() == [1, 1, 1]


def make_benchmark(**options):
    rng = np.random.default_rng(0)
    y = np.stack([TRUTH] * 8)
    X = y * 0.5 + rng.normal(scale=0.4, size=y.shape)
    methods = {"forest": RandomForestSegmenter(3, max_samples=200), "noisy": NoisyThreshold(2.0)}
    options = {"cv": 3, "scoring": ["jaccard", "ppv"], "random_state": 0, "verbose": 0, **options}
    return benchmark(methods, X[:6], y[:6], X_test=X[6:], y_test=y[6:], **options)


@pytest.fixture(scope="module")
def result():
    return make_benchmark()


def test_a_benchmark_chooses_by_the_maps_of_the_other_folds(result):
    maps = result.probabilities("forest", "validation")
    others = [2, 3, 4, 5]
    search = find_threshold([maps[i] for i in others], None, result.data.y[others], "jaccard")
    assert result.thresholds.set_index(["method", "subset", "fold"])["threshold"][
        "forest", "validation", 0
    ] == pytest.approx(search.threshold)


def test_votes_have_thresholds_too(result):
    rows = result.thresholds.set_index(["method", "subset", "fold"])["threshold"]
    for name in ("forest, average voting", "forest, best fold"):
        assert rows[name, "test", -1] == rows["forest", "test", 0]
    assert 0 < rows["average voting", "validation", 1] < 1
    assert np.isnan(rows["majority voting", "test", -1])


def test_members_of_a_majority_vote_at_their_own_thresholds(result):
    thresholds = result.thresholds.query("method == 'forest' and subset == 'test'")["threshold"]
    maps = [result.probabilities("forest", "test", fold=fold) for fold in range(3)]
    votes = [[maps[fold][i][..., 1] > t for fold, t in enumerate(thresholds)] for i in range(2)]
    segmented = np.sum(votes, axis=1) >= 2
    truth = result.data.y_test.ravel().astype(bool)
    overlap = (segmented.ravel() & truth).sum() / (segmented.ravel() | truth).sum()
    summary = result.summary("jaccard", "test", threshold="chosen")
    assert summary.loc["forest, majority voting", ("jaccard", "mean")] == pytest.approx(overlap)


def test_other_tables_and_questions_work_at_chosen_thresholds(result):
    chosen = result.at_chosen_thresholds()
    assert chosen.scores.shape == result.scores.shape
    assert chosen.methods == result.methods
    assert chosen.summary().index.tolist() == result.summary().index.tolist()
    assert not chosen.compare("jaccard", "validation").pairs.empty


def test_csv_files_hold_both(result, tmp_path):
    names = {path.stem for path in result.to_csv(tmp_path)}
    assert {"summary_test", "summary_test_chosen_threshold", "thresholds"} <= names
    table = pd.read_csv(tmp_path / "summary_test_chosen_threshold.csv", index_col="method")
    expected = result.summary(threshold="chosen")["jaccard", "mean"]
    assert table.loc["noisy", "jaccard_mean"] == pytest.approx(expected["noisy"])


def test_what_has_no_threshold_says_so(result, tmp_path):
    masks = result.data.y_test
    elsewhere = BenchmarkResult.from_predictions({"a": masks * 0.5}, masks, scoring=["f1"])
    with pytest.raises(ValueError, match="no validation images to choose it on"):
        elsewhere.at_chosen_thresholds()
    assert elsewhere.thresholds["threshold"].isna().all()
    assert "thresholds" not in {path.stem for path in elsewhere.to_csv(tmp_path)}
    with pytest.raises(ValueError, match='threshold must be None or "chosen"'):
        result.summary(threshold=0.4)


def test_of_three_classes_none_is_chosen():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, size=(4, 8, 8))
    forest = {"forest": RandomForestSegmenter(2, max_samples=50)}
    result = benchmark(forest, y + 0.1, y, cv=2, scoring=["accuracy"], verbose=0)
    with pytest.raises(ValueError, match="between two classes; here are 3"):
        result.summary(threshold="chosen")
