"""Scores of all images together, of each image and of each class, from one pass; and why not."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from emstellar.metrics.confusion import PixelCounts
from emstellar.metrics.scorers import accepted_options, find_metric


class MetricScores(NamedTuple):
    """What a metric says of some images; higher is better.

    Attributes
    ----------
    pooled : float
        The score of all images together; NaN where it is undefined.
    images : list of float
        The scores of the images, at the threshold that serves all of them.
    classes : dict of label to (float, list of float)
        The same of each class, for metrics that are else a mean over more than two classes.
    reason : str
        Why the pooled score is NaN, else empty.
    """

    pooled: float
    images: list
    classes: dict
    reason: str


class ImageScores:
    """Predictions of images, from which metrics are taken by name; they share their work.

    Parameters
    ----------
    y_true : array-like of shape (n_images, height, width) or sequence of masks
        The true masks.
    y_prob : array-like or sequence of arrays
        Probabilities, foreground maps or label maps.
    threshold : float, default=0.5
        What a foreground probability must exceed, in metrics of one threshold.
    labels : array-like of shape (n_classes,), optional
        The classes in the order of the columns of `y_prob`.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.metrics.image_scores import ImageScores
    >>> y_true, y_prob = np.array([[[1, 1]], [[0, 0]]]), np.array([[[0.9, 0.2]], [[0.1, 0.3]]])
    >>> scores = ImageScores(y_true, y_prob).score("sensitivity")
    >>> scores.pooled, scores.images
    (0.5, [0.5, nan])
    """

    def __init__(self, y_true, y_prob, *, threshold=0.5, labels=None):
        self.y_true, self.y_prob = y_true, y_prob
        self.options = {"threshold": threshold, "labels": labels}
        self._families = {}

    def score(self, name):
        """Return the `MetricScores` of a metric.

        A metric that refuses these images (one of the foreground, where there are three
        classes) is NaN.
        """
        metric = find_metric(name)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = self._take(metric) if metric.family else self._call(metric)
                reason = ""
            except ValueError as error:
                found, reason = (np.nan, [np.nan] * len(self.y_true), {}), str(error)
        undefined = _pass_on(caught)
        if reason:
            warnings.warn(f"Scoring by {name} failed, the score is NaN: {reason}", stacklevel=2)
        elif np.isnan(found[0]):
            reason = next(iter(undefined), "it is NaN")
        return MetricScores(*found, reason)

    def _take(self, metric):
        shared = self._family(metric.family)
        images = metric.take(shared, average=None)
        found = _signed(metric, metric.take(shared)), _signed(metric, images)
        n_classes = len(self.options["labels"]) if self.options["labels"] is not None else 0
        if n_classes < 3 or not metric.by_class:
            return *found, {}
        pooled = _signed(metric, metric.take(shared, class_average=None))
        images = metric.take(shared, average=None, class_average=None)
        by_class = [_signed(metric, column) for column in np.transpose(images)]
        both = zip(pooled, by_class, strict=True)
        return *found, dict(zip(self.options["labels"], both, strict=True))

    def _family(self, family):
        if family not in self._families:
            options = accepted_options(family, self.options)
            self._families[family] = family(self.y_true, self.y_prob, **options)
        return self._families[family]

    def _call(self, metric):
        """Score by a function of one's own, which knows all images together only."""

        def call(y_true, y_prob):
            options = accepted_options(metric.function, self.options)
            return _signed(metric, metric.function(y_true, y_prob, **options))

        images = [
            _or_nan(call, *(values[i : i + 1] for values in (self.y_true, self.y_prob)))
            for i in range(len(self.y_true))
        ]
        return call(self.y_true, self.y_prob), images, {}

    def foreground(self):
        """Return how many pixels of each image are foreground in the truth and as predicted.

        Returns
        -------
        dict of str to list of int
            With the keys "true" and "predicted"; empty where there is no one foreground class,
            or the predictions are none.
        """
        try:
            counts = self._family(PixelCounts)
        except ValueError:
            return {}
        if not counts.is_binary:
            return {}
        true, predicted = counts.matrices[:, 1].sum(axis=1), counts.matrices[:, :, 1].sum(axis=1)
        return {"true": true.astype(int).tolist(), "predicted": predicted.astype(int).tolist()}


def _signed(metric, scores):
    """Return scores of which higher ones are better, as a float or a list."""
    # Adding zero makes no error of -0.0.
    return (metric.sign * np.asarray(scores, dtype=float) + 0.0).tolist()


def _or_nan(call, *arguments):
    try:
        return call(*arguments)
    except ValueError:
        return np.nan


def _pass_on(caught):
    """Return the texts of warnings of undefined metrics, and warn again of all others."""
    undefined = []
    for warning in caught:
        if issubclass(warning.category, UndefinedMetricWarning):
            undefined.append(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return undefined
