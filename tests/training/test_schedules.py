import keras
import numpy as np
import pytest
from keras.optimizers.schedules import CosineDecay as KerasCosine
from keras.optimizers.schedules import ExponentialDecay

from emstellar.training.schedules import (
    CosineDecay,
    LinearDecay,
    OneCycle,
    WarmUp,
    get_schedule,
)


def rates(schedule, steps):
    return [float(keras.ops.convert_to_numpy(schedule(step))) for step in steps]


@pytest.mark.backend
def test_schedule_of_the_paper():
    # 20,000 steps: up to 1e-3 at step 2,000, then down to 1e-5; constant afterwards.
    schedule = get_schedule("linear", 1e-3, 20_000)
    found = rates(schedule, [0, 999, 1_999, 10_999, 19_999, 50_000])
    expected = [1e-3 / 2_000, 5e-4, 1e-3, (1e-3 + 1e-5) / 2, 1e-5, 1e-5]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.backend
def test_cosine_equals_that_of_keras():
    schedule = CosineDecay(0.5, 100, warmup_fraction=0, end_fraction=0.1)
    theirs = KerasCosine(0.5, 99, alpha=0.1)
    steps = [1, 20, 50, 99]
    # The peak is at step 0 and the end at step 99, the last of 100.
    np.testing.assert_allclose(rates(schedule, steps), rates(theirs, steps), rtol=1e-5)


@pytest.mark.backend
def test_one_cycle_by_hand():
    schedule = OneCycle(1.0, 10, warmup_fraction=0.4, start_fraction=0.2, end_fraction=0.1)
    quarter = 0.5 * (1 - np.cos(np.pi / 4))
    found = rates(schedule, [0, 1, 3, 6, 9, 20])
    expected = [0.2 + 0.8 * quarter, 0.6, 1.0, 0.55, 0.1, 0.1]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("name", ["linear", "cosine", "one_cycle"])
@pytest.mark.parametrize("total_steps", [1, 2, 7, 1000])
def test_rates_are_positive_and_end_low(name, total_steps):
    schedule = get_schedule(name, 0.5, total_steps)
    found = np.array(rates(schedule, range(min(total_steps, 50))))
    assert (found > 0).all()
    assert (found <= 0.5 * (1 + 1e-6)).all()
    assert rates(schedule, [total_steps]) == pytest.approx([0.5 * schedule.end_fraction])


@pytest.mark.backend
def test_warm_up_of_any_schedule():
    after = ExponentialDecay(1.0, decay_steps=1, decay_rate=0.5)
    assert rates(WarmUp(after, 2), range(4)) == pytest.approx([0.5, 1.0, 0.5, 0.25])
    assert rates(WarmUp(after, 0), range(1)) == pytest.approx([0.5])


@pytest.mark.backend
def test_an_optimizer_follows_the_schedule():
    optimizer = keras.optimizers.SGD(LinearDecay(1.0, 10, warmup_fraction=0.5))
    weight = keras.Variable(np.array([0.0], dtype="float32"))
    for _ in range(2):
        optimizer.apply([keras.ops.convert_to_tensor([1.0])], [weight])
    assert float(keras.ops.convert_to_numpy(weight.value)[0]) == pytest.approx(-(0.2 + 0.4))


@pytest.mark.parametrize(
    "schedule",
    [
        LinearDecay(0.5, 10, warmup_fraction=0.2, end_fraction=0.3),
        CosineDecay(0.5, 10),
        OneCycle(0.5, 10, start_fraction=0.1),
        WarmUp(CosineDecay(0.5, 10), 3),
    ],
)
def test_schedules_are_copied_and_serialised(schedule):
    saved = keras.optimizers.schedules.serialize(schedule)
    loaded = keras.optimizers.schedules.deserialize(saved)
    for copy in (get_schedule(schedule, 0.1, 5), loaded):
        assert copy is not schedule
        assert copy.get_config() == schedule.get_config()


@pytest.mark.parametrize("identifier", [None, "constant"])
def test_a_constant_rate_stays_a_number(identifier):
    assert get_schedule(identifier, 1, 100) == 1.0
    assert isinstance(get_schedule(identifier, 1, 100), float)


def test_unknown_schedules_are_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"'cosin' is not .* Did you mean 'cosine'"):
        get_schedule("cosin", 0.1, 10)
    with pytest.raises(TypeError, match="lr_schedule must be None, the name of a schedule or"):
        get_schedule(3, 0.1, 10)
