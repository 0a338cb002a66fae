"""A network is its builder and a thin class: all else about it is read from these two."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

import emstellar
from emstellar import UNetSegmenter
from emstellar.cli import build_parser
from emstellar.networks import network
from emstellar.networks.parameters import Head, Width
from emstellar.segmenters import BaseKerasSegmenter, named_networks, registry
from emstellar.studies import make_methods, method_names

from .small import bright_discs


@network(size_multiple=4, methods={"thin": ("Thin net", {"n_layers": 2})})
def build_thin(input_shape, n_outputs, *, width: Width = 1.0, n_layers=1, head: Head = "paper"):
    """Build a network of a few convolutions.

    Parameters
    ----------
    input_shape : tuple of int
    n_outputs : int
    width : float, default=1.0
        Factor of four filters.
    n_layers : int, default=1
        Convolutions.
    head : str, default="paper"
        Not used.
    """
    inputs = x = keras.Input(input_shape)
    for _ in range(n_layers):
        x = keras.layers.Conv2D(int(4 * width), 3, padding="same", activation="relu")(x)
    outputs = keras.layers.Conv2D(n_outputs, 1, activation="sigmoid", dtype="float32")(x)
    return keras.Model(inputs, outputs)


@pytest.fixture
def thin(monkeypatch):
    """A class for that network, known only within the test."""
    monkeypatch.setattr(registry, "_CLASSES", registry.network_classes())

    class ThinSegmenter(BaseKerasSegmenter):
        """Segment images.

        Parameters
        ----------
        {network_parameters}
        {training_parameters}
        """

        builder = build_thin
        width: float = 1.0
        n_layers: int = 1
        head: str = "paper"

    return ThinSegmenter


def test_its_name_reaches_the_command_and_its_title_the_tables(thin):
    assert named_networks()["thin"] == ("Thin net", thin, {"n_layers": 2})
    assert "thin" in method_names()
    (name, segmenter), *_ = make_methods(["thin"], width=0.5, head="direct", epochs=2).items()
    assert name == "Thin net"
    expected = {"width": 0.5, "head": "direct", "epochs": 2, "n_layers": 2}
    assert {k: v for k, v in segmenter.get_params().items() if k in expected} == expected
    assert build_parser().parse_args(["benchmark", "--methods", "thin"]).methods == ["thin"]


def test_sizes_parameters_and_their_description_are_those_of_the_builder(thin):
    assert thin.size_multiple == thin().network_size_multiple == 4
    assert "width : float, default=1.0\n    Factor of four filters." in thin.__doc__
    assert 'head : {"paper", "direct"}, default="paper"' in thin.__doc__
    assert "epochs : int, default=100" in thin.__doc__
    X, y = bright_discs()
    with pytest.raises(ValueError, match="The 'width' parameter of ThinSegmenter must be a float"):
        thin(width=0).fit(X, y)


@pytest.mark.backend
def test_it_is_saved_and_loaded(thin, tmp_path):
    X, y = bright_discs()
    segmenter = clone(thin(n_layers=2, epochs=1, random_state=0)).fit(X, y)
    segmenter.save(tmp_path / "thin.emstellar")
    again = emstellar.load(tmp_path / "thin.emstellar")
    assert type(again) is thin
    assert again.n_layers == 2
    assert_array_equal(again.predict(X), segmenter.predict(X))


def test_a_parameter_forgotten_in_the_class_is_named_when_it_is_defined(monkeypatch):
    monkeypatch.setattr(registry, "_CLASSES", registry.network_classes())
    with pytest.raises(TypeError, match="Forgetful needs the field 'n_layers' with the default 1"):

        class Forgetful(BaseKerasSegmenter):
            builder = build_thin
            width: float = 1.0
            head: str = "paper"


def test_none_of_ours_is_replaced(monkeypatch):
    monkeypatch.setattr(registry, "_CLASSES", registry.network_classes())
    type("UNetSegmenter", (BaseKerasSegmenter,), {"builder": lambda shape, n_outputs: None})
    assert registry.network_classes()["UNetSegmenter"] is UNetSegmenter


def test_every_builder_has_a_segmenter_that_is_public():
    classes = registry.network_classes()
    names = {cls.builder.__name__ for cls in classes.values()}
    assert names >= {name for name in emstellar.networks.__all__ if name.startswith("build_")}
    assert set(classes) <= set(emstellar.segmenters.__all__)
    for cls in classes.values():
        module = cls.__module__.rpartition(".")[2]
        assert cls.builder.__module__ == f"emstellar.networks.{module}"


def test_what_a_network_is_can_be_asked_without_loading_keras():
    code = "from emstellar.segmenters import named_networks; import sys; named_networks()"
    command = [sys.executable, "-c", f"{code}; assert 'keras' not in sys.modules"]
    subprocess.run(command, check=True)


def test_a_subclass_is_a_dataclass_without_saying_so():
    class Wide(UNetSegmenter):
        width: float = 2.0
        note: str = ""

    assert Wide(note="x").get_params()["width"] == 2.0
    assert np.isclose(clone(Wide(width=0.5)).width, 0.5)
    assert "Wide" not in registry.network_classes()
