"""Volumes: stacks of sections in which a section's neighbours matter."""

from numbers import Integral

import numpy as np

from emstellar.validation import check_groups


def z_context(stack, n_frames, *, groups=None):
    """Give every section its neighbours as channels.

    So the context is part of the sample, and splitters may take samples apart and reorder them.

    Parameters
    ----------
    stack : array-like of shape (n_sections, height, width)
        Sections in their order; a channel axis of length 1 may follow.
    n_frames : int
        Number of channels: the section itself and ``(n_frames - 1) / 2`` neighbours on either
        side. Odd.
    groups : array-like of shape (n_sections,), optional
        The stack that each section belongs to, if there are several: sections of different
        groups are no neighbours.

    Returns
    -------
    ndarray of shape (n_sections, height, width, n_frames)
        In the dtype of `stack`; the section itself is the central channel. Beyond either end of
        a stack its sections follow mirrored, the last one not repeated.

    Raises
    ------
    ValueError
        If `stack` has another shape or `n_frames` is not odd.

    See Also
    --------
    emstellar.CDeep3MSegmenter : Uses the central 1, 3 or 5 channels.

    Notes
    -----
    Sections at the border of a cross-validation block see images, not masks, of the neighbouring
    block; leave a gap between blocks where that matters.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.volume import z_context
    >>> stack = np.arange(4).reshape(4, 1, 1)
    >>> z_context(stack, 3)[:, 0, 0].tolist()
    [[1, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 2]]
    """
    stack = np.asarray(stack)
    if stack.ndim == 4 and stack.shape[-1] == 1:
        stack = stack[..., 0]
    if stack.ndim != 3:
        raise ValueError(
            "Expected a stack of shape (n_sections, height, width), got an array of shape "
            f"{stack.shape}."
        )
    if not isinstance(n_frames, Integral) or n_frames < 1 or n_frames % 2 == 0:
        raise ValueError(f"n_frames must be an odd int >= 1, got {n_frames!r}.")
    groups = np.zeros(len(stack)) if groups is None else check_groups(groups, stack)
    neighbours = _find_neighbours(groups, n_frames)
    return np.stack([stack[frame] for frame in neighbours.T], axis=-1)


def _find_neighbours(groups, n_frames):
    """Return the positions of each section's frames, of shape (n_sections, n_frames)."""
    neighbours = np.empty((len(groups), n_frames), dtype=int)
    for group in np.unique(groups):
        sections = np.flatnonzero(groups == group)
        mirrored = np.pad(sections, n_frames // 2, mode="reflect")
        neighbours[sections] = np.lib.stride_tricks.sliding_window_view(mirrored, n_frames)
    return neighbours
