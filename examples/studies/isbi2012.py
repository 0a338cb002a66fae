"""The ISBI-2012 study: six blocks of sections, each predicted by networks of the others.

    python examples/studies/isbi2012.py --budget 30

The challenge's test labels are not public, so all scores are cross-validated: blocks of five
sections, the section on either side of a block left out of training. Stopped at any moment, the
same command continues. On a GPU (jax backend): --device gpu.
"""

from recipe import Data, make_plan, parse, train
from verdict import all_candidates, publish, spread_of_images


def main():
    options = parse(
        __doc__.splitlines()[0],
        store="isbi2012-study",
        out="isbi2012-study-report",
        augmentation="flips",
    )
    from emstellar.datasets import fetch_isbi2012
    from emstellar.model_selection import BlockKFold

    isbi = fetch_isbi2012()
    splits = list(BlockKFold(6, purge=1).split(isbi.data))
    data = Data(isbi.data, isbi.target, splits)
    folds, refits = train(options, data, make_plan(options, data))
    found = all_candidates(folds, refits, data, isbi.target)
    tables = {
        "All sections, each by networks that have not seen its block": lambda c: c.score(
            c.validation, isbi.target
        ),
        "Spread over single sections, standard deviations": lambda c: spread_of_images(
            c, c.validation, isbi.target
        ),
    }
    publish(
        found, tables, "validation", isbi, folds, options.out, "ISBI 2012, six blocks of sections"
    )


if __name__ == "__main__":
    main()
