"""What it does to train on every pixel equally often: F1 overall and near the border.

Patches placed uniformly within an image, as most libraries do, against those of
`emstellar.training.deck`, which give pixels at borders and in corners their share. The same small
U-net, steps and seeds on the cardiac training images binned to a quarter of their size, so that two
patches lie along each side, as by default along 512 pixels; each field is left out once. Stopped at
any moment, the same command continues:

    python examples/studies/patch_sampling.py --store patch-sampling-store
"""

import argparse
from itertools import product
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from ablation import binned
from sklearn.model_selection import LeaveOneGroupOut

from emstellar import UNetSegmenter
from emstellar.datasets import fetch_cardiac
from emstellar.metrics import f1_score
from emstellar.training.deck import Cell
from emstellar.training.patches import PatchBatches

BINS = 4
# Of the images at full size, in pixels.
MARGIN = 32


class WithinTheImage(PatchBatches):
    """Windows anywhere within an image, all of whose pixels have weight."""

    def _cells_of(self, epoch, index, rng):
        areas = np.array([code.size for code in self.codes], dtype=float)
        images = rng.choice(len(areas), self.batch_size, p=areas / areas.sum())
        return [self._window(int(image), rng) for image in images]

    def _window(self, image, rng):
        sides = zip(self.codes[image].shape, self.patch_size, strict=True)
        starts = [int(rng.integers(side - p + 1)) for side, p in sides]
        ends = [start + p for start, p in zip(starts, self.patch_size, strict=True)]
        return Cell(image, *zip(starts, ends, strict=True))


SAMPLINGS = {"within the image": WithinTheImage, "equal shares": PatchBatches}


def border(masks):
    """Return the masks with all pixels unlabelled but those near the border of an image."""
    inside = slice(MARGIN // BINS, -MARGIN // BINS)
    kept = masks.astype("int8")
    kept[:, inside, inside] = -1
    return kept


def scores(X, y, train, aside, sampling, seed, options):
    """Return F1 of the images set aside, overall and near the border."""
    segmenter = UNetSegmenter(
        width=options.width,
        head="direct",
        epochs=options.steps // 25,
        steps_per_epoch=25,
        patch_size=64,
        optimizer="adam",
        learning_rate=3e-3,
        random_state=seed,
    )
    with mock.patch("emstellar.training.fitting.PatchBatches", SAMPLINGS[sampling]):
        segmenter.fit(X[train], y[train])
    maps = segmenter.predict_proba(X[aside])
    return {"overall": f1_score(y[aside], maps), "border": f1_score(border(y[aside]), maps)}


def show(table):
    """Print means over fields and seeds, and the differences between the samplings."""
    means = table.groupby(["sampling", "seed"])[["overall", "border"]].mean()
    spread = means.groupby("sampling").agg(["mean", "std"]).loc[list(SAMPLINGS)]
    print(spread.round(4).to_string())
    pairs = table.pivot(index=["seed", "field"], columns="sampling", values=["overall", "border"])
    for region in ("overall", "border"):
        gain = pairs[region]["equal shares"] - pairs[region]["within the image"]
        by_field = gain.groupby("field").mean()
        print(
            f"{region}: equal shares - within the image {gain.mean():+.4f} ± {by_field.std():.4f} "
            f"over fields, better in {(by_field > 0).sum()} of {len(by_field)} fields and "
            f"{(gain > 0).sum()} of {len(gain)} fits"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="patch-sampling-store")
    parser.add_argument("--width", type=float, default=1 / 16)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    store = Path(options.store)
    store.mkdir(parents=True, exist_ok=True)
    cardiac = fetch_cardiac(subset="train")
    X, y = binned(cardiac.data, cardiac.target, BINS)
    splits = list(LeaveOneGroupOut().split(X, groups=cardiac.groups))
    rows = []
    for seed, field, sampling in product(range(options.seeds), range(len(splits)), SAMPLINGS):
        file = store / f"{seed}-{field}-{sampling.replace(' ', '-')}.json"
        if not file.exists():
            row = {"sampling": sampling, "seed": seed, "field": field}
            row |= scores(X, y, *splits[field], sampling, seed, options)
            pd.Series(row).to_json(file)
            print(row, flush=True)
        rows.append(pd.read_json(file, typ="series"))
    show(pd.DataFrame(rows).astype({"overall": float, "border": float}))


if __name__ == "__main__":
    main()
