"""Run by test_devices.py: fits and predictions on one processor that plays two devices.

Prints what was found as JSON. The backend is that of KERAS_BACKEND.
"""

import contextlib
import json
import pickle
import sys
import tempfile
from pathlib import Path
from unittest import mock

import keras
import numpy as np

import emstellar
from emstellar.training.compilation import use_jit
from tests.segmenters.small import bright_discs, dropping_network, small_segmenter

if keras.config.backend() == "jax":
    import jax
else:
    import tensorflow as tf

X, y = bright_discs(5)
LARGE = np.tile(X[:1], (1, 3, 3))[:, :40, :40]
# Images per device and call, by "fit" or "predict" and the device's name.
SEEN = {}


def two_devices():
    """Return the block within which batches are divided, as the user guide says."""
    if keras.config.backend() == "jax":
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        return contextlib.nullcontext()
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope()


def note(training, device, n_images):
    phase = SEEN.setdefault("fit" if training else "predict", {})
    phase.setdefault(str(device), set()).add(int(n_images))


class Witness(keras.layers.Layer):
    """Hands images on, and notes how many of them come to which device."""

    def call(self, x, training=False):
        if keras.config.backend() == "jax":

            def note_sharding(sharding):
                for device in sharding.device_set:
                    note(training, device, sharding.shard_shape(x.shape)[0])

            jax.debug.inspect_array_sharding(x, callback=note_sharding)
            return x

        device = tf.identity(x).device

        def note_number(n_images):
            note(training, device, n_images)
            return n_images

        noted = tf.numpy_function(note_number, [tf.shape(x)[0]], tf.int32)
        with tf.control_dependencies([noted]):
            return tf.identity(x)


def network(input_shape, n_outputs):
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(Witness()(inputs))
    return keras.Model(inputs, keras.layers.Conv2D(n_outputs, 1, activation="sigmoid")(x))


class Stop(keras.callbacks.Callback):
    on = True

    def on_train_batch_begin(self, batch, logs=None):
        if Stop.on and keras.ops.convert_to_numpy(self.model.optimizer.iterations) >= 2:
            raise KeyboardInterrupt


def fitted(chosen=network, sample_weight=None, **parameters):
    options = {"batch_size": 4, "validation_fraction": 0.2, "lr_schedule": "linear", **parameters}
    return small_segmenter(chosen, **options).fit(X, y, sample_weight)


def results(segmenter):
    """Return what is to be the same on any number of devices."""
    tiled = segmenter.set_params(tile_size=16, overlap=4).predict_proba(LARGE)  # 3 x 3
    segmenter.set_params(tile_size=1024, overlap=128)
    history = [segmenter.history_[name] for name in ("loss", "val_loss", "learning_rate")]
    return {
        "history": np.concatenate(history),
        "best epoch": segmenter.best_iter_,
        "weights": np.concatenate([w.ravel() for w in segmenter.model_.get_weights()]),
        "five images": segmenter.predict_proba(X),
        "one image": segmenter.predict_proba(X[:1]),
        "three at a time": segmenter.predict_proba(X, batch_size=3),
        "tiles": tiled,
    }


def largest_difference(found, expected):
    differences = {}
    for name in expected:
        # Epochs without validation images have no validation scores in either.
        np.testing.assert_array_equal(np.isnan(found[name]), np.isnan(expected[name]))
        differences[name] = float(np.nanmax(np.abs(found[name] - expected[name])))
    return differences


def error_of(function):
    try:
        function()
    except ValueError as error:
        return str(error)
    return "no error"


def continued_from_checkpoint(folder):
    """Return how far a fit that was interrupted is from one that was not, in its weights."""
    options = {"chosen": dropping_network, "epochs": 4, "callbacks": [Stop()]}
    with contextlib.suppress(KeyboardInterrupt):
        fitted(checkpoint=folder, **options)
    Stop.on = False
    n_files = len(list(Path(folder).iterdir()))
    continued, undisturbed = fitted(checkpoint=folder, **options), fitted(**options)
    return n_files, largest_difference(results(continued), results(undisturbed))


def continued_from_copies(folder):
    """Return how far copies of a segmenter are from it, before and after one more epoch."""
    original = fitted(dropping_network)
    path = Path(folder) / "segmenter"
    original.save(path, include_optimizer=True)
    copies = [
        emstellar.load(path, network=dropping_network),
        pickle.loads(pickle.dumps(original)),
    ]
    differences = [largest_difference(results(c), results(original)) for c in copies]
    for segmenter in (original, *copies):
        segmenter.partial_fit(X, y)
    return differences + [largest_difference(results(c), results(original)) for c in copies]


def main():
    if keras.config.backend() == "tensorflow":
        (processor,) = tf.config.list_physical_devices("CPU")
        half = tf.config.LogicalDeviceConfiguration()
        tf.config.set_logical_device_configuration(processor, [half, half])
    sample_weight = np.random.default_rng(0).random(X.shape)
    alone, weighted_alone = fitted(), fitted(sample_weight=sample_weight)
    expected, weighted = results(alone), results(weighted_alone)
    SEEN.clear()
    with two_devices(), tempfile.TemporaryDirectory() as folder:
        segmenter = fitted()
        found = {
            "as on one device": largest_difference(results(segmenter), expected),
            "with weights": largest_difference(
                results(fitted(sample_weight=sample_weight)), weighted
            ),
            "accumulated": error_of(lambda: fitted(gradient_accumulation_steps=2)),
            "half precision": fitted(precision="mixed_float16").history_["loss"],
            "indivisible": error_of(lambda: fitted(batch_size=3)),
            "compiled": error_of(lambda: fitted(jit_compile=True)),
            "made outside": error_of(lambda: alone.partial_fit(X, y)),
            "checkpoint": continued_from_checkpoint(folder),
            "copies": continued_from_copies(folder),
        }
    # Networks of tensorflow remember their devices after the block.
    found["outside the block"] = largest_difference(results(segmenter), expected)
    with mock.patch("emstellar.training.compilation.has_gpu", return_value=True):
        found["compiled where there are GPUs"] = use_jit("auto", segmenter.model_)
    found["seen"] = {
        phase: {device: sorted(numbers) for device, numbers in devices.items()}
        for phase, devices in SEEN.items()
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
