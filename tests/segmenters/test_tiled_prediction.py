"""Tiles and symmetries with networks that are trained."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emstellar import UNetSegmenter
from emstellar.datasets import make_em_images

from .small import bright_discs, small_segmenter

pytestmark = [pytest.mark.backend, pytest.mark.usefixtures("no_tracing")]


@pytest.mark.slow
def test_a_u_net_leaves_no_seams_where_the_overlap_covers_its_receptive_field():
    X, y = make_em_images(2, (64, 64), random_state=0)
    training = {"epochs": 1, "steps_per_epoch": 8, "optimizer": "adam", "learning_rate": 0.02}
    segmenter = UNetSegmenter(width=1 / 32, lr_schedule=None, random_state=0, **training).fit(X, y)
    image = make_em_images(1, (832, 832), random_state=1)[0]
    # The tile of 1024 pixels holds all of it.
    whole = segmenter.predict_proba(image)
    # Four tiles. A pixel sees 107 pixels to each side; a quarter of the overlap has no weight.
    segmenter.set_params(tile_size=640, overlap=440)
    assert_allclose(segmenter.predict_proba(image), whole, rtol=0, atol=1e-3)
    segmenter.set_params(tile_size=416, overlap=0)
    assert np.abs(segmenter.predict_proba(image) - whole).max() > 1e-2


def test_test_time_augmentation_is_the_mean_over_eight_symmetries():
    X, y = bright_discs()
    segmenter = small_segmenter().fit(X, y)
    image = np.random.default_rng(0).integers(0, 255, (20, 20))

    def predict(seen):
        return segmenter.predict_proba(seen[np.newaxis])[0]

    # Image and map, flipped or not along each axis, and all that transposed.
    flips = [(slice(None, None, a), slice(None, None, b)) for a in (1, -1) for b in (1, -1)]
    maps = [predict(image[flip])[flip] for flip in flips]
    maps += [predict(image.T[flip])[flip].swapaxes(0, 1) for flip in flips]
    assert np.ptp(maps, axis=0).max() > 1e-2
    segmenter.set_params(test_time_augmentation=True)
    assert_allclose(predict(image), np.mean(maps, axis=0), atol=1e-6)
