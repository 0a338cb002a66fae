"""Votes of a forest of many pixels at once, compiled by numba (the extra ``fast``).

Neighbouring pixels take much the same way through a tree. So a block of 8 x 8 pixels goes down
together: at each node one comparison of 64 values gives one bit per pixel, and only ways that
some pixel of the block takes are followed. The ways not yet followed wait in a queue, those of
several blocks together, so that the processor always has independent work.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from emstellar.segmenters.forest_votes import BLOCK

# Blocks in one queue: their values and the tree stay in the innermost caches.
_TOGETHER = 4
# The fields of a node, as `emstellar.segmenters.forest_votes.flatten` has them.
_FIELDS, _THRESHOLD, _LEFT, _RIGHT = (np.uintp(k) for k in (4, 1, 2, 3))
_ONE, _LOW, _SHIFT = np.uintp(1), np.uintp(2**32 - 1), np.uintp(32)


@njit(cache=True, nogil=True)
def pack_blocks(planes, blocks, active):
    """Copy planes of features into blocks of 8 x 8 pixels.

    Parameters
    ----------
    planes : ndarray of shape (n_features, height, width), float32
        The features.
    blocks : ndarray of shape (n_blocks, n_features, 64), float32
        Where to; changed in place.
    active : ndarray of shape (n_blocks,), uint64
        Gets a bit for each pixel that exists.
    """
    n_features, height, width = planes.shape
    per_row = (width + 7) // 8
    for row in range(height):
        for column in range(width):
            pixel = 8 * (row % 8) + column % 8
            active[row // 8 * per_row + column // 8] |= np.uint64(1) << np.uint64(pixel)
    for feature in range(n_features):
        for row in range(height):
            for first in range(0, width, 8):
                block = row // 8 * per_row + first // 8
                for column in range(first, min(first + 8, width)):
                    value = planes[feature, row, column]
                    blocks[block, feature, 8 * (row % 8) + column - first] = value


@njit(cache=True, nogil=True)
def count_votes(blocks, n_features, active, roots, nodes, thresholds, leaves, capacity, votes):
    """Add up what the trees say about each pixel.

    Parameters
    ----------
    blocks : ndarray of shape (n_blocks * n_features * 64,), float32
        From `pack_blocks`.
    n_features : int
        The number of features.
    active : ndarray of shape (n_blocks,), uint64
        From `pack_blocks`.
    roots : ndarray of shape (n_trees,), int64
        The first node of each tree.
    nodes, thresholds : ndarray of shape (4 * n_nodes,), int32 and float32
        The same memory: for each node the feature's offset in a block, the threshold, and where
        pixels up to the threshold go and where those above go. Negative numbers are leaves that
        know one class only, ``-1 - class``. Other leaves are nodes whose offset is negative and
        whose third number is their row in `leaves`.
    leaves : ndarray of shape (n_leaves, n_classes), float64
        The shares of the classes in those other leaves.
    capacity : int
        The most nodes of a tree.
    votes : ndarray of shape (n_blocks * n_classes * 64,), float64
        The sums over trees; changed in place.
    """
    n_blocks, n_classes = len(active), leaves.shape[1]
    n_slots = np.uintp(n_classes + 1)
    stride = np.uintp(n_features * BLOCK)
    # The last slot gathers what goes on to further nodes, and is not read.
    elsewhere = np.uintp(n_classes)
    where = np.empty(_TOGETHER * capacity + 2, np.uintp)
    who = np.empty(len(where), np.uint64)
    agreed = np.empty(_TOGETHER * (n_classes + 1), np.uint64)
    for root in roots:
        for first in range(0, n_blocks, _TOGETHER):
            n_here = min(_TOGETHER, n_blocks - first)
            agreed[:] = 0
            for k in range(n_here):
                where[k] = (np.uintp(k) << _SHIFT) | np.uintp(root)
                who[k] = active[first + k]
            start, end, base = np.uintp(0), np.uintp(n_here), np.uintp(first) * stride
            while start < end:
                entry, mask = where[start], who[start]
                start += _ONE
                block, node = entry >> _SHIFT, _FIELDS * (entry & _LOW)
                offset, left, right = nodes[node], nodes[node + _LEFT], nodes[node + _RIGHT]
                if offset < 0:
                    votes_of_block = (np.uintp(first) + block) * np.uintp(n_classes * BLOCK)
                    for c in range(n_classes):
                        at = votes_of_block + np.uintp(c * BLOCK)
                        _add_where(votes, at, mask, leaves[left, c])
                    continue
                at = base + block * stride + np.uintp(offset)
                low = _up_to(blocks, at, thresholds[node + _THRESHOLD])
                low, high = mask & low, mask & ~low
                # Without branches, which would be guessed wrongly half of the time.
                slot, tag = block * n_slots, entry & ~_LOW
                where[end], who[end] = tag | np.uintp(np.uint32(left)), low
                end += np.uintp((low != 0) & (left >= 0))
                agreed[slot + (np.uintp(~left) if left < 0 else elsewhere)] |= low
                where[end], who[end] = tag | np.uintp(np.uint32(right)), high
                end += np.uintp((high != 0) & (right >= 0))
                agreed[slot + (np.uintp(~right) if right < 0 else elsewhere)] |= high
            for k in range(n_here):
                for c in range(n_classes):
                    at = np.uintp(((first + k) * n_classes + c) * BLOCK)
                    _add_where(votes, at, agreed[k * (n_classes + 1) + c], 1.0)


@intrinsic
def _up_to(typingctx, values, start, threshold):
    """Return a bit for each of 64 values from `start` on: whether it is <= the threshold."""

    def generate(context, builder, signature, arguments):
        pointer, vector = _vector_at(context, builder, signature, arguments, ir.FloatType())
        loaded = builder.load(pointer, align=4)
        bits = builder.fcmp_ordered("<=", loaded, _repeat(builder, arguments[2], vector))
        return builder.bitcast(bits, ir.IntType(BLOCK))

    return types.uint64(values, types.uintp, types.float32), generate


@intrinsic
def _add_where(typingctx, values, start, mask, value):
    """Add a value to those of 64 values from `start` on whose bits in `mask` are set."""

    def generate(context, builder, signature, arguments):
        pointer, vector = _vector_at(context, builder, signature, arguments, ir.DoubleType())
        bits = builder.bitcast(arguments[2], ir.VectorType(ir.IntType(1), BLOCK))
        zeros = ir.Constant(vector, [0.0] * BLOCK)
        addend = builder.select(bits, _repeat(builder, arguments[3], vector), zeros)
        builder.store(builder.fadd(builder.load(pointer, align=8), addend), pointer, align=8)
        return context.get_dummy_value()

    return types.void(values, types.uintp, types.uint64, types.float64), generate


def _vector_at(context, builder, signature, arguments, element):
    """Return a pointer to 64 elements of an array, and their type."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    vector = ir.VectorType(element, BLOCK)
    start = builder.gep(array.data, [arguments[1]])
    return builder.bitcast(start, vector.as_pointer()), vector


def _repeat(builder, value, vector):
    """Return a vector whose elements are all `value`."""
    nothing = ir.Constant(vector, ir.Undefined)
    index = ir.IntType(32)
    first = builder.insert_element(nothing, value, ir.Constant(index, 0))
    zeros = ir.Constant(ir.VectorType(index, BLOCK), [0] * BLOCK)
    return builder.shuffle_vector(first, nothing, zeros)
