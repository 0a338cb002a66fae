"""Train and convert every network on every backend.

On each backend every network, small, is trained for two steps and predicts images of an odd size.
Those that TensorFlow trained are then loaded on the others and must predict the same there:

    python examples/studies/backends.py --backends tensorflow jax torch
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

WIDTH = 1 / 16
TOLERANCE = 1e-4


def make_segmenters():
    """Return one small segmenter for each network and variant."""
    from emstellar import segmenters
    from emstellar.studies import make_methods, method_names

    training = {"epochs": 1, "steps_per_epoch": 2, "batch_size": 2, "random_state": 0}
    small = {"width": WIDTH, "patch_size": 32, **training}
    return {
        **make_methods(method_names("network"), **small),
        "ResNet-50": segmenters.ResNetSegmenter(variant="resnet50", **small),
        "SegNet, indices": segmenters.SegNetSegmenter(unpooling="indices", **small),
        "CDeep3M, 3 frames": segmenters.CDeep3MSegmenter(n_frames=3, **small),
        "CDeep3M, 5 frames": segmenters.CDeep3MSegmenter(n_frames=5, **small),
    }


def make_images():
    """Return images of five channels, which is what CDeep3M needs, and masks."""
    from emstellar.datasets import make_em_images
    from emstellar.volume import z_context

    X, y = make_em_images(2, (39, 53), random_state=0)
    return z_context(X, 5), y


def path_of(folder, name):
    """Return where the segmenter of a name is kept."""
    return folder / (name.lower().replace(" ", "-").replace(",", "") + ".emstellar")


def work(folder):
    """Train and compare all networks on the backend of this process."""
    import keras

    import emstellar

    backend = keras.config.backend()
    X, y = make_images()
    failed = 0
    for name, segmenter in make_segmenters().items():
        start = time.perf_counter()
        segmenter.fit(X, y)
        trains = bool(np.isfinite(segmenter.history_["loss"]).all())
        line = f"{backend:11s} {name:19s} trains: {'yes' if trains else 'NO'}"
        ok = trains
        path = path_of(folder, name)
        if path.exists():
            difference = np.abs(
                emstellar.load(path).predict_proba(X) - np.load(path.with_suffix(".npy"))
            ).max()
            ok &= bool(difference < TOLERANCE)
            line += f"  greatest difference {difference:.1e}"
        else:
            segmenter.save(path)
            np.save(path.with_suffix(".npy"), segmenter.predict_proba(X))
        print(f"{line}  ({time.perf_counter() - start:.0f} s)", flush=True)
        failed += not ok
    print(f"{backend}: {failed} failed", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", nargs="+", default=["tensorflow", "jax", "torch"])
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        sys.exit(min(work(Path(options.folder)), 100))
    with TemporaryDirectory() as folder:
        codes = [
            subprocess.run(
                [sys.executable, __file__, "--folder", folder],
                env={**os.environ, "KERAS_BACKEND": backend},
                check=False,
            ).returncode
            for backend in options.backends
        ]
    sys.exit(max(codes))


if __name__ == "__main__":
    main()
