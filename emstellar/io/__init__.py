"""Reading and writing of images and masks, with their names and without a change of type."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
