"""
=======================================================
Which method for which purpose: ranks, cost, size, data
=======================================================

Which method has the best score is one question. Whether by more than chance, at what cost, after
how long a training, with how large a network and with how many images are others. Six small
methods, and a picture for each question.
"""

# %%
# Six methods
# -----------
#
# Three random forests, which differ in their number of trees, and three networks of four
# convolutions, which differ in their number of filters. There are twelve pieces of tissue, one
# image of each, so every image is an observation of its own. The networks train for ninety steps:
# this page shows the questions, and its answers hold for these images and this training only.

from functools import partial

import keras

from emstellar import KerasSegmenter, RandomForestSegmenter, benchmark
from emstellar.datasets import make_em_images


def dilated_network(input_shape, n_outputs, n_filters):
    """Return a network that looks ever farther around each pixel, without halving the image."""
    x = inputs = keras.Input(input_shape)
    for dilation in (1, 2, 4):
        x = keras.layers.Conv2D(n_filters, 3, padding="same", dilation_rate=dilation)(x)
        x = keras.layers.LeakyReLU()(x)
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


def network(n_filters):
    """Return a segmenter for that network."""
    return KerasSegmenter(
        partial(dilated_network, n_filters=n_filters),
        size_multiple=1,
        epochs=6,
        steps_per_epoch=15,
        batch_size=8,
        patch_size=48,
        optimizer="adam",
        learning_rate=2e-2,
        validation_fraction=0.25,
    )


def forest(n_trees):
    """Return a random forest that sees some of the pixels."""
    return RandomForestSegmenter(n_trees, max_samples=4_000)


methods = {f"{n} filters": network(n) for n in (4, 8, 16)}
methods |= {f"{n} trees": forest(n) for n in (2, 10, 50)}
X, y = make_em_images(12, (96, 96), n_groups=12, random_state=0)
options = {"scoring": ["f1", "v_rand"], "ensembles": (), "random_state": 0, "verbose": 0}
result = benchmark(methods, X, y, cv=3, **options)
result.summary().round(3)

# %%
# Is one better than another?
# ---------------------------
#
# Each fold ranks the methods: its images are predicted by one fitted model, so that it counts as
# one observation. If Friedman's test finds that the methods differ, a bar joins those whose average
# ranks differ by less than the critical difference; if not, the title says so.

from emstellar.displays import RankDisplay

RankDisplay.from_benchmark(result, metric="f1")

# %%
# Ranks forget by how much one method is better; tests of every pair of methods do not. With six
# methods there are fifteen pairs, for which their p-values are corrected. Three folds see large
# differences only; the text says how many it would take for the one at the top.

print(result.compare("f1"))

# %%
# What does a better score cost?
# ------------------------------
#
# Along the dashed line no other method is cheaper and as good. Times are those of this machine, and
# of whatever else it was doing.

from emstellar.displays import CostDisplay

CostDisplay.from_benchmark(result, metric="f1", cost="fit_time")

# %%
# A network takes long to train, but trains once; what many images cost is prediction.

CostDisplay.from_benchmark(result, metric="f1", cost="predict_seconds_per_megapixel")

# %%
# How long does a network train?
# ------------------------------
#
# The time until the epoch that was best on the validation images, which depends on what "best"
# means. Here it is most of the six epochs by every criterion: longer training might do better yet.

from emstellar.displays import ConvergenceDisplay

ConvergenceDisplay.from_benchmark(result)

# %%
# Does a larger network do better?
# --------------------------------
#
# Here each doubling of the filters does, and the last least.

from emstellar.displays import ComplexityDisplay

ComplexityDisplay.from_benchmark(result, metric="f1")

# %%
# Which batch size?
# -----------------
#
# A step on a larger batch takes longer. The number of steps stays the same, so larger batches also
# see more patches. The bars are one standard deviation of two folds: hardly known, like the memory,
# most of which is the libraries'.

from emstellar.benchmarking import batch_size_curve
from emstellar.displays import BatchSizeDisplay

options["scoring"] = "f1"
curve = batch_size_curve(network(8), X, y, sizes=[1, 4, 16], cv=2, **options)
BatchSizeDisplay.from_validation_curve(curve)

# %%
# How many images?
# ----------------
#
# The network sets a quarter of its images aside to watch its training, so of two it learns from
# one, and may learn nothing. The forest makes do with less; from four images on they hardly differ.

from emstellar.benchmarking import learning_curve
from emstellar.displays import LearningCurveDisplay

chosen = {name: methods[name] for name in ("16 filters", "50 trees")}
curve = learning_curve(chosen, X, y, train_sizes=[2, 4, 6], cv=2, **options)
LearningCurveDisplay.from_learning_curve(curve)
