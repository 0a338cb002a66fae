"""
====================================
Compare a U-net with a random forest
====================================

One call compares any number of segmenters by cross-validation and on images that no fold has
seen, joins them in ensembles, and says whether the data can tell them apart.
"""

# %%
# The benchmark
# -------------
#
# Two methods, two folds. Images of one piece of tissue are on one side of every split, and two
# pieces are kept for testing. The networks are as small as the page is short.

from sklearn.model_selection import GroupKFold

from emstellar import RandomForestSegmenter, UNetSegmenter, benchmark
from emstellar.datasets import make_em_images

X, y, groups = make_em_images(12, n_groups=6, return_groups=True, random_state=0)
test = groups >= 4

result = benchmark(
    {
        "U-net": UNetSegmenter(
            width=1 / 8,
            batch_norm=False,
            activation="prelu",
            dropout=0.0,
            epochs=8,
            steps_per_epoch=25,
            patch_size=64,
            optimizer="adam",
            learning_rate=3e-3,
        ),
        "random forest": RandomForestSegmenter(50, max_samples=10_000),
    },
    X[~test],
    y[~test],
    groups=groups[~test],
    cv=GroupKFold(2),
    X_test=X[test],
    y_test=y[test],
    groups_test=groups[test],
    scoring=["f1", "jaccard", "sensitivity", "ppv", "v_rand", "v_info"],
    random_state=0,
    verbose=0,
)

# %%
# Scores on the test images
# -------------------------
#
# Mean and spread: over the folds' models, and over the images. "U-net, average voting" is the vote
# of the two U-nets; "average voting" is that of all models.

result.summary(["f1", "v_rand"]).round(3)

# %%
# All metrics at a glance, each column from its lowest to its highest value:

from emstellar.displays import MetricHeatmapDisplay

MetricHeatmapDisplay.from_benchmark(result)

# %%
# Is the difference real?
# -----------------------
#
# The test images are of two pieces of tissue, and each piece is one observation, however many
# images it has. From two little can be told, however large the differences look, and the result
# says so; for a ranking, bring more tissue.

print(result.compare("f1"))

# %%
# In the cross-validation the models of a fold predict two pieces of tissue, so that the two folds
# are the observations.

print(result.compare("f1", "validation"))

# %%
# What it cost, in seconds and MB
# -------------------------------

columns = ["method", "fold", "fit_time", "predict_time", "fit_peak_memory"]
result.resources[columns].round(2)

# %%
# What they see
# -------------

import matplotlib.pyplot as plt

from emstellar.displays import OverlayDisplay

figure, axes = plt.subplots(1, 3, figsize=(11, 4.6), layout="constrained")
for ax, method in zip(axes, ("U-net", "random forest", "average voting"), strict=True):
    OverlayDisplay.from_benchmark(result, method, index=1, subset="test", ax=ax)
