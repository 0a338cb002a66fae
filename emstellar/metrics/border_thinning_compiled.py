"""The flood of border thinning as a plain queue, compiled by numba (the extra ``fast``)."""

import numpy as np
from numba import njit

WAITING, SETTLED = np.uint8(0), np.uint8(1)


@njit(cache=True, nogil=True)
def flood_compiled(labels, stride, needed):
    """Grow the labels in place, one pixel of the queue after the other.

    Parameters and result are those of `emstellar.metrics.border_thinning.flood`.
    """
    offsets = (-stride, -1, stride, 1)
    queue = np.empty(labels.size, dtype=np.int32)
    state, end = _start(labels, stride, queue, offsets)
    undecided = np.count_nonzero(needed)
    position = 0
    while position < end and undecided > 0:
        pixel = queue[position]
        position += 1
        found = 0
        for offset in offsets:
            neighbour = pixel + offset
            if state[neighbour] == WAITING:
                state[neighbour] = SETTLED
                queue[end] = neighbour
                end += 1
            label = labels[neighbour]
            if label > 0 and label != found:
                found = label if found == 0 else -1
        labels[pixel] = max(found, 0)
        undecided -= needed[pixel]


@njit(cache=True, nogil=True)
def _start(labels, stride, queue, offsets):
    """Queue the border pixels beside seeds; return the states of all and the queue's end."""
    state = np.full(labels.size, SETTLED, dtype=np.uint8)
    end = 0
    for row in range(stride, labels.size - stride, stride):
        for pixel in range(row + 1, row + stride - 1):
            if labels[pixel] != 0:
                continue
            state[pixel] = WAITING
            for offset in offsets:
                if labels[pixel + offset] > 0:
                    queue[end] = pixel
                    end += 1
                    state[pixel] = SETTLED
                    break
    return state, end
