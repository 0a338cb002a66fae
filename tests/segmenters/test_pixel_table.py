"""scikit-learn's whole battery of classifier checks, on images of one pixel."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from emstellar.segmenters import PixelSegmenter

from .pixel_table import PixelTable

EXPECTED_FAILURES = {
    "check_classifiers_classes": "masks hold numbers; names of classes are not accepted",
    "check_supervised_y_2d": "y of shape (n, 1) is n valid masks of one pixel, so nothing warns",
}


def _expected(table):
    return EXPECTED_FAILURES


@parametrize_with_checks(
    [PixelTable(PixelSegmenter(LogisticRegression(), features=np.asarray))],
    expected_failed_checks=_expected,
)
def test_scikit_learns_checks_on_one_pixel_images(estimator, check):
    check(estimator)
