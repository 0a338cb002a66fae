"""Every metric has one spelling."""

import pytest

from emstellar.metrics import get_scorer_names
from emstellar.metrics.labels import metric_label


@pytest.mark.parametrize("name", get_scorer_names())
def test_labels_of_metrics_read_as_words(name):
    label = metric_label(name)
    assert not label.lower().startswith("neg")
    assert ("_" in label) == (name in ("v_rand", "v_info"))
    assert label.startswith("−") == name.startswith("neg_")


def test_curves_say_of_which_images_they_are():
    assert metric_label("val_v_rand") == "Validation V_Rand"
    assert metric_label("loss") == "Loss"
