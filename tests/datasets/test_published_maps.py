import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emstellar.datasets import fetch_published_maps

# F1 and accuracy as published, all four images pooled.
PUBLISHED = {
    "CDeep3M": (0.96607, 0.97450),
    "EM-net V1 BN": (0.97468, 0.98153),
    "ResNet": (0.96320, 0.97286),
    "SegNet": (0.96749, 0.97644),
    "U-net": (0.96651, 0.97580),
    "VGG": (0.96454, 0.97449),
}


def test_published_scores(real_data):
    published = fetch_published_maps(data_home=real_data, download_if_missing=False)
    assert set(published.maps) == set(PUBLISHED)
    truth = published.target.ravel()
    for method, (f1, accuracy) in PUBLISHED.items():
        probability = published.maps[method]
        assert probability.dtype == np.float32
        assert probability.shape == published.data.shape == (4, 512, 512)
        found = probability.ravel() > 0.5
        assert f1_score(truth, found) == pytest.approx(f1, abs=5.1e-6)
        assert accuracy_score(truth, found) == pytest.approx(accuracy, abs=5.1e-6)
    assert "10.1093/bioinformatics/btaa1094" in published.DESCR
