"""Model files that somebody made up: each is refused by what it says, before a network is built."""

import io
import json
import math
import os
import warnings
import zipfile

import keras
import numpy as np
import pytest

import emstellar
from emstellar import UNetSegmenter
from emstellar.networks.efficientnet import count_encoder_variables
from emstellar.segmenters import EfficientNetSegmenter, persistence
from emstellar.training import declared_shapes
from emstellar.training.architecture import build_model
from emstellar.training.normalization import Normalization

from .small import bright_discs, small_segmenter, two_convolutions

resource = pytest.importorskip("resource", reason="how much memory was taken")

pytestmark = pytest.mark.backend
X, y = bright_discs()
MISSING = object()


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """The header and the arrays of an honest file, by their names in it."""
    path = tmp_path_factory.mktemp("honest") / "u-net.emstellar"
    # As `fit` leaves it, without the time that it takes to trace the training of so deep a network.
    segmenter = UNetSegmenter(width=1 / 32, epochs=1, steps_per_epoch=1, random_state=0)
    segmenter.classes_, segmenter.n_channels_in_, segmenter.seed_ = np.unique(y), 1, 0
    segmenter.model_ = build_model(segmenter._architecture(), 1, 2, 0)
    segmenter.normalization_ = Normalization("train", (100.0,), (30.0,))
    segmenter.history_, segmenter.convergence_times_ = {"loss": [0.7]}, {}
    segmenter.n_iter_ = segmenter.best_iter_ = 1
    segmenter.fit_time_ = segmenter.convergence_time_ = 2.5
    segmenter.save(path)
    assert emstellar.load(path).get_params() == segmenter.get_params()
    with zipfile.ZipFile(path) as archive:
        header = json.loads(archive.read("segmenter.json"))
        with np.load(io.BytesIO(archive.read("variables.npz"))) as arrays:
            return header, dict(arrays)


@pytest.fixture
def never_built(monkeypatch):
    def refuse(*args):
        raise AssertionError("a network was built for a file that is wrong")

    monkeypatch.setattr(persistence, "rebuild_model", refuse)


def write(path, header, arrays):
    """Write a file without any of the checks that `save` makes."""
    content = io.BytesIO()
    np.savez(content, **arrays)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("segmenter.json", json.dumps(header))
        archive.writestr("variables.npz", content.getvalue())


def replaced(header, keys, value):
    """Return a copy of nested dicts in which one item is another, or missing."""
    first, *rest = keys
    copy = dict(header)
    if rest:
        copy[first] = replaced(header[first], rest, value)
    elif value is MISSING:
        del copy[first]
    else:
        copy[first] = value
    return copy


