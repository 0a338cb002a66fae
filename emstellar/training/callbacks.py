"""What happens at the end of every epoch: scores, best weights, the log."""

import time

import numpy as np

from emstellar._keras import keras
from emstellar.log_messages import tell
from emstellar.metrics import compute_scores
from emstellar.metrics.scorers import find_metric
from emstellar.training.devices import count_replicas
from emstellar.training.pooled_loss import pooled_loss, with_loss_weights
from emstellar.training.prediction import with_background
from emstellar.validation import UNLABELLED

# Cheap enough for every epoch, and what people look at; the monitored one is added to them.
DEFAULT_VALIDATION_METRICS = ("f1", "jaccard", "roc_auc")


def best_epoch(values, monitor):
    """Return the position of the best of `values`, one per epoch; None where all are NaN.

    Examples
    --------
    >>> from emstellar.training.callbacks import best_epoch
    >>> best_epoch([float("nan"), 0.5, 0.8], "val_f1"), best_epoch([0.5, 0.8], "val_loss")
    (2, 0)
    """
    values = np.asarray(values, dtype=float)
    if np.isnan(values).all():
        return None
    return int(np.nanargmin(values) if falls(monitor) else np.nanargmax(values))


def falls(monitor):
    """Tell whether less of a monitored value is better: of the loss, and of nothing else.

    Scorers return minus the metric where lower is better, whatever they are called.
    """
    return monitor in ("loss", "val_loss")


def is_better(value, best, monitor):
    """Tell whether `value` improves on `best`: the loss falls, scores rise."""
    return value < best if falls(monitor) else value > best


class ValidationScores(keras.callbacks.Callback):
    """Add ``val_loss`` and scores of the whole validation images to the epoch's logs.

    Keras' own validation would average over batches, which no score but the loss can bear, and
    needs images of one size. Here every image is predicted whole, as it is after training.

    Parameters
    ----------
    predict : callable
        ``predict(images)`` returns a list of probability maps (height, width, n_outputs).
    images : list of ndarray of shape (height, width, channels)
        The validation images.
    codes : list of ndarray of shape (height, width), int32
        Positions of classes; ``-1`` where unlabelled.
    metrics : sequence of str
        Names of scorers, without ``val_``.
    frequency : int, default=1
        Epochs from one scoring to the next; NaN is recorded in between.
    weights : list of ndarray of shape (height, width), default=None
        Weights of the pixels, in ``val_loss`` and in the scores of pixels. Scores of regions,
        such as V_Rand, know weights of whole images, and take a pixel of weight 0 for unlabelled.

    Notes
    -----
    ``val_loss`` is the loss of all pixels together, under the weights that the loss itself gives
    to classes and to pixels near borders. A network whose maps are not finite has no scores: NaN
    is recorded, and training stops.

    Examples
    --------
    >>> import keras
    >>> import numpy as np
    >>> from emstellar.losses import get_loss
    >>> from emstellar.training import ValidationScores
    >>> codes = [np.array([[0, 1, 1, 1]], dtype="int32")]
    >>> def predict(images):
    ...     return [np.array([[[0.1], [0.9], [0.9], [0.2]]])]
    >>> scores = ValidationScores(predict, [np.zeros((1, 4, 1))], codes, ["sensitivity"])
    >>> scores.set_model(keras.Sequential())
    >>> scores.model.loss = get_loss("bce")
    >>> logs = {}
    >>> scores.on_epoch_end(0, logs)
    >>> logs["val_sensitivity"]
    0.666...
    """

    def __init__(self, predict, images, codes, metrics, frequency=1, weights=None):
        super().__init__()
        self.frequency = frequency
        self.predict = predict
        self.images = images
        self.codes = codes if weights is None else _label_weighted(codes, weights)
        self.metrics = metrics
        self.weights = weights
        self._loss_weights = None

    def on_epoch_end(self, epoch, logs=None):
        """Score the network as it is now."""
        logs.update(dict.fromkeys(["val_loss", *(f"val_{m}" for m in self.metrics)], np.nan))
        if (epoch + 1) % self.frequency:
            return
        maps = self.predict(self.images)
        if not all(np.isfinite(p).all() for p in maps):
            self.model.stop_training = True
            return
        logs["val_loss"] = self._loss(maps)
        logs.update(self._scores([with_background(p) for p in maps]))

    def _scores(self, maps):
        labels = np.arange(maps[0].shape[-1])
        scores = {}
        for names, weights in _weights_by_metric(self.metrics, self.weights):
            scores |= compute_scores(names, self.codes, maps, labels=labels, sample_weight=weights)
        return {f"val_{name}": float(scores[name]) for name in self.metrics}

    def _loss(self, maps):
        """Return the loss of all labelled pixels, as that of one batch."""
        if self._loss_weights is None:
            self._loss_weights = with_loss_weights(self.model.loss, self.codes, self.weights)
        loss = pooled_loss(self.model.loss, self.codes, maps, self._loss_weights)
        # Within the scope of tf.distribute Keras divides every loss by the number of replicas.
        return loss * count_replicas()


