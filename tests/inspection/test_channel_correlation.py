import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import pearsonr
from sklearn.exceptions import NotFittedError

from emstellar import RandomForestSegmenter
from emstellar.inspection import FeatureCorrelation, channel_correlation, feature_correlation
from emstellar.testing import make_check_images
from tests.segmenters.small import small_segmenter

pytestmark = pytest.mark.backend


def two_levels(input_shape, n_outputs):
    inputs = keras.Input(input_shape)
    fine = keras.layers.Conv2D(4, 3, padding="same", activation="tanh", name="fine")(inputs)
    x = keras.layers.MaxPooling2D()(fine)
    x = keras.layers.Conv2D(5, 3, padding="same", name="coarse")(x)
    x = keras.layers.ReLU(name="active")(keras.layers.BatchNormalization(name="normal")(x))
    x = keras.layers.Concatenate()([fine, keras.layers.UpSampling2D()(x)])
    x = keras.layers.Conv2D(3, 3, padding="same", activation="tanh", name="joined")(x)
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


BLOCKS = {"B1": "fine", "B2": "active", "B3": "joined"}


@pytest.fixture(scope="module")
def images():
    return make_check_images(3)


@pytest.fixture(scope="module")
def fitted(images):
    return small_segmenter(two_levels, size_multiple=2, epochs=1).fit(*images)


def compute_maps(segmenter, X, names):
    """Return all maps at the size of the images, one row per pixel, without our reader."""
    model = segmenter.model_
    maps = keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    batch = np.stack([segmenter.normalization_(image[..., np.newaxis]) for image in X])
    rows = []
    for values in maps([batch], training=False):
        values = keras.ops.convert_to_numpy(values)
        factor = batch.shape[1] // values.shape[1]
        rows.append(values.repeat(factor, axis=1).repeat(factor, axis=2))
    return np.concatenate(rows, axis=-1).reshape(-1, sum(r.shape[-1] for r in rows))


def test_all_pixels_give_the_correlations_of_numpy(fitted, images):
    X, _ = images
    expected = np.corrcoef(compute_maps(fitted, X, BLOCKS.values()), rowvar=False)
    found = feature_correlation(fitted, X, BLOCKS, n_pixels=None)
    assert found.n_pixels == X.size
    constant = found.channels["constant"].to_numpy()
    assert_array_equal(np.isnan(found.matrix[0]), constant)
    kept = np.ix_(~constant, ~constant)
    assert_allclose(found.matrix[kept], expected[kept], atol=1e-5)


def test_blocks_are_found_without_being_named(fitted, images):
    found = feature_correlation(fitted, images[0], random_state=0)
    layers = found.channels.groupby("block", sort=False)["layer"].unique()
    assert layers["B1"].tolist() == ["fine"]
    assert layers["B2"].tolist() == ["active"]
    assert layers["B3"].tolist()[0] == "joined"
    assert len(layers["B3"]) == 2
    everything = feature_correlation(fitted, images[0], layers="all", random_state=0)
    names = everything.channels.query("block == 'B2'")["layer"].unique()
    assert names.tolist() == ["coarse", "normal", "active"]


def test_small_batches_give_what_one_batch_gives(fitted, images):
    one, three = (
        feature_correlation(fitted, images[0], batch_size=n, random_state=0) for n in (1, 3)
    )
    assert_allclose(one.matrix, three.matrix, atol=1e-4)
    assert_allclose(one.summary["mean_abs"], three.summary["mean_abs"], atol=1e-4)


def test_images_of_any_size(fitted, images):
    X = [images[0][0], np.random.default_rng(0).normal(size=(21, 33)), images[0][1]]
    assert feature_correlation(fitted, X, n_pixels=90, random_state=0).n_pixels == 90
    assert feature_correlation(fitted, X[1:2], n_pixels=None).n_pixels == 21 * 33


def test_of_large_images_a_tile_is_seen(fitted, images, monkeypatch):
    monkeypatch.setattr(fitted, "tile_size", (8, 6))
    assert feature_correlation(fitted, images[0], n_pixels=None).n_pixels == 3 * 8 * 6


def test_in_mixed_precision_values_are_read_as_float32(images):
    segmenter = small_segmenter(
        two_levels, size_multiple=2, epochs=1, precision="mixed_bfloat16"
    ).fit(*images)
    found = feature_correlation(segmenter, images[0], BLOCKS, random_state=0)
    expected = np.corrcoef(
        compute_maps(segmenter, images[0], BLOCKS.values()).astype("float64"), rowvar=False
    )
    constant = found.channels["constant"].to_numpy()
    kept = np.ix_(~constant, ~constant)
    # Maps computed in other batches differ by roundings of bfloat16, which has 8 bits.
    assert_allclose(found.matrix[kept], expected[kept], atol=2**-8)


