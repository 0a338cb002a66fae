"""How fast forests on filters predict: CPU seconds per megapixel and ratios, from one run.

    python examples/speed/forests.py
    python examples/speed/forests.py --features weka --side 4096    # and the memory it takes

Features and trees apart. Beside them scikit-image's `multiscale_basic_features`, and
`predict_proba` of scikit-learn's forest on the same features, asked about the image at once.
Without numba (the extra ``fast``) the trees are scikit-learn's own. The cardiac fields are used if
they are in the data home, else synthetic images.
"""

import argparse
import resource
import time
import warnings

import numpy as np
from skimage.feature import multiscale_basic_features

from emstellar import RandomForestSegmenter
from emstellar.datasets import fetch_cardiac, make_em_images
from emstellar.metrics import f1_score
from emstellar.segmenters.forest_votes import make_asker
from emstellar.segmenters.pixel_features import BANKS
from emstellar.segmenters.windows import split_windows

# As the tools have them.
FORESTS = {
    "multiscale": {},
    "ilastik": {},
    "weka": {"n_estimators": 200, "max_features": 2},
}


def load_images(n_train, side):
    """Return the name, images to learn from and to predict, and their masks."""
    try:
        train = fetch_cardiac(subset="train", download_if_missing=False)
        test = fetch_cardiac(subset="test", download_if_missing=False)
    except OSError:
        X, y = make_em_images(n_train + 4, (512, 512), random_state=0)
        return "synthetic images", X[:-4], y[:-4] > 0, X[-4:], y[-4:] > 0
    tiles = np.ceil(side / 1024).astype(int)
    X, y = (_join(values) for values in (test.data, test.target))
    X, y = (np.tile(values, (1, tiles, tiles))[:, :side, :side] for values in (X, y))
    return "cardiac fields", train.data[:n_train], train.target[:n_train], X, y


def _join(quadrants):
    """Return one image of four quadrants."""
    return np.block([[quadrants[0], quadrants[1]], [quadrants[2], quadrants[3]]])[None]


def cpu_seconds(function, *arguments):
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def time_parts(segmenter, bank, images):
    """Return CPU seconds for the features, the trees, and scikit-learn's walk of the trees."""
    ask, times = make_asker(segmenter.estimator_), dict.fromkeys(("features", "trees", "theirs"), 0)
    for image in images:
        compute_window, tables = bank.prepare(image[..., None]), []
        for window in split_windows(image.shape):
            seconds, features = cpu_seconds(compute_window, window)
            times["features"] += seconds
            times["trees"] += cpu_seconds(ask, features)[0]
            tables.append(features.reshape(-1, features.shape[-1]))
        table = np.concatenate(tables)
        times["theirs"] += cpu_seconds(segmenter.estimator_.predict_proba, table)[0]
    return times


def compare(name, X, y, X_test, y_test):
    segmenter = RandomForestSegmenter(features=name, random_state=0, **FORESTS[name])
    fit_seconds = cpu_seconds(segmenter.fit, X, y)[0]
    segmenter.predict_proba(X_test[:1, :64, :64])  # numba compiles
    seconds, probabilities = cpu_seconds(segmenter.predict_proba, X_test)
    megapixels = X_test.size / 1e6
    print(
        f"\n{name}: fit {fit_seconds:.0f} CPU s, F1 {f1_score(y_test, probabilities):.4f}; "
        f"prediction {seconds / megapixels:.2f} CPU s per megapixel"
    )
    del probabilities
    part = X_test[:, :1024, :1024]
    times = time_parts(segmenter, BANKS[name], part)
    line("features", times["features"] / part.size)
    if name == "multiscale":
        theirs = sum(cpu_seconds(multiscale_basic_features, image)[0] for image in part)
        line("features by scikit-image", theirs / part.size, times["features"] / part.size)
    line("trees", times["trees"] / part.size)
    line("trees by scikit-learn", times["theirs"] / part.size, times["trees"] / part.size)


def line(name, seconds_per_pixel, ours=None):
    ratio = "" if ours is None else f", {seconds_per_pixel / ours:5.2f} times ours"
    print(f"{name:>28}: {1e6 * seconds_per_pixel:7.2f} CPU s per megapixel{ratio}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--features", nargs="+", choices=list(FORESTS), default=list(FORESTS))
    parser.add_argument("--train", type=int, default=20, help="images to learn from")
    parser.add_argument("--side", type=int, default=1024, help="side of the image to predict")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    name, *images = load_images(arguments.train, arguments.side)
    print(f"{name}, {images[2].size / 1e6:.1f} megapixels to predict")
    for features in arguments.features:
        before = peak_megabytes()
        compare(features, *images)
        print(f"{'peak of memory':>28}: {before:7.0f} MB before, {peak_megabytes():.0f} MB after")


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
