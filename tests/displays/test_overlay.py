import numpy as np
import pytest
from matplotlib.colors import to_rgb

from emstellar.displays import OverlayDisplay
from tests.benchmarking.segmenters import NoisyThreshold

TRUTH = np.array([[1, 0, 1, 0]])
PROBABILITY = np.array([[0.9, 0.2, 0.3, 0.8]])


@pytest.mark.parametrize(
    ("colors", "expected"),
    [
        ("paper", ["yellow", "lime", "red", "blue"]),
        ("colorblind", ["#f0e442", "#56b4e9", "#d55e00", "#0072b2"]),
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
    display = OverlayDisplay.from_predictions(TRUTH, PROBABILITY, image=image, alpha=0.25)
    np.testing.assert_allclose(display.image_.get_array()[0, 0], [0.25, 0.25, 0], atol=1e-6)
    np.testing.assert_allclose(display.image_.get_array()[0, 1], [0.75, 1, 0.75], atol=1e-6)


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
            r"colors must be one of \['paper', 'colorblind'\]",
        ),
    ],
)
def test_wrong_input_is_named(result, call, message):
    with pytest.raises(ValueError, match=message):
        call(result)
