import numpy as np
import pytest


@pytest.fixture
def data():
    """Twelve images of discs in noise, in four groups; the last group is for the test."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:24, :24]
    centres = rng.uniform(6, 18, size=(12, 2, 1, 1))
    y = ((rows - centres[:, 0]) ** 2 + (columns - centres[:, 1]) ** 2 < 30).astype("uint8")
    X = y * 0.5 + rng.normal(scale=0.3, size=y.shape)
    groups = np.repeat([0, 1, 2, 3], 3)
    return {
        "X": X[:9],
        "y": y[:9],
        "groups": groups[:9],
        "X_test": X[9:],
        "y_test": y[9:],
    }


@pytest.fixture
def fits(tmp_path):
    """A folder in which `CountingThreshold` leaves a file per fit."""
    folder = tmp_path / "fits"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"