FIELDS = [
    *((key, MISSING, "incomplete") for key in ("format", "versions")),
    *((key, None, "incomplete") for key in ("format", "versions")),
    ("format", True, "incomplete"),
    ("format", 1.0, "incomplete"),
    ("format", 0, "its format is 0"),
    ("format", -1, "its format is -1"),
    ("format", 2, "reads up to 1"),
    ("versions emstellar", 3, "incomplete"),
    ("counts", MISSING, "damaged"),
    ("counts", {}, "damaged"),
    ("counts", {"variable": -1}, "damaged"),
    ("class", MISSING, "'class' of its header is None, expected str"),
    ("class", "KerasSegmenter", "does not know"),
    ("class", "VGG16Segmenter", "does not know|do not fit"),
    ("class", "VotingSegmenter", "none of emstellar's segmenters"),
    ("class", "__class__", "none of emstellar's segmenters"),
    ("backend", MISSING, "'backend' of its header"),
    ("backend", 3, "'backend' of its header"),
    ("has_optimizer", MISSING, "'has_optimizer' of its header"),
    ("has_optimizer", 1, "'has_optimizer' of its header"),
    ("n_channels_in", MISSING, "'n_channels_in' of its header"),
    ("n_channels_in", "1", "'n_channels_in' of its header"),
    ("n_channels_in", True, "'n_channels_in' of its header"),
    ("n_channels_in", -1, "it has -1 channels"),
    ("n_channels_in", 10**6, "normalisation is"),
    ("normalization", MISSING, "'normalization' of its header"),
    ("normalization", [], "cannot be loaded"),
    ("normalization", ["median", [], []], "which nobody has fitted"),
    ("normalization", ["train", [0.0], [0.0]], "expected more than 0"),
    ("normalization", ["train", [0.0], [-1.0]], "expected more than 0"),
    ("normalization", ["train", [0.0], [math.nan]], "expected finite numbers"),
    ("normalization", ["train", [math.inf], [1.0]], "expected finite numbers"),
    ("normalization", ["train", [0.0], [True]], "expected finite numbers"),
    ("normalization", ["train", [0.0, 0.0], [1.0, 1.0]], "which nobody has fitted"),
    ("normalization", ["train", 0.0, 1.0], "cannot be loaded"),
    ("image_range", 3, "its range of images"),
    ("image_range", [0.0, math.nan, "uint8"], "its range of images"),
    ("image_range", [9.0, 1.0, "uint8"], "the lower first"),
    ("classes", MISSING, "'classes' of its header"),
    ("classes", {}, "cannot be loaded"),
    ("classes", {"values": [0], "dtype": "uint8"}, "at least two"),
    ("classes", {"values": [0, 0], "dtype": "uint8"}, "at least two, sorted"),
    ("classes", {"values": [[0, 1]], "dtype": "uint8"}, "at least two, sorted"),
    ("classes", {"values": [0, math.nan], "dtype": "float32"}, "at least two, sorted|cannot"),
    ("classes", {"values": [-1, 0, 1], "dtype": "int64"}, "marks pixels without a label"),
    ("classes", {"values": [0, 1], "dtype": "object"}, "expected integers"),
    ("classes", {"values": [0, 1], "dtype": "M8[s]"}, "expected integers"),
    ("classes", {"values": [0, 1], "dtype": "no type"}, "cannot be loaded"),
    ("classes", {"values": [0, 1, 2], "dtype": "uint8"}, "do not fit"),
    ("classes", {"values": list(range(10**5)), "dtype": "int64"}, "do not fit"),
    ("schedule_start", [1], "its schedule_start is"),
    ("schedule_start", [0, -1], "its schedule_start is"),
    ("fitted", MISSING, "'fitted' of its header"),
    *(
        (f"fitted {name}", value, f"'?{name}'?")
        for name in ("n_iter_", "best_iter_", "seed_", "fit_time_", "convergence_time_")
        for value in (MISSING, "1", -1)
    ),
    ("fitted history_", {"loss": 3}, "its history_ of loss is 3, expected numbers"),
    ("fitted history_", {"loss": ["a"]}, "its history_ of loss"),
    ("fitted convergence_times_", {"val_loss": None}, "its convergence_times_"),
    ("parameters", MISSING, "'parameters' of its header"),
    ("parameters", [], "'parameters' of its header"),
    ("parameters checkpoint", "/tmp/anywhere", "it names a checkpoint folder, '/tmp/anywhere'"),
    ("parameters checkpoint", {"dict": []}, "it names a checkpoint folder"),
    ("parameters callbacks", [1], "'callbacks' parameter"),
    ("parameters epochs", -1, "'epochs' parameter"),
    ("parameters batch_size", None, "'batch_size' parameter"),
    ("parameters network", "os.system", "does not know"),
    ("parameters normalization", "median", "'normalization' parameter"),
    ("parameters width", -1, "'width' parameter"),
    ("parameters width", math.nan, "'width' parameter"),
    ("parameters width", math.inf, "'width' parameter"),
    ("parameters width", "wide", "'width' parameter"),
    ("parameters width", 1 / 16, "do not fit"),
    ("parameters width", 4, "do not fit"),
    ("parameters width", 1e4, "do not fit|cannot be built"),
    ("parameters width", 1e300, "do not fit|cannot be built"),
    ("parameters batch_norm", False, "do not fit"),
    ("parameters head", "direct", "do not fit"),
]


def name_of(value):
    """Return a name for a test, the same in every process."""
    return "left out" if type(value) is object else str(value)[:40]


