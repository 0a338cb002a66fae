"""One fit, from checked data and a network to trained weights."""

import time
import warnings
from copy import deepcopy

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from emstellar.losses.logits import logits_kept
from emstellar.training.callbacks import (
    BestEpoch,
    EpochLog,
    EpochTasks,
    StopAtNaN,
    ValidationScores,
    best_epoch,
)
from emstellar.training.checkpoint import Checkpoint
from emstellar.training.compilation import compile_again
from emstellar.training.devices import check_origin
from emstellar.training.feeding import feed
from emstellar.training.monitoring import check_monitor
from emstellar.training.one_class import warn_of_one_class
from emstellar.training.patches import PatchBatches
from emstellar.training.pooled_loss import with_loss_weights
from emstellar.training.prediction import Predictor, network_maps, representative_images
from emstellar.training.timing import CompileClock


def choose_validation(data, parameters, *, seed, groups=None, validation_data=None):
    """Choose the images that training is monitored with.

    Parameters
    ----------
    data : TrainingData
        Gets them as `validation`.
    parameters : TrainingParameters
        `validation_fraction` and `monitor` are looked at.
    seed : int
        Decides which images are set aside.
    groups : ndarray of shape (n_images,), optional
        Whole groups go to one side.
    validation_data : tuple (X, y) or (X, y, sample_weight), optional
        Given by the user instead.

    Raises
    ------
    ValueError
        If both `validation_data` and `validation_fraction` are given, or neither where
        `monitor` needs one.
    """
    fraction = parameters.validation_fraction
    if validation_data is not None:
        if fraction is not None:
            raise ValueError("Both validation_data and validation_fraction were given; choose one.")
        data.use_for_validation(validation_data)
    elif fraction is not None:
        data.set_aside(fraction, seed, groups)
    check_monitor(parameters, has_validation=data.validation is not None)


