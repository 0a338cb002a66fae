"""What the parameters that many networks have may be."""

from emstellar import constraints as c

WIDTH = [c.Interval(float, 0, None, closed="neither")]
DROPOUT = [c.Interval(float, 0, 1)]
HEAD = [c.OneOf("paper", "direct")]
ACTIVATION = [c.OneOf("relu", "prelu", "tlu")]
