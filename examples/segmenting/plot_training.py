"""
============================================================
Find a learning rate, watch the training, choose a threshold
============================================================

Three choices to make before, during and after a training. There is a picture for each, and none
is made on the images that the score is reported of.
"""

# %%
# Images for every purpose
# ------------------------
#
# Eight pieces of tissue, two sections of each: five pieces to train with, one to choose a threshold
# on, two to report the score of.

from emstellar.datasets import make_em_images

X, y, groups = make_em_images(16, n_groups=8, return_groups=True, random_state=0)
train, choose, test = groups < 5, groups == 5, groups > 5

# %%
# Which learning rate
# -------------------
#
# A range test trains a copy of the network for a few steps, at a higher learning rate each. The
# loss falls at the rates that the network learns at, and rises where they are too high.

from emstellar import UNetSegmenter
from emstellar.displays import LearningRateDisplay

segmenter = UNetSegmenter(
    width=1 / 8,
    batch_norm=False,
    activation="prelu",
    dropout=0.0,
    epochs=8,
    steps_per_epoch=20,
    patch_size=64,
    optimizer="adam",
    learning_rate=3e-3,
    validation_fraction=0.2,
    monitor="val_f1",
    random_state=0,
)
display = LearningRateDisplay.from_estimator(
    segmenter, X[train], y[train], lowest=1e-5, highest=0.3, n_steps=80, title="Range test"
)

# %%
# The dashed line is at a tenth of the rate at which the loss is least, which leaves room for steps
# that happen to be large. Where the loss falls fastest is no guide here: an untrained network that
# is far off gets better at almost any rate.

# %%
# Watch the training
# ------------------
#
# ``validation_fraction=0.2`` keeps the images of one of the five pieces of tissue out of the
# training. Loss and scores on them are computed after each epoch, and the weights of the epoch with
# the best ``monitor`` are kept.

import matplotlib.pyplot as plt

from emstellar.displays import TrainingCurveDisplay

segmenter.fit(X[train], y[train], groups=groups[train])
print(f"best {segmenter.monitor}: epoch {segmenter.best_iter_} of {segmenter.n_iter_}")
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
TrainingCurveDisplay.from_estimator(segmenter, ax=axes[0])
TrainingCurveDisplay.from_estimator(segmenter, quantity="val_f1", ax=axes[1])

# %%
# The loss still falls and F1 still rises, so more epochs would help. F1 rises in jumps, because it
# sees only which probabilities exceed 0.5, and here those of two images.

# %%
# Choose a threshold
# ------------------
#
# A pixel is foreground where its probability exceeds 0.5, unless another threshold does better on
# images that training has not seen.

from emstellar.displays import ThresholdDisplay
from emstellar.metrics import f1_score, find_threshold

search = find_threshold(segmenter, X[choose], y[choose], "f1")
display = ThresholdDisplay.from_estimator(segmenter, X[choose], y[choose], title="One piece")
display.ax_.axvline(search.threshold, color="C1", linestyle="--", label=f"{search.threshold:.2f}")
display.ax_.legend(frameon=False)

# %%
# The score at the chosen threshold is too good on the images that it was chosen on. On others:

probabilities = segmenter.predict_proba(X[test])
for threshold in (0.5, search.threshold):
    print(f"F1 at {threshold:.2f}: {f1_score(y[test], probabilities, threshold=threshold):.3f}")

# %%
# :class:`~emstellar.ThresholdedSegmenter` makes this choice within ``fit``, on inner folds, so that
# a benchmark may compare segmenters with their own thresholds.
