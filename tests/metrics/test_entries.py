"""A metric is its function and one entry: scorers, labels, thresholds and scores read from it."""

import importlib
import pkgutil

import numpy as np
import pytest

from emstellar import metrics
from emstellar.benchmarking._scoring import Scoring
from emstellar.metrics import pixel
from emstellar.metrics.confusion import PixelCounts
from emstellar.metrics.entries import built_in_metrics, entry
from emstellar.metrics.labels import metric_label

TRUE = np.array([[[1, 1, 0, 0]], [[1, 0, 0, 0]]])
PROB = np.array([[[0.9, 0.4, 0.2, 0.6]], [[0.7, 0.1, 0.6, 0.2]]])


def false_alarms(y_true, y_prob, *, threshold=0.5, labels=None, pos_label=None):
    """Return the share of false alarms among all pixels."""
    counts = PixelCounts(y_true, y_prob, threshold=threshold, labels=labels, pos_label=pos_label)
    return counts.score(from_false_alarms)


def from_false_alarms(matrix, is_binary):
    """Return it from the counts."""
    return matrix[0, 1] / matrix.sum()


@pytest.fixture
def thrown_in(monkeypatch):
    """An entry more, known only within the test."""
    facts = {"label": "−FA", "lower_is_better": True, "weighs_pixels": True}
    added = entry(false_alarms, from_false_alarms, PixelCounts, **facts)
    monkeypatch.setitem(pixel.METRICS, "neg_false_alarms", added)
    built_in_metrics.cache_clear()
    yield "neg_false_alarms"
    monkeypatch.undo()
    built_in_metrics.cache_clear()


def test_an_entry_makes_a_scorer_with_its_sign_and_label(thrown_in):
    assert thrown_in in metrics.get_scorer_names()
    assert metric_label(thrown_in) == "−FA"
    assert metric_label(f"val_{thrown_in} (class 2)") == "Validation −FA (class 2)"
    assert metrics.compute_scores([thrown_in], TRUE, PROB) == {thrown_in: -2 / 8}


def test_it_is_scored_in_a_benchmark_and_chooses_a_threshold(thrown_in):
    maps = np.stack([1 - PROB, PROB], axis=-1)
    pooled, images = Scoring([thrown_in, "f1"]).score(maps, None, TRUE, [0, 1])
    assert pooled[thrown_in] == -0.25
    assert images[thrown_in] == [-0.25, -0.25]
    search = metrics.find_threshold(PROB, None, TRUE, thrown_in)
    assert search.score == 0
    assert search.threshold > 0.6


def test_no_table_of_a_module_is_overlooked():
    for module in pkgutil.iter_modules(metrics.__path__):
        if not module.name.endswith("_compiled"):
            found = importlib.import_module(f"emstellar.metrics.{module.name}")
            for name in getattr(found, "METRICS", {}):
                assert name in built_in_metrics(), f"no name of {module.name} stands in the stub"


def test_every_score_and_error_that_is_public_has_an_entry():
    functions = {getattr(m.function, "func", m.function) for m in built_in_metrics().values()}
    endings = ("_score", "_score_loss", "_error", "_corrcoef", "_distance")
    public = {n for n in metrics.__all__ if n.endswith(endings) and not n.startswith("adapted")}
    assert {n for n in public if getattr(metrics, n) not in functions} == set()


@pytest.mark.parametrize("name", sorted(built_in_metrics()))
def test_errors_have_a_minus_in_name_and_label(name):
    is_error = built_in_metrics()[name].sign < 0
    assert name.startswith("neg_") == metric_label(name).startswith("−") == is_error


@pytest.mark.parametrize("name", [n for n, m in built_in_metrics().items() if m.threshold_free])
def test_what_judges_probabilities_has_no_threshold(name):
    with pytest.raises(ValueError, match=f"The metric '{name}' does not depend on a threshold"):
        metrics.find_threshold(PROB, None, TRUE, name)
