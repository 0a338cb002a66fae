"""Right and wrong pixels over the image: `OverlayDisplay`."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from ..validation import check_images
from .canvas import get_axes, plain_text
from .confusion_colors import OUTCOMES, get_colors, make_legend, opacity

UNLABELLED = -1


class OverlayDisplay:
    """Image with the outcome of every pixel in colour.

    True positives light blue, false negatives magenta, false positives yellow, and true negatives
    as they are: colours that every reader can tell apart, over dark and bright tissue. Or those
    of Figs. 6 and 7 of the EM-stellar paper: yellow, red, blue, and green true negatives.

    Parameters
    ----------
    image : ndarray of shape (height, width), or None
        Grey values in [0, 1]; None where there is no image.
    outcome : ndarray of shape (height, width), int
        Positions in ("true positive", "true negative", "false negative", "false positive");
        ``-1`` where the truth is unknown, which stays uncoloured.
    title : str, default=""

    Attributes
    ----------
    image_ : matplotlib.image.AxesImage
        Its array is the RGB picture.
    legend_ : matplotlib.legend.Legend or None
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.displays import OverlayDisplay
    >>> y_true, y_prob = np.array([[1, 0, 1, 0]]), np.array([[0.9, 0.2, 0.3, 0.8]])
    >>> display = OverlayDisplay.from_predictions(y_true, y_prob)
    >>> display.outcome
    array([[0, 1, 2, 3]])
    """

    def __init__(self, image, outcome, *, title=""):
        self.image = image
        self.outcome = outcome
        self.title = title

    @classmethod
    def from_predictions(
        cls, y_true, y_prob, *, image=None, threshold=0.5, pos_label=None, title="", ax=None, **plot
    ):
        """Draw one prediction.

        Parameters
        ----------
        y_true : array-like of shape (height, width)
            The true mask; its higher label is the foreground, ``-1`` is unknown.
        y_prob : array-like of shape (height, width) or (height, width, n_classes)
            The probability of the foreground, or of each class.
        image : array-like of shape (height, width) or (height, width, channels), optional
            Of several channels, the first is shown.
        threshold : float, default=0.5
            Foreground is what is strictly more probable.
        pos_label : int, optional
            The foreground label in `y_true`; its highest by default.
        title : str, default=""
        ax : matplotlib.axes.Axes, optional
        **plot
            Further arguments of `plot`.

        Returns
        -------
        OverlayDisplay
        """
        y_true, y_prob = np.asarray(y_true), np.asarray(y_prob)
        foreground = y_prob[..., -1] if y_prob.ndim == 3 else y_prob
        if foreground.shape != y_true.shape:
            raise ValueError(
                f"y_prob has height and width {foreground.shape} but y_true has shape "
                f"{y_true.shape}."
            )
        pos_label = max(y_true.max(), 1) if pos_label is None else pos_label
        outcome = _outcome(y_true == pos_label, foreground > threshold)
        if y_true.dtype.kind == "i":
            outcome[y_true == UNLABELLED] = UNLABELLED
        grey = None if image is None else _grey(image)
        return cls(grey, outcome, title=title).plot(ax=ax, **plot)

    @classmethod
    def from_estimator(cls, estimator, X, y, *, index=0, threshold=0.5, title="", ax=None, **plot):
        """Draw the prediction of a fitted segmenter for one image.

        Parameters
        ----------
        estimator : fitted segmenter
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
        y : array-like of shape (n_images, height, width) or sequence of masks
        index : int, default=0
            Which image.
        threshold, title, ax, **plot
            As in `from_predictions`.

        Returns
        -------
        OverlayDisplay
        """
        probability = estimator.predict_proba(X[index : index + 1])[0]
        return cls.from_predictions(
            y[index],
            probability,
            image=X[index],
            threshold=threshold,
            pos_label=estimator.classes_[-1],
            title=title,
            ax=ax,
            **plot,
        )

    @classmethod
    def from_benchmark(
        cls, result, method, *, index=0, subset=None, threshold=None, title=None, ax=None, **plot
    ):
        """Draw the prediction of a method of a benchmark for one image.

        Parameters
        ----------
        result : BenchmarkResult
        method : str
            A segmenter or an ensemble.
        index : int, default=0
            The position of the image in its subset.
        subset : {"validation", "test"}, optional
            As in `BenchmarkResult.probabilities`.
        threshold : float, optional
            What a foreground probability must exceed; by default as the scores have it, 0.5.
        ax, **plot
            As in `from_predictions`.
        title : str, optional
            The method by default.

        Returns
        -------
        OverlayDisplay
        """
        X, y, _ = result.data.scored_on(result.check_subset(subset)).parts
        maps = result.probabilities(method, subset)
        if index not in maps:
            raise ValueError(f"{method!r} has no map of image {index}; it has {sorted(maps)}.")
        return cls.from_predictions(
            y[index],
            maps[index],
            image=None if X is None else X[index],
            threshold=result.plan.threshold if threshold is None else threshold,
            pos_label=result.classes[-1],
            title=method if title is None else title,
            ax=ax,
            **plot,
        )

    def plot(self, ax=None, *, colors="colorblind", alpha=0.4, legend=True):
        """Draw the overlay.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            New ones by default.
        colors : {"colorblind", "paper"} or sequence of four colours, default="colorblind"
            As matplotlib takes them; "none" leaves the image as it is.
        alpha : float, default=0.4
            How opaque colours that have no opacity of their own lie over the image, in [0, 1]; 1
            where there is none.
        legend : bool, default=True
            Whether to say below what the colours mean.

        Returns
        -------
        OverlayDisplay
        """
        height, width = self.outcome.shape
        self.ax_, self.figure_ = get_axes(ax, (4.2, 4.2 * height / width + 0.8))
        self.image_ = self.ax_.imshow(self.picture(colors, alpha), interpolation="nearest")
        self.ax_.set_axis_off()
        self.ax_.set_title(plain_text(self.title))
        self.legend_ = None
        if legend:
            handles = [
                Patch(facecolor=color or "none", edgecolor="0.3", label=name)
                for name, color in make_legend(colors).items()
            ]
            self.legend_ = self.ax_.legend(
                handles=handles,
                loc="upper center",
                bbox_to_anchor=(0.5, -0.02),
                ncols=2,
                frameon=False,
                fontsize="small",
            )
        return self

    def picture(self, colors="colorblind", alpha=0.4):
        """Return the image with its outcomes in colour, pixel by pixel.

        Parameters
        ----------
        colors, alpha
            As in `plot`.

        Returns
        -------
        ndarray of shape (height, width, 3)
            RGB values in [0, 1].
        """
        palette = [get_colors(colors)[name] for name in OUTCOMES]
        rgb = np.array([to_rgb(color) for color in palette])
        opaque = np.array([opacity(color, alpha) for color in palette])
        if self.image is None:
            opaque = np.ceil(opaque)
        opaque = np.where(self.outcome == UNLABELLED, 0, opaque[self.outcome])[..., np.newaxis]
        grey = np.ones(self.outcome.shape) if self.image is None else self.image
        return opaque * rgb[self.outcome] + (1 - opaque) * grey[..., np.newaxis]


def _outcome(truth, predicted):
    return np.select([truth & predicted, ~truth & ~predicted, truth & ~predicted], [0, 1, 2], 3)


def _grey(image):
    """Return the first channel, stretched between its 1st and 99th percentiles."""
    (image,) = check_images(np.asarray(image)[np.newaxis], name="OverlayDisplay")
    grey = image[..., 0].astype("float32")
    low, high = np.percentile(grey, (1, 99))
    return ((grey - low) / max(high - low, np.finfo("float32").tiny)).clip(0, 1)
