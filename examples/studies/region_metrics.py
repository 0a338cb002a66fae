"""What V_Rand and V_Info make of differences that no annotator would call an error.

    python examples/studies/region_metrics.py

The masks of the cardiac images are scored against themselves, changed by a pixel at their borders
or brought to half the resolution and back. What a metric loses by that is no fault of a network.
"""

import numpy as np
import pandas as pd
from recipe import Data
from scipy import ndimage
from verdict import to_markdown

from emstellar import metrics
from emstellar.datasets import fetch_cardiac, fetch_published_maps


def padded(operation):
    """Return a morphological operation that takes the image to go on beyond its border."""
    return lambda mask: operation(np.pad(mask, 2, mode="edge"))[2:-2, 2:-2]


CHANGES = {
    "dilated by a pixel": padded(ndimage.binary_dilation),
    "eroded by a pixel": padded(ndimage.binary_erosion),
    "closed by a pixel": padded(ndimage.binary_closing),
    "opened by a pixel": padded(ndimage.binary_opening),
}


def halve(masks):
    """Return the masks at half the resolution and back, as probability maps."""
    data = Data(masks, masks, [], bins=2)
    shares = data.small(masks)
    return data.full(np.stack([1 - shares, shares], axis=-1))


def lose(masks):
    """Return the scores of changed masks, one row per change."""
    changed = {name: np.stack([f(m) for m in masks]) for name, f in CHANGES.items()}
    changed["halved and enlarged"] = halve(masks)
    rows = {}
    for name, maps in changed.items():
        maps = maps.astype("float32")
        rows[name] = {
            "pixels changed": np.mean((maps > 0.5) != masks),
            "F1": metrics.f1_score(masks, maps),
        }
        for metric, function in (
            ("V_Rand", metrics.v_rand_score),
            ("V_Info", metrics.v_info_score),
        ):
            scores = [function(masks[[i]], maps[[i]], thresholds=[0.5]) for i in range(len(masks))]
            rows[name] |= {
                metric: np.mean(scores),
                f"{metric} ±": np.std(scores, ddof=1),
                f"{metric}, lowest": np.min(scores),
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def main():
    for name, masks in (
        ("20 training images", fetch_cardiac(subset="train").target),
        ("4 test images", fetch_published_maps().target),
    ):
        print(f"# Masks of the {name} against themselves, changed (± over images)\n")
        print(to_markdown(lose(masks > 0)))


if __name__ == "__main__":
    main()
