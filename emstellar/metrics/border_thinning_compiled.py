"""The flood of border thinning as a plain queue, compiled by numba (the extra ``fast``)."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def flood_compiled(labels, stride, needed):
    """Grow the labels in place, one pixel of the queue after the other.

    Parameters and result are those of `emstellar.metrics.border_thinning.flood`.
    """
    offsets = (-stride, -1, stride, 1)
    waiting, settled = 0, 1
    state = np.empty(labels.size, dtype=np.uint8)
    undecided = 0
    for pixel in range(labels.size):
        column = pixel % stride
        outside = (
            pixel < stride or pixel >= labels.size - stride or column == 0 or column == stride - 1
        )
        state[pixel] = settled if outside or labels[pixel] > 0 else waiting
        undecided += needed[pixel]
    queue = np.empty(labels.size, dtype=np.int32)
    end = 0
    for pixel in range(stride, labels.size - stride):
        if state[pixel] == waiting:
            for offset in offsets:
                if labels[pixel + offset] > 0:
                    queue[end] = pixel
                    end += 1
                    break
    for position in range(end):
        state[queue[position]] = settled
    position = 0
    while position < end and undecided > 0:
        pixel = queue[position]
        position += 1
        found = 0
        for offset in offsets:
            neighbour = pixel + offset
            if state[neighbour] == waiting:
                state[neighbour] = settled
                queue[end] = neighbour
                end += 1
            label = labels[neighbour]
            if label > 0 and label != found:
                found = label if found == 0 else -1
        labels[pixel] = max(found, 0)
        undecided -= needed[pixel]
