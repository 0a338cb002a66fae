import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emstellar.displays import FeatureCorrelationDisplay
from emstellar.inspection import FeatureCorrelation
from emstellar.testing import make_check_images
from tests.segmenters.small import small_segmenter


@pytest.fixture
def correlation():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 2)) @ rng.normal(size=(2, 12)) + rng.normal(size=(40, 12))
    values[:, 11] = 3
    return FeatureCorrelation.from_values(values, ["A"] * 3 + ["B"] * 4 + ["C"] * 5)


def test_the_diagonal_holds_the_distributions_within_blocks(correlation):
    display = FeatureCorrelationDisplay(correlation).plot()
    edges = np.linspace(-1, 1, 26)
    r = correlation.matrix[3:7, 3:7][np.triu_indices(4, 1)]
    assert_allclose(display.histograms_[1].get_data().edges, edges, atol=1e-12)
    expected, _ = np.histogram(r, edges, density=True)
    assert_allclose(display.histograms_[1].get_data().values, expected)
    others = correlation.matrix[3:7][:, [0, 1, 2, 7, 8, 9, 10]]
    expected, _ = np.histogram(others, edges, density=True)
    assert_allclose(display.others_[1].get_data().values, expected)


def test_points_are_the_channels_of_row_and_column(correlation):
    display = FeatureCorrelationDisplay(correlation).plot()
    assert set(display.points_) == {("A", "B"), ("A", "C"), ("B", "C")}
    of_row, of_column = display.points_["A", "C"]
    strongest = correlation.strongest[["C", "A"]].to_numpy()
    assert_array_equal(of_row.get_offsets(), strongest[:3])
    assert_array_equal(of_column.get_offsets(), strongest[7:11])
    few = FeatureCorrelationDisplay(correlation).plot(max_points=2)
    assert_array_equal(few.points_["A", "C"][0].get_offsets(), strongest[[0, 2]])


def test_densities_lie_where_the_points_lie(correlation):
    display = FeatureCorrelationDisplay(correlation).plot()
    assert set(display.densities_) == {("B", "A"), ("C", "A"), ("C", "B")}
    density = display.densities_["C", "A"][0].get_array()
    centers = (np.arange(len(density)) + 0.5) / len(density)
    x, y = correlation.strongest[["A", "C"]].iloc[7:11].mean()
    assert np.average(centers, weights=density.sum(axis=0)) == pytest.approx(x, abs=0.1)
    assert np.average(centers, weights=density.sum(axis=1)) == pytest.approx(y, abs=0.1)
    (text,) = display.axes_[2, 0].texts
    expected = np.abs(correlation.matrix[:3, 7:11]).mean()
    assert float(text.get_text()) == pytest.approx(expected, abs=0.005)


def test_blocks_stand_at_rows_and_columns(correlation):
    display = FeatureCorrelationDisplay(correlation, title="a network").plot()
    assert [ax.get_title() for ax in display.axes_[0]] == ["A", "B", "C"]
    assert [ax.get_ylabel() for ax in display.axes_[:, 0]] == ["A", "B", "C"]
    assert display.legend_.get_title().get_text() == "a network"


def test_a_block_of_constant_channels_leaves_empty_panels():
    values = np.random.default_rng(0).normal(size=(9, 3)) * [1, 1, 0]
    display = FeatureCorrelationDisplay(FeatureCorrelation.from_values(values, ["A", "A", "B"]))
    assert_array_equal(display.plot().histograms_[1].get_data().values, 0)
    assert len(display.points_["A", "B"][1].get_offsets()) == 0


@pytest.mark.backend
def test_it_correlates_the_features_itself():
    X, y = make_check_images(2)
    segmenter = small_segmenter(epochs=1).fit(X, y)
    display = FeatureCorrelationDisplay.from_estimator(segmenter, X, n_pixels=50, random_state=0)
    assert display.correlation.n_pixels == 50
    assert display.axes_.shape == (1, 1)
