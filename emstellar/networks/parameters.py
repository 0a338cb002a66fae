"""The parameters that many networks have, and what each may be."""

from typing import Annotated

from emstellar import constraints as c

HEADS = ("paper", "direct")
ACTIVATIONS = ("relu", "prelu", "tlu")

Width = Annotated[float, c.Interval(float, 0, None, closed="neither")]
Dropout = Annotated[float, c.Interval(float, 0, 1)]
Flag = Annotated[bool, c.BOOLEAN]
Head = Annotated[str, c.OneOf(*HEADS)]
Activation = Annotated[str, c.OneOf(*ACTIVATIONS)]
