"""A table of wrong input: what is given, which error it is, and what its message says."""

import zipfile

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

import emstellar
from emstellar import (
    EMNetSegmenter,
    KerasSegmenter,
    PixelSegmenter,
    RandomForestSegmenter,
    UNetSegmenter,
    VotingSegmenter,
    datasets,
    io,
    metrics,
    segmenters,
)
from emstellar.constraints import InvalidParameterError
from emstellar.testing import make_check_images

X, Y = make_check_images()
P = Y * 0.8 + 0.1
FOREST = RandomForestSegmenter(2, max_samples=100, random_state=0)
RGB = np.stack([X] * 3, axis=-1)


@pytest.fixture(autouse=True)
def no_network_is_built(monkeypatch):
    """Whatever is wrong must be said before a weight is built."""

    def refuse(self, input_shape, n_outputs):
        raise AssertionError("a network was built before the input was judged")

    for name in segmenters.__all__:
        if hasattr(getattr(segmenters, name), "build_network"):
            monkeypatch.setattr(getattr(segmenters, name), "build_network", refuse)


def _with(array, value):
    array = array.astype("float64")
    array[1, 2, 3] = value
    return array


def _all_weight_on_unlabelled_pixels():
    y = Y.copy()
    y[:, ::2] = -1
    return X, y, (y == -1).astype(float)


DATA = [
    ((X[0], Y[0]), ValueError, r"got 2D array with shape \(32, 32\) .* Reshape your data using"),
    ((X[0, 0], Y), ValueError, "Expected 3D or 4D array, got 1D array"),
    ((X[..., None, None], Y), ValueError, "Expected 3D or 4D array, got 5D array"),
    ((_with(X, np.nan), Y), ValueError, "Input X contains NaN"),
    ((_with(X, -np.inf), Y), ValueError, "Input X contains infinity"),
    ((X * 1j, Y), ValueError, "Complex data not supported"),
    ((["a.tif", "b.tif"], Y), ValueError, "not compatible with arrays of bytes/strings"),
    ((X[:0], Y[:0]), ValueError, r"Found array with 0 sample\(s\)"),
    (([], []), ValueError, r"Found array with 0 sample\(s\)"),
    ((X[:, :, :0], Y[:, :, :0]), ValueError, "images without pixels"),
    (([X[0], RGB[1]], Y[:2]), ValueError, r"number of channels: X\[0\] has 1, X\[1\] has 3"),
    ((X, None), ValueError, "requires y to be passed, but the target y is None"),
    ((X, Y[:3]), ValueError, r"inconsistent numbers of samples: \[4, 3\]"),
    ((X, Y[:, :30]), ValueError, r"X\[0\] has height and width \(32, 32\) but y\[0\] .*\(30, 32\)"),
    ((X, np.stack([1 - Y, Y], axis=-1)), ValueError, "y looks one-hot encoded"),
    ((X, P), ValueError, "Unknown label type: continuous"),
    ((X, np.where(Y, "cell", "none")), ValueError, "Unknown label type: <U4"),
    ((X, _with(Y, np.nan)), ValueError, "Input y contains NaN"),
    ((X, np.zeros_like(Y)), ValueError, r"2 classes in the data, .* only one class: 0"),
    ((X, np.full_like(Y, -1)), ValueError, "needs samples of at least 2 classes"),
    ((X, Y, np.ones(5)), ValueError, r"sample_weight.shape\[0\] == 5, expected 4!"),
    ((X, Y, np.ones((4, 8, 8))), ValueError, r"sample_weight\[0\] has shape \(8, 8\)"),
    ((X, Y, -np.ones(4)), ValueError, "negative weights"),
    ((X, Y, np.zeros(4)), ValueError, "All weights in sample_weight are zero"),
    (_all_weight_on_unlabelled_pixels(), ValueError, "zero weight in sample_weight"),
    ((X, _with(Y, np.inf)), ValueError, "Input y contains infinity"),
    ((X, Y, _with(np.ones_like(X), np.nan)), ValueError, "sample_weight contains NaN"),
    ((X, Y, _with(np.ones_like(X), np.inf)), ValueError, "sample_weight contains infinity"),
    ((np.ma.masked_less(X, X.mean()), Y), ValueError, "masked array with"),
    ((np.full(X.shape, 1e300), Y), ValueError, "values lie between"),
    ((csr_array(X[0]), Y), TypeError, "Sparse data was passed"),
    ((None, Y), ValueError, "."),
    ((X.astype("M8[s]"), Y), ValueError, "X holds times"),
    ((X, np.random.default_rng(0).integers(0, 256, X.shape)), ValueError, "."),
]


