from .arrays import fingerprint_arrays as fingerprint_arrays
from .identity import Identity as Identity
from .identity import identify as identify
from .libraries import describe_libraries as describe_libraries
