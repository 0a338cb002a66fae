"""
=========================
Segment your first images
=========================

Train a small U-net on a few images, look at what it makes of others, and see which pixels it gets
right. Replace the synthetic images by your own, read by :func:`~emstellar.io.read_images`, and the
small network by a wider one.
"""

# %%
# Images and masks
# ----------------
#
# Six pieces of tissue, two sections of each. Whole pieces are kept for testing, not single
# sections, which resemble their neighbours.

from emstellar.datasets import make_em_images

X, y, groups = make_em_images(12, n_groups=6, return_groups=True, random_state=0)
train, test = groups < 4, groups >= 4

# %%
# Training
# --------
#
# ``width=1/8`` is an eighth of the filters of the paper's network, and two hundred small batches
# are a hundredth of a real training: enough for this page, on a processor. So short a training
# goes better without batch normalisation and with a trainable slope of the activation.

from emstellar import UNetSegmenter

segmenter = UNetSegmenter(
    width=1 / 8,
    batch_norm=False,
    activation="prelu",
    dropout=0.0,
    epochs=8,
    steps_per_epoch=25,
    patch_size=64,
    optimizer="adam",
    learning_rate=3e-3,
    random_state=0,
)
segmenter.fit(X[train], y[train])

# %%
# The loss of each epoch is kept in ``history_``.

from emstellar.displays import TrainingCurveDisplay

TrainingCurveDisplay.from_estimator(segmenter, title="Training")

# %%
# Scores
# ------
#
# Of the four test images, which training has not seen, pooled and one by one.

from emstellar.metrics import f1_score, v_rand_score

probabilities = segmenter.predict_proba(X[test])
print(f"F1 {f1_score(y[test], probabilities):.3f}")
print(f"F1 of each image {f1_score(y[test], probabilities, average=None).round(3)}")
print(f"V_Rand {v_rand_score(y[test], probabilities):.3f}")

# %%
# What it sees
# ------------
#
# The probability of a mitochondrion, and which pixels are right and wrong at a threshold of 0.5.

import matplotlib.pyplot as plt

from emstellar.displays import OverlayDisplay

# sphinx_gallery_thumbnail_number = 2
image, mask = X[test][0], y[test][0]
figure, axes = plt.subplots(1, 3, figsize=(11, 4.7), layout="constrained")
axes[0].imshow(image, cmap="gray")
axes[0].set_title("image")
axes[1].imshow(probabilities[0, ..., 1], cmap="viridis", vmin=0, vmax=1)
axes[1].set_title("probability of a mitochondrion")
for ax in axes[:2]:
    ax.set_axis_off()
OverlayDisplay.from_predictions(mask, probabilities[0], image=image, title="outcome", ax=axes[2])

# %%
# The same in colours that colour-blind readers can tell apart:

OverlayDisplay.from_estimator(segmenter, X[test], y[test], index=2, colors="colorblind")
