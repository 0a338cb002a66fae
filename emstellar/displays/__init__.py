"""Figures of segmentations and benchmarks, in the manner of scikit-learn's displays."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