@pytest.mark.parametrize(("data", "error", "message"), DATA)
@pytest.mark.parametrize("segmenter", [FOREST, UNetSegmenter()], ids=["forest", "u-net"])
def test_data_that_fit_refuses(segmenter, data, error, message):
    with pytest.raises(error, match=message):
        segmenter.fit(*data)


PARAMETERS = [
    ({"epochs": 0}, r"'epochs' parameter of UNetSegmenter must be an int .*\[1, inf\)\. Got 0"),
    ({"epochs": 1.5}, "Got 1.5 instead"),
    ({"batch_size": 0}, "'batch_size'"),
    ({"steps_per_epoch": 0}, "'steps_per_epoch'"),
    ({"patch_size": 64}, r"patch_size=64 is larger than the smallest image.*\(32, 32\)"),
    ({"patch_size": (16,)}, r"a pair \(height, width\)"),
    ({"optimizer": "adamm"}, "not the name of an optimiser. Did you mean 'adam'"),
    ({"optimizer": 3}, "optimizer must be the name of an optimiser"),
    ({"learning_rate": 0}, "'learning_rate'"),
    ({"lr_schedule": "linaer"}, "not the name of a schedule. Did you mean 'linear'"),
    ({"loss": "dise"}, "not the name of a loss. Did you mean 'dice'"),
    ({"loss": "bce+dise"}, "Did you mean 'dice'"),
    ({"class_weight": "balance"}, "Did you mean 'balanced'"),
    ({"class_weight": {5: 1.0}}, r"labels \[5\] that are not among the classes \[0, 1\]"),
    ({"class_weight": {0: -1.0}}, r"weights in class_weight must be .* Got \{0: -1.0\}"),
    ({"class_weight": {0: 0, 1: 0}}, "not all zero"),
    ({"augmentation": "flip"}, "Did you mean 'flips'"),
    ({"normalization": "trian"}, "Did you mean 'train'"),
    ({"validation_fraction": 1.5}, "'validation_fraction'"),
    ({"validation_fraction": 0.99}, "validation_fraction=0.99 leaves no images to train on"),
    ({"monitor": "f1"}, "monitor='f1' is unknown: it must be 'loss', 'val_loss' or 'val_'"),
    ({"monitor": "val_los"}, "monitor='val_los' is unknown.* Did you mean 'val_loss'"),
    ({"monitor": "val_f1"}, "monitor='val_f1' needs validation images: set validation_fraction"),
    ({"patience": 0}, "'patience'"),
    ({"jit_compile": "yes"}, "'jit_compile'"),
    ({"callbacks": 3}, "must be a list of Keras callbacks or None"),
    ({"callbacks": [3]}, "callbacks must hold keras.callbacks.Callback, got 3"),
    ({"tile_size": 0}, "'tile_size'"),
    ({"tile_size": 64, "overlap": 64}, r"overlap=\(64, 64\) leaves tiles of tile_size=\(64, 64\)"),
    ({"random_state": "zero"}, "'random_state'"),
    ({"width": 0}, "'width'"),
    ({"dropout": 1.0}, r"'dropout' .* in the range \[0, 1\)"),
    ({"activation": "rleu"}, "Did you mean 'relu'"),
    ({"monitor": "val_nonsense"}, "monitor='val_nonsense' is unknown"),
    ({"monitor": None}, "'monitor'"),
    ({"epochs": True}, "'epochs'"),
    ({"epochs": np.inf}, "'epochs'"),
    ({"width": np.nan}, "'width'"),
    ({"width": np.inf}, "'width'"),
    ({"learning_rate": np.nan}, "'learning_rate'"),
    ({"learning_rate": "fast"}, "'learning_rate'"),
    ({"sampling": "radnom"}, "Did you mean 'random'"),
    ({"foreground_fraction": 1.1}, "'foreground_fraction'"),
    ({"gradient_accumulation_steps": 0}, "'gradient_accumulation_steps'"),
    ({"validation_freq": 0}, "'validation_freq'"),
    ({"validation_fraction": 0}, "'validation_fraction'"),
    ({"precision": "float16"}, "Did you mean .*'mixed_float16'"),
    ({"checkpoint": 3}, "'checkpoint' .* a path"),
    ({"overlap": -1}, "'overlap'"),
    ({"test_time_augmentation": "mirror"}, "Did you mean 'mirrors'"),
    ({"random_state": -1}, "'random_state'"),
    ({"verbose": -1}, "'verbose'"),
    ({"warm_start": "yes"}, "'warm_start'"),
    ({"restore_best": 1}, "'restore_best'"),
    ({"class_weight": {0: np.nan}}, "weights in class_weight must be finite"),
    ({"class_weight": [1, 2]}, "'class_weight'"),
    ({"head": "papper"}, "Did you mean 'paper'"),
    ({"batch_norm": "yes"}, "'batch_norm'"),
    ({"loss": 3}, "loss"),
    ({"loss": ""}, "loss"),
]


