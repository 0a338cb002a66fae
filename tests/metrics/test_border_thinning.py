"""The flood, against hand-worked labels of Fiji and against a literal queue."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from emstellar.metrics import border_thinning
from emstellar.metrics.border_thinning import flood, thin_borders

VECTORS = {
    "hand_1x6": ("100001", "111022"),
    "hand_6x1": ("1/0/0/0/0/1", "1/1/1/0/2/2"),
    "merge_two": ("1111101", "1111102"),
    "split_row": ("111/000/111/000/111", "111/000/222/000/333"),
    "width-2 tie": ("1001", "1102"),
    "perfect": ("11011/11011/11011", "11022/11022/11022"),
    "merge_gap": ("11011/11111/11011", "11111/11111/11111"),
    "diag_touch": ("1100/1100/0011/0011", "1110/1102/1022/0222"),
    "three_basins": ("10001/00000/00000/00000/00100", "11033/11033/10203/02220/22222"),
    "no object": ("000/000", "111/111"),
    "all object": ("111/111", "111/111"),
    "one pixel": ("0", "1"),
}
ENGINES = ["numpy", "numba"]


def parse(text):
    return np.array([[int(c) for c in row] for row in text.split("/")])


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    if request.param == "numba":
        pytest.importorskip("numba", reason="numba (the extra fast) is not installed")
    else:
        monkeypatch.setattr(border_thinning, "choose_flood", lambda: flood)
    return request.param


def literal_queue(objects):
    """Flood as the specification says, one pixel at a time."""
    labels, n_objects = ndimage.label(objects.T)
    labels = labels.T.copy()
    if n_objects == 0:
        return np.ones_like(labels)
    height, width = objects.shape

    def neighbours(y, x):
        around = ((y, x - 1), (y - 1, x), (y, x + 1), (y + 1, x))
        return [(b, a) for b, a in around if 0 <= b < height and 0 <= a < width]

    columns = [(y, x) for x in range(width) for y in range(height) if not objects[y, x]]
    queue = deque(p for p in columns if any(objects[q] for q in neighbours(*p)))
    queued = set(queue)
    while queue:
        pixel = queue.popleft()
        around = set()
        for near in neighbours(*pixel):
            if not objects[near] and near not in queued:
                queued.add(near)
                queue.append(near)
            around.add(int(labels[near]))
        around.discard(0)
        labels[pixel] = around.pop() if len(around) == 1 else 0
    return labels


@pytest.mark.parametrize(("objects", "labels"), VECTORS.values(), ids=VECTORS)
def test_hand_worked_labels(engine, objects, labels):
    np.testing.assert_array_equal(thin_borders(parse(objects) == 1), parse(labels))


@settings(max_examples=150, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.booleans()))
def test_equals_the_literal_queue(objects):
    expected = literal_queue(objects)
    for name in ENGINES:
        with pytest.MonkeyPatch.context() as patch:
            if name == "numpy":
                patch.setattr(border_thinning, "choose_flood", lambda: flood)
            np.testing.assert_array_equal(thin_borders(objects), expected)


@pytest.mark.parametrize("density", [0.01, 0.05, 0.2, 0.5])
def test_equals_the_literal_queue_on_noise(engine, density):
    objects = np.random.default_rng(3).random((40, 57)) < density
    np.testing.assert_array_equal(thin_borders(objects), literal_queue(objects))


def test_labels_where_needed_are_those_of_the_whole_flood(engine):
    rng = np.random.default_rng(4)
    objects = rng.random((40, 40)) < 0.05
    needed = rng.random((40, 40)) < 0.01
    whole, part = thin_borders(objects), thin_borders(objects, needed)
    np.testing.assert_array_equal(part[needed | objects], whole[needed | objects])


def test_nothing_grows_through_what_is_not_labelled(engine):
    objects, labelled = parse("10000/00000/00000") == 1, parse("11011/11011/11011") == 1
    np.testing.assert_array_equal(
        thin_borders(objects, labelled=labelled), parse("11033/11033/11033")
    )
    # An object is cut in two.
    np.testing.assert_array_equal(thin_borders(labelled | True, labelled=labelled) > 0, labelled)


def test_each_part_is_flooded_as_an_image_of_its_own(engine):
    rng = np.random.default_rng(6)
    for density in (0.0, 0.02, 0.2):
        objects = rng.random((30, 31)) < density
        labelled = np.ones_like(objects)
        labelled[:, 12:14] = False
        thinned = thin_borders(objects, labelled=labelled)
        for part in (np.s_[:, :12], np.s_[:, 14:]):
            # The numbers differ, the regions and lines do not.
            alone = thin_borders(objects[part])
            pairs = np.unique(np.stack([thinned[part].ravel(), alone.ravel()]), axis=1)
            assert len(set(pairs[0])) == len(set(pairs[1])) == pairs.shape[1]
            np.testing.assert_array_equal(thinned[part] == 0, alone == 0)


def test_any_memory_order(engine):
    objects = np.random.default_rng(5).random((31, 17)) < 0.2
    np.testing.assert_array_equal(
        thin_borders(np.asfortranarray(objects)), thin_borders(objects.copy())
    )
