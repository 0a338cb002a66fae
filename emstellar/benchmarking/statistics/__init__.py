"""Is a difference between methods real? The tests and words of `BenchmarkResult.compare`."""

from ._comparison import Comparison, compare_methods, holm
from ._paired import difference_of
from ._ranks import critical_difference, friedman

__all__ = [
    "Comparison",
    "compare_methods",
    "critical_difference",
    "difference_of",
    "friedman",
    "holm",
]
