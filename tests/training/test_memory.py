import os
import subprocess
import sys

import keras
import pytest

pytestmark = [pytest.mark.backend, pytest.mark.slow]

# Megabytes per fit that the backend itself keeps: tensorflow's gradient registry holds one graph
# per fit (upstream tensorflow#61791); optimiser slots made inside the step would double that.
BOUNDS = {"tensorflow": 9.0, "jax": 3.0, "torch": 3.0}

PROGRAM = """
import gc, sys
from tests.segmenters.small import bright_discs, small_segmenter

def resident_megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

X, y = bright_discs()
first, last = int(sys.argv[1]), int(sys.argv[2])
for i in range(last):
    small_segmenter(epochs=1).fit(X, y).predict(X)
    gc.collect()
    if i == first - 1:
        start = resident_megabytes()
print((resident_megabytes() - start) / (last - first))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the memory from /proc")
def test_memory_hardly_grows_from_fit_to_fit():
    command = [sys.executable, "-c", PROGRAM, "10", "50"]
    run = subprocess.run(command, check=True, env=os.environ, capture_output=True, text=True)
    growth = float(run.stdout.split()[-1])
    assert growth < BOUNDS[keras.config.backend()]
