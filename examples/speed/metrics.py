"""How fast the metrics of regions are: CPU seconds and ratios, from one run.

    python examples/speed/metrics.py
    python examples/speed/metrics.py --slices 125 --side 1250    # 195 megavoxels

First, V_Rand and V_Info of a stack of probability maps at 11 thresholds: by numpy, compiled by
numba if that is installed, and with the flood as a plain queue in Python; beside them
scikit-image's adapted Rand error and variation of information of the same labels, without any
flood. Then both of the latter for a volume of labels, ours from one chunked table.
The published maps are used if they are in the data home, else synthetic images.
"""

import argparse
import time
import tracemalloc
import warnings
from collections import deque

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.metrics import adapted_rand_error, variation_of_information

from emstellar import metrics
from emstellar.datasets import fetch_published_maps, make_em_images
from emstellar.metrics import border_thinning
from emstellar.metrics.threshold_sweep import threshold_values


def load_stack():
    """Return the name, truth and probability map of a stack of four images."""
    try:
        published = fetch_published_maps(download_if_missing=False)
    except OSError:
        X, y = make_em_images(4, (512, 512), random_state=0)
        dark = 1 - ndimage.gaussian_filter(X, (0, 2, 2)).astype("float32") / 255
        return "synthetic images", y > 0, np.clip(dark, 0, 1)
    return "published maps of U-net", published.target > 0, published.maps["U-net"]


def cpu_seconds(function, *arguments):
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


def flood_by_queue(labels, stride, needed):
    """Do what `border_thinning.flood` does, as one writes it first."""
    inside = np.zeros((labels.size // stride, stride), dtype=bool)
    inside[1:-1, 1:-1] = True
    queued = ~inside.ravel() | (labels > 0)
    offsets = (-stride, -1, stride, 1)
    near = [p for p in np.flatnonzero(~queued) if any(labels[p + o] > 0 for o in offsets)]
    queue = deque(near)
    queued[near] = True
    while queue:
        pixel = queue.popleft()
        found = set()
        for offset in offsets:
            if not queued[pixel + offset]:
                queued[pixel + offset] = True
                queue.append(pixel + offset)
            found.add(labels[pixel + offset])
        found.discard(0)
        labels[pixel] = found.pop() if len(found) == 1 else 0


def score_with(flood, truth, maps):
    border_thinning.choose_flood = lambda: flood
    metrics.v_scores(truth[:1, :64, :64], maps[:1, :64, :64])  # compiles
    return cpu_seconds(metrics.v_scores, truth, maps)


def score_by_scikit_image(truth, maps):
    """Return CPU seconds for adapted Rand and VOI of the labels that the scores compare."""
    seconds = 0
    for image, map_ in zip(truth, maps, strict=True):
        regions = ndimage.label(image)[0]
        for threshold in threshold_values((0.0, 1.0, 0.1)):
            segments = border_thinning.thin_borders(map_ > threshold)
            seconds += cpu_seconds(adapted_rand_error, regions, segments)[0]
            seconds += cpu_seconds(variation_of_information, regions, segments)[0]
    return seconds


def compare_floods():
    name, truth, maps = load_stack()
    compiled = border_thinning.choose_flood()
    times = {}
    times["numpy"], scores = score_with(border_thinning.flood, truth, maps)
    if compiled is not border_thinning.flood:
        times["numba"], same = score_with(compiled, truth, maps)
        assert same == scores
    times["scikit-image, other scores"] = score_by_scikit_image(truth, maps)
    times["plain queue"], same = score_with(flood_by_queue, truth, maps)
    assert same == scores
    border_thinning.choose_flood = lambda: compiled
    print(f"V_Rand {scores['v_rand']:.5f} and V_Info {scores['v_info']:.5f}, {name}:")
    print_ratios(times, "numpy")


def make_cells(n_slices, side, n_cells, seed):
    """Return labels of the nearest of random points, on a grid of 5 x 5 pixels."""
    rng = np.random.default_rng(seed)
    coarse = side // 5
    points = rng.random((n_cells, 3)) * (n_slices, coarse, coarse)
    grid = np.indices((n_slices, coarse, coarse)).reshape(3, -1).T
    nearest = cKDTree(points).query(grid)[1].reshape(n_slices, coarse, coarse) + 1
    return nearest.astype(np.uint32).repeat(5, axis=1).repeat(5, axis=2)


def compare_volumes(n_slices, side):
    true, pred = (make_cells(n_slices, side, n, seed=n) for n in (800, 1000))
    times, memory = {}, {}
    for name, function in (("one chunked table", ours), ("scikit-image", theirs)):
        times[name], errors = cpu_seconds(function, true, pred)
        tracemalloc.start()
        function(true, pred)
        memory[name] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"{name}: adapted Rand error {errors[0]:.6f}, VOI {errors[1]:.6f}")
    print(f"Adapted Rand and VOI of {true.size / 1e6:.0f} megavoxels:")
    print_ratios(times, "one chunked table")
    print(", ".join(f"{name} {extra:.0f} MB" for name, extra in memory.items()), "of extra memory")


def ours(true, pred):
    errors = metrics.partition_errors(true, pred)
    return errors.adapted_rand_error, errors.voi_split + errors.voi_merge


def theirs(true, pred):
    return adapted_rand_error(true, pred)[0], variation_of_information(true, pred).sum()


def print_ratios(times, reference):
    for name, seconds in times.items():
        ratio = seconds / times[reference]
        print(f"{name:>28}: {seconds:8.2f} CPU s, {ratio:7.2f} times {reference}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=16, help="slices of the label volume")
    parser.add_argument("--side", type=int, default=1250, help="their side in voxels")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    compare_floods()
    compare_volumes(arguments.slices, arguments.side)


if __name__ == "__main__":
    main()
