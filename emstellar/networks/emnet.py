"""EM-net: seven variants, one builder, one table."""

from dataclasses import dataclass
from typing import Annotated

from emstellar.constraints import OneOf, check_option

from .bricks import ascend, convolve, convolve_all, drop, finish, pool
from .construction import network, scale_filters
from .later import keras, layers
from .parameters import Activation, Dropout, Head, Width

N_LEVELS = 4


@dataclass(frozen=True)
class Unit:
    """One unit: its kind, its filters relative to those of its level, and whether it has BN."""

    kind: str
    multiplier: float = 1
    batch_norm: bool = False


@dataclass(frozen=True)
class Variant:
    """What makes a variant. Filters double from level to level, the bottom is the fifth.

    `levels` are the units of every level in their order, `kept` the positions of those that are
    joined and pooled; the last unit of a level is its skip. `bottom` holds the branches of the
    bottom, whose units are relative to a quarter of the fifth level's filters (so that they read
    as in the authors' code), and `kept_at_bottom` the positions joined in each. Without branches
    the bottom is two plain convolutions.
    """

    filters: int
    levels: tuple[Unit, ...]
    kept: tuple[int, ...]
    bottom: tuple[tuple[Unit, ...], ...] = ()
    kept_at_bottom: tuple[int, ...] = (-1,)
    dropped: tuple[str, ...] = ()
    decoder_multiplier: float = 1


def _short(multiplier=1, batch_norm=False):
    return Unit("short", multiplier, batch_norm)


def _wide(multiplier=1):
    return Unit("wide", multiplier)


_WIDE_BOTTOM = ((_short(), _short()), (_wide(), _short()))

EM_NET_VARIANTS = {
    "v1-bn": Variant(
        filters=16,
        levels=(_short(1, True), _short(1, True)),
        kept=(0, 1),
        bottom=((_short(1, True), _short(1, True)),) * 2,
        dropped=("pool 4",),
    ),
    "v1-bn-2x": Variant(
        filters=16,
        levels=(_short(1, True), _short(0.5, True)) * 2,
        kept=(1, 3),
        bottom=((_short(2, True),) * 4,),
        kept_at_bottom=(1, 3),
    ),
    "v1-2x": Variant(
        filters=16,
        levels=(_short(), _wide()),
        kept=(0, 1),
        bottom=_WIDE_BOTTOM,
        dropped=("pool 4",),
    ),
    "v1-4x": Variant(
        filters=32,
        levels=(_short(), _wide()),
        kept=(0, 1),
        bottom=_WIDE_BOTTOM,
        dropped=("pool 4", "bottom"),
    ),
    "v2": Variant(
        filters=16,
        levels=(_wide(), _wide()),
        kept=(1,),
        bottom=((_short(1, True), _wide()), (_wide(), _short(1, True))),
    ),
    "v2-2x": Variant(
        filters=16,
        levels=(_wide(), _wide(2)),
        kept=(1,),
        bottom=((_short(1, True), _wide(2)), (_wide(), _short(2, True))),
    ),
    "v2-4x": Variant(
        filters=32,
        levels=(Unit("dense"),),
        kept=(0,),
        dropped=("units", "bottom"),
        decoder_multiplier=0.5,
    ),
}


