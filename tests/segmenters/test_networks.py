"""Every network learns, takes any size, and is the same after saving."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import f1_score

import emstellar
from emstellar import segmenters
from emstellar.datasets import make_em_images
from emstellar.segmenters.registry import network_classes

pytestmark = pytest.mark.backend

# One small network of each builder, wide enough to learn four images by heart.
SMALL = {
    "unet": segmenters.UNetSegmenter(width=1 / 8),
    "unet-plain": segmenters.UNetSegmenter(width=1 / 8, batch_norm=False),
    "em-net": segmenters.EMNetSegmenter(width=1 / 8),
    "em-net-v2-4x": segmenters.EMNetSegmenter(width=1 / 8, variant="v2-4x"),
    "prelu-net": segmenters.PReLUNetSegmenter(width=1 / 16),
    "vgg16": segmenters.VGG16Segmenter(width=1 / 8),
    "resnet": segmenters.ResNetSegmenter(width=1 / 4),
    "resnet50": segmenters.ResNetSegmenter(width=1 / 8, variant="resnet50"),
    "segnet": segmenters.SegNetSegmenter(width=1 / 4),
    "segnet-indices": segmenters.SegNetSegmenter(width=1 / 4, unpooling="indices"),
    "cdeep3m": segmenters.CDeep3MSegmenter(width=1 / 16),
    "efficientnet": segmenters.EfficientNetSegmenter(width=1 / 4),
}
# A network added to the package is tested without being listed here.
LISTED = {type(segmenter) for segmenter in SMALL.values()}
SMALL |= {n: cls(width=1 / 8) for n, cls in network_classes().items() if cls not in LISTED}
QUICK = ("segnet-indices", "unet-plain")


def small(name, **parameters):
    width = min(SMALL[name].width, 1 / 16)
    return clone(SMALL[name]).set_params(random_state=0, **{"width": width, **parameters})


# Those whose head of two ReLU channels, without normalisation, or whose dropout wants more care.
CAREFUL = {
    "unet-plain": {"learning_rate": 2e-3, "random_state": 1, "epochs": 15},
    "em-net-v2-4x": {"learning_rate": 5e-3, "epochs": 20},
}


def marks(name):
    """Return the marks of what takes a minute: one network for all that lands, the rest nightly."""
    if name == "unet":
        # On jax it takes seconds, and stands for all there.
        return [] if keras.config.backend() == "jax" else [pytest.mark.slow]
    return [pytest.mark.slow, pytest.mark.nightly]


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks(name)) for name in SMALL])
def test_it_learns_four_images_by_heart(name):
    X, y = make_em_images(4, (64, 64), random_state=0)
    training = {
        "epochs": 10,
        "steps_per_epoch": 20,
        "batch_size": 4,
        "optimizer": "adam",
        "learning_rate": 0.01,
        "augmentation": None,
        "random_state": 0,
    }
    segmenter = clone(SMALL[name]).set_params(**{**training, **CAREFUL.get(name, {})})
    assert f1_score(y.ravel(), segmenter.fit(X, y).predict(X).ravel()) > 0.95


@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in SMALL],
)
def test_any_size_and_any_number_of_classes_and_channels(name, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2, 17, 23, 3)), rng.integers(0, 3, (2, 17, 23))
    segmenter = small(name, epochs=1, steps_per_epoch=1, batch_size=1).fit(X, y)
    expected = segmenter.predict_proba(X)
    assert expected.shape == (2, 17, 23, 3)
    assert_allclose(expected.sum(axis=-1), 1, rtol=1e-5)
    segmenter.save(tmp_path / "segmenter.zip")
    loaded = emstellar.load(tmp_path / "segmenter.zip")
    for variable, again in zip(segmenter.model_.variables, loaded.model_.variables, strict=True):
        assert_array_equal(keras.ops.convert_to_numpy(again), keras.ops.convert_to_numpy(variable))
    # The last bit: tensorflow has been seen to round equal weights differently once in many runs.
    assert_allclose(loaded.predict_proba(X), expected, rtol=0, atol=1e-7)


def test_three_frames_need_three_channels():
    X, y = np.random.default_rng(0).normal(size=(2, 32, 32)), np.eye(32, dtype=int)
    with pytest.raises(ValueError, match="n_frames=3 needs images of at least 3 channels"):
        small("cdeep3m", n_frames=3).fit(X, np.stack([y, y]))


@pytest.mark.parametrize(
    ("name", "parameter", "value", "message"),
    [
        ("segnet", "unpooling", "index", "Did you mean 'indices'"),
        ("resnet", "variant", "resnet-50", "Did you mean 'resnet50'"),
        ("efficientnet", "variant", "b8", "must be one of {'b0'"),
        ("cdeep3m", "n_frames", 2, "must be one of {1, 3, 5}"),
        ("vgg16", "width", 0, r"must be a float in the range \(0"),
        ("prelu-net", "dropout", 1.5, r"must be a float in the range \[0"),
    ],
)
def test_wrong_parameters_are_named(name, parameter, value, message):
    X, y = np.zeros((1, 32, 32)), np.eye(32, dtype=int)[None]
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of .* {message}"):
        small(name, **{parameter: value}).fit(X, y)
