"""scikit-learn's private parts: they are touched here, and nowhere else in this package.

What changes with a version of scikit-learn is mended in this module.
"""

from sklearn.base import BaseEstimator
from sklearn.metrics import f1_score, make_scorer

# What scikit-learn keeps in a class besides what its author wrote there.
CLASS_BOOKKEEPING = ("_sklearn_auto_wrap_output_keys",)


class ProbabilityScorer(type(make_scorer(f1_score))):
    """A scorer of scikit-learn that may change probabilities before they are scored.

    The class has no public name, but only its instances share predictions with each other.
    """

    @property
    def fixed_options(self):
        """The options of the metric that were given when the scorer was made."""
        return self._kwargs

    def prepare(self, estimator, y_true, y_prob, options):
        """Return the probabilities and the options of the metric; a subclass defines it."""
        raise NotImplementedError

    def _score(self, method_caller, estimator, X, y_true, **options):
        y_prob = method_caller(_Probabilities(estimator), "predict_proba", X)
        y_prob, options = self.prepare(estimator, y_true, y_prob, options)
        return super()._score(lambda *_, **__: y_prob, estimator, X, y_true, **options)


class _Probabilities(BaseEstimator):
    """A segmenter as an estimator of a kind that scikit-learn before 1.9 asks for probabilities.

    Classifiers' probabilities are searched for a column, a regressor is asked for ``predict``
    only; an outlier detector's method is called as it is.
    """

    def __init__(self, segmenter):
        self.segmenter = segmenter

    def predict_proba(self, X):
        return self.segmenter.predict_proba(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "outlier_detector"
        return tags


def is_shown_to_callbacks(estimator):
    """Tell whether scikit-learn's callbacks follow a fit of this estimator just now."""
    return hasattr(estimator, "_callback_fit_ctx")
