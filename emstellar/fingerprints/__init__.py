"""What a result depends on: parameters, the code of the user's functions, versions of libraries."""

from .arrays import fingerprint_arrays
from .identity import Identity, identify
from .libraries import describe_libraries

__all__ = ["Identity", "describe_libraries", "fingerprint_arrays", "identify"]
