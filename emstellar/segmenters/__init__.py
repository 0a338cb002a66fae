"""Segmenters: estimators that give every pixel of an image a class.

The public names are listed in ``__init__.pyi`` beside this file.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
