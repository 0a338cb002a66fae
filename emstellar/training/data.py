"""The checked images, masks and weights of a fit: what is trained on, and what is set aside."""

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

from emstellar.validation import check_images, check_masks, check_weights, encode_masks


class TrainingData:
    """Images, masks as positions of classes, and weights.

    Parameters
    ----------
    images : list of ndarray of shape (height, width, channels)
        All images given to `fit`.
    codes : list of ndarray of shape (height, width), int32
        Positions of classes; ``-1`` where unlabelled.
    weights : list of ndarray of shape (height, width), float32, or None
        Pixel weights.
    classes : ndarray of shape (n_classes,)
        The labels.
    name : str
        What to call the segmenter in messages.

    Attributes
    ----------
    validation : tuple (images, codes, weights) or None
        What was set aside, or given for it.

    Raises
    ------
    ValueError
        If no pixel is labelled and has a weight above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.training.data import TrainingData
    >>> images, codes = list(np.zeros((4, 8, 8, 1))), list(np.zeros((4, 8, 8), dtype="int32"))
    >>> data = TrainingData(images, codes, None, np.array([0, 1]), "UNetSegmenter")
    >>> data.set_aside(0.25, seed=0)
    >>> len(data.images), len(data.validation[0])
    (3, 1)
    """

    def __init__(self, images, codes, weights, classes, name):
        self.images = images
        self.codes = codes
        self.weights = weights
        self.classes = classes
        self.name = name
        self.validation = None
        self._check_something_to_fit()

    def _check_something_to_fit(self):
        if not _has_labels(self.codes, self.weights):
            raise ValueError(
                "All labelled pixels of the images to train on have zero weight in "
                "sample_weight, or there are none: there is nothing to fit."
            )

    def use_for_validation(self, validation_data):
        """Take what the user gives to monitor training with.

        Parameters
        ----------
        validation_data : tuple (X, y) or (X, y, sample_weight)
            Images, masks and weights.
        """
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
            raise ValueError(
                "validation_data must be a tuple (X_val, y_val) or (X_val, y_val, sample_weight) "
                f"of images, masks and weights, got {_describe(validation_data)}."
            )
        X, y, sample_weight = (*validation_data, None)[:3]
        images = check_images(X, n_channels=self.images[0].shape[-1], name=self.name)
        masks = check_masks(y, images, name=self.name)
        weights = check_weights(sample_weight, images)
        self.validation = images, encode_masks(masks, self.classes), weights
        self._check_something_to_monitor()

    def set_aside(self, fraction, seed, groups=None):
        """Set a share of the images aside to monitor training with.

        Parameters
        ----------
        fraction : float
            The share of images, or of groups.
        seed : int
            Decides which.
        groups : ndarray of shape (n_images,), optional
            Whole groups go to one side.
        """
        splitter = GroupShuffleSplit if groups is not None else ShuffleSplit
        split = splitter(n_splits=1, test_size=fraction, random_state=seed)
        try:
            kept, aside = next(split.split(self.images, groups=groups))
        except ValueError as error:
            whole = "images" if groups is None else "groups"
            raise ValueError(
                f"validation_fraction={fraction} leaves no {whole} to train on: {error}"
            ) from error
        self.validation = self._take(aside)
        self.images, self.codes, self.weights = self._take(kept)
        self._check_something_to_fit()
        self._check_something_to_monitor()

    def _take(self, positions):
        """Return images, codes and weights (or None) at some positions."""
        images, codes = ([values[i] for i in positions] for values in (self.images, self.codes))
        weights = None if self.weights is None else [self.weights[i] for i in positions]
        return images, codes, weights

    def _check_something_to_monitor(self):
        if not _has_labels(*self.validation[1:]):
            raise ValueError(
                f"No pixel of the {len(self.validation[0])} validation images is labelled and has "
                "a weight above 0: there is nothing to monitor training with. Pass "
                "validation_data=(X_val, y_val) with labels to fit, or, for another draw, change "
                "validation_fraction or random_state."
            )

    def balanced_class_weight(self):
        """Return the classes' weights by the pixels that are trained on, as they are weighted.

        A class that has none weighs 1: it may still occur in the validation images.

        Returns
        -------
        list of float
        """
        counts = np.zeros(len(self.classes))
        for code, weight in zip(self.codes, self.weights or self.codes, strict=True):
            known = code >= 0
            own = None if self.weights is None else weight[known]
            counts += np.bincount(code[known], own, minlength=len(counts))
        fair = counts.sum() / len(counts)
        return np.divide(fair, counts, out=np.ones(len(counts)), where=counts > 0).tolist()


def _has_labels(codes, weights):
    """Tell whether any pixel is labelled and has a weight above 0."""
    pairs = zip(codes, weights or [1.0] * len(codes), strict=True)
    return any(np.where(code >= 0, weight, 0).any() for code, weight in pairs)


def _describe(value):
    length = f" of {len(value)} items" if isinstance(value, (tuple, list)) else ""
    return f"a {type(value).__name__}{length}"
