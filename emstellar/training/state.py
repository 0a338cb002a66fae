"""What a fit has made so far, and what it needs to go on: `FitState`."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class FitState:
    """A network in training, from its first weights to its last.

    Training reads and changes it, a segmenter keeps it between fits; None is what there is not yet.

    Parameters
    ----------
    model : keras.Model
        The network.
    classes : ndarray of shape (n_classes,)
        The labels.
    n_channels : int
        Number of channels of the images.
    seed : int
        The seed of the fit that began it.
    normalization : Normalization
        The intensity statistics.
    history : dict of str to list of float
        One value per epoch.
    n_iter : int
        Number of epochs of all fits that came to their end: what an interrupted one has added to
        the history does not count, so that the same call goes on with it.
    fit_time, compile_time : float
        Seconds.
    earlier_pieces : list of [float, float, float]
        Begin, end and processor seconds of what other processes have trained.
    best_iter : int
        The best epoch, counted from 1.
    convergence_time : float
        Seconds to its end.
    convergence_times : dict of str to float
        The same under every criterion.
    schedule_start : tuple of (int, int)
        Epoch and step at which the learning-rate schedule began, while it is not over.
    compiled_with : list
        What the network was compiled with.
    optimizer_arrays : list of ndarray
        The optimiser's past, where the network has not been compiled since.

    Examples
    --------
    >>> from emstellar.training.state import FitState
    >>> state = FitState(model=None, classes=[0, 1], n_channels=1, seed=0, normalization=None)
    >>> state.n_iter, state.history
    (0, {})
    """

    model: Any
    classes: np.ndarray
    n_channels: int
    seed: int
    normalization: Any
    history: dict = field(default_factory=dict)
    n_iter: int = 0
    fit_time: float = 0.0
    compile_time: float = 0.0
    earlier_pieces: list | None = None
    best_iter: int | None = None
    convergence_time: float | None = None
    convergence_times: dict | None = None
    schedule_start: tuple | None = None
    compiled_with: list | None = None
    optimizer_arrays: list | None = None
