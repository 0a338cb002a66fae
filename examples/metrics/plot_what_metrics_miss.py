"""
===========================
What a metric does not see
===========================

A metric is chosen for what it measures; it should be known for what it ignores. Here the true
masks are spoiled in seven ways, ever more strongly, and each metric scores the result.
"""

# %%
# Masks to spoil
# --------------
#
# Mitochondria of a synthetic image, and what each disturbance makes of them at full strength.

import matplotlib.pyplot as plt
import numpy as np

from emstellar.datasets import make_em_images
from emstellar.metrics import sensitivity_profile
from emstellar.metrics.disturbances import BY_PIXELS, BY_SHARE

_, masks = make_em_images(3, (256, 256), random_state=3)
masks = masks > 0

figure, axes = plt.subplots(2, 4, figsize=(10, 5.2), layout="constrained")
axes[0, 0].imshow(masks[0], cmap="gray")
axes[0, 0].set_title("truth")
for ax, (name, disturb) in zip(axes.flat[1:], {**BY_PIXELS, **BY_SHARE}.items(), strict=True):
    strength = 4 if name in BY_PIXELS else 1.0
    ax.imshow(disturb(masks[0], strength, np.random.default_rng(0)), cmap="gray")
    ax.set_title(f"{name}, {strength} pixels" if name in BY_PIXELS else f"{name}, all objects")
for ax in axes.flat:
    ax.set_axis_off()

# %%
# How the metrics answer
# ----------------------
#
# Each panel is one disturbance. A flat line is a metric that has seen nothing.

names = ["f1", "v_rand", "v_info", "boundary_f1", "panoptic_quality"]
profile = sensitivity_profile(names, masks, random_state=0)

figure, axes = plt.subplots(2, 4, figsize=(11, 5.2), sharey=True, layout="constrained")
for ax, (name, part) in zip(axes.flat, profile.groupby("disturbance", sort=False), strict=False):
    for metric, line in part.groupby("metric", sort=False):
        ax.plot(line["strength"], line["score"], marker="o", markersize=3, label=metric)
    ax.set_title(name)
    ax.set_xlabel(part["unit"].iloc[0])
axes[0, 0].set_ylabel("score")
axes[1, 0].set_ylabel("score")
axes[1, 3].set_axis_off()
axes[1, 3].legend(*axes[0, 0].get_legend_handles_labels(), loc="center")

# %%
# What to take from it
# --------------------
#
# V_Rand after border thinning looks only at the foreground of the truth: false objects on the
# background cost nothing, and objects may be thin or shifted, and thick until they touch. It does
# see objects that are merged or cut, which F1 hardly does, since these are few pixels. So report
# one metric of pixels and one of objects.

print(profile.pivot_table("score", ["disturbance", "strength"], "metric").round(3))