def _label_weighted(codes, weights):
    """Return codes in which a pixel of weight 0 is unlabelled."""
    return [np.where(w > 0, code, UNLABELLED) for code, w in zip(codes, weights, strict=True)]


def _weights_by_metric(names, weights):
    """Return pairs of names and the weights they can bear.

    Metrics of regions and objects have no weights of pixels, but weights of images.
    """
    if weights is None:
        return [(names, None)]
    if all(w.min() == w.max() for w in weights):
        return [(names, np.array([w.flat[0] for w in weights]))]
    of_pixels = [name for name in names if find_metric(name).weighs_pixels]
    of_regions = [name for name in names if name not in of_pixels]
    return [(of_pixels, weights), (of_regions, None)]


class StopAtNaN(keras.callbacks.Callback):
    """Stop when weights are not finite: no further epoch could mend them.

    A loss alone that is not finite is no reason. Under loss scaling in float16 the first steps
    overflow as a rule, and change nothing.

    Examples
    --------
    >>> import keras
    >>> from emstellar.training.callbacks import StopAtNaN
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.set_weights([weight * float("nan") for weight in model.get_weights()])
    >>> stop = StopAtNaN()
    >>> stop.set_model(model)
    >>> stop.on_epoch_end(0, {"loss": float("nan")})
    >>> model.stop_training
    True
    """

    def on_epoch_end(self, epoch, logs=None):
        """Look at the weights if the epoch's loss is not finite."""
        if np.isfinite(logs["loss"]):
            return
        if not all(np.isfinite(weight).all() for weight in self.model.get_weights()):
            self.model.stop_training = True


