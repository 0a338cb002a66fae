"""
================================
Which features repeat each other
================================

A network with more channels than its task needs computes the same features several times. Look at
how strongly the channels of a small U-net correlate, within and between its blocks, as in Fig. 5
of the EM-stellar paper.
"""

# %%
# A small U-net
# -------------
#
# Trained for a few seconds, which is enough for features to differ from random ones. Some pieces
# of tissue are kept for the correlations.

from emstellar import UNetSegmenter
from emstellar.datasets import make_em_images

X, y, groups = make_em_images(8, n_groups=4, return_groups=True, random_state=0)
train, test = groups < 3, groups == 3
segmenter = UNetSegmenter(
    width=1 / 16,
    batch_norm=False,
    activation="prelu",
    dropout=0.0,
    epochs=2,
    steps_per_epoch=25,
    patch_size=64,
    optimizer="adam",
    learning_rate=3e-3,
    random_state=0,
)
segmenter.fit(X[train], y[train])

# %%
# Within and between blocks
# -------------------------
#
# Layers are put into blocks by the resolution at which they compute: B1 to B4 on the way down, B5
# at the bottom, B6 to B9 on the way up. On the diagonal are the correlations within each block.
# Above it every point is a channel: how well the best other channel of the column's block, and of
# the row's, stands for it. Below are the densities of the same points.

from emstellar.displays import FeatureCorrelationDisplay

display = FeatureCorrelationDisplay.from_estimator(
    segmenter,
    X[test],
    n_pixels=4000,
    title="U-net, a sixteenth of the paper's width",
    random_state=0,
)

# %%
# The numbers
# -----------
#
# ``strongest`` tells for each channel how much of it is found in each block. A channel that
# correlates with another of its own block by more than 0.9 is nearly superfluous.

correlation = display.correlation
own = correlation.channels["block"]
redundant = {
    block: f"{(correlation.strongest[block][own == block] > 0.9).mean():.0%}"
    for block in own.unique()
}
print(redundant)
print(f"{correlation.channels['constant'].sum()} of {len(own)} channels are constant")

# %%
# ``summary`` has the distributions of all pairs of blocks. Here are the blocks with themselves:

print(correlation.summary.query("block == other").droplevel("other").round(2))

# %%
# Layers of your own choice can be compared too, by the names in ``segmenter.model_.summary()``:

from emstellar.inspection import feature_correlation

names = [layer.name for layer in segmenter.model_.layers if "conv2d" in layer.name]
ends = feature_correlation(
    segmenter, X[test], {"first": names[0], "last": names[-3]}, n_pixels=4000, random_state=0
)
print(ends.summary[["n_pairs", "mean_abs", "q05", "median", "q95"]].round(2))
