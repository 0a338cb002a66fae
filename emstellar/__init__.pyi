from . import (
    benchmarking as benchmarking,
)
from . import (
    datasets as datasets,
)
from . import (
    displays as displays,
)
from . import (
    inspection as inspection,
)
from . import (
    io as io,
)
from . import (
    losses as losses,
)
from . import (
    metrics as metrics,
)
from . import (
    model_selection as model_selection,
)
from . import (
    networks as networks,
)
from . import (
    optimizers as optimizers,
)
from . import (
    segmenters as segmenters,
)
from . import (
    testing as testing,
)
from . import (
    training as training,
)
from .base import BaseSegmenter as BaseSegmenter
from .base import is_segmenter as is_segmenter
from .benchmarking import BenchmarkResult as BenchmarkResult
from .benchmarking import benchmark as benchmark
from .segmenters import EMNetSegmenter as EMNetSegmenter
from .segmenters import KerasSegmenter as KerasSegmenter
from .segmenters import PixelSegmenter as PixelSegmenter
from .segmenters import RandomForestSegmenter as RandomForestSegmenter
from .segmenters import UNetSegmenter as UNetSegmenter
from .segmenters import VotingSegmenter as VotingSegmenter
from .segmenters import load as load
