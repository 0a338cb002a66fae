"""The cardiac study: train on five fields, choose by leaving each out, score once on the sixth.

    python examples/studies/cardiac.py --budget 30

The 20 training images are five fields of four quadrants that fit together without a seam; so are
the four test images. Fields are put together before training and prediction and cut apart before
scoring. Stopped at any moment, the same command continues; with another --seed or --budget, give
another --store. On a GPU (jax backend): --device gpu.
"""

from pathlib import Path

import numpy as np
from recipe import Data, make_plan, parse, train
from sklearn.model_selection import LeaveOneOut
from verdict import (
    PIXEL_METRICS,
    REGION_METRICS,
    all_candidates,
    draw,
    f1_of_images,
    show,
    spread_of_images,
    tabulate,
    to_markdown,
)

from emstellar.metrics import find_threshold

# Best of the 13 published networks in each column, and the average of all their maps.
PUBLISHED = {
    "F1": 0.97468,
    "Jaccard": 0.95061,
    "accuracy": 0.98153,
    "sensitivity": 0.99303,
    "specificity": 0.99114,
    "PPV": 0.98399,
    "NPV": 0.99585,
    "V_Rand": 0.98270,
    "V_Info": 0.97845,
}
PUBLISHED_ENSEMBLE_F1 = 0.97814
# V_Rand and V_Info were published at the threshold that is best for the test images.
AT_BEST = "{}, best threshold"
# Columns that a threshold alone decides: each has an operating point of its own.
OPERATING = ("sensitivity", "specificity", "PPV", "NPV")


def join(tiles):
    """Return fields of twice the sides from quadrants in the order [[A, B], [C, D]]."""
    a, b, c, d = np.moveaxis(np.reshape(tiles, (-1, 4, *np.shape(tiles)[1:])), 1, 0)
    return np.concatenate([np.concatenate([a, b], axis=2), np.concatenate([c, d], axis=2)], axis=1)


def cut(fields):
    """Return the quadrants of fields, four each."""
    height, width = (side // 2 for side in fields.shape[1:3])
    return np.concatenate(
        [
            [f[:height, :width], f[:height, width:], f[height:, :width], f[height:, width:]]
            for f in fields
        ]
    )


def operating_points(candidate, y, y_test):
    """Return, for each column that a threshold decides, the score at a threshold of its own.

    It is the one of the best F1 among those that leave, on validation images, at most half of
    the published best's errors; where none does, the one of the best score.
    """
    thresholds = np.arange(1, 200) / 200
    rows = {}
    for name in OPERATING:
        # One pass over the pixels gives a score at every threshold.
        scores, f1s = (
            find_threshold(candidate.validation, None, y, metric, thresholds=thresholds).scores
            for metric in (name.lower(), "f1")
        )
        enough = scores >= (1 + PUBLISHED[name]) / 2
        best = np.nanargmax(np.where(enough, f1s, -1) if enough.any() else scores)
        t = thresholds[best]
        at = {n: PIXEL_METRICS[n](y_test, candidate.test, threshold=t) for n in (name, "F1")}
        rows[name] = (t, PUBLISHED[name], at[name], at["F1"])
    return rows


def main():
    options = parse(
        __doc__.splitlines()[0],
        store="cardiac-study",
        out="cardiac-study-report",
        augmentation="mirrors",
    )
    from emstellar.benchmarking import BenchmarkResult
    from emstellar.datasets import fetch_cardiac, fetch_published_maps
    from emstellar.report import write_folder

    cardiac = fetch_cardiac(subset="train")
    test = fetch_published_maps()
    X, y = join(cardiac.data), join(cardiac.target)
    data = Data(X, y, list(LeaveOneOut().split(X)), join(test.data), bins=2, cut=cut)
    folds, refits = train(options, data, make_plan(options, data))

    # Judged as the test images are, quadrant by quadrant.
    y = cardiac.target
    found = all_candidates(folds, refits, data, y)
    validation = tabulate(found, lambda c: c.score(c.validation, y))
    grey = test.target_grey / 255
    scores = tabulate(found, lambda c: c.score(c.test, test.target, grey) | _at_best(c, grey))
    images = tabulate(found, lambda c: _per_image(c, test.target))
    text = ["# Validation fields, each by networks that have not seen it\n"]
    text.append(to_markdown(validation))
    text += ["# Test field, thresholds chosen on validation fields\n", to_markdown(scores)]
    text += [_compare(scores), "# F1 of single test images\n", to_markdown(images)]
    spread = tabulate(found, lambda c: spread_of_images(c, c.test, test.target))
    text += ["# Spread over single test images, standard deviations\n", to_markdown(spread)]
    best = max(found, key=lambda c: c.f1.score)
    text.append(f"# Operating points of {best.name}, chosen on validation fields\n")
    text.append("| column | threshold | published best | here | F1 there |\n|---|---|---|---|---|")
    for name, row in operating_points(best, y, test.target).items():
        text.append(f"| {name} | {row[0]:.3f} | " + " | ".join(f"{v:.5f}" for v in row[1:]) + " |")
    out = Path(options.out)
    show("\n".join(text) + "\n", out)
    maps = {c.name: c.test for c in found[::-1]}
    maps |= {f"{name} (published)": p for name, p in test.maps.items()}
    result = BenchmarkResult.from_predictions(
        maps, grey, X=test.data, groups=test.groups, ensembles=()
    )
    draw(result, folds, best.name, out)
    write_folder(result, out / "maps", title="Cardiac test field, all maps at threshold 0.5")
    write_folder(folds, out / "folds", title="Cardiac fields, each left out once")


def _at_best(candidate, grey):
    return {
        AT_BEST.format(name): metric(grey, candidate.test)
        for name, metric in REGION_METRICS.items()
    }


def _per_image(candidate, y):
    scores = f1_of_images(candidate, candidate.test, y)
    return {f"image {i}": s for i, s in enumerate(scores)} | {"spread": np.std(scores, ddof=1)}


def _compare(scores):
    """Return the best of each column beside the published best."""
    lines = ["| column | published best | here | method |", "|---|---|---|---|"]
    columns = PUBLISHED | {AT_BEST.format(name): PUBLISHED[name] for name in REGION_METRICS}
    for name, published in columns.items():
        method = scores[name].idxmax()
        lines.append(f"| {name} | {published:.5f} | {scores[name].max():.5f} | {method} |")
    ensembles = scores[["average" in m or "majority" in m for m in scores.index]]
    if len(ensembles):
        row = f"{PUBLISHED_ENSEMBLE_F1:.5f} | {ensembles['F1'].max():.5f}"
        lines.append(f"| F1 of an ensemble | {row} | {ensembles['F1'].idxmax()} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
