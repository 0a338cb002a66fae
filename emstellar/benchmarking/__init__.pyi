from .result import BenchmarkResult as BenchmarkResult
from .run import benchmark as benchmark
