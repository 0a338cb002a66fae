"""Fit and predict on two devices; a process of its own each, since the setting is for all of it."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# Two halves of a batch are summed in another order than the whole: differences are of the size of
# float32's rounding (6e-8), of which some steps of training gather a few.
ROUNDING = 1e-5


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def found(request):
    """Return what devices_program.py found on a backend."""
    pytest.importorskip(request.param)
    environment = {
        **os.environ,
        "KERAS_BACKEND": request.param,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, "-m", "tests.training.devices_program"]
    run = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
    return {"backend": request.param, **json.loads(run.stdout.splitlines()[-1])}


def test_every_device_gets_its_share(found):
    fit, predict = found["seen"]["fit"], found["seen"]["predict"]
    assert len(fit) == len(predict) == 2
    assert all(numbers == [2] for numbers in fit.values())
    # One image, three, five and nine tiles, filled up to 2, 4, 6 and 10.
    assert all(numbers == [1, 2, 3, 5] for numbers in predict.values())


@pytest.mark.parametrize("question", ["as on one device", "outside the block"])
def test_fit_and_predict_give_what_one_device_gives(found, question):
    assert max(found[question].values()) < ROUNDING


def test_weights_of_pixels_count(found):
    difference = max(found["with weights"].values())
    if found["backend"] == "jax":
        assert difference < ROUNDING
    else:
        # There each device divides by the weights of its own images, as the user guide says.
        assert ROUNDING < difference < 0.05


def test_losses_are_scaled_for_half_precision(found):
    first, *_, last = found["half precision"]
    assert last < first


@pytest.mark.parametrize(
    ("question", "named"),
    [("accumulated", "gradient_accumulation_steps=2"), ("compiled", "jit_compile=True")],
)
def test_what_tensorflow_cannot_do_is_refused(found, question, named):
    if found["backend"] == "jax":
        assert found[question] == "no error"
    else:
        assert f"{named} is not possible under tf.distribute" in found[question]


def test_compiling_by_itself_knows_about_devices(found):
    assert found["compiled where there are GPUs"] == (found["backend"] == "jax")


def test_a_batch_that_cannot_be_divided_is_refused(found):
    assert found["indivisible"] == (
        "batch_size=3 cannot be divided evenly among 2 devices: choose a multiple of 2, such as 4."
    )


def test_a_network_made_on_one_device_is_not_trained_further_on_two(found):
    assert found["made outside"].startswith(
        "The network was made on one device and cannot be trained further on 2. Save"
    )


def test_a_checkpoint_continues(found):
    n_files, differences = found["checkpoint"]
    assert n_files == 1
    assert max(differences.values()) == 0


def test_copies_predict_the_same_and_continue(found):
    assert len(found["copies"]) == 4
    for differences in found["copies"]:
        assert max(differences.values()) == 0
