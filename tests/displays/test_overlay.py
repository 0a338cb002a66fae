import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from emstellar.displays import OverlayDisplay
from tests.benchmarking.segmenters import NoisyThreshold

TRUTH = np.array([[1, 0, 1, 0]])
PROBABILITY = np.array([[0.9, 0.2, 0.3, 0.8]])


@pytest.mark.parametrize(
    ("colors", "expected"),
    [
        ("paper", ["yellow", "lime", "red", "blue"]),
        ("colorblind", ["#56b4e9", "white", "magenta", "yellow"]),
        (["k", "w", "c", "m"], ["k", "w", "c", "m"]),
    ],
)
def test_outcomes_have_the_colours_of_the_paper_or_of_the_reader(colors, expected):
    display = OverlayDisplay.from_predictions(TRUTH, PROBABILITY, colors=colors)
    np.testing.assert_allclose(
        display.image_.get_array()[0], [to_rgb(color) for color in expected], atol=1e-6
    )


def test_the_legend_names_the_colours():
    display = OverlayDisplay.from_predictions(TRUTH, PROBABILITY)
    texts = [text.get_text() for text in display.legend_.get_texts()]
    assert texts == ["true positive", "true negative", "false negative", "false positive"]
    assert OverlayDisplay.from_predictions(TRUTH, PROBABILITY, legend=False).legend_ is None


@pytest.mark.parametrize("truth", [TRUTH * 255, TRUTH.astype(bool), TRUTH + 1])
def test_the_higher_label_is_the_foreground(truth):
    display = OverlayDisplay.from_predictions(truth, PROBABILITY)
    assert display.outcome.tolist() == [[0, 1, 2, 3]]


def test_maps_of_all_classes_and_other_thresholds():
    both = np.stack([1 - PROBABILITY, PROBABILITY], axis=-1)
    assert OverlayDisplay.from_predictions(TRUTH, both).outcome.tolist() == [[0, 1, 2, 3]]
    display = OverlayDisplay.from_predictions(TRUTH, both, threshold=0.25)
    assert display.outcome.tolist() == [[0, 1, 0, 3]]


def test_a_mask_without_foreground():
    display = OverlayDisplay.from_predictions(TRUTH * 0, PROBABILITY)
    assert display.outcome.tolist() == [[3, 1, 1, 3]]


def test_unlabelled_pixels_keep_the_image():
    truth = np.array([[1, -1, 1, 0]])
    image = np.array([[0.0, 0.5, 0.0, 1.0]])
    display = OverlayDisplay.from_predictions(truth, PROBABILITY, image=image)
    assert display.outcome.tolist() == [[0, -1, 2, 3]]
    pixel = display.image_.get_array()[0, 1]
    assert pixel[0] == pixel[1] == pixel[2]


def test_the_image_shines_through():
    image = np.array([[0.0, 1.0, 0.0, 1.0]])
    display = OverlayDisplay.from_predictions(
        TRUTH, PROBABILITY, image=image, alpha=0.25, colors="paper"
    )
    np.testing.assert_allclose(display.image_.get_array()[0, 0], [0.25, 0.25, 0], atol=1e-6)
    np.testing.assert_allclose(display.image_.get_array()[0, 1], [0.75, 1, 0.75], atol=1e-6)


# What is seen without red, green or blue cones: Machado, Oliveira and Fernandes (2009), A
# physiologically-based model for simulation of color vision deficiency, severity 1, linear RGB.
SEEN = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def see(rgb, matrix):
    """Return the CIELAB colours that are seen."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.transpose(matrix), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb2lab(encoded)


@pytest.mark.parametrize("eyes", SEEN)
def test_every_reader_can_tell_the_outcomes_apart_over_every_grey(eyes):
    greys = np.linspace(0.1, 0.9, 9)
    outcome = np.repeat([[0], [1], [2], [3]], len(greys), axis=1)
    picture = OverlayDisplay(np.tile(greys, (4, 1)), outcome).picture()
    found, tissue, missed, added = see(picture, SEEN[eyes])

    def nearest(one, other):
        return deltaE_ciede2000(one[:, None], other[None]).min()

    # A difference of 2 is just seen side by side, one of 10 at a glance. Errors may not be taken
    # for anything else, whatever the greys beneath; what is found is to be seen on each grey.
    assert nearest(missed, added) > 20
    assert min(nearest(error, tissue) for error in (missed, added)) > 10
    assert min(nearest(error, found) for error in (missed, added)) > 10
    assert deltaE_ciede2000(found, tissue).min() > 5


def test_true_negatives_keep_the_tissue_and_errors_are_bright_on_dark_membranes():
    image, outcome = np.array([[0.1, 0.1, 0.1, 0.1]]), np.array([[0, 1, 2, 3]])
    found, tissue, missed, added = OverlayDisplay(image, outcome).picture()[0]
    np.testing.assert_allclose(tissue, 0.1)
    assert min(missed.max(), added.max()) > 0.7
    assert found.max() < 0.4


def test_from_estimator_equals_from_predictions():
    rng = np.random.default_rng(0)
    y = (np.arange(64).reshape(1, 8, 8) % 8 < 4).astype("uint8").repeat(2, axis=0)
    X = y + rng.normal(scale=0.4, size=y.shape)
    segmenter = NoisyThreshold().fit(X, y)
    display = OverlayDisplay.from_estimator(segmenter, X, y, index=1)
    expected = OverlayDisplay.from_predictions(y[1], segmenter.predict_proba(X)[1])
    np.testing.assert_array_equal(display.outcome, expected.outcome)


def test_from_benchmark_shows_the_held_out_image(result):
    display = OverlayDisplay.from_benchmark(result, "blunt", subset="validation", index=3)
    maps = result.probabilities("blunt", "validation")
    expected = OverlayDisplay.from_predictions(result.data.y[3], maps[3])
    np.testing.assert_array_equal(display.outcome, expected.outcome)
    assert display.ax_.get_title() == "blunt"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: OverlayDisplay.from_predictions(TRUTH, PROBABILITY.T), "y_prob has height"),
        (lambda r: OverlayDisplay.from_benchmark(r, "blunt", index=9), "no map of image 9"),
        (
            lambda r: OverlayDisplay.from_predictions(TRUTH, PROBABILITY, colors="papr"),
            r"colors must be one of \['colorblind', 'paper'\]",
        ),
    ],
)
def test_wrong_input_is_named(result, call, message):
    with pytest.raises(ValueError, match=message):
        call(result)