@network(
    size_multiple=16,
    methods={
        "emnet-v1-bn": ("EM-net V1 BN", {"variant": "v1-bn"}),
        "emnet-v1-bn-2x": ("EM-net V1 BN 2X", {"variant": "v1-bn-2x"}),
        "emnet-v1-2x": ("EM-net V1 2X", {"variant": "v1-2x"}),
        "emnet-v1-4x": ("EM-net V1 4X", {"variant": "v1-4x"}),
        "emnet-v2": ("EM-net V2", {"variant": "v2"}),
        "emnet-v2-2x": ("EM-net V2 2X", {"variant": "v2-2x"}),
        "emnet-v2-4x": ("EM-net V2 4X", {"variant": "v2-4x"}),
    },
    published=[
        ({"variant": "v1-bn"}, 5_394_649, 7_300),
        ({"variant": "v1-bn-2x"}, 6_797_801, 10_276),
        ({"variant": "v1-2x"}, 7_010_377, 2_884),
        ({"variant": "v1-4x"}, 28_012_681, 5_764),
        ({"variant": "v2"}, 7_576_201, 3_652),
        ({"variant": "v2-2x"}, 14_871_977, 4_036),
        ({"variant": "v2-4x"}, 33_827_209, 3_844),
    ],
)
def build_em_net(
    input_shape,
    n_outputs,
    *,
    variant: Annotated[str, OneOf(*EM_NET_VARIANTS)] = "v1-bn",
    width: Width = 1.0,
    activation: Activation = "tlu",
    dropout: Dropout = 0.5,
    head: Head = "paper",
):
    """Build one of the seven EM-nets.

    Parameters
    ----------
    input_shape : tuple of (int or None, int or None, int)
        Height, width and number of channels of the images; height and width multiples of 16.
    n_outputs : int
        1 gives the probability of the foreground, more give those of as many classes.
    variant : {"v1-bn", "v1-bn-2x", "v1-2x", "v1-4x", "v2", "v2-2x", "v2-4x"}, default="v1-bn"
        Which of the study's base classifiers. The names are the authors'; "2x" and "4x" have no
        single meaning, see `emstellar.networks.EM_NET_VARIANTS`.
    width : float, default=1.0
        Factor of all numbers of filters; 1 is the paper's network.
    activation : {"tlu", "prelu", "relu", "linear"}, default="tlu"
        In the units of the encoder; the trainable linear unit is the study's. Decoder and head
        always have ReLU, and so has the bottom of "v2-4x".
    dropout : float, default=0.5
        Share of the channels dropped, in training, where the variant drops any. In [0, 1).
    head : {"paper", "direct"}, default="paper"
        "paper" squeezes the last features into two channels with an activation, which can be dead
        from the start and take many steps to become confident; "direct" leaves these two out, and
        learns faster.

    Returns
    -------
    keras.Model
        From images (n, height, width, n_channels) to probabilities (n, height, width, n_outputs).

    References
    ----------
    Khadangi, Boudier, Rajagopal (2021), EM-net: deep learning for electron microscopy image
    segmentation, ICPR 2020, 31-38.

    Examples
    --------
    >>> from emstellar.networks import build_em_net
    >>> model = build_em_net((32, 32, 1), 1, width=1 / 8, variant="v2")
    >>> model.output_shape
    (None, 32, 32, 1)
    """
    check_option("variant", variant, EM_NET_VARIANTS)
    row = EM_NET_VARIANTS[variant]
    apply = _UnitBuilder(width, activation, dropout if "units" in row.dropped else 0)
    filters = [row.filters * 2**level for level in range(N_LEVELS + 1)]
    inputs = x = keras.Input(input_shape)
    skips = []
    for n in filters[:-1]:
        units = apply.chain(x, row.levels, n)
        skips.append(units[-1])
        x = pool(_join([units[i] for i in row.kept]))
    x = drop(x, dropout if "pool 4" in row.dropped else 0, channels=True)
    x = _bottom(x, row, apply, filters[-1])
    x = drop(x, dropout if "bottom" in row.dropped else 0, channels=True)
    up = [scale_filters(n, width) for n in filters[:0:-1]]
    after = [scale_filters(n * row.decoder_multiplier, width) for n in filters[:0:-1]]
    x = ascend(x, skips[::-1], after, up_filters=up)
    outputs = finish(x, n_outputs, head)
    return keras.Model(inputs, outputs, name=f"em_net_{variant.replace('-', '_')}")


def _bottom(x, row, apply, filters):
    if not row.bottom:
        plain = {"batch_norm": False, "activation": "relu"}
        return convolve_all(x, [scale_filters(2 * filters, apply.width)] * 2, **plain)
    branches = [apply.chain(x, units, filters // 4) for units in row.bottom]
    return _join([branch[i] for branch in branches for i in row.kept_at_bottom])


def _join(tensors):
    return layers.Concatenate()(tensors) if len(tensors) > 1 else tensors[0]


class _UnitBuilder:
    """Applies units with the settings that all units of one network share."""

    def __init__(self, width, activation, dropout):
        self.width = width
        self.activation = activation
        self.dropout = dropout

    def chain(self, x, units, filters):
        """Apply the units one after the other; return the output of each."""
        outputs = []
        for unit in units:
            x = getattr(self, unit.kind)(x, filters * unit.multiplier, unit.batch_norm)
            outputs.append(x)
        return outputs

    def short(self, x, filters, batch_norm):
        """Three convolutions; the first and the last are joined."""
        first = self._convolve(x, filters, batch_norm)
        second = self._convolve(first, filters, batch_norm)
        return _join([first, self._convolve(second, filters, batch_norm)])

    def wide(self, x, filters, batch_norm):
        """Wide, narrow, wide, narrow; the narrow ones are joined."""
        first = self._narrow(x, filters, batch_norm)
        return _join([first, self._narrow(first, filters, batch_norm)])

    def dense(self, x, filters, batch_norm):
        """Each convolution joined with what came before, then dropout of channels."""
        wide = self._convolve(x, 2 * filters, batch_norm)
        joined = _join([wide, self._convolve(wide, filters, batch_norm)])
        x = _join([joined, self._convolve(joined, filters, batch_norm)])
        return drop(x, self.dropout, channels=True)

    def _narrow(self, x, filters, batch_norm):
        return self._convolve(self._convolve(x, 2 * filters, batch_norm), filters, batch_norm)

    def _convolve(self, x, filters, batch_norm):
        filters = scale_filters(filters, self.width)
        return convolve(x, filters, batch_norm=batch_norm, activation=self.activation)
