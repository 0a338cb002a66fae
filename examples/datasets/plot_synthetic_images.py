"""
===============================================
Synthetic images for trials, tests and examples
===============================================

:func:`~emstellar.datasets.make_em_images` makes images with exact masks, without a download. They
are not easy: dark bodies that are no mitochondria, uneven illumination and shot noise defeat a
threshold.
"""

# %%
# Mitochondria
# ------------
#
# Each group is one piece of tissue, cut into serial sections: its images resemble each other, and
# images of different groups share nothing. That is what makes real data hard to split honestly,
# so the synthetic images have it too.

import matplotlib.pyplot as plt

from emstellar.datasets import make_em_images

X, y, groups = make_em_images(6, n_groups=2, return_groups=True, random_state=0)

figure, axes = plt.subplots(2, 6, figsize=(11, 4), layout="constrained")
for i, (image, mask) in enumerate(zip(X, y, strict=True)):
    axes[0, i].imshow(image, cmap="gray", vmin=0, vmax=255)
    axes[0, i].set_title(f"group {groups[i]}")
    axes[1, i].imshow(mask, cmap="gray")
for ax in axes.flat:
    ax.set_axis_off()

# %%
# How far a threshold gets
# ------------------------
#
# Mitochondria are dark, but so are lysosomes, membranes and shaded corners. Even the best of all
# thresholds, chosen on the very images it is scored on, is poor.

import numpy as np

from emstellar.metrics import f1_score

darkness = 1 - X / 255
thresholds = np.linspace(0.2, 0.8, 25)
scores = [f1_score(y, darkness, threshold=t) for t in thresholds]
best = int(np.argmax(scores))
print(f"best threshold {thresholds[best]:.3f}: F1 = {scores[best]:.3f}")
print(f"everything foreground: F1 = {f1_score(y, np.ones_like(darkness)):.3f}")

# %%
# Membranes
# ---------
#
# With ``kind="membranes"`` the mask follows the convention of the ISBI 2012 challenge: 0 on the
# membranes between cells, 1 elsewhere. Size, density, noise, blur and the distance between
# sections are parameters.

settings = {
    "as they come": {},
    "larger cells": {"cell_size": 60},
    "noisy": {"noise": 0.25},
    "out of focus": {"blur": 2.5},
}
figure, axes = plt.subplots(2, len(settings), figsize=(10, 5), layout="constrained")
for column, (title, options) in zip(axes.T, settings.items(), strict=True):
    X, y = make_em_images(1, kind="membranes", random_state=1, **options)
    column[0].imshow(X[0], cmap="gray", vmin=0, vmax=255)
    column[0].set_title(title)
    column[1].imshow(y[0], cmap="gray")
for ax in axes.flat:
    ax.set_axis_off()
