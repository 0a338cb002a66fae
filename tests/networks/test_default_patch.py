"""Every network survives some steps at the default patch and batch, in a process of its own."""

import os
import subprocess
import sys

import keras
import pytest

from emstellar.segmenters import named_networks

NETWORKS = named_networks()
WIDTHS = (1 / 4, 1 / 16)

PROGRAM = """
import sys
from emstellar.datasets import make_em_images
from emstellar.segmenters import named_networks

_, segmenter, parameters = named_networks()[sys.argv[1]]
X, y = make_em_images(1, (256, 256), random_state=0)
for width in sys.argv[2:]:
    options = {**parameters, "width": float(width), "random_state": 0}
    segmenter(epochs=1, steps_per_epoch=3, **options).fit(X, y)
print("fitted")
"""


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.parametrize("method", NETWORKS)
def test_it_can_be_fitted(method):
    command = [sys.executable, "-c", PROGRAM, method, *map(str, WIDTHS)]
    run = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("fitted\n")


@pytest.mark.parametrize("method", NETWORKS)
def test_no_1x1_convolution_has_a_stride(method, without_weights):
    """Their gradient ends the process on some processors; `subsample` does the same."""
    _, segmenter, parameters = NETWORKS[method]
    network = segmenter(**parameters).build_network((None, None, 1), 1)
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert layers
    strided = [layer for layer in layers if layer.kernel_size == (1, 1) and layer.strides != (1, 1)]
    assert not strided
