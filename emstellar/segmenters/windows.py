"""Windows: rectangles of an image that are computed one at a time, whatever is asked for.

So the memory is bounded, and what is computed stays in the processor's cache.
"""

from typing import NamedTuple

import numpy as np

# A window's height and width in pixels: 20 MB for the 76 features of Weka.
SIDE = 256


def split_windows(shape):
    """Return the windows which cover an image.

    Parameters
    ----------
    shape : tuple
        The image's shape: (height, width, ...).

    Returns
    -------
    list of Window
    """
    height, width = shape[:2]
    return [
        Window(
            slice(row, min(row + SIDE, height)),
            slice(column, min(column + SIDE, width)),
            (height, width),
        )
        for row in range(0, height, SIDE)
        for column in range(0, width, SIDE)
    ]


class Window(NamedTuple):
    """A rectangle of an image.

    Parameters
    ----------
    rows, columns : slice
        Where it lies, within the image.
    shape : tuple of int
        The image's height and width.
    """

    rows: slice
    columns: slice
    shape: tuple

    def grow(self, halo):
        """Return the window with `halo` pixels more on each side, where the image has them."""
        spans = zip((self.rows, self.columns), self.shape, strict=True)
        grown = (slice(max(0, s.start - halo), min(n, s.stop + halo)) for s, n in spans)
        return Window(*grown, self.shape)


def whole(shape):
    """Return the window that is the whole image of a shape (height, width)."""
    return Window(slice(0, shape[0]), slice(0, shape[1]), tuple(shape[:2]))


def cut(values, held, window, margin=0, mode="edge"):
    """Return the values of a window and its surroundings.

    Parameters
    ----------
    values : ndarray of shape (height, width)
        The values of the window `held`.
    held, window : Window
        Windows of the same image; `held` has all of `window` and, within the image, its margin.
    margin : int, default=0
        How many pixels to add on each side.
    mode : {"edge", "reflect"}, default="edge"
        What stands beyond the image: its outermost pixels repeated ("nearest" in SciPy's words),
        or the image mirrored about them ("mirror").

    Returns
    -------
    ndarray of shape (n_rows + 2 * margin, n_columns + 2 * margin)
        A view of `values` where it holds everything.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.segmenters.windows import cut, whole
    >>> image = np.array([[1, 2, 3]])
    >>> cut(image, whole((1, 3)), whole((1, 3)), 1, "reflect")
    array([[2, 1, 2, 3, 2],
           [2, 1, 2, 3, 2],
           [2, 1, 2, 3, 2]])
    """
    for axis in range(2):
        span, length = window[axis], window.shape[axis]
        start, stop = span.start - margin, span.stop + margin
        if start >= 0 and stop <= length:
            inside = slice(start - held[axis].start, stop - held[axis].start)
            values = values[inside] if axis == 0 else values[:, inside]
            continue
        before, after = max(0, -start), max(0, stop - length)
        positions = np.pad(np.arange(length), (before, after), mode=mode)
        taken = positions[start + before : stop + before] - held[axis].start
        values = values.take(taken, axis=axis)
    return values
