"""Losses of segmentation, as `keras.losses.Loss` objects that any Keras model can be compiled with.

All take class codes of shape (n, height, width, 1) and probabilities of shape
(n, height, width, n_classes), or (n, height, width, 1) for the foreground alone. Pixels of
weight 0 have no influence on any of them.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
