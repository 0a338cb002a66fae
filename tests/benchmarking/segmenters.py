"""Cheap segmenters for the tests, in a module so that workers can import them."""

import logging
import os
import signal
import sys
import threading
import warnings
from pathlib import Path

import numpy as np

from emstellar import BaseSegmenter


class NoisyThreshold(BaseSegmenter):
    """Logistic curve between the mean brightnesses of the classes, off by a random shift."""

    def __init__(self, steepness=10.0, noise=0.0, random_state=None):
        self.steepness = steepness
        self.noise = noise
        self.random_state = random_state

    def fit(self, X, y, groups=None):
        self.classes_, self.n_features_in_ = np.unique(y[0]), 1
        pixels = np.concatenate([np.ravel(image) for image in X]).astype(float)
        labels = np.concatenate([np.ravel(mask) for mask in y])
        low, high = (pixels[labels == label].mean() for label in self.classes_)
        shift = self.noise * np.random.default_rng(self.random_state).normal()
        self.middle_, self.span_ = (low + high) / 2 + shift * (high - low), high - low
        self.groups_seen_ = None if groups is None else sorted(set(groups))
        self.history_ = {"loss": [0.7, 0.5, 0.4]}
        self.n_iter_ = 3
        return self

    def _predict_image(self, image):
        z = self.steepness * (np.asarray(image, dtype="float32") - self.middle_) / self.span_
        foreground = 1 / (1 + np.exp(-z))
        return np.stack([1 - foreground, foreground], axis=-1).astype("float32")

    def predict_proba(self, X):
        maps = [self._predict_image(image) for image in X]
        return maps if isinstance(X, list) else np.stack(maps)


class CountingThreshold(NoisyThreshold):
    """Leaves a file per fit, so that a test can count the fits of all processes."""

    def __init__(self, folder, steepness=10.0, noise=0.0, random_state=None):
        super().__init__(steepness, noise, random_state)
        self.folder = folder

    def fit(self, X, y, groups=None):
        folder = Path(self.folder)
        (folder / f"{os.getpid()}-{len(list(folder.iterdir()))}").touch()
        return super().fit(X, y, groups)


class DyingSegmenter(CountingThreshold):
    """Ends its process in the way told."""

    def __init__(self, folder, way="abort", random_state=None):
        super().__init__(folder, random_state=random_state)
        self.way = way

    def fit(self, X, y, groups=None):
        super().fit(X, y, groups)
        if self.way == "abort":
            os.abort()
        elif self.way == "exit":
            sys.exit(4)
        elif self.way == "interrupt":
            raise KeyboardInterrupt
        os.kill(os.getpid(), signal.SIGKILL)


class TalkingThreshold(NoisyThreshold):
    """Prints, logs and warns."""

    def fit(self, X, y, groups=None):
        logging.getLogger("emstellar").info("a message of the fit")
        print("fitting")  # noqa: T201
        warnings.warn("a warning of the fit", stacklevel=1)
        return super().fit(X, y, groups)


class KeptLockThreshold(NoisyThreshold):
    """Cannot be pickled at all, nor copied."""

    def __init__(self, lock=None, random_state=None):
        super().__init__(random_state=random_state)
        self.lock = lock

    def __sklearn_clone__(self):
        return self


class LockedThreshold(NoisyThreshold):
    """Cannot be pickled once it is fitted."""

    def fit(self, X, y, groups=None):
        self.lock_ = threading.Lock()
        return super().fit(X, y, groups)


class FailingSegmenter(NoisyThreshold):
    """Raises as told, if `folder` holds no file named "mended"."""

    def __init__(self, error=RuntimeError, folder="/nonexistent", random_state=None):
        super().__init__(random_state=random_state)
        self.error = error
        self.folder = folder

    def fit(self, X, y, groups=None):
        if not (Path(self.folder) / "mended").exists():
            raise self.error("the network fell apart")
        return super().fit(X, y, groups)
