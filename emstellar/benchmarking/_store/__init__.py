"""A folder of finished jobs, from which a benchmark resumes and re-opens."""

from .store import Store

__all__ = ["Store"]
