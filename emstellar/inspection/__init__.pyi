from .channel_correlation import FeatureCorrelation as FeatureCorrelation
from .channel_correlation import feature_correlation as feature_correlation
from .model_complexity import ModelComplexity as ModelComplexity
from .model_complexity import complexity as complexity
