from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emstellar import BenchmarkResult
from emstellar.benchmarking._plan import BenchmarkPlan
from emstellar.displays import MetricHeatmapDisplay


@pytest.fixture
def scores():
    return pd.DataFrame(
        {"f1": [0.2, 0.4, 0.6], "v_rand": [0.9, 0.9, 0.9], "auc": [0.5, np.nan, 0.7]},
        index=["A", "B", "C"],
    )


def test_colours_run_over_each_column_and_numbers_are_the_scores(scores):
    display = MetricHeatmapDisplay.from_scores(scores)
    expected = [[0, 1, 0], [0.5, 1, np.nan], [1, 1, 1]]
    np.testing.assert_allclose(display.image_.get_array().filled(np.nan), expected)
    texts = [[text.get_text() for text in row] for row in display.text_]
    assert texts[1] == ["0.4000", "0.9000", "n/a"]
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["A", "B", "C"]
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["F1", "V_Rand", "Auc"]


def test_numbers_contrast_with_their_cells(scores):
    display = MetricHeatmapDisplay.from_scores(scores)
    assert display.text_[0, 0].get_color() == "white"
    assert display.text_[2, 0].get_color() == "black"


def test_from_benchmark_shows_the_summary(result):
    display = MetricHeatmapDisplay.from_benchmark(result)
    means = result.summary().xs("mean", axis=1, level="statistic")
    assert display.scores.index.tolist() == [
        "blunt",
        "sharp <b>",
        "average voting",
        "majority voting",
    ]
    pd.testing.assert_frame_equal(display.scores, means.loc[display.scores.index])
    assert display.ax_.get_title() == "test images"


def test_from_benchmark_options(result):
    display = MetricHeatmapDisplay.from_benchmark(
        result, metrics=["ppv"], subset="validation", fold_ensembles=True
    )
    assert display.scores.columns.tolist() == ["ppv"]
    assert len(MetricHeatmapDisplay.from_benchmark(result, fold_ensembles=True).scores) == 10


def test_boxed_methods_have_a_box(scores):
    display = MetricHeatmapDisplay.from_scores(scores, boxed=["B"])
    (box,) = display.ax_.patches
    assert (box.get_y(), box.get_width()) == (0.5, 3)


def test_neighbouring_boxed_methods_share_a_box(scores):
    display = MetricHeatmapDisplay.from_scores(scores, boxed=["A", "B"])
    (box,) = display.ax_.patches
    assert (box.get_y(), box.get_height()) == (-0.5, 2)


def test_the_em_nets_of_a_benchmark_are_boxed_by_name_or_class(result):
    def boxed(*names, **options):
        methods = dict(zip(result.methods_of("segmenter"), names, strict=True))
        records = [replace(r, method=methods.get(r.method, r.method)) for r in result.records]
        shown = {"net of mine": "EMNetSegmenter(width=0.5)", names[1]: "elsewhere"}
        renamed = BenchmarkResult(records, result.data, BenchmarkPlan(shown, [], []))
        display = MetricHeatmapDisplay.from_benchmark(renamed, **options)
        return [(box.get_y(), box.get_height()) for box in display.ax_.patches]

    assert boxed("EM-net V2", "U-Net") == [(-0.5, 1)]
    assert boxed("EM-net_V1_BN", "em net 2") == [(-0.5, 2)]
    assert boxed("net of mine", "them-net") == [(-0.5, 1)]
    assert boxed("EM-net V2", "U-Net", boxed=["U-Net"]) == [(0.5, 1)]
    assert MetricHeatmapDisplay.from_benchmark(result).ax_.patches[:] == []


def test_given_axes_are_drawn_on(scores):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, ax = plt.subplots()
    display = MetricHeatmapDisplay.from_scores(scores, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
