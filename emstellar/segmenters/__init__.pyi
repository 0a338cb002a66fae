from .keras_segmenter import KerasSegmenter as KerasSegmenter
from .networks import EMNetSegmenter as EMNetSegmenter
from .networks import UNetSegmenter as UNetSegmenter
from .persistence import load as load
from .pixel import PixelSegmenter as PixelSegmenter
from .pixel import RandomForestSegmenter as RandomForestSegmenter
from .scribbles import make_scribbles as make_scribbles
from .voting import VotingSegmenter as VotingSegmenter
