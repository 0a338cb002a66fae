from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from emstellar.displays import LearningRateDisplay
from emstellar.testing import make_check_images
from tests.segmenters.small import small_segmenter


def test_it_draws_what_was_found():
    found = SimpleNamespace(
        learning_rates=np.array([1e-3, 1e-2, 1e-1]),
        losses=np.array([0.7, 0.3, 0.6]),
        smoothed=np.array([0.7, 0.5, 0.55]),
        suggestion=1e-2,
    )
    display = LearningRateDisplay(found, title="U-net").plot()
    assert_array_equal(display.line_.get_xydata(), np.c_[found.learning_rates, found.losses])
    assert_array_equal(display.smoothed_.get_ydata(), found.smoothed)
    assert display.suggestion_.get_xdata()[0] == 1e-2
    assert display.ax_.get_title() == "U-net"


@pytest.mark.backend
def test_it_makes_the_test_itself():
    display = LearningRateDisplay.from_estimator(
        small_segmenter(), *make_check_images(2), lowest=1e-4, highest=1e-1, n_steps=12
    )
    assert_array_equal(display.line_.get_xdata(), np.geomspace(1e-4, 1e-1, 12))