class BestEpoch(keras.callbacks.Callback):
    """Remember the best epoch under a monitored value; stop when it is long past.

    Parameters
    ----------
    monitor : str
        A key of the epoch's logs.
    patience : int or None
        Epochs without improvement after which training stops; None never stops.
    restore : bool
        Whether the weights of the best epoch are put back at the end of training.
    frequency : int, default=1
        Epochs from one value to the next. Training stops at those with a value only, so that
        every improvement is seen, however small `patience` is.

    Attributes
    ----------
    epoch : int or None
        The best epoch, counted from 0.
    value : float
        The monitored value there.

    Examples
    --------
    >>> import keras
    >>> from emstellar.training import BestEpoch
    >>> best = BestEpoch("val_f1", patience=2, restore=False)
    >>> best.set_model(keras.Sequential())
    >>> for epoch, value in enumerate([0.5, 0.8, 0.7]):
    ...     best.on_epoch_end(epoch, {"val_f1": value})
    >>> best.epoch, best.value
    (1, 0.8)
    """

    def __init__(self, monitor, patience, restore, frequency=1):
        super().__init__()
        self.monitor = monitor
        self.frequency = frequency
        self.patience = patience
        self.restore = restore
        self.epoch = None
        self.value = np.inf if falls(monitor) else -np.inf
        self._weights = None

    def state(self):
        """Return what a checkpoint keeps."""
        return {"epoch": self.epoch, "value": self.value, "weights": self._weights or []}

    def set_state(self, state):
        """Continue from what `state` returned.

        Parameters
        ----------
        state : dict
            With the keys ``epoch``, ``value`` and ``weights``.
        """
        self.epoch, self.value = state["epoch"], state["value"]
        self._weights = state["weights"] or None

    def on_epoch_end(self, epoch, logs=None):
        """Compare with the best so far."""
        if self.monitor not in logs:
            raise ValueError(
                f"monitor={self.monitor!r} is not among what was recorded: {sorted(logs)}."
            )
        if (epoch + 1) % self.frequency:
            return
        if is_better(logs[self.monitor], self.value, self.monitor):
            self.epoch, self.value = epoch, logs[self.monitor]
            self._weights = self.model.get_weights() if self.restore else None
        elif self.patience is not None and epoch - (self.epoch or 0) >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Put the best weights back."""
        if self.restore and self._weights is not None:
            self.model.set_weights(self._weights)


class EpochLog(keras.callbacks.Callback):
    """Keep the logs of all epochs as plain lists, and say a line per epoch.

    Parameters
    ----------
    history : dict of str to list
        Where the values are appended, with ``learning_rate`` and ``elapsed`` (seconds since the
        first fit began, with validation and without what `clock` counts); NaN for what an epoch
        has no value of.
    n_epochs : int
        The epoch that training is to reach, for the printed line.
    name : str
        What to call the segmenter in it.
    verbose : int
        0 prints nothing; the line goes to the logger ``emstellar`` in any case.
    clock : CompileClock, optional
        Whose ``seconds`` were no training.

    Examples
    --------
    >>> import keras
    >>> from emstellar.training import EpochLog
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.25), "mse")
    >>> history = {}
    >>> log = EpochLog(history, n_epochs=1, name="example", verbose=0)
    >>> log.set_model(model)
    >>> log.on_train_begin()
    >>> log.on_epoch_end(0, {"loss": 0.5})
    >>> history["loss"], history["learning_rate"]
    ([0.5], [0.25])
    """

    def __init__(self, history, n_epochs, name, verbose, clock=None):
        super().__init__()
        self.clock = clock
        self.history = history
        self.n_epochs = n_epochs
        self.name = name
        self.verbose = verbose

    def on_train_begin(self, logs=None):
        """Start the clock where an earlier fit stopped it."""
        past = self.history.get("elapsed") or [0.0]
        self._first = len(self.history.get("elapsed", []))
        self._past = past[-1]
        self._start, self._compiled = time.perf_counter(), self._compile_seconds()

    def on_epoch_end(self, epoch, logs=None):
        """Append the epoch's values."""
        training = time.perf_counter() - self._start - (self._compile_seconds() - self._compiled)
        logs["elapsed"] = self._past + training
        rate = keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)
        values = {**logs, "learning_rate": float(rate)}
        # An epoch without validation images has no validation scores: all lists stay equally long.
        n_before = len(self.history.get("loss", []))
        for key in {**self.history, **values}:
            earlier = self.history.setdefault(key, [np.nan] * n_before)
            earlier.append(float(values.get(key, np.nan)))
        tell(self._line(epoch, values), printed=self.verbose)

    def _compile_seconds(self):
        return 0.0 if self.clock is None else self.clock.seconds

    def _line(self, epoch, values):
        spent = values["elapsed"] - self._past
        left = spent / (epoch + 1 - self._first) * (self.n_epochs - epoch - 1)
        scores = "  ".join(
            f"{key} {value:.4g}"
            for key, value in values.items()
            if key not in ("elapsed", "learning_rate") and not np.isnan(value)
        )
        return (
            f"[{self.name}] epoch {epoch + 1}/{self.n_epochs}  {scores}  "
            f"{spent:.0f} s, at most {left:.0f} s left"
        )


class EpochTasks(keras.callbacks.Callback):
    """Tell scikit-learn's callbacks of every epoch.

    Parameters
    ----------
    task : emstellar.fit_tasks.FitTask
        That of the whole fit.
    """

    def __init__(self, task):
        super().__init__()
        self.task = task

    def on_epoch_begin(self, epoch, logs=None):
        """Begin the task of the epoch."""
        self._epoch = self.task.subtask(f"epoch {epoch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        """End it, and training if one of the callbacks says so."""
        if self._epoch.end():
            self.model.stop_training = True


def check_callbacks(callbacks):
    """Raise a TypeError if one of a user's `callbacks`, a list or None, is none of Keras'."""
    for callback in callbacks or []:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(f"callbacks must hold keras.callbacks.Callback, got {callback!r}.")
