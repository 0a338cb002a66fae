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
# Mitochondria of a synthetic image, and what each disturbance makes of them at full strength. A
# metric may be any function of the true and the spoiled masks; this one keeps them to be looked at.

import matplotlib.pyplot as plt

from emstellar.datasets import make_em_images
from emstellar.metrics import sensitivity_profile

_, masks = make_em_images(3, (256, 256), random_state=3)
kept = []


def keep(truth, spoiled):
    """Keep the first mask, and find nothing wrong with it."""
    kept.append(spoiled[0])
    return 1.0


strongest = sensitivity_profile(keep, masks, pixels=[4], shares=[1.0], random_state=0)

figure, axes = plt.subplots(2, 4, figsize=(10, 5.2), layout="constrained")
axes[0, 0].imshow(masks[0], cmap="gray")
axes[0, 0].set_title("truth")
for ax, mask, row in zip(axes.flat[1:], kept, strongest.itertuples(), strict=True):
    ax.imshow(mask, cmap="gray")
    ax.set_title(f"{row.disturbance}, {'4 pixels' if row.unit == 'pixels' else 'all objects'}")
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
