"""The neuronal study: train on sections 10 to 22, choose on 26 to 29, score once on 50 to 59.

    python examples/studies/neuronal.py --budget 30

The study cut 320 tiles at random, so that neighbouring sections, whose labels overlap by a Dice of
.78, stood on both sides. Here three sections lie between training and validation and 20 before the
test. Stopped at any moment, the same command continues. On a GPU (jax backend): --device gpu.
"""

import numpy as np
from recipe import Data, make_plan, parse, train
from verdict import all_candidates, publish, spread_of_images

TRAINING, VALIDATION = (10, 22), (26, 29)


def between(sections, limits):
    """Return the positions of the sections from the first to the last of `limits`."""
    return np.flatnonzero((sections >= limits[0]) & (sections <= limits[1]))


def main():
    options = parse(
        __doc__.splitlines()[0],
        store="neuronal-study",
        out="neuronal-study-report",
        augmentation="flips",
        foreground_fraction=0.3,
    )
    from emstellar.datasets import fetch_neuronal

    neuronal, test = fetch_neuronal(subset="train"), fetch_neuronal(subset="test")
    splits = [between(neuronal.section, limits) for limits in (TRAINING, VALIDATION)]
    data = Data(neuronal.data, neuronal.target, [tuple(splits)], test.data, bins=2, refit=False)
    folds, refits = train(options, data, make_plan(options, data), monitor=True)

    y_validation = neuronal.target[splits[1]]
    found = all_candidates(folds, refits, data, y_validation)
    tables = {
        "Validation sections, where thresholds were chosen": lambda c: c.score(
            c.validation, y_validation
        ),
        "Test sections, thresholds chosen on validation sections": lambda c: c.score(
            c.test, test.target
        ),
        "Spread over single test sections, standard deviations": lambda c: spread_of_images(
            c, c.test, test.target
        ),
    }
    publish(found, tables, "test", test, folds, options.out, "Neuronal sections 26 to 29")


if __name__ == "__main__":
    main()