def test_the_seed_decides_the_pixels(fitted, images):
    first, second, third = (
        feature_correlation(fitted, images[0], n_pixels=60, random_state=s).matrix
        for s in (0, 0, 1)
    )
    assert_array_equal(first, second)
    assert not np.array_equal(first, third, equal_nan=True)


def test_a_dead_channel_is_counted_and_left_out(fitted, images):
    layer = fitted.model_.get_layer("fine")
    before = layer.get_weights()
    kernel, bias = (weight.copy() for weight in before)
    kernel[..., 1] = 0
    layer.set_weights([kernel, bias])
    found = feature_correlation(fitted, images[0], {"B1": "fine"}, random_state=0)
    layer.set_weights(before)
    assert found.channels["constant"].tolist() == [False, True, False, False]
    assert found.summary.loc[("B1", "B1"), "n_pairs"] == 3
    assert np.isnan(found.strongest.loc[1, "B1"])


def test_the_network_is_left_as_it_was(fitted, images):
    before = fitted.predict_proba(images[0])
    feature_correlation(fitted, images[0], random_state=0)
    assert_array_equal(fitted.predict_proba(images[0]), before)
    assert fitted.model_.get_layer("fine").output.shape[-1] == 4


def make_values():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 9)) + rng.normal(size=(50, 9))
    return values.astype("float32"), ["A"] * 4 + ["B"] * 5


@pytest.mark.parametrize("chunk", [1024, 2])
def test_tables_hold_the_correlations_of_scipy(chunk, monkeypatch):
    monkeypatch.setattr(channel_correlation, "CHUNK", chunk)
    values, blocks = make_values()
    found = FeatureCorrelation.from_values(values, blocks)
    r = np.array([[pearsonr(a, b).statistic for a in values.T] for b in values.T])
    expected = {
        ("A", "A"): r[:4, :4][np.triu_indices(4, 1)],
        ("A", "B"): r[:4, 4:].ravel(),
        ("B", "B"): r[4:, 4:][np.triu_indices(5, 1)],
    }
    assert_allclose(found.matrix, r, atol=1e-6)
    for pair, correlations in expected.items():
        row = found.summary.loc[pair]
        assert row["n_pairs"] == len(correlations)
        moments = [correlations.mean(), correlations.std(), np.abs(correlations).mean()]
        assert_allclose(row[["mean", "std", "mean_abs"]], moments, atol=1e-6)
        counts, _ = np.histogram(correlations, np.linspace(-1, 1, 201))
        assert_array_equal(found.histograms.loc[pair], counts)
    np.fill_diagonal(r, 0)
    assert_allclose(found.strongest["A"], np.abs(r[:, :4]).max(axis=1), atol=1e-6)
    assert_allclose(found.strongest["B"], np.abs(r[:, 4:]).max(axis=1), atol=1e-6)


def test_quantiles_are_exact_to_a_bin():
    values = np.random.default_rng(1).normal(size=(30, 60))
    found = FeatureCorrelation.from_values(values, ["A"] * 60)
    r = np.corrcoef(values, rowvar=False)[np.triu_indices(60, 1)]
    quantiles = found.summary.loc[("A", "A"), ["q05", "q25", "median", "q75", "q95"]]
    assert_allclose(quantiles, np.quantile(r, [0.05, 0.25, 0.5, 0.75, 0.95]), atol=0.01)


def test_the_matrix_is_kept_on_request_or_if_small(monkeypatch):
    values, blocks = make_values()
    assert FeatureCorrelation.from_values(values, blocks, matrix=False).matrix is None
    monkeypatch.setattr(channel_correlation, "SMALL", 8)
    assert FeatureCorrelation.from_values(values, blocks).matrix is None
    assert FeatureCorrelation.from_values(values, blocks, matrix=True).matrix.shape == (9, 9)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"layers": "some"}, "layers must be 'features' or 'all', got 'some'"),
        ({"n_pixels": 1}, "n_pixels must be None or at least 2, got 1"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"matrix": "yes"}, "matrix must be 'auto', True or False, got 'yes'"),
    ],
)
def test_wrong_parameters(fitted, images, parameters, message):
    with pytest.raises(ValueError, match=message):
        feature_correlation(fitted, images[0], **parameters)


def test_wrong_segmenters_and_images(fitted, images):
    X, y = images
    with pytest.raises(NotFittedError, match="not fitted yet"):
        feature_correlation(small_segmenter(), X)
    forest = RandomForestSegmenter(2, random_state=0).fit(X, y)
    with pytest.raises(TypeError, match=r"model_ is a functional.*got RandomForestSegmenter"):
        feature_correlation(forest, X)
    with pytest.raises(ValueError, match="expecting 1 features as input"):
        feature_correlation(fitted, np.zeros((1, 8, 8, 2)))
