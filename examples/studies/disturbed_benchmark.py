"""Kill, interrupt and starve a benchmark at random moments; its end equals an undisturbed run.

A benchmark of a network and two forests, with votes and the best fold, is disturbed and called
again on the same store until it has finished; then all its scores and maps are compared with those
of a run that nobody disturbed, and the next one begins on a new store:

    python examples/studies/disturbed_benchmark.py --kills 50 --interrupts 20 --full-disks 5

A kill is SIGKILL, an interrupt what Ctrl-C sends. From the moment that the disk is full the process
can write no more than a kilobyte into a file, until the next call. (How a worker dies alone is the
business of the tests, and of killed_benchmark.py.)
"""

import argparse
import io
import multiprocessing
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import pandas as pd

from emstellar import (
    BenchmarkResult,
    KerasSegmenter,
    RandomForestSegmenter,
    UNetSegmenter,
    benchmark,
)
from emstellar.datasets import make_em_images

ROOM = 1024
METHODS = ("network", "forest", "ilastik")


def dropping_network(input_shape, n_outputs):
    """Return a network of a hundred weights, with random numbers of its own."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.Dropout(0.2, seed=0)(x)
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


def make_methods(checkpoints, epochs):
    """Return small networks and small forests."""
    training = {"epochs": epochs, "steps_per_epoch": 3, "batch_size": 2, "jit_compile": False}
    training["checkpoint"] = str(checkpoints)
    return {
        "network": KerasSegmenter(dropping_network, size_multiple=1, **training),
        "U-net": UNetSegmenter(width=1 / 16, **training),
        "forest": RandomForestSegmenter(5, max_samples=500),
        "ilastik": RandomForestSegmenter(5, features="ilastik", max_samples=500),
    }


def run(folder, names, epochs):
    """Do, or finish, the benchmark of a folder."""
    run_step_by_step()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # What it says at the end of each disturbance is no news.
    sys.stderr = sys.stdout = io.StringIO()
    X, y = make_em_images(6, (48, 48), random_state=0)
    methods = make_methods(folder / "checkpoints", epochs)
    benchmark(
        {name: methods[name] for name in names},
        X[:4],
        y[:4],
        X_test=X[4:],
        y_test=y[4:],
        cv=2,
        scoring=["f1", "v_rand", "roc_auc"],
        store=folder / "store",
        keep_models=True,
        random_state=0,
        isolate=False,
        verbose=0,
    )


def run_step_by_step():
    """Let TensorFlow not trace networks, which takes it longer than to train these."""
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)


class Disturber:
    """Starts runs of the benchmark, and disturbs them at random moments.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.
    """

    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.left = {
            "kill": options.kills,
            "interrupt": options.interrupts,
            "full disk": options.full_disks,
        }
        self.seconds = None
        self._context = multiprocessing.get_context("forkserver")
        # Whose import takes longer than the benchmark; a fork of this process has them.
        self._context.set_forkserver_preload([__name__, "emstellar.segmenters", "keras"])

    def start(self, folder):
        """Start a run."""
        arguments = (folder, self.options.methods, self.options.epochs)
        process = self._context.Process(target=run, args=arguments)
        process.start()
        return process

    def undisturbed(self, folder):
        """Let one run end, and note how long that takes."""
        begin = time.perf_counter()
        process = self.start(folder)
        process.join()
        self.seconds = time.perf_counter() - begin
        return process.exitcode

    def disturb(self, folder):
        """Run until a random moment; return what happened then, or None if it had ended before."""
        kinds = [kind for kind, n in self.left.items() for _ in range(n)]
        if not kinds:
            return None
        kind = self.random.choice(kinds)
        process = self.start(folder)
        process.join(self.random.uniform(0, self.options.latest * self.seconds))
        if process.exitcode is not None:
            return None
        if kind == "full disk":
            import resource  # which Windows lacks

            limits = (ROOM, resource.prlimit(process.pid, resource.RLIMIT_FSIZE)[1])
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
        else:
            os.kill(process.pid, signal.SIGKILL if kind == "kill" else signal.SIGINT)
        process.join()
        self.left[kind] -= 1
        return kind


def read(folder):
    """Return all scores and all maps of a finished benchmark; warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = BenchmarkResult.load(folder / "store")
    keys = ["method", "kind", "repeat", "fold", "image", "subset", "metric"]
    scores = pd.concat([result.scores, result.fold_scores]).set_index(
        [key for key in keys if key in result.fold_scores or key in result.scores]
    )["value"]
    maps = {
        (*record.key, subset, i): image
        for record in result.records
        for subset in record.maps
        for i, image in enumerate(record.maps[subset])
    }
    lost = [*result.missing, *result.errors["method"], *result.damage]
    return scores.sort_index(), maps, lost


def compare(folder, expected):
    """Return how many scores and maps there are, how many differ, and what is lost."""
    (scores, maps, lost), (true_scores, true_maps, _) = read(folder), expected
    pd.testing.assert_index_equal(scores.index, true_scores.index)
    differ = ~((scores == true_scores) | (scores.isna() & true_scores.isna()))
    unequal = [key for key in true_maps if not np.array_equal(maps.get(key), true_maps[key])]
    return len(scores), int(differ.sum()), len(true_maps), len(unequal), len(lost)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--interrupts", type=int, default=20)
    parser.add_argument("--full-disks", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--latest", type=float, default=0.7, help="share of the undisturbed time")
    parser.add_argument("--epochs", type=int, default=3)
    names = [*METHODS, "U-net"]
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=names)
    disturber = Disturber(parser.parse_args(arguments))
    totals, n_rounds, done = np.zeros(5, dtype=int), 0, []
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "undisturbed").mkdir()
        disturber.undisturbed(folder / "undisturbed")
        expected = read(folder / "undisturbed")
        print(f"undisturbed: {disturber.seconds:.0f} s", flush=True)
        while any(disturber.left.values()):
            n_rounds += 1
            place = folder / f"round{n_rounds}"
            place.mkdir()
            begin = len(done)
            while (kind := disturber.disturb(place)) is not None:
                done.append(kind)
            disturber.start(place).join()
            totals += compare(place, expected)
            print(
                f"benchmark {n_rounds}: {', '.join(done[begin:]) or 'ended before'}; so far "
                f"{totals[1]} of {totals[0]} scores and {totals[3]} of {totals[2]} maps differ",
                flush=True,
            )
    counts = ", ".join(f"{done.count(kind)} {kind}s" for kind in disturber.left)
    print(f"{counts} in {n_rounds} benchmarks")
    print(
        f"{totals[0]} scores compared, {totals[1]} differ; {totals[2]} maps compared, {totals[3]} "
        f"differ; {totals[4]} jobs or files lost"
    )
    return totals


if __name__ == "__main__":
    main()
