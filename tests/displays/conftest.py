import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from emstellar import benchmark
from tests.benchmarking.segmenters import NoisyThreshold

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="session")
def result():
    """A benchmark of two methods on six images, two of them held out."""
    rng = np.random.default_rng(0)
    y = np.zeros((6, 20, 24), dtype="uint8")
    y[:, 4:14, 6:16] = 255
    X = y / 255 * 0.5 + rng.normal(scale=0.3, size=y.shape)
    return benchmark(
        {"blunt": NoisyThreshold(3.0), "sharp <b>": NoisyThreshold(20.0)},
        X[:4],
        y[:4],
        cv=2,
        X_test=X[4:],
        y_test=y[4:],
        scoring=("f1", "accuracy", "ppv", "npv"),
        description="Squares & noise.",
        verbose=0,
    )
