"""The tables of a result, on numbers small enough to check by hand or by scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from emstellar import BenchmarkResult, benchmark

from .segmenters import NoisyThreshold


@pytest.fixture
def result(data):
    methods = {"blunt": NoisyThreshold(3.0, noise=0.2), "sharp": NoisyThreshold(20.0, noise=0.2)}
    return benchmark(
        methods,
        **data,
        cv=[(range(6), range(6, 9)), (range(3, 9), range(3))],
        scoring=("f1", "accuracy"),
        random_state=0,
        verbose=0,
    )


def test_summary_is_mean_and_spread_of_the_tables(result):
    summary = result.summary("f1", "validation")
    folds = result.fold_scores.query(
        "method == 'blunt' and metric == 'f1' and subset == 'validation'"
    )["value"]
    images = result.scores.query("method == 'blunt' and metric == 'f1' and subset == 'validation'")[
        "value"
    ]
    expected = [folds.mean(), folds.std(), np.nan, images.std(), 2]
    np.testing.assert_allclose(summary.loc["blunt"].to_numpy(), expected)


def test_the_spread_between_seeds_is_that_of_the_means_over_folds(data):
    del data["groups"]
    methods = {"a": NoisyThreshold(noise=0.3), "b": NoisyThreshold(noise=0.2)}
    options = {"cv": 3, "n_repeats": 3, "random_state": 0, "scoring": ("f1", "accuracy")}
    result = benchmark(methods, **data, **options, verbose=0)
    for subset in ("validation", "test"):
        rows = result.fold_scores.query("method == 'b' and metric == 'f1' and subset == @subset")
        means = rows["value"].to_numpy().reshape(3, 3).mean(axis=1)
        found = result.summary(subset=subset).loc["b"]
        assert found["f1", "std_repeats"] == pytest.approx(np.std(means, ddof=1))
        assert found["f1", "std_folds"] == pytest.approx(np.std(rows["value"], ddof=1))
    # The votes of all folds are one value per seed.
    rows = result.fold_scores.query("method == 'a, average voting' and metric == 'accuracy'")
    spread = result.summary().loc["a, average voting", ("accuracy", "std_repeats")]
    assert spread == pytest.approx(np.std(rows["value"], ddof=1))


def test_summary_of_the_test_images_averages_folds_before_images(result):
    rows = result.scores.query("method == 'blunt' and metric == 'f1' and subset == 'test'")
    per_image = rows.groupby("image")["value"].mean()
    assert len(rows) == 6
    assert result.summary().loc["blunt", ("f1", "std_images")] == pytest.approx(per_image.std())


def test_the_default_subset_is_the_test(result):
    pd.testing.assert_frame_equal(result.summary(), result.summary(subset="test"))


def test_each_validation_image_is_seen_by_the_model_that_held_it_out(result, data):
    maps = result.probabilities("sharp", "validation")
    assert sorted(maps) == [0, 1, 2, 6, 7, 8]
    record = next(r for r in result.records if r.key == ("sharp", 0, 1))
    np.testing.assert_array_equal(maps[2], record.probabilities("validation")[2])


def test_compare_by_group_averages_the_images_of_a_group(result):
    found = result.compare("f1", "validation", n_resamples=99)
    assert (found.unit, found.n_units) == ("group", 2)
    rows = result.scores.query("metric == 'f1' and subset == 'validation'")
    means = rows.groupby(["method", "group"])["value"].mean().unstack("method")
    pair = found.pairs.query("method_a == 'blunt' and method_b == 'sharp'")["difference"].item()
    assert pair == pytest.approx((means["blunt"] - means["sharp"]).mean())


def test_compare_by_image(result):
    assert result.compare(by="image", subset="validation", n_resamples=99).n_units == 6
    found = result.compare(by="image", subset="test", n_resamples=99)
    assert (found.unit, found.n_units) == ("image", 3)


def test_test_images_without_groups_are_one_unit(result):
    found = result.compare()
    assert (found.unit, found.n_units) == ("test set", 1)


def test_rank_correlation_is_spearmans(result):
    found = result.rank_correlation()
    means = result.summary().xs("mean", axis=1, level="statistic")
    assert found.loc["f1", "accuracy"] == pytest.approx(
        means["f1"].rank().corr(means["accuracy"].rank())
    )


def test_csv_tables_read_back(result, tmp_path):
    written = result.to_csv(tmp_path / "tables")
    assert {path.name for path in written} >= {"scores.csv", "summary_test.csv", "curves.csv"}
    found = pd.read_csv(tmp_path / "tables" / "fold_scores.csv")
    np.testing.assert_array_equal(found["value"], result.fold_scores["value"])
    summary = pd.read_csv(tmp_path / "tables" / "summary_test.csv", index_col="method")
    assert summary.loc["blunt", "f1_mean"] == result.summary().loc["blunt", ("f1", "mean")]


def test_repr_and_html_repr(result):
    assert "methods, 2 metrics, scores on validation and test, 0 failed" in repr(result)
    assert "<table" in result._repr_html_()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.summary("f3"), r"No scores of \['f3'\]; the metrics are \['f1', 'accuracy'\]"),
        (lambda r: r.summary(subset="train"), "No scores on subset 'train'; there are"),
        (lambda r: r.probabilities("blnt"), "No maps of 'blnt' on subset 'test'"),
        (lambda r: r.compare(by="fold"), "by='fold' is not possible"),
        (lambda r: r.compare(by="group", subset="test"), "by='group' is not possible"),
    ],
)
def test_wrong_questions_are_answered_with_the_right_ones(result, call, message):
    with pytest.raises(ValueError, match=message):
        call(result)


@pytest.fixture
def maps(data):
    rng = np.random.default_rng(1)
    shape = data["y"].shape
    return {
        name: np.clip(data["y"] * 0.4 + rng.uniform(0, high, shape), 0, 1).astype("float32")
        for name, high in {"a": 0.7, "b": 0.8, "c": 0.9}.items()
    }


def test_predictions_score_as_scikit_learn_says(data, maps):
    result = BenchmarkResult.from_predictions(maps, data["y"], scoring="f1")
    for name, probability in maps.items():
        expected = f1_score(data["y"].ravel(), probability.ravel() > 0.5)
        assert result.summary().loc[name, ("f1", "mean")] == pytest.approx(expected)


def test_votes_of_predictions_are_plain_arithmetic(data, maps):
    result = BenchmarkResult.from_predictions(maps, data["y"], scoring="f1").summary()
    stack = np.stack(list(maps.values()))
    mean = f1_score(data["y"].ravel(), stack.mean(axis=0).ravel() > 0.5)
    majority = f1_score(data["y"].ravel(), (stack > 0.5).sum(axis=0).ravel() >= 2)
    assert result.loc["average voting", ("f1", "mean")] == pytest.approx(mean)
    assert result.loc["majority voting", ("f1", "mean")] == pytest.approx(majority)


def test_the_threshold_of_predictions(data, maps):
    result = BenchmarkResult.from_predictions(maps, data["y"], scoring="f1", threshold=0.6)
    expected = f1_score(data["y"].ravel(), maps["b"].ravel() > 0.6)
    assert result.summary().loc["b", ("f1", "mean")] == pytest.approx(expected)


def test_metrics_of_ones_own_and_undefined_ones(data, maps):
    y = data["y"].copy()
    y[2] = 0

    def share(segmenter, X, y):
        return segmenter.predict(X).mean()

    result = BenchmarkResult.from_predictions(
        maps, y, scoring={"share": share, "roc_auc": "roc_auc"}, ensembles=()
    )
    values = result.scores.query("method == 'a' and metric == 'roc_auc'")["value"]
    assert np.isnan(values.iloc[2])
    assert values.drop(values.index[2]).notna().all()
    assert result.summary().loc["a", ("share", "mean")] == pytest.approx((maps["a"] > 0.5).mean())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: {}, "at least one method"),
        (lambda m: {"a": m["a"][:3]}, "Found 3 maps of 'a' for 9 masks"),
        (lambda m: {"a": m["a"][:, :5]}, r"Map 0 of 'a' has shape \(5, 24\), but its mask"),
        (lambda m: {"a": m["a"] * 255}, r"Map 0 of 'a' holds values .* Divide 8-bit maps by 255"),
        (lambda m: {"a": m["a"] * np.nan}, "Map 0 of 'a' holds values"),
        (lambda m: {"a": np.stack([m["a"]] * 3, axis=-1)}, "3 channels for 2 classes"),
    ],
)
def test_wrong_predictions_are_named(data, maps, change, message):
    with pytest.raises(ValueError, match=message):
        BenchmarkResult.from_predictions(change(maps), data["y"])
