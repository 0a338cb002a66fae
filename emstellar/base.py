"""What every segmenter is: `BaseSegmenter` and the question `is_segmenter`."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted


class BaseSegmenter(BaseEstimator):
    """Base class of all estimators that give every pixel of an image a class.

    A subclass offers ``fit(X, y)``, which sets `classes_` and `n_features_in_` (the number of
    channels), and ``predict_proba(X)`` of shape (n_images, height, width, n_classes).

    Segmenters are not classifiers to scikit-learn, on purpose: its scorers would take
    ``predict_proba(X)[:, 1]``, the second *row* of every image, for the foreground.
    Use the scorers of `emstellar.metrics.get_scorer` with scikit-learn's tools.

    Examples
    --------
    A segmenter of ten lines, which gives bright pixels a high probability:

    >>> import numpy as np
    >>> from emstellar import BaseSegmenter
    >>> class BrightnessSegmenter(BaseSegmenter):
    ...     def fit(self, X, y):
    ...         self.classes_, self.n_features_in_ = np.unique(y), 1
    ...         return self
    ...     def predict_proba(self, X):
    ...         foreground = np.asarray(X, dtype="float32")
    ...         return np.stack([1 - foreground, foreground], axis=-1)
    >>> X, y = np.array([[[0.1, 0.9]]]), np.array([[[0, 255]]])
    >>> segmenter = BrightnessSegmenter().fit(X, y)
    >>> segmenter.predict(X)
    array([[[  0, 255]]])
    >>> float(segmenter.score(X, y))
    1.0
    """

    def predict(self, X):
        """Return the most probable class of every pixel.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The images to segment.

        Returns
        -------
        ndarray of shape (n_images, height, width), or list of ndarray of shape (height, width)
            Values of `classes_`; a list when `X` is a sequence. Where two classes are equally
            probable, the first.

        Raises
        ------
        ValueError
            If a probability is NaN: there is no most probable class.
        """
        check_is_fitted(self)
        probabilities = self.predict_proba(X)
        if isinstance(probabilities, list):
            return [self.classes_[_most_probable(p)] for p in probabilities]
        return self.classes_[_most_probable(probabilities)]

    def score(self, X, y, sample_weight=None):
        """Return the Jaccard index (intersection over union) of the prediction.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            The images to segment.
        y : array-like of shape (n_images, height, width) or sequence of masks
            The true masks; pixels of ``-1`` are ignored.
        sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
            Weights of images or pixels.

        Returns
        -------
        float
            Of the last class (the foreground) when there are two, else the mean over classes;
            all pixels of all images pooled. In [0, 1].
        """
        from emstellar.metrics import jaccard_score

        predicted = self.predict(X)
        if self.classes_.dtype.kind == "f":
            # Metrics take maps of floats for probabilities; these are labels, which are integral.
            predicted = [np.asarray(labels, dtype="int64") for labels in predicted]
        return jaccard_score(y, predicted, labels=self.classes_, sample_weight=sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "segmenter"
        tags.target_tags.required = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _most_probable(probabilities):
    """Return the positions of the most probable classes; NaN would be the first one."""
    if np.isnan(np.max(probabilities)):
        raise ValueError(
            "The predicted probabilities are NaN: the segmenter has diverged in training or "
            "overflowed. Fit it again with a lower learning rate or in float32."
        )
    return np.argmax(probabilities, axis=-1)


def is_segmenter(estimator):
    """Return True if the given estimator is (probably) a segmenter.

    Parameters
    ----------
    estimator : object
        Any estimator; a pipeline or a search answers for what it wraps.

    Returns
    -------
    bool

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from emstellar import RandomForestSegmenter, is_segmenter
    >>> is_segmenter(RandomForestSegmenter()), is_segmenter(LogisticRegression())
    (True, False)
    """
    return get_tags(estimator).estimator_type == "segmenter"