@pytest.mark.usefixtures("never_built")
@pytest.mark.parametrize(("keys", "value", "message"), FIELDS, ids=name_of)
def test_headers_that_no_segmenter_has_are_refused(members, tmp_path, keys, value, message):
    header, arrays = members
    path = tmp_path / "hostile.emstellar"
    write(path, replaced(header, keys.split(), value), arrays)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=f"hostile.emstellar .*({message})"):
        emstellar.load(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    assert os.listdir(tmp_path) == ["hostile.emstellar"]


@pytest.mark.usefixtures("never_built")
def test_a_claim_of_very_many_layers_is_refused_before_they_are_declared(
    members, tmp_path, monkeypatch
):
    header, arrays = members
    known = EfficientNetSegmenter._get_param_names()
    parameters = {k: v for k, v in header["parameters"].items() if k in known}
    claim = {"class": "EfficientNetSegmenter", "parameters": {**parameters, "variant": "b7"}}
    path = tmp_path / "hostile.emstellar"
    write(path, {**header, **claim}, arrays)

    def declare(*args):
        raise AssertionError("its layers were declared")

    monkeypatch.setattr(declared_shapes, "declared_variables", declare)
    stored = header["counts"]["variable"]
    with pytest.raises(ValueError, match=f"it has 1083 arrays or more, {stored} are stored"):
        emstellar.load(path)


@pytest.mark.parametrize(
    "variant",
    ["b0", *(pytest.param(f"b{i}", marks=pytest.mark.slow) for i in (4, 7))],
)
def test_variables_of_efficientnet_are_counted_as_keras_makes_them(variant):
    model = getattr(keras.applications, f"EfficientNet{variant.upper()}")(
        include_top=False, weights=None, input_shape=(None, None, 1)
    )
    # Images are given in as they are: Keras' own network begins by a normalisation.
    extra = [v for v in model.variables if v.path.startswith("normalization")]
    assert count_encoder_variables(variant) == len(model.variables) - len(extra)


def spoilt(array, value):
    copy = array.copy()
    copy.flat[0] = value
    return copy


ARRAYS = [
    (lambda a: spoilt(a, np.nan), "NaN or infinite"),
    (lambda a: spoilt(a, -np.inf), "NaN or infinite"),
    (lambda a: a.astype("float64"), "is of type float64, expected float32"),
    (lambda a: a.astype("float16"), "is of type float16, expected float32"),
    (lambda a: a.astype("int32"), "is of type int32, expected float32"),
    (lambda a: a.astype(bool), "is of type bool, expected float32"),
    (lambda a: a.astype("complex64"), "holds complex64, expected numbers"),
    (lambda a: a.astype("S4"), "expected numbers"),
    (lambda a: a.astype("M8[s]"), "expected numbers"),
    (lambda a: a.astype(">f4"), "is of type >f4, expected float32"),
    (lambda a: a[..., 0], "do not fit"),
    (lambda a: a[..., np.newaxis], "do not fit"),
    (lambda a: a.ravel(), "do not fit"),
    (lambda a: a.T, "do not fit"),
    (lambda a: a[:0], "do not fit"),
    (lambda a: np.array(0.0, "float32"), "do not fit"),
    (lambda a: np.concatenate([a, a]), "do not fit"),
]


@pytest.mark.usefixtures("never_built")
@pytest.mark.parametrize(("change", "message"), ARRAYS)
def test_arrays_that_the_network_does_not_have_are_refused(members, tmp_path, change, message):
    header, arrays = members
    path = tmp_path / "hostile.emstellar"
    # Casting a weight to fewer kinds of values warns of what it loses.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(path, header, {**arrays, "variable_0000": change(arrays["variable_0000"])})
    with pytest.raises(ValueError, match=rf"hostile.emstellar .*({message})"):
        emstellar.load(path)


@pytest.mark.usefixtures("never_built")
def test_arrays_of_an_optimiser_that_the_header_denies_are_refused(members, tmp_path):
    header, arrays = members
    path = tmp_path / "hostile.emstellar"
    counts = {**header["counts"], "optimizer": 1}
    write(path, {**header, "counts": counts}, {**arrays, "optimizer_0000": np.zeros(3)})
    with pytest.raises(ValueError, match="arrays of an optimiser that it denies"):
        emstellar.load(path)


def test_a_network_that_learnt_nan_is_not_saved(tmp_path):
    segmenter = small_segmenter(epochs=1, steps_per_epoch=1).fit(X, y)
    segmenter.model_.set_weights([a * np.float32(np.nan) for a in segmenter.model_.get_weights()])
    with pytest.raises(ValueError, match="are NaN or infinite"):
        segmenter.save(tmp_path / "file")
    assert os.listdir(tmp_path) == []


def test_a_file_holds_no_checkpoint_folder(tmp_path):
    folder = tmp_path / "checkpoints"
    segmenter = small_segmenter(epochs=1, steps_per_epoch=1, checkpoint=folder)
    segmenter.fit(X, y).save(tmp_path / "file")
    assert emstellar.load(tmp_path / "file", network=two_convolutions).checkpoint is None
