import numpy as np
import pytest

from emstellar.datasets import fetch_isbi2012


def test_isbi2012(real_data):
    isbi = fetch_isbi2012(data_home=real_data, download_if_missing=False)
    assert isbi.data.shape == isbi.target.shape == (30, 512, 512)
    assert np.unique(isbi.target).tolist() == [0, 1]
    assert isbi.target.mean() == pytest.approx(0.780, abs=1e-3)
    assert np.bincount(isbi.groups).tolist() == [5] * 6
    assert "10.3389/fnana.2015.00142" in isbi.DESCR


def test_membranes_are_dark_in_their_own_section(real_data):
    X, y = fetch_isbi2012(data_home=real_data, return_X_y=True)
    X = X.astype(float) - X.mean(axis=(1, 2), keepdims=True)
    # Rows are images, columns masks: a section's own mask separates it best of all.
    brightness = np.array([[image[mask == 1].mean() for mask in y[::5]] for image in X[::5]])
    assert brightness.argmax(axis=1).tolist() == list(range(6))
