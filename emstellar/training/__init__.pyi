from .augmentation import get_augmentation as get_augmentation
from .callbacks import BestEpoch as BestEpoch
from .callbacks import EpochLog as EpochLog
from .callbacks import ValidationScores as ValidationScores
from .normalization import Normalization as Normalization
from .patches import PatchBatches as PatchBatches
from .schedules import get_schedule as get_schedule
