"""Segment electron-microscopy images with deep networks, in scikit-learn's style.

The public names are loaded on first use, so that ``import emstellar`` is quick and loads
neither Keras nor scikit-learn. They are listed once, in ``__init__.pyi`` beside this file.
"""

import lazy_loader as _lazy

__version__ = "0.1.0.dev0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
