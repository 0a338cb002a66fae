import keras
import numpy as np
import pytest

from emstellar import losses
from emstellar.losses import (
    CompoundLoss,
    CrossEntropy,
    Dice,
    KerasLoss,
    get_loss,
    get_loss_names,
    overlap,
)
from emstellar.losses.lookup import own_losses
from tests.losses.helpers import draw, value


@pytest.mark.parametrize("name", get_loss_names())
def test_every_name_gives_a_new_loss_with_class_weights(name):
    first, second = get_loss(name), get_loss(name, [1, 2])
    assert type(first) is type(second)
    assert first.class_weight is None
    assert second.class_weight == [1.0, 2.0]


@pytest.mark.parametrize("name", ["auto", "bce", "binary_crossentropy", CrossEntropy])
def test_names_of_the_cross_entropy(name):
    assert type(get_loss(name)) is CrossEntropy


def test_both_forms_of_the_lovasz_loss_have_a_name():
    assert [get_loss(name).hinge for name in ("lovasz", "lovasz_hinge")] == [False, True]


def test_sums_by_name():
    loss = get_loss(" bce + dice+mse", [1, 2])
    assert [type(term) for term in loss.losses] == [CrossEntropy, Dice, KerasLoss]
    assert [term.class_weight for term in loss.losses] == [[1.0, 2.0]] * 3
    assert loss.weights == [1.0, 1.0, 1.0]


@pytest.mark.backend
@pytest.mark.parametrize(
    "identifier",
    [
        "mse",
        "MeanSquaredError",
        keras.losses.mean_squared_error,
        keras.losses.MeanSquaredError,
        keras.losses.MeanSquaredError(),
        KerasLoss(keras.losses.MeanSquaredError()),
    ],
)
def test_losses_of_keras_in_any_form(identifier):
    codes, probability, weight = draw(1)
    expected = np.average((codes - probability) ** 2, weights=weight)
    loss = get_loss(identifier)
    assert isinstance(loss, KerasLoss)
    assert value(loss, codes, probability, weight) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        losses.Tversky([1, 2], alpha=0.1, beta=0.4),
        losses.KerasLoss(keras.losses.MeanSquaredError(), [1, 2]),
        CompoundLoss([CrossEntropy([1, 2]), Dice(smooth=3)], [1, 5]),
    ],
)
def test_objects_are_copied(loss):
    copy = get_loss(loss)
    assert copy is not loss
    assert copy.get_config() == loss.get_config()
    weighted = get_loss(loss, [3, 4])
    assert weighted.get_config() != loss.get_config()
    assert get_loss(weighted, None).get_config() == weighted.get_config()


class Unregistered(losses.SegmentationLoss):
    def compute(self, target, probability, weight):
        return target[0, 0, 0, 0] * 0.0


class WithoutConfig(keras.losses.Loss):
    def __init__(self, strength):
        super().__init__()
        self.strength = strength


def test_a_loss_need_not_be_registered():
    assert type(get_loss(Unregistered())) is Unregistered
    assert type(get_loss(CompoundLoss([Unregistered()])).losses[0]) is Unregistered


def test_a_loss_must_have_a_config():
    with pytest.raises(TypeError, match="WithoutConfig cannot be copied: its get_config must"):
        get_loss(WithoutConfig(3))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("dise", "'dice'"),
        ("bce+jacard", "'jaccard'"),
        ("mean_sqared_error", "'mean_squared_error'"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(name, near):
    with pytest.raises(ValueError, match=f"is not the name of a loss. Did you mean {near}"):
        get_loss(name)


@pytest.mark.parametrize("identifier", [3, None, int])
def test_other_things_are_refused(identifier):
    with pytest.raises(TypeError, match="loss must be the name of a loss"):
        get_loss(identifier)


def test_every_public_loss_has_a_name():
    classes = {getattr(make, "func", make) for make in own_losses().values()}
    bases = {losses.SegmentationLoss, CompoundLoss, KerasLoss}
    public = {getattr(losses, name) for name in losses.__all__}
    assert {cls for cls in public if isinstance(cls, type)} - bases == classes


def test_an_entry_in_the_table_of_a_module_is_a_loss_by_name(monkeypatch):
    monkeypatch.setitem(overlap.LOSSES, "half_dice", Dice)
    own_losses.cache_clear()
    try:
        assert "half_dice" in get_loss_names()
        assert [type(term) for term in get_loss("bce+half_dice").losses] == [CrossEntropy, Dice]
        with pytest.raises(ValueError, match="Did you mean 'half_dice'"):
            get_loss("half_dise")
    finally:
        monkeypatch.undo()
        own_losses.cache_clear()