@pytest.mark.parametrize(("parameters", "message"), PARAMETERS)
def test_parameters_that_fit_refuses(parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        UNetSegmenter(**parameters).fit(X, Y)


FIT_ARGUMENTS = [
    ({"groups": [1, 2]}, r"groups has shape \(2,\), expected \(4,\): one group per image"),
    ({"groups": [1, 1, 1, 1]}, "leaves no groups to train on"),
    ({"validation_data": (X, Y)}, "Both validation_data and validation_fraction were given"),
]
VALIDATION = [
    (X, r"must be a tuple \(X_val, y_val\) or .*, got a ndarray"),
    ((X[0], Y[0]), "Expected a stack of images"),
    ((X, Y + 1), r"labels that are not among the classes \[0, 1\]: \[2\]"),
    ((RGB, Y), "X has 3 features, but UNetSegmenter is expecting 1 features"),
]


@pytest.mark.parametrize(("arguments", "message"), FIT_ARGUMENTS)
def test_arguments_that_fit_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        UNetSegmenter(validation_fraction=0.5).fit(X, Y, **arguments)


@pytest.mark.parametrize(("data", "message"), VALIDATION)
def test_validation_data_that_fit_refuses(data, message):
    with pytest.raises(ValueError, match=message):
        UNetSegmenter().fit(X, Y, validation_data=data)


OTHER_SEGMENTERS = [
    (EMNetSegmenter(variant="v1bn"), InvalidParameterError, "Did you mean 'v1-bn'"),
    (KerasSegmenter("unet"), InvalidParameterError, "'network' parameter .* must be a callable"),
    (RandomForestSegmenter(0), InvalidParameterError, "'n_estimators'"),
    (RandomForestSegmenter(features="wekka"), InvalidParameterError, "Did you mean 'weka'"),
    (PixelSegmenter(LinearRegression()), InvalidParameterError, "a scikit-learn classifier"),
    (VotingSegmenter([("a", FOREST)], voting="sfot"), InvalidParameterError, "mean 'soft'"),
    (VotingSegmenter([("a", LinearRegression())]), ValueError, "'a' should be a segmenter"),
    (VotingSegmenter([("a", FOREST), ("a", FOREST)]), ValueError, "Names provided are not unique"),
    (VotingSegmenter([FOREST]), ValueError, r"list of \(string, estimator\) tuples"),
    (VotingSegmenter([("a", FOREST)], weights=[1, 2]), ValueError, "2 weights, 1 estimators"),
]


@pytest.mark.parametrize(("segmenter", "error", "message"), OTHER_SEGMENTERS)
def test_parameters_that_other_segmenters_refuse(segmenter, error, message):
    with pytest.raises(error, match=message):
        segmenter.fit(X, Y)


def test_a_misspelt_parameter_is_refused_at_once():
    with pytest.raises(TypeError, match="unexpected keyword argument 'wdth'"):
        UNetSegmenter(wdth=0.5)
    with pytest.raises(ValueError, match="Invalid parameter 'wdth' for estimator UNetSegmenter"):
        UNetSegmenter().set_params(wdth=0.5)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "save"])
