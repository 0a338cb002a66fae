import io
import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
from copy import deepcopy

import joblib
import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import emstellar
from emstellar.archive import read_archive, write_archive
from emstellar.datasets import make_em_images
from emstellar.segmenters import persistence

from .small import bright_discs, dropping_network, small_segmenter, two_convolutions
from .test_networks import small

pytestmark = pytest.mark.backend
X, y = bright_discs()


@pytest.fixture(scope="module")
def fitted():
    return small_segmenter(dropping_network).fit(X, y)


@pytest.fixture
def saved(fitted, tmp_path):
    path = tmp_path / "discs.emstellar"
    fitted.save(path)
    return path


def rewrite(path, name, content):
    """Replace one member of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for n, data in {**members, name: content}.items():
            archive.writestr(n, data)


def edit_header(path, **changes):
    with zipfile.ZipFile(path) as archive:
        header = json.loads(archive.read("segmenter.json"))
    rewrite(path, "segmenter.json", json.dumps({**header, **changes}))


def through_joblib(segmenter, path):
    joblib.dump(segmenter, path / "segmenter.joblib")
    return joblib.load(path / "segmenter.joblib")


def through_file(segmenter, path):
    segmenter.save(path / "segmenter")
    return emstellar.load(path / "segmenter", network=segmenter.network)


@pytest.mark.parametrize(
    "copy",
    [
        lambda s, path: pickle.loads(pickle.dumps(s)),
        through_joblib,
        lambda s, path: deepcopy(s),
    ],
    ids=["pickle", "joblib", "deepcopy"],
)
def test_copies_predict_the_same_and_continue_the_same(fitted, copy, tmp_path):
    again = copy(fitted, tmp_path)
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.get_params() == fitted.get_params()
    assert again.history_ == fitted.history_
    undisturbed = small_segmenter(dropping_network, epochs=4).fit(X, y)
    again.set_params(warm_start=True, epochs=1).fit(X, y)
    assert_array_equal(again.predict_proba(X), undisturbed.predict_proba(X))


def test_save_and_load(fitted, saved):
    again = emstellar.load(saved, network=dropping_network)
    assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    assert again.get_params() == fitted.get_params()
    assert again.classes_.dtype == fitted.classes_.dtype
    assert (again.n_iter_, again.history_) == (fitted.n_iter_, fitted.history_)
    assert again.normalization_ == fitted.normalization_


def test_training_continues_after_load(fitted, tmp_path):
    fitted.save(tmp_path / "x", include_optimizer=True)
    again = emstellar.load(tmp_path / "x", network=dropping_network)
    again.set_params(warm_start=True, epochs=1).fit(X, y)
    undisturbed = small_segmenter(dropping_network, epochs=4).fit(X, y)
    assert_array_equal(again.predict_proba(X), undisturbed.predict_proba(X))


def test_keras_objects_as_parameters_survive(tmp_path):
    segmenter = small_segmenter(
        optimizer=keras.optimizers.SGD(0.1, momentum=0.5),
        loss=emstellar.losses.Dice(),
        class_weight={0: 1.0, 1: 2.0},
        patch_size=(8, 12),
    ).fit(X, y)
    segmenter.save(tmp_path / "x")
    again = emstellar.load(tmp_path / "x", network=two_convolutions)
    assert again.optimizer.get_config() == segmenter.optimizer.get_config()
    assert again.loss.get_config() == segmenter.loss.get_config()
    assert (again.class_weight, again.patch_size) == ({0: 1.0, 1: 2.0}, (8, 12))


def test_parameters_that_are_not_text_are_named(tmp_path):
    segmenter = small_segmenter(augmentation=lambda image, mask, rng: (image, mask)).fit(X, y)
    with pytest.raises(TypeError, match=r"parameter augmentation=.* cannot be written as text"):
        segmenter.save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_unfitted_segmenters_cannot_be_saved(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        small_segmenter().save(tmp_path / "x")


def test_a_network_must_be_given_again(saved):
    with pytest.raises(ValueError, match=re.escape("pass its network function")):
        emstellar.load(saved)


def test_a_different_network_is_refused(saved):
    with pytest.raises(ValueError, match="stored weights do not fit the network"):
        emstellar.load(saved, network=two_convolutions)


class Explosive:
    """Would run when unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickled object was executed",))


def test_pickled_objects_in_the_arrays_are_refused(saved, tmp_path):
    trap = np.empty(1, dtype=object)
    trap[0] = Explosive()
    with zipfile.ZipFile(saved) as archive:
        arrays = dict(np.load(io.BytesIO(archive.read("variables.npz"))))
    np.savez(tmp_path / "trap.npz", **{**arrays, "variable_0000": trap})
    rewrite(saved, "variables.npz", (tmp_path / "trap.npz").read_bytes())
    with pytest.raises(ValueError, match=r"is damaged: variable_0000 holds object"):
        emstellar.load(saved, network=dropping_network)


