"""Images with masks: synthetic ones, and real ones that are downloaded once and checked."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
