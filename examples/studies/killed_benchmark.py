"""Kill a benchmark of 14 networks and two baselines again and again; it ends with its table.

Starts the command ``emstellar benchmark`` on the cardiac set, kills it with SIGKILL at random
times, starts it again on the same store, and lets the last run finish. With --undisturbed the
same is run once more on another store without a kill, and the two tables are compared:

    python examples/studies/killed_benchmark.py --store killed-store --out killed-report
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time

import pandas as pd

from emstellar.benchmarking import BenchmarkResult
from emstellar.studies import method_names

# EfficientNet is beyond the paper: the other fourteen are its networks.
NETWORKS = [name for name in method_names("network") if name != "efficientnet"]
METHODS = [*NETWORKS, "forest", "ilastik"]


def command(options, store, out):
    """Return the benchmark's command, small enough for two cores."""
    small = f"--width {options.width} --epochs {options.epochs} --steps {options.steps}"
    small += " --patch-size 64 --batch-size 2 --learning-rate 0.003 --head direct"
    small += f" --jobs {options.jobs}"
    program = [sys.executable, "-m", "emstellar.cli", "benchmark", "--data", "cardiac"]
    return [*program, "--methods", *options.methods, *small.split(), "--store", store, "--out", out]


def run(arguments, seconds=None):
    """Run a command, and kill it and its workers after some seconds, if it still runs."""
    process = subprocess.Popen(arguments, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        process.wait(seconds)
        return process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="killed-store", help="folder that keeps finished jobs")
    parser.add_argument("--out", default="killed-report", help="folder of the results")
    parser.add_argument("--methods", nargs="+", default=METHODS, metavar="NAME")
    parser.add_argument("--undisturbed", metavar="STORE", help="run again without a kill, compare")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--between", type=float, nargs=2, default=(40, 240), help="seconds")
    parser.add_argument("--width", type=float, default=1 / 16, help="factor of all filter counts")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20, help="steps per epoch")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the times of the kills")
    options = parser.parse_args()

    rng = random.Random(options.seed)
    start = time.perf_counter()
    arguments = command(options, options.store, options.out)
    for kill in range(options.kills):
        code = run(arguments, rng.uniform(*options.between))
        minutes = (time.perf_counter() - start) / 60
        how = "killed" if code is None else f"ended by itself ({code})"
        print(f"{minutes:5.1f} min  run {kill + 1} {how}", flush=True)
    code = run(arguments)
    print(f"{(time.perf_counter() - start) / 60:5.1f} min  last run ended ({code})", flush=True)
    result = BenchmarkResult.load(options.store)
    print(f"missing jobs: {len(result.missing)}, errors: {len(result.errors)}")
    print(result.summary(["f1", "v_rand"]).round(4).to_string())
    if options.undisturbed:
        start = time.perf_counter()
        run(command(options, options.undisturbed, options.out))
        minutes = (time.perf_counter() - start) / 60
        print(f"{minutes:5.1f} min  undisturbed run ended", flush=True)
        keys = ["method", "kind", "repeat", "fold", "image", "subset", "metric"]
        tables = [
            r.scores.set_index(keys)["value"].sort_index()
            for r in (result, BenchmarkResult.load(options.undisturbed))
        ]
        pd.testing.assert_index_equal(tables[0].index, tables[1].index)
        difference = (tables[0] - tables[1]).abs()
        print(f"{len(difference)} scores compared, {(difference > 0).sum()} of them differ")
        by = ["kind", "method", "fold", "metric"]
        print(difference[difference > 0].groupby(by).max().unstack().to_string(float_format="%.4f"))


if __name__ == "__main__":
    main()