def test_a_truncated_file_is_refused(saved):
    saved.write_bytes(saved.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"discs.emstellar is not a segmenter saved by emstellar"):
        emstellar.load(saved, network=dropping_network)


def test_compressed_members_are_refused(saved):
    with zipfile.ZipFile(saved) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(saved, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(ValueError, match="compressed members"):
        emstellar.load(saved, network=dropping_network)


def test_foreign_members_are_refused(saved):
    rewrite(saved, "../../evil.py", "print('hello')")
    with pytest.raises(ValueError, match=r"it holds .*evil"):
        emstellar.load(saved, network=dropping_network)


def edit_arrays(path, change):
    """Replace the arrays of a file by what `change` makes of them."""
    header, arrays = read_archive(path)
    write_archive(path, header, change(arrays))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: {**a, "variable": a["variable"][:-1]}, "it has 5 arrays, 4 are stored"),
        (lambda a: {**a, "variable": a["variable"] * 2}, "it has 5 arrays, 10 are stored"),
        (
            lambda a: {**a, "variable": [np.zeros(7), *a["variable"][1:]]},
            r"array 0 should have shape \(3, 3, 1, 4\), has \(7,\)",
        ),
        (lambda a: {"variable": a["variable"]}, "cannot be loaded: 'optimizer'"),
        (lambda a: {}, "cannot be loaded: 'variable'"),
    ],
)
def test_missing_and_misshapen_arrays_are_refused(saved, change, message):
    edit_arrays(saved, change)
    with pytest.raises(ValueError, match=message):
        emstellar.load(saved, network=dropping_network)


# What Keras itself would make: layers that load code or files, functions that fetch them.
FOREIGN = [
    {"module": "os", "class_name": "system", "config": {"command": "true"}},
    {"module": "builtins", "class_name": "function", "config": "eval"},
    {"module": "keras.utils", "class_name": "function", "config": "get_file"},
    {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "/tmp/evil"}},
    {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"vocabulary": "/etc/passwd"},
    },
    {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}},
    },
    {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
    {"module": "keras.losses", "class_name": "deserialize", "config": {}},
    {"module": "keras.losses", "class_name": "Dice", "config": {"axis": {"a": 1}, "colour": 3}},
]


def inside(config):
    """Return configurations of allowed objects with another one inside."""
    return [
        {
            "module": "keras.optimizers",
            "class_name": "SGD",
            "config": {"learning_rate": config},
            "registered_name": None,
        },
        {
            "module": "emstellar.losses.combined",
            "class_name": "KerasLoss",
            "config": {"loss": config},
            "registered_name": "emstellar>KerasLoss",
        },
    ]


@pytest.mark.parametrize("config", FOREIGN, ids=lambda c: f"{c.get('module')}.{c['class_name']}")
def test_files_make_nothing_but_losses_optimisers_and_schedules(saved, config, monkeypatch):
    header, _ = read_archive(saved)
    made = []
    monkeypatch.setattr(keras.layers.Layer, "from_config", lambda config: made.append(config))
    for parameter in [config, *inside(config)]:
        edit_header(saved, parameters={**header["parameters"], "loss": {"keras": parameter}})
        with pytest.raises(ValueError, match=r"cannot be loaded: "):
            emstellar.load(saved, network=dropping_network)
    assert made == []


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("loss", {"pickle": "gASVIAAA"}, "which emstellar does not write"),
        ("class_weight", {"dict": 3}, "cannot be loaded"),
        ("epochs", "many", "The 'epochs' parameter of KerasSegmenter must be an int"),
        ("patch_size", {"keras": 3}, "it holds a int in place of a Keras object"),
    ],
)
def test_wrong_parameters_are_refused(saved, name, text, message):
    header, _ = read_archive(saved)
    edit_header(saved, parameters={**header["parameters"], name: text})
    with pytest.raises(ValueError, match=message):
        emstellar.load(saved, network=dropping_network)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99, "versions": {"emstellar": "9.0", "keras": "4"}}, "reads up to 1"),
        ({"class": "os.system"}, "none of emstellar's segmenters"),
        ({"class": "load"}, "none of emstellar's segmenters"),
        ({"parameters": {"colour": 3}}, re.escape("does not know: ['colour']")),
        ({"counts": {"variable": 40, "optimizer": 0}}, "is damaged"),
        ({"counts": "all"}, "is damaged"),
        ({"counts": {"variable": 3, "optimizer": 0}}, "it holds 5 arrays, its header says"),
        ({"format": "1"}, "its header is incomplete"),
        ({"versions": []}, "its header is incomplete"),
        ({"class": "RandomForestSegmenter"}, "none of emstellar's segmenters"),
        ({"class": "BaseKerasSegmenter"}, "none of emstellar's segmenters"),
        ({"class": ["UNetSegmenter"]}, "the 'class' of its header is .*, expected str"),
        ({"parameters": None}, "the 'parameters' of its header is None, expected dict"),
        ({"has_optimizer": "yes"}, "expected bool"),
        ({"fitted": {}}, "the 'history_' of its fitted attributes is None, expected dict"),
        ({"classes": {"values": [0, 1]}}, "cannot be loaded: .*dtype"),
        ({"classes": {"values": [0, 1], "dtype": "U99999999"}}, "expected integers or booleans"),
        ({"classes": {"values": [0, 300], "dtype": "uint8"}}, "cannot be loaded"),
        ({"classes": {"values": [1, 0], "dtype": "uint8"}}, "expected at least two, sorted"),
        ({"n_channels_in": 0}, "it has 0 channels"),
        ({"n_channels_in": 2}, "its normalisation is"),
        ({"normalization": ["train", [1.0], []]}, "which nobody has fitted"),
        ({"normalization": ["train", ["1"], [1.0]]}, "expected finite numbers"),
        ({"normalization": ["train"]}, "cannot be loaded"),
    ],
)
def test_tampered_headers_are_refused(saved, change, message):
    edit_header(saved, **change)
    with pytest.raises(ValueError, match=message):
        emstellar.load(saved, network=dropping_network)


