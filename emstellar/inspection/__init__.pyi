from .model_complexity import ModelComplexity as ModelComplexity
from .model_complexity import complexity as complexity
