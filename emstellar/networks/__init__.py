"""The networks of the paper, and more, as functions that return a `keras.Model`.

Every function has the form ``build_x(input_shape, n_outputs, *, width=1.0, ...)`` and an
attribute ``size_multiple``: the height and width of the images must be multiples of it.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
