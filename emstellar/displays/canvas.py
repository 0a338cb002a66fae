"""Axes to draw on, without a word to pyplot where the caller has none."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

# Points by which a label may move down.
MAX_DROP = 200


def get_axes(ax, figsize):
    """Return `ax`, or new axes on a figure of that size in inches, and their figure."""
    if ax is None:
        _, ax = plt.subplots(figsize=figsize, layout="constrained")
    return ax, ax.get_figure()


def plain_text(name):
    r"""Return a name so that a figure shows it as it is.

    Between two dollars matplotlib would read a formula, and fail where there is none.

    Examples
    --------
    >>> from emstellar.displays.canvas import plain_text
    >>> print(plain_text("costs 3$ to 5$"))
    costs 3\$ to 5\$
    """
    return str(name).replace("$", r"\$")


def chart_size(n_points):
    """Return width and height in inches of a chart with a label beside each of its points."""
    return (6.4, 4.4) if n_points <= 8 else (8.6, 6.0)


def write_plain_numbers(axis, low, high):
    """Mark a logarithmic axis with numbers as people write them, two or more to be seen.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
    low, high : float
        The ends of the axis.
    """
    subs = (1,) if high / low > 1000 else (1, 2, 5) if high / low > 5 else range(1, 10)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def label_points(ax, x, y, texts, radii=None):
    """Write a label beside each point, moved down where it would cover another or a point.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x, y : array-like of shape (n_points,)
        In data coordinates.
    texts : sequence of str
    radii : array-like of shape (n_points,), optional
        Radii of the markers, in points.

    Returns
    -------
    list of matplotlib.text.Annotation
    """
    # Limits and layout are settled by drawing; before, no label has a place to be measured at.
    ax.get_figure().draw_without_rendering()
    radii = np.zeros(len(x)) if radii is None else np.asarray(radii)
    points = np.column_stack([x, y])
    pixels = ax.transData.transform(points)
    halves = np.maximum(radii * ax.get_figure().dpi / 72, 3)
    taken = [
        Bbox.from_bounds(*(pixel - half), 2 * half, 2 * half)
        for pixel, half in zip(pixels, halves, strict=True)
    ]
    labels = [None] * len(points)
    # From the top down, so that a label gives way to those above it only.
    for i in np.argsort(-points[:, 1], kind="stable"):
        # Labels of points on the right stand on their left, inside the axes.
        side = 1 if ax.transAxes.inverted().transform(pixels[i])[0] < 0.6 else -1
        labels[i] = ax.annotate(
            plain_text(texts[i]),
            points[i],
            (side * (radii[i] + 5), 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize="small",
            annotation_clip=False,
            # Lines end at a label instead of running through it.
            path_effects=[withStroke(linewidth=3, foreground=ax.get_facecolor())],
        )
        # Else the layout would make room for it, and move what was measured.
        labels[i].set_in_layout(False)
        taken.append(_make_room(labels[i], taken))
    return labels


def _make_room(label, taken):
    """Move a label down until it covers no other; return where it is."""
    across, _ = label.xyann
    for drop in range(0, MAX_DROP, 2):
        label.xyann = (across, -drop)
        box = label.get_window_extent()
        if not any(box.overlaps(other) for other in taken):
            break
    if drop:
        line = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6}
        offset = (across, -drop)
        label.axes.annotate("", label.xy, offset, textcoords="offset points", arrowprops=line)
    return box
