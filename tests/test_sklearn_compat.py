"""What is private in scikit-learn is touched in one module."""

import ast
import re
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score, make_scorer

import emstellar
from emstellar import BaseSegmenter
from emstellar._sklearn_compat import CLASS_BOOKKEEPING, ProbabilityScorer

PACKAGE = Path(emstellar.__file__).parent
PRIVATE = re.compile(r"\._(kwargs|score|get_param_names|validate_params|response_method)\b")
WORDS = ("_callback_fit_ctx", *CLASS_BOOKKEEPING)


def test_no_other_module_touches_it():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if path.name == "_sklearn_compat.py":
            continue
        assert not PRIVATE.search(text), path
        assert not any(word in text for word in WORDS), path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sklearn"):
                names = [*node.module.split("."), *(alias.name for alias in node.names)]
                assert not any(name.startswith("_") for name in names), path


class Halved(ProbabilityScorer):
    """Halves the probabilities."""

    def prepare(self, estimator, y_true, y_prob, options):
        return y_prob / 2, {**self.fixed_options, **options}


class Known(BaseSegmenter):
    """Answers with what it was given."""

    def predict_proba(self, X):
        return X


def mean(y_true, y_prob, *, factor=1.0):
    return factor * float(np.mean(y_prob))


def test_probabilities_are_prepared_before_they_are_scored():
    scorer = Halved(mean, 1, {}, "predict_proba")
    assert isinstance(scorer, type(make_scorer(f1_score)))
    assert scorer(Known(), np.array([0.2, 0.6]), np.array([0, 1])) == 0.2
