"""What a result depends on: parameters, the code of the user's functions, versions of libraries."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
