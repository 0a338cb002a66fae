from .heatmap import MetricHeatmapDisplay as MetricHeatmapDisplay
from .overlay import OverlayDisplay as OverlayDisplay
from .training_curves import TrainingCurveDisplay as TrainingCurveDisplay