class Training:
    """A fit, or one more epoch of it.

    Parameters
    ----------
    parameters : TrainingParameters
        What the user asks for.
    plan : TrainingPlan
        What that stands for.
    data : TrainingData
        What is trained on.
    architecture : Architecture
        What the network is called and needs.
    checkpoint_path : pathlib.Path, optional
        The file from which a killed fit continues.
    task : FitTask, optional
        Tells scikit-learn's callbacks of every epoch.
    """

    def __init__(self, parameters, plan, data, architecture, *, checkpoint_path=None, task=None):
        self.parameters = parameters
        self.plan = plan
        self.data = data
        self.architecture = architecture
        self.checkpoint_path = checkpoint_path
        self.task = task

    def run(self, state, n_epochs, *, anew):
        """Train for `n_epochs` epochs, and leave what was learnt in the state.

        Parameters
        ----------
        state : FitState
            Changed in place.
        n_epochs : int
            How many epochs.
        anew : bool
            Whether the learning-rate schedule begins with them and is over after them, as in
            `fit`, or they are a part of it, as in `partial_fit`.
        """
        start = time.perf_counter()
        check_origin(state.model)
        self._state = state
        self._clock, self._warm = CompileClock(), False
        state.earlier_pieces = []
        last = state.n_iter + n_epochs
        batches = self._batches()
        class_weight = self.plan.class_weight
        if class_weight == "balanced":
            class_weight = self.data.balanced_class_weight()
        compile_again(self.parameters, state, class_weight, batches.steps_per_epoch, anew=anew)
        callbacks, best = self._callbacks(last)
        finished, checkpoint = False, None
        if self.checkpoint_path is not None:
            checkpoint = Checkpoint(self.checkpoint_path, state, best, self._clock)
            finished = checkpoint.restore()
            callbacks.append(checkpoint)
        first = len(state.history.get("loss", []))
        if first < last and not finished:
            with logits_kept(state.model):
                state.model.fit(
                    feed(batches, state.model, first, last - first),
                    steps_per_epoch=batches.steps_per_epoch,
                    initial_epoch=first,
                    epochs=last,
                    callbacks=callbacks,
                    shuffle=False,
                    verbose=0,
                )
        elif best is not None:
            best.set_model(state.model)
            best.on_train_end()
        if checkpoint is not None:
            checkpoint.remove()
        if anew:
            state.schedule_start = None
        state.compile_time += self._clock.seconds
        self._conclude(best)
        state.n_iter = len(state.history["loss"])
        state.fit_time += time.perf_counter() - start

    def _batches(self):
        data, parameters = self.data, self.parameters
        return PatchBatches(
            data.images,
            data.codes,
            with_loss_weights(self.plan.loss, data.codes, data.weights),
            normalization=self._state.normalization,
            augment=self.plan.augment,
            patch_size=self.plan.patch_size,
            batch_size=parameters.batch_size,
            steps_per_epoch=parameters.steps_per_epoch,
            size_multiple=self.architecture.size_multiple,
            seed=self._state.seed,
            sampling=parameters.sampling,
            foreground_fraction=parameters.foreground_fraction,
        )

    def _callbacks(self, last_epoch):
        """Return the callbacks in the order in which they fill the epoch's logs."""
        parameters, validation = self.parameters, self.data.validation
        callbacks, best = [self._clock], None
        if validation is not None:
            images, codes, weights = validation
            frequency = parameters.validation_freq
            callbacks.append(
                ValidationScores(
                    self._predict, images, codes, self.plan.metrics, frequency, weights
                )
            )
        callbacks.append(StopAtNaN())
        name, verbose = self.architecture.name, int(parameters.verbose)
        callbacks.append(EpochLog(self._state.history, last_epoch, name, verbose, self._clock))
        monitor = parameters.monitor
        if validation is not None or monitor == "loss":
            every = 1 if monitor == "loss" else parameters.validation_freq
            best = BestEpoch(monitor, parameters.patience, parameters.restore_best, every)
            callbacks.append(best)
        callbacks += deepcopy(parameters.callbacks or [])
        if self.task is not None:
            callbacks.append(EpochTasks(self.task))
        return callbacks, best

    @property
    def _predictor(self):
        state, size_multiple = self._state, self.architecture.size_multiple
        return Predictor(state.model, state.normalization, size_multiple, self.parameters)

    def _predict(self, images):
        if not self._warm:
            # What is traced for the first validation is no training.
            with self._clock.running():
                for some in representative_images(images, self.parameters.tile_size):
                    list(network_maps(self._predictor, some))
            self._warm = True
        return list(network_maps(self._predictor, images))

    def _conclude(self, best):
        state, parameters, validation = self._state, self.parameters, self.data.validation
        history = state.history
        found = best is not None and best.epoch is not None
        frequency = None if validation is None else parameters.validation_freq
        first = _first_without_value(history, state.n_iter, frequency)
        if first is not None:
            keeps = found and parameters.restore_best
            kept = (
                f"the weights of epoch {best.epoch + 1} are kept" if keeps else "it cannot predict"
            )
            # scikit-learn's callbacks add a function between `fit` and its caller.
            wrapped = self.task is not None and self.task.context is not None
            half = parameters.precision == "mixed_float16"
            warnings.warn(
                f"The loss, or what the network makes of validation images, became NaN or infinite "
                f"in epoch {first + 1}: the network has learnt nothing since, and {kept}. Try a "
                f"lower learning_rate, normalization='train'"
                f"{', or precision=mixed_bfloat16, which does not overflow' if half else ''}.",
                ConvergenceWarning,
                stacklevel=6 if wrapped else 5,
            )
        elif validation is not None:
            images, codes = validation[:2]
            maps = network_maps(self._predictor, images)
            warn_of_one_class(maps, codes, self.data.classes, self.architecture.name)
        state.best_iter = best.epoch + 1 if found else len(history["loss"])
        state.convergence_time = history["elapsed"][state.best_iter - 1]
        state.convergence_times = {
            name: _time_of_best(history, name) for name in history if name.startswith("val_")
        }


def _first_without_value(history, start, validation_freq):
    """Return the first epoch from `start` whose loss or scored maps were not finite, or None.

    `validation_freq` is None where no maps were scored.
    """
    finite = np.isfinite(history["loss"])
    if validation_freq is not None:
        scored = np.arange(1, len(finite) + 1) % validation_freq == 0
        finite &= np.isfinite(history["val_loss"]) | ~scored
    return None if finite[start:].all() else start + int(np.argmin(finite[start:]))


def _time_of_best(history, name):
    """Return the seconds to the best epoch by a criterion; NaN if it never had a value."""
    epoch = best_epoch(history[name], name)
    return np.nan if epoch is None else history["elapsed"][epoch]
