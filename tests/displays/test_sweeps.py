"""The data of the displays of a swept parameter and of growing training sets."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emstellar.displays import BatchSizeDisplay, LearningCurveDisplay


@pytest.fixture
def table():
    columns = {"f1": [0.8, 0.9], "fit_time": [60.0, 45.0], "fit_peak_memory": [500.0, 900.0]}
    spreads = {"f1_std": [0.1, np.nan], "fit_time_std": [2.0, 3.0], "fit_peak_memory_std": [5, 6]}
    return pd.DataFrame(columns | spreads, index=pd.Index([2, 16], name="batch_size"))


def test_a_panel_each_for_score_time_and_memory(table):
    display = BatchSizeDisplay(table, "f1").plot()
    for line, column in zip(display.lines_, ["f1", "fit_time", "fit_peak_memory"], strict=True):
        assert_array_equal(line[0].get_ydata(), table[column])
    assert [label.get_text() for label in display.axes_[2].get_xticklabels()] == ["2", "16"]
    assert display.axes_[0].get_xlabel() == "Batch size"


def test_the_memory_of_the_gpu_is_drawn_where_it_was_measured(table):
    table["fit_peak_device_memory"], table["fit_peak_device_memory_std"] = [np.nan, np.nan], np.nan
    display = BatchSizeDisplay(table, "f1").plot()
    assert display.axes_[2].get_ylabel() == "Peak memory, MB"
    table["fit_peak_device_memory"] = [1500.0, 6000.0]
    display = BatchSizeDisplay(table, "f1").plot()
    assert_array_equal(display.lines_[2][0].get_ydata(), [1500, 6000])
    assert display.axes_[2].get_ylabel() == "Peak memory of the GPU, MB"


def test_error_bars_reach_one_standard_deviation_where_it_is_known(table):
    display = BatchSizeDisplay(table, "f1").plot()
    (bars,) = display.lines_[0][2]
    assert_allclose([bar[:, 1] for bar in bars.get_segments()], [[0.7, 0.9], [0.9, 0.9]])


def test_a_curve_chooses_its_first_metric(table):
    curve = SimpleNamespace(
        result=SimpleNamespace(metrics=["f1", "v_rand"]), table=lambda metric, subset: table
    )
    assert BatchSizeDisplay.from_validation_curve(curve).axes_[0].get_ylabel() == "F1"


def test_learning_curves_are_means_with_a_band_of_one_standard_deviation():
    scores = pd.DataFrame(
        {
            "method": ["A"] * 3 + ["B"],
            "train_size": [2, 2, 4, 4],
            "value": [0.5, 0.7, 0.9, 0.4],
        }
    )
    display = LearningCurveDisplay(scores, "f1").plot()
    first, second = display.lines_
    assert_allclose(first.get_xydata(), [[2, 0.6], [4, 0.9]])
    assert_allclose(second.get_xydata(), [[4, 0.4]])
    band = display.ax_.collections[0].get_paths()[0].vertices
    # The sample's standard deviation of 0.5 and 0.7 is the root of 0.02.
    assert_allclose(np.unique(band[band[:, 0] == 2, 1]), [0.6 - 0.02**0.5, 0.6 + 0.02**0.5])
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["A", "B"]
