"""Which colour stands for which outcome of a pixel."""

OUTCOMES = ("true positive", "true negative", "false negative", "false positive")

# As in Figs. 6 and 7 of the EM-stellar paper.
PAPER = ("#ffff00", "#00ff00", "#ff0000", "#0000ff")

# Okabe and Ito (2008): distinct with every common kind of colour blindness.
COLORBLIND = ("#f0e442", "#56b4e9", "#d55e00", "#0072b2")

PALETTES = {"paper": PAPER, "colorblind": COLORBLIND}


def get_colors(colors):
    """Return the four colours of the outcomes, in the order of `OUTCOMES`.

    Parameters
    ----------
    colors : {"paper", "colorblind"} or sequence of four colours

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
