import numpy as np
import pytest
from scipy import ndimage
from skimage.feature import multiscale_basic_features
from skimage.measure import label, regionprops
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import f1_score, matthews_corrcoef

from emstellar.datasets import make_em_images


def dice(a, b):
    return 2 * np.sum(a & b) / (np.sum(a) + np.sum(b))


def best_threshold_score(X, y, dark, metric=f1_score):
    """Return the best score of a global threshold after any of several Gaussian blurs."""
    scores = []
    for sigma in (0, 1, 2, 4):
        blurred = ndimage.gaussian_filter(X.astype(float), (0, sigma, sigma))
        for threshold in range(40, 200, 10):
            found = blurred < threshold if dark else blurred > threshold
            scores.append(metric(y.ravel(), found.ravel()))
    return max(scores)


@pytest.mark.parametrize("kind", ["mitochondria", "membranes"])
@pytest.mark.parametrize("shape", [(64, 96), (17, 33), [16, 16]])
def test_shapes_and_types(kind, shape):
    X, y, groups = make_em_images(3, shape, kind=kind, return_groups=True, random_state=0)
    assert X.shape == y.shape == (3, *shape)
    assert X.dtype == y.dtype == np.uint8
    assert set(np.unique(y)) <= {0, 1}
    assert groups.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("n_images", "n_groups", "expected"),
    [(9, None, [0, 0, 0, 1, 1, 1, 2, 2, 2]), (5, 2, [0, 0, 0, 1, 1]), (2, 2, [0, 1])],
)
def test_groups_follow_each_other(n_images, n_groups, expected):
    *_, groups = make_em_images(
        n_images, (16, 16), n_groups=n_groups, return_groups=True, random_state=0
    )
    assert groups.tolist() == expected


def test_same_seed_same_images():
    first, second, other = (make_em_images(2, (48, 48), random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, second)
    assert (first[0] != other[0]).mean() > 0.5
    from_state = [
        make_em_images(2, (48, 48), random_state=np.random.RandomState(3)) for _ in range(2)
    ]
    np.testing.assert_array_equal(*from_state)


def test_without_a_seed_every_call_differs_and_the_global_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    first, second = (make_em_images(1, (32, 32))[0] for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_neighbouring_sections_are_alike_and_groups_are_not():
    _, y, groups = make_em_images(12, return_groups=True, random_state=0)
    alike = [dice(y[i], y[i + 1]) for i in range(11) if groups[i] == groups[i + 1]]
    foreign = [dice(y[i], y[j]) for i in range(12) for j in range(i) if groups[i] != groups[j]]
    # Neighbouring sections of the neuronal data set have a mean Dice overlap of .77.
    assert 0.65 < np.mean(alike) < 0.9
    assert np.mean(foreign) < 0.4


def test_section_spacing():
    overlap = []
    for spacing in (0, 3, 8):
        y = make_em_images(4, n_groups=1, section_spacing=spacing, random_state=0)[1]
        overlap.append(np.mean([dice(y[i], y[i + 1]) for i in range(3)]))
    assert overlap[0] > 0.9 > overlap[1] > overlap[2]


@pytest.mark.parametrize("density", [0.05, 0.15, 0.25])
def test_density(density):
    y = make_em_images(16, n_groups=16, density=density, random_state=0)[1]
    assert y.mean() == pytest.approx(density, rel=0.35)


def test_no_organelles():
    _, y = make_em_images(2, (64, 64), density=0, distractors=0, random_state=0)
    assert y.sum() == 0


def test_radius_sets_the_size_of_mitochondria():
    areas = []
    for radius in (5, 10):
        y = make_em_images(8, n_groups=8, organelle_radius=radius, random_state=0)[1]
        areas.append(np.median([p.area for mask in y for p in regionprops(label(mask))]))
    assert areas[1] > 2 * areas[0]


def test_a_threshold_does_not_find_mitochondria():
    X, y = make_em_images(12, n_groups=12, random_state=0)
    assert best_threshold_score(X, y, dark=True) < 0.72


def test_membranes_are_thin_dark_and_close_cells():
    X, y = make_em_images(6, kind="membranes", random_state=0)
    assert 0.65 < y.mean() < 0.85
    for image, mask in zip(X, y, strict=True):
        assert image[mask == 0].mean() < image[mask == 1].mean() - 20
        assert label(mask, connectivity=1).max() > 10
    assert best_threshold_score(X, y, dark=False) < 0.9


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mitochondria", "membranes"])
def test_a_classifier_of_local_features_beats_the_threshold_on_other_groups(kind):
    X, y, groups = make_em_images(16, kind=kind, return_groups=True, random_state=0)
    features = np.stack([multiscale_basic_features(image, sigma_max=8) for image in X])
    train = groups < 3
    forest = RandomForestClassifier(40, max_samples=0.1, min_samples_leaf=5, random_state=0)
    forest.fit(features[train].reshape(-1, features.shape[-1]), y[train].ravel())
    found = forest.predict(features[~train].reshape(-1, features.shape[-1]))
    # Matthews' coefficient is 0 for a constant answer, whatever the share of the foreground.
    threshold = best_threshold_score(
        X[~train], y[~train], dark=kind == "mitochondria", metric=matthews_corrcoef
    )
    assert matthews_corrcoef(y[~train].ravel(), found) > threshold + 0.05


def residual(image):
    return np.std(image - ndimage.median_filter(image.astype(float), 3))


def test_noise_and_blur():
    def roughness(**parameters):
        X, _ = make_em_images(1, illumination=0, random_state=0, **parameters)
        return residual(X[0])

    assert roughness(noise=0.2) > 1.5 * roughness(noise=0.05) > 1.5 * roughness(noise=0)
    assert roughness(noise=0, blur=0) > 1.5 * roughness(noise=0, blur=2)


def test_illumination_changes_brightness_from_image_to_image():
    spreads = []
    for illumination in (0, 0.5):
        X, _ = make_em_images(
            8, n_groups=1, section_spacing=0, illumination=illumination, random_state=0
        )
        spreads.append(X.mean(axis=(1, 2)).std())
    assert spreads[1] > 5 * spreads[0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_images": 0}, r"'n_images' parameter of make_em_images must be an int in the range"),
        ({"shape": 128}, r"'shape' parameter .* must be a pair \(height, width\)"),
        ({"shape": (8, 8)}, r"'shape' parameter .* Got \(8, 8\) instead"),
        ({"kind": "nuclei"}, r"'kind' parameter .* one of \{'mitochondria', 'membranes'\}"),
        ({"n_groups": 0}, "'n_groups' parameter"),
        ({"n_images": 2, "n_groups": 3}, "n_groups=3 is greater than n_images=2"),
        ({"density": 0.9}, r"'density' parameter .* must be a float in the range \[0, 0.5\]"),
        ({"organelle_radius": 1}, "'organelle_radius' parameter"),
        ({"size_spread": 2}, "'size_spread' parameter"),
        ({"cell_size": 1}, "'cell_size' parameter"),
        ({"distractors": -1}, "'distractors' parameter"),
        ({"section_spacing": -1}, "'section_spacing' parameter"),
        ({"noise": -0.1}, "'noise' parameter"),
        ({"blur": "much"}, "'blur' parameter"),
        ({"illumination": 1.5}, "'illumination' parameter"),
        ({"random_state": "seed"}, "'random_state' parameter .* Got 'seed' instead"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_em_images(**parameters)
