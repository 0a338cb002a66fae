"""A segmenter as scikit-learn sees tables: a row of C numbers is an image of one pixel."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.validation import check_is_fitted


class PixelTable(ClassifierMixin, BaseEstimator):
    """Classifier of tables that delegates everything to a segmenter of 1x1-pixel images."""

    def __init__(self, segmenter=None):
        self.segmenter = segmenter

    def fit(self, X, y, sample_weight=None):
        y = None if y is None else _as_images(np.asarray(y), 0)
        self.segmenter_ = clone(self.segmenter).fit(_as_images(X, 1), y, sample_weight)
        self.classes_ = self.segmenter_.classes_
        self.n_features_in_ = self.segmenter_.n_features_in_
        return self

    def predict(self, X):
        check_is_fitted(self)
        return self.segmenter_.predict(_as_images(X, 1))[:, 0, 0]

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.segmenter_.predict_proba(_as_images(X, 1))[:, 0, 0]


def _as_images(table, axis):
    """Return (n, ...) as (n, 1, 1, ...); what is no table goes on to be judged by the segmenter."""
    if not hasattr(table, "toarray"):
        table = np.asarray(table)
        if table.ndim > axis:
            return table.reshape(len(table), 1, 1, *table.shape[1:])
    return table
