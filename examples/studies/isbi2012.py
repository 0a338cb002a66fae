"""The ISBI-2012 study: six blocks of sections, each predicted by networks of the others.

    python examples/studies/isbi2012.py --budget 30

The challenge's test labels are not public, so all scores are cross-validated: blocks of five
sections, the section on either side of a block left out of training. Stopped at any moment, the
same command continues. On a GPU (jax backend): --device gpu.
"""

from pathlib import Path

from recipe import Data, make_plan, parse, train
from verdict import all_candidates, draw, show, spread_of_images, tabulate, to_markdown


def main():
    options = parse(
        __doc__.splitlines()[0],
        store="isbi2012-study",
        out="isbi2012-study-report",
        augmentation="flips",
    )
    from emstellar.benchmarking import BenchmarkResult
    from emstellar.datasets import fetch_isbi2012
    from emstellar.model_selection import BlockKFold
    from emstellar.report import write_folder

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
    text = [
        f"# {title}\n\n{to_markdown(tabulate(found, score))}" for title, score in tables.items()
    ]
    show("\n".join(text), options.out)
    maps = {c.name: c.validation for c in found[::-1]}
    result = BenchmarkResult.from_predictions(maps, isbi.target, X=isbi.data, ensembles=())
    draw(result, folds, max(found, key=lambda c: c.f1.score).name, options.out)
    write_folder(folds, Path(options.out) / "folds", title="ISBI 2012, six blocks of sections")


if __name__ == "__main__":
    main()
