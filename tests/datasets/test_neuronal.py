import numpy as np
import pytest

from emstellar.datasets import fetch_neuronal


@pytest.mark.parametrize(("subset", "sections"), [("train", (10, 29)), ("test", (50, 59))])
def test_neuronal(real_data, subset, sections):
    bunch = fetch_neuronal(subset=subset, data_home=real_data, download_if_missing=False)
    first, last = sections
    assert bunch.section.tolist() == list(range(first, last + 1))
    assert bunch.data.shape == bunch.target.shape == (last - first + 1, 1024, 1024)
    assert np.unique(bunch.target).tolist() == [0, 1]
    fractions = bunch.target.mean(axis=(1, 2))
    assert 0.05 < fractions.min() < fractions.max() < 0.099
    assert bunch.groups.tolist() == (bunch.section // 5).tolist()
    assert "10.1038/s41592-018-0106-z" in bunch.DESCR
    # Mitochondria are dark, in each section.
    for image, mask in zip(bunch.data, bunch.target, strict=True):
        assert image[mask == 1].mean() < image[mask == 0].mean() - 20


def test_return_X_y(real_data):
    X, y = fetch_neuronal(subset="test", data_home=real_data, return_X_y=True)
    assert X.dtype == y.dtype == np.uint8


def test_wrong_subset():
    with pytest.raises(ValueError, match="'subset' parameter of fetch_neuronal must be one of"):
        fetch_neuronal(subset="z10")
