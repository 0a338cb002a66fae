"""How often the 95 % intervals of a comparison hold the true difference, with few units.

Differences of two methods are simulated whose true mean is known: normal ones; normal ones of folds
that share training images, correlated as Nadeau and Bengio assume; and differences resampled from
real tables of F1: of the 30 sections of ISBI 2012 (the table beside this script: three random
forests, `max_samples=10000`, random state 0, images binned four times, six blocks left out in
turn with a section on either side) and, with --published, of the 16 quarters of the four cardiac
test images by the published maps of six networks, of which some are very skewed:

    python examples/studies/interval_coverage.py --published
"""

import argparse
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from emstellar.benchmarking.statistics import difference_of

TABLE = Path(__file__).with_name("isbi2012_f1_of_sections.csv")
UNITS = (4, 5, 6, 10, 20, 50)


def draw_normal(rng, shape):
    """Return independent differences, each row one experiment."""
    return rng.normal(size=shape)


def draw_folds(rng, shape):
    """Return differences of the folds of a cross-validation, with a correlation of 1 / n_folds."""
    shared = 1 / shape[1]
    common = rng.normal(size=(shape[0], 1)) * np.sqrt(shared)
    return common + rng.normal(size=shape) * np.sqrt(1 - shared)


def resample(differences):
    """Return a function that draws rows of real differences, less their mean."""
    centred = np.asarray(differences) - np.mean(differences)
    return lambda rng, shape: rng.choice(centred, shape)


def cover(draw, n_draws, seed=0, with_ratio=False):
    """Return by number of units the share of intervals that hold the true mean, 0."""
    rng = np.random.default_rng(seed)
    shares = {}
    for n_units in UNITS:
        ratio = 1 / (n_units - 1) if with_ratio else 0.0
        rows = draw(rng, (n_draws, n_units))
        low, high = np.transpose([difference_of(row, ratio).interval(0.05) for row in rows])
        shares[n_units] = np.mean((low <= 0) & (high >= 0))
    return shares


def section_differences():
    """Return the differences of F1 of every pair of methods, by section of ISBI 2012."""
    table = pd.read_csv(TABLE, index_col="section")
    return {f"{a} − {b}": table[a] - table[b] for a, b in combinations(table, 2)}


def published_differences(size=256):
    """Return the same of the quarters of the cardiac test images, by published maps."""
    from emstellar.datasets import fetch_published_maps
    from emstellar.metrics import f1_score

    published = fetch_published_maps()
    corners = [(y, x) for y in range(0, 512, size) for x in range(0, 512, size)]

    def quarters(images):
        return [image[y : y + size, x : x + size] for image in images for y, x in corners]

    truth = quarters(published.target)
    scores = {
        name: np.array([f1_score([t], [p]) for t, p in zip(truth, quarters(maps), strict=True)])
        for name, maps in published.maps.items()
    }
    return {f"{a} − {b}": scores[a] - scores[b] for a, b in combinations(scores, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--published", action="store_true", help="the cardiac test images too")
    options = parser.parse_args()
    real = section_differences() | (published_differences() if options.published else {})
    rows = {"normal": (cover(draw_normal, options.draws), 0.0)}
    rows["normal, folds"] = (cover(draw_folds, options.draws, with_ratio=True), 0.0)
    for name, differences in real.items():
        skewness = float(pd.Series(differences).skew())
        rows[name] = (cover(resample(differences), options.draws), skewness)
    print("| differences | skewness | " + " | ".join(f"{n} units" for n in UNITS) + " |")
    print("|" + "---|" * (len(UNITS) + 2))
    for name, (shares, skewness) in rows.items():
        cells = " | ".join(f"{shares[n]:.3f}".lstrip("0") for n in UNITS)
        print(f"| {name} | {skewness:.1f} | {cells} |")


if __name__ == "__main__":
    main()