def test_what_needs_a_fit(method, tmp_path):
    argument = tmp_path / "u.emstellar" if method == "save" else X
    with pytest.raises(NotFittedError, match="This UNetSegmenter instance is not fitted yet"):
        getattr(UNetSegmenter(), method)(argument)


def test_classes_that_partial_fit_has_not_been_told():
    with pytest.raises(ValueError, match=r"not among the classes \[0, 2\]: \[1\]"):
        UNetSegmenter().partial_fit(X, Y, classes=[0, 2])


METRICS = [
    ((Y, P[:3]), {}, r"inconsistent numbers of samples: \[4, 3\]"),
    ((Y, P[:, :8]), {}, r"y_true\[0\] has shape \(32, 32\), but y_prob\[0\] .*\(8, 32\)"),
    ((Y[0], P[0]), {}, r"Use y_true\[np.newaxis\] for a single image"),
    ((Y, P * 255), {}, r"probabilities lie in \[0, 1\]. Divide an 8-bit map by 255"),
    ((Y, (P * 255).astype("uint8")), {}, "Integers are taken for labels; divide"),
    ((Y + 1, P), {}, r"y_true takes value in \{1, 2\} and pos_label is not specified"),
    ((P, P), {}, "Unknown label type: continuous"),
    ((Y, _with(P, np.nan)), {}, r"Input y_prob\[1\] contains NaN"),
    ((Y, np.stack([P] * 3, axis=-1)), {}, "y_prob has 3 columns"),
    ((Y, P), {"average": "imag"}, "average must be one of .* Got 'imag'"),
    ((Y, P), {"pos_label": 7, "labels": [0, 1]}, "pos_label=7 is not a valid label"),
    ((Y, P), {"sample_weight": np.ones(3)}, r"sample_weight.shape\[0\] == 3, expected 4!"),
    ((Y, P), {"threshold": 2}, "threshold must be"),
    ((Y, P), {"threshold": np.nan}, "threshold must be"),
    ((Y, P), {"threshold": "half"}, "threshold must be"),
    ((Y[:0], P[:0]), {}, r"Found array with 0 sample\(s\)"),
    ((np.where(Y, "cell", "none"), P), {}, "Unknown label type: <U4"),
    ((Y, P * 1j), {}, "must hold real numbers"),
    ((Y, -P), {}, r"probabilities lie in \[0, 1\]"),
]


@pytest.mark.parametrize(("arguments", "keywords", "message"), METRICS)
def test_input_that_metrics_refuse(arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        metrics.f1_score(*arguments, **keywords)


def test_names_of_scorers_that_there_are_not():
    with pytest.raises(ValueError, match="'f11' is not a valid scoring value"):
        metrics.get_scorer("f11")


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((0, (32, 32)), {}, "'n_images' parameter of make_em_images"),
        ((2, (4, 4)), {}, r"'shape' .* a pair \(height, width\)"),
        ((2, (32, 32)), {"kind": "mitochondrion"}, "Did you mean 'mitochondria'"),
    ],
)
def test_arguments_that_make_em_images_refuses(arguments, keywords, message):
    with pytest.raises(ValueError, match=message):
        datasets.make_em_images(*arguments, **keywords)


