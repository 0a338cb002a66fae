from .complexity import ComplexityDisplay as ComplexityDisplay
from .convergence import ConvergenceDisplay as ConvergenceDisplay
from .cost import CostDisplay as CostDisplay
from .heatmap import MetricHeatmapDisplay as MetricHeatmapDisplay
from .overlay import OverlayDisplay as OverlayDisplay
from .rank import RankDisplay as RankDisplay
from .threshold import ThresholdDisplay as ThresholdDisplay
from .training_curves import TrainingCurveDisplay as TrainingCurveDisplay
