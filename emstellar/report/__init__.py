"""The report: a benchmark as one HTML page, and as a folder of tables and figures."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