def test_another_version_is_said(saved):
    edit_header(saved, versions={"emstellar": "0.0.1", "keras": "3"})
    with pytest.warns(UserWarning, match=re.escape("written by emstellar 0.0.1")):
        emstellar.load(saved, network=dropping_network)


def test_another_version_of_a_pickle_is_said(fitted, monkeypatch):
    monkeypatch.setattr(emstellar, "__version__", "0.0.1")
    pickled = pickle.dumps(fitted)
    monkeypatch.undo()
    with pytest.warns(UserWarning, match=re.escape("KerasSegmenter was written by emstellar 0.0")):
        pickle.loads(pickled)


def test_wrong_parameters_are_not_saved(tmp_path):
    segmenter = small_segmenter(epochs=1).fit(X, y).set_params(epochs=-1)
    with pytest.raises(ValueError, match="The 'epochs' parameter"):
        segmenter.save(tmp_path / "x")


@pytest.mark.parametrize("copy", [lambda s, path: pickle.loads(pickle.dumps(s)), through_file])
def test_copies_predict_in_the_precision_of_the_original(copy, tmp_path):
    half = small_segmenter(precision="mixed_bfloat16").fit(X, y)
    assert_array_equal(copy(half, tmp_path).predict_proba(X), half.predict_proba(X))


def test_random_states_of_another_backend_are_not_taken_over(fitted):
    arrays = persistence.model_arrays(fitted)
    assert any("seed_generator" in v.path for v in fitted.model_.variables)
    arrays["variables"] = [a + a.dtype.type(1) for a in arrays["variables"]]
    for backend, taken in ((arrays["backend"], True), ("another", False)):
        copy = deepcopy(fitted)
        persistence.rebuild_model(copy, {**arrays, "backend": backend})
        for variable, array in zip(copy.model_.variables, arrays["variables"], strict=True):
            same = np.array_equal(keras.ops.convert_to_numpy(variable), array)
            assert same == (taken or "seed_generator" not in variable.path)


SOME = ("unet", "segnet-indices")
OTHERS = ("em-net", "prelu-net", "vgg16", "resnet", "cdeep3m", "efficientnet")
PROGRAM = """
import pathlib, sys
import numpy as np
import emstellar

folder = pathlib.Path(sys.argv[1])
for path in folder.glob("*.emstellar"):
    segmenter = emstellar.load(path)
    np.save(path.with_suffix(".npy"), segmenter.predict_proba(np.load(folder / "X.npy")))
"""


@pytest.mark.slow
@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize(
    "names", [pytest.param(SOME), pytest.param(OTHERS, marks=pytest.mark.nightly)], ids=" ".join
)
def test_files_of_every_network_are_read_on_another_backend(names, tmp_path):
    pytest.importorskip("jax")
    images, masks = make_em_images(1, (32, 32), random_state=0)
    np.save(tmp_path / "X.npy", images)
    expected = {}
    for name in names:
        # Objects of ours and of Keras, which the other process has not imported yet.
        options = {"loss": emstellar.losses.Dice(), "optimizer": keras.optimizers.SGD(0.01)}
        segmenter = small(name, epochs=1, steps_per_epoch=1, batch_size=1, **options).fit(
            images, masks
        )
        segmenter.save(tmp_path / f"{name}.emstellar")
        expected[name] = segmenter.predict_proba(images)
    other = "jax" if keras.config.backend() == "tensorflow" else "tensorflow"
    environment = {**os.environ, "KERAS_BACKEND": other}
    subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], check=True, env=environment)
    for name, probabilities in expected.items():
        found = np.load(tmp_path / f"{name}.npy")
        assert_allclose(found, probabilities, rtol=0, atol=1e-5, err_msg=name)
        assert np.ptp(probabilities[..., 1]) > 1e-3, name
