"""Which loss, which augmentation: a small U-net on the cardiac training fields.

Four losses by four augmentations, leave-one-field-out, several seeds, and once the paper's head
in place of the direct one; the test field is not touched. Images are binned to half their size, so
that two cores can do it: 255 fits of about twenty CPU seconds. Run it again with the same store
and it continues where it was:

    python examples/studies/ablation.py --store ablation-store
"""

import argparse
from itertools import product

import numpy as np
import pandas as pd
from skimage.transform import downscale_local_mean
from sklearn.model_selection import LeaveOneGroupOut

from emstellar import UNetSegmenter, benchmark
from emstellar.datasets import fetch_cardiac

LOSSES = ("bce", "focal", "dice", "bce+dice")
AUGMENTATIONS = ("none", "flips", "paper", "strong")
PAPER_HEAD = "paper's head: bce"
SCORING = ("f1", "jaccard", "roc_auc", "v_rand")


def binned(images, masks, factor):
    """Return images and masks of `factor` times fewer rows and columns."""
    block = (1, factor, factor)
    shares = downscale_local_mean(masks, block)
    return downscale_local_mean(images, block), (shares >= 0.5).astype("uint8")


def combinations(options):
    """Return one U-net per loss and augmentation, equal in everything else, and one more."""
    shared = {
        "width": options.width,
        "epochs": options.epochs,
        "steps_per_epoch": options.steps,
        "batch_size": 4,
        "patch_size": 96,
        "optimizer": "adam",
        "learning_rate": 3e-3,
        "loss": "bce",
    }
    networks = {
        f"{loss}, {augmentation}": UNetSegmenter(
            **shared | {"head": "direct", "loss": loss},
            augmentation=None if augmentation == "none" else augmentation,
        )
        for loss, augmentation in product(options.losses, options.augmentations)
    }
    if options.paper_head:
        networks[f"{PAPER_HEAD}, flips"] = UNetSegmenter(augmentation="flips", **shared)
    return networks


def tabulate(fold_scores, metric, options):
    """Return a table of losses by augmentations: mean and spread over seeds and over fields."""
    scores = fold_scores.query("metric == @metric and fold >= 0")
    parts = scores["method"].str.rsplit(", ", n=1, expand=True)
    scores = scores.assign(loss=parts[0], augmentation=parts[1])
    by = ["loss", "augmentation"]
    mean = scores.groupby(by)["value"].mean()
    spread = [
        scores.groupby([*by, unit])["value"].mean().groupby(by).std() for unit in ("repeat", "fold")
    ]
    cells = mean.map("{:.4f}".format)
    cells += spread[0].map(" ± {:.4f}".format) + spread[1].map(" (± {:.3f})".format)
    rows = [*options.losses, *([PAPER_HEAD] if options.paper_head else [])]
    return cells.unstack(fill_value="").loc[rows, list(options.augmentations)]


def contrast_effects(fold_scores, metric):
    """Return what each loss adds to BCE, and each augmentation to flips.

    Each pair shares images, split and seed, so that the spread is that of the difference.
    """
    scores = fold_scores.query("metric == @metric and fold >= 0")
    table = scores.pivot(index=["repeat", "fold"], columns="method", values="value")
    parts = [pair.rsplit(", ", 1) for pair in table.columns]
    table.columns = pd.MultiIndex.from_tuples(parts, names=["loss", "augmentation"])
    table = table.drop(columns=PAPER_HEAD, level="loss", errors="ignore")
    rows = {}
    for level, reference in (("loss", "bce"), ("augmentation", "flips")):
        means = table.T.groupby(level=level).mean().T
        gains = means.sub(means[reference], axis=0).drop(columns=reference)
        for name, gain in gains.items():
            by_field = gain.groupby("fold").mean()
            rows[f"{name} - {reference}"] = (gain.mean(), by_field.std(), (by_field > 0).sum())
    columns = ["mean gain", "spread over fields", "fields with a gain"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="ablation-store", help="folder that keeps the results")
    parser.add_argument("--losses", nargs="+", default=LOSSES)
    parser.add_argument("--augmentations", nargs="+", default=AUGMENTATIONS, help="with flips")
    parser.add_argument("--paper-head", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--width", type=float, default=1 / 16, help="factor of all filter counts")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=25, help="steps per epoch")
    parser.add_argument("--bin", type=int, default=2, help="pixels made one, per axis")
    parser.add_argument("--repeats", type=int, default=3, help="seeds")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()

    train = fetch_cardiac(subset="train")
    X, y = binned(np.stack(train.data), np.stack(train.target), options.bin)
    result = benchmark(
        combinations(options),
        X,
        y,
        groups=train.groups,
        cv=LeaveOneGroupOut(),
        scoring=SCORING,
        ensembles=(),
        n_repeats=options.repeats,
        n_jobs=options.jobs,
        store=options.store,
        random_state=0,
    )
    for metric in SCORING:
        print(f"\n{metric}: mean ± spread over seeds (± spread over fields)")
        print(tabulate(result.fold_scores, metric, options).to_string())
        print(contrast_effects(result.fold_scores, metric).round(4).to_string())


if __name__ == "__main__":
    main()
