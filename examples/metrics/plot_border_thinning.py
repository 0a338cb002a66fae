"""
=======================================
What V_Rand and V_Info see, and F1 not
=======================================

V_Rand and V_Info ask which pixels are together in one object, after the predicted objects have
grown until one-pixel lines part them. Pixel metrics such as F1 ask which pixels are foreground.
Each is blind to what the other sees.
"""

# %%
# Five predictions
# ----------------
#
# The truth is nine discs. Every prediction has one kind of error. In the pictures true positives
# are yellow, false negatives red and false positives blue.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import ndimage

from emstellar.displays import OverlayDisplay
from emstellar.metrics import f1_score, v_scores

row, column = np.mgrid[:96, :96] % 32 - 16
truth = (np.hypot(row, column) < 9).astype(int)
cross = ndimage.generate_binary_structure(2, 1)
between = np.hypot(row % 32 - 16, column % 32 - 16) < 5
merged, missed = truth.copy(), truth.copy()
merged[15:18] = 1
missed[:32] = 0

predictions = {
    "eroded": ndimage.binary_erosion(truth, cross, 3).astype(int),
    "shifted": np.roll(truth, 5, axis=1),
    "false discs": truth | between,
    "merged": merged,
    "missed": missed,
}

figure, axes = plt.subplots(1, 5, figsize=(12, 3), layout="constrained")
for ax, (name, predicted) in zip(axes, predictions.items(), strict=True):
    OverlayDisplay.from_predictions(truth, predicted, title=name, ax=ax).legend_.remove()

# %%
# Their scores
# ------------
#
# To V_Rand and V_Info the first three are perfect: eroded or shifted objects grow back into their
# places, and objects in the background are not asked about. To F1 the merged prediction is the
# best of all, though three objects have become one.

scores = {
    name: {"F1": f1_score(truth[np.newaxis], predicted[np.newaxis])}
    | v_scores(truth[np.newaxis], predicted[np.newaxis])
    for name, predicted in predictions.items()
}
table = pd.DataFrame(scores).T.rename(columns={"v_rand": "V_Rand", "v_info": "V_Info"})
ax = table.plot.bar(figsize=(9, 3.4), rot=0, ylabel="score", ylim=(0, 1.05))
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
ax.figure.tight_layout()

# %%
# The best of eleven thresholds
# -----------------------------
#
# Both scores cut a probability map at 0, 0.1, ..., 1 and return the highest value. Here the gap
# between two cells is faint: at 0.5 they are one, at 0.7 they are two.

from emstellar.metrics import v_rand_curve

cells = np.zeros((1, 64, 96), dtype=int)
cells[:, 8:56, 8:46] = cells[:, 8:56, 49:87] = 1
probability = ndimage.gaussian_filter(cells.astype(float), (0, 3.5, 3.5)) * 0.95
curve = v_rand_curve(cells, probability)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
shown = axes[0].imshow(probability[0], cmap="viridis", vmin=0, vmax=1)
axes[0].set_axis_off()
axes[0].set_title("probability of the inside of a cell")
figure.colorbar(shown, ax=axes[0], shrink=0.8)
axes[1].plot(curve.thresholds, curve.scores, "o-")
axes[1].set(xlabel="threshold", ylabel="V_Rand", ylim=(0, 1.05))
axes[1].set_title(f"at 0.5: {curve.scores[5]:.2f}, best: {curve.best_score:.2f}")
