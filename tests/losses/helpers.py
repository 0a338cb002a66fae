import keras
import numpy as np

from emstellar import losses
from emstellar.losses.lookup import own_losses

# The fields of view of every test: 2 images of 3 x 4 pixels.
SHAPE = (2, 3, 4)

ALL = [
    losses.CrossEntropy(),
    losses.CrossEntropy(label_smoothing=0.1),
    losses.Focal(),
    losses.Focal(gamma=0.5),
    losses.Dice(),
    losses.Jaccard(),
    losses.Tversky(),
    losses.FocalTversky(),
    losses.Lovasz(),
    losses.BoundaryWeightedCrossEntropy(),
    losses.CompoundLoss([losses.CrossEntropy(), losses.Dice()], weights=[0.5, 2]),
    losses.KerasLoss(keras.losses.MeanSquaredError()),
]
# A loss added to the package is tested without being listed here.
LISTED = {type(loss) for loss in ALL}
ALL += [cls() for cls in own_losses().values() if isinstance(cls, type) and cls not in LISTED]
# Each with one channel and with several, but for the hinge, which is of one channel.
CASES = [(loss, n) for loss in ALL for n in (1, 3)] + [(losses.Lovasz(hinge=True), 1)]
NAMES = [f"{i // 2}-{loss.name}-{n}" for i, (loss, n) in enumerate(CASES)]


def value(loss, codes, probability, weight=None):
    return float(keras.ops.convert_to_numpy(loss(codes, probability, weight)))


def in_a_row(values):
    """Return pixels given as (n,) or (n, n_channels) as one image of one row."""
    values = np.asarray(values)
    return values.reshape(1, 1, len(values), -1)


def draw(n_channels, seed=0):
    """Return random codes, probabilities and weights, some of which are 0."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(max(2, n_channels), size=(*SHAPE, 1)).astype("int32")
    probability = rng.uniform(0.05, 0.95, size=(*SHAPE, n_channels)).astype("float32")
    if n_channels > 1:
        probability /= probability.sum(axis=-1, keepdims=True)
    weight = rng.uniform(0.5, 2, size=(*SHAPE, 1)) * (rng.random((*SHAPE, 1)) < 0.7)
    return codes, probability, weight.astype("float32")


class Values(keras.layers.Layer):
    """A layer that gives its weights, whatever its input."""

    def __init__(self, values):
        super().__init__()
        self.values = self.add_weight(shape=values.shape)
        self.values.assign(values)

    def call(self, inputs):
        return self.values + 0 * inputs


def gradient(loss, codes, probability, weight):
    """Return the gradient as one step of gradient descent makes it, on any backend."""
    layer = Values(probability)
    model = keras.Sequential([keras.Input(batch_shape=probability.shape), layer])
    model.compile(keras.optimizers.SGD(1.0), loss=loss, jit_compile=False)
    model.train_on_batch(np.zeros_like(probability), codes, sample_weight=weight)
    return probability - keras.ops.convert_to_numpy(layer.values)
