"""scikit-learn's whole battery of classifier checks, on images of one pixel."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from emstellar.segmenters import PixelSegmenter, RandomForestSegmenter, VotingSegmenter

from .pixel_table import PixelTable

EXPECTED_FAILURES = {
    "check_classifiers_classes": "masks hold numbers; names of classes are not accepted",
    "check_supervised_y_2d": "y of shape (n, 1) is n valid masks of one pixel, so nothing warns",
}


REGRESSION = PixelSegmenter(LogisticRegression(), features=np.asarray)
FOREST = RandomForestSegmenter(10, features=np.asarray, random_state=0)
FOREST_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "bootstrap samples differ, as in "
    "scikit-learn's own RandomForestClassifier",
}


def _expected(table):
    return EXPECTED_FAILURES | (FOREST_FAILURES if table.segmenter is FOREST else {})


@parametrize_with_checks(
    [
        PixelTable(REGRESSION),
        PixelTable(FOREST),
        PixelTable(VotingSegmenter([("lr", REGRESSION), ("again", REGRESSION)])),
    ],
    expected_failed_checks=_expected,
)
def test_scikit_learns_checks_on_one_pixel_images(estimator, check):
    check(estimator)
