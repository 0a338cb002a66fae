"""Which colour stands for which outcome of a pixel."""

from matplotlib.colors import to_hex, to_rgba

OUTCOMES = ("true positive", "true negative", "false negative", "false positive")

# As in Figs. 6 and 7 of the EM-stellar paper.
PAPER = ("#ffff00", "#00ff00", "#ff0000", "#0000ff")

# Found tissue lightly blue, the rest as it is, so that membranes stay to be seen; errors nearly
# opaque, and bright, since most lie on dark pixels. Over every grey the three differ for readers
# without red, green or blue cones (simulated after Machado et al., 2009).
COLORBLIND = ("#56b4e94d", "none", "#ff00ffbf", "#ffff00bf")

PALETTES = {"colorblind": COLORBLIND, "paper": PAPER}


def get_colors(colors):
    """Return the four colours of the outcomes, in the order of `OUTCOMES`.

    Parameters
    ----------
    colors : {"colorblind", "paper"} or sequence of four colours
        As matplotlib takes them; "none" colours nothing, and a colour may have an opacity.

    Raises
    ------
    ValueError
        For an unknown name or another number of colours.

    Examples
    --------
    >>> from emstellar.displays.confusion_colors import get_colors
    >>> get_colors("paper")["true positive"]
    '#ffff00'
    """
    palette = PALETTES.get(colors) if isinstance(colors, str) else tuple(colors)
    if palette is None or len(palette) != len(OUTCOMES):
        raise ValueError(
            f"colors must be one of {list(PALETTES)} or four colours for {list(OUTCOMES)}, "
            f"got {colors!r}."
        )
    return dict(zip(OUTCOMES, palette, strict=True))


def opacity(color, otherwise):
    """Return how opaque a colour is: its own opacity if it has one, else `otherwise`.

    Examples
    --------
    >>> from emstellar.displays.confusion_colors import opacity
    >>> opacity("red", 0.4), opacity("none", 0.4), opacity("#ff000080", 0.4)
    (0.4, 0.0, 0.501...)
    """
    own = to_rgba(color)[3]
    return otherwise if own == 1 else own


def make_legend(colors):
    """Return for each outcome its colour without opacity, None for what is not coloured.

    Examples
    --------
    >>> from emstellar.displays.confusion_colors import make_legend
    >>> make_legend(["red", "none", "#0000ff80", "k"])["true negative"] is None
    True
    """
    return {
        name: to_hex(color) if to_rgba(color)[3] else None
        for name, color in get_colors(colors).items()
    }