def test_arguments_that_fetchers_refuse(tmp_path):
    with pytest.raises(ValueError, match=r"'subset' parameter of fetch_cardiac .* mean 'test'"):
        datasets.fetch_cardiac(subset="tset")
    with pytest.raises(OSError, match=r"Data not found: no file .* Set `data_home`"):
        datasets.fetch_cardiac(data_home=tmp_path, download_if_missing=False)


BENCHMARKS = [
    ({"segmenters": {}}, ValueError, "segmenters is empty"),
    ({"segmenters": RandomForestSegmenter}, TypeError, "is a class; pass an instance"),
    ({"segmenters": {"a": LinearRegression()}}, TypeError, "has no 'predict_proba'"),
    ({"segmenters": {"": FOREST}}, TypeError, "non-empty strings"),
    ({"segmenters": [("a", FOREST), ("a", FOREST)]}, ValueError, "must be unique"),
    ({"X": X[:3]}, ValueError, "inconsistent numbers of samples"),
    ({"cv": 9}, ValueError, "."),
    ({"cv": 1}, ValueError, "."),
    ({"cv": []}, ValueError, "makes no fold"),
    ({"cv": [([0, 1], [-1])]}, ValueError, "."),
    ({"cv": [([0, 1], [1, 2])]}, ValueError, "."),
    ({"cv": [([0, 1], [9])]}, ValueError, "."),
    ({"groups": [0, 1]}, ValueError, "groups has shape"),
    ({"y_test": Y}, ValueError, "y_test was passed without X_test"),
    ({"X_test": RGB, "y_test": Y}, ValueError, "features"),
    ({"X_test": X, "y_test": Y + 5}, ValueError, "y_test contains labels"),
    ({"scoring": "f11"}, ValueError, "'f11' is not a valid scoring value"),
    ({"scoring": []}, ValueError, "."),
    ({"ensembles": ("best flod",)}, ValueError, "."),
    ({"n_repeats": 0}, ValueError, "'n_repeats'"),
    ({"random_state": -1}, ValueError, "'random_state'"),
    ({"map_dtype": "float61"}, ValueError, "must be one of {'float16'"),
    ({"keep_models": True}, ValueError, "needs a folder"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BENCHMARKS)
def test_arguments_that_benchmark_refuses(arguments, error, message):
    defaults = {"segmenters": {"f": FOREST}, "X": X, "y": Y, "cv": 2, "scoring": "f1", "verbose": 0}
    with pytest.raises(error, match=message):
        emstellar.benchmark(**{**defaults, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, ["a", "b"]), "4 images but 2 names"),
        ((X, ["a", "a", "b", "c"]), "occur more than once: a"),
        ((X, ["a", "b", "c", "../d"]), "without folders"),
        ((X.astype("float32"), None), "cannot hold grey images of type float32"),
    ],
)
def test_images_that_are_not_written(arguments, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        io.write_images(tmp_path / "out", *arguments, suffix=".png")


def test_files_that_are_no_images(tmp_path):
    with pytest.raises(FileNotFoundError, match="No such file or folder"):
        io.read_images(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="Found no images in the folder"):
        io.read_images(tmp_path)
    (tmp_path / "a.doc").touch()
    with pytest.raises(ValueError, match="Unknown type of file"):
        io.read_images(tmp_path / "a.doc")
    (tmp_path / "a.tif").touch()
    with pytest.raises(OSError, match=r"Could not read .*a\.tif"):
        io.read_images(tmp_path)


def _text(path):
    path.write_text("no segmenter")


def _foreign_archive(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", "{}")


@pytest.mark.parametrize(
    ("write", "error", "message"),
    [
        (_text, ValueError, "file.emstellar is not a segmenter saved by emstellar, or is damaged"),
        (_foreign_archive, ValueError, "file.emstellar is not a segmenter saved by emstellar"),
        (lambda path: None, FileNotFoundError, "file.emstellar"),
    ],
)
def test_files_that_load_refuses(write, error, message, tmp_path):
    path = tmp_path / "file.emstellar"
    write(path)
    with pytest.raises(error, match=message):
        emstellar.load(path)
