"""The range test sees the losses that the network has at each rate."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from emstellar.testing import make_check_images
from emstellar.training import learning_rate_range
from tests.segmenters.small import small_segmenter

pytestmark = pytest.mark.backend

X, Y = make_check_images(2)


def test_at_almost_no_rate_each_loss_is_that_of_the_untrained_network():
    segmenter = small_segmenter(
        augmentation=None, patch_size=X.shape[1:3], batch_size=2, sampling="grid"
    )
    found = learning_rate_range(segmenter, X, Y, lowest=1e-14, highest=1e-12, n_steps=10)
    assert_allclose(found.learning_rates, np.geomspace(1e-14, 1e-12, 10))
    untrained = segmenter.set_params(learning_rate=1e-14, epochs=1, steps_per_epoch=1).fit(X, Y)
    expected = log_loss(Y.ravel(), untrained.predict_proba(X)[..., 1].ravel())
    assert_allclose(found.losses, expected, rtol=1e-4)
    assert_allclose(found.smoothed, expected, rtol=1e-4)


def test_it_stops_where_the_loss_diverges():
    segmenter = small_segmenter(optimizer="sgd")
    found = learning_rate_range(segmenter, X, Y, lowest=1e-3, highest=1e9, n_steps=40)
    assert len(found.learning_rates) == len(found.losses) == len(found.smoothed) < 40
    assert np.isfinite(found.losses).all()
    least = found.learning_rates[np.argmin(found.smoothed)]
    assert_allclose(found.suggestion, least / 10)


def test_the_segmenter_stays_as_it_was():
    segmenter = small_segmenter()
    before = segmenter.get_params()
    learning_rate_range(segmenter, X, Y, n_steps=10)
    assert segmenter.get_params() == before
    with pytest.raises(NotFittedError):
        segmenter.predict(X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lowest": 0}, "0 < lowest < highest"),
        ({"lowest": 1, "highest": 0.1}, "0 < lowest < highest"),
        ({"n_steps": 3}, "n_steps=3 is too few"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        learning_rate_range(small_segmenter(), X, Y, **arguments)
