"""Checks that any segmenter can be put to: scikit-learn's own skip input that is not 2-D."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
