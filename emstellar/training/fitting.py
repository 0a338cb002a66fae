"""One fit, from checked data to trained weights."""

import warnings
from copy import deepcopy

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

from emstellar import losses, optimizers
from emstellar.losses.logits import logits_kept
from emstellar.randomness import seed_from, seeded_construction
from emstellar.tiling import check_overlap
from emstellar.training.augmentation import get_augmentation
from emstellar.training.callbacks import (
    DEFAULT_VALIDATION_METRICS,
    BestEpoch,
    EpochLog,
    EpochTasks,
    StopAtNaN,
    ValidationScores,
    best_epoch,
    check_callbacks,
)
from emstellar.training.checkpoint import Checkpoint, checkpoint_path, stored_seed
from emstellar.training.compilation import compile_again
from emstellar.training.devices import check_origin, check_settings
from emstellar.training.feeding import feed
from emstellar.training.monitoring import check_monitor
from emstellar.training.naming import number_layers
from emstellar.training.normalization import Normalization
from emstellar.training.one_class import warn_of_one_class
from emstellar.training.patches import PatchBatches
from emstellar.training.pooled_loss import with_loss_weights
from emstellar.training.prediction import network_maps, pair, representative_images
from emstellar.training.schedules import get_schedule
from emstellar.training.timing import CompileClock
from emstellar.validation import check_images, check_masks, check_weights, encode_masks


class Training:
    """The data of one call of `fit`, and the steps from there to trained weights.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        Gives the parameters, holds the network, and receives what is learnt.
    images : list of ndarray of shape (height, width, channels)
        All images given to `fit`.
    codes : list of ndarray of shape (height, width), int32
        Positions of classes; ``-1`` where unlabelled.
    weights : list of ndarray of shape (height, width), float32, or None
        Pixel weights.
    classes : ndarray of shape (n_classes,)
        The labels.
    seed : int, optional
        The seed of the fit that this one continues, so that the same images are set aside.
    """

    def __init__(self, segmenter, images, codes, weights, classes, seed=None):
        self.segmenter = segmenter
        self.images = images
        self.codes = codes
        self.weights = weights
        self.classes = classes
        self.validation = None
        self.checkpoint_path = None
        self.task = None
        self._seed = seed
        self._check_something_to_fit()
        self.patch_size = self._check_patch_size()
        check_settings(segmenter)
        # Names are judged here, before any weight is built.
        self.augment = get_augmentation(segmenter.augmentation)
        self.class_weight = self._check_class_weight()
        self.loss = losses.get_loss(segmenter.loss)
        optimizers.get_optimizer(segmenter.optimizer, segmenter.learning_rate)
        get_schedule(segmenter.lr_schedule, segmenter.learning_rate, 1)
        self.metrics = self._check_monitor()
        check_callbacks(segmenter.callbacks)
        check_overlap(
            pair(segmenter.tile_size), pair(segmenter.overlap), segmenter.network_size_multiple
        )

    def _check_something_to_fit(self):
        if not _has_labels(self.codes, self.weights):
            raise ValueError(
                "All labelled pixels of the images to train on have zero weight in "
                "sample_weight, or there are none: there is nothing to fit."
            )

    def _check_patch_size(self):
        """Return height and width of the patches."""
        sides = np.array([image.shape[:2] for image in self.images])
        wanted = self.segmenter.patch_size
        if wanted == "auto":
            side = int(min(256, sides.min()))
            return side, side
        size = (wanted, wanted) if np.ndim(wanted) == 0 else tuple(wanted)
        # Smaller images are filled up, but where all are, most of the work would be for nothing.
        if not (sides >= size).all(axis=1).any():
            raise ValueError(
                f"patch_size={wanted!r} is larger than the smallest image, which has height and "
                f"width {tuple(sides.min(axis=0).tolist())}, and than all others; choose a smaller "
                "patch_size or 'auto'."
            )
        return size

    def _check_class_weight(self):
        """Return one weight per class, "balanced" or None."""
        wanted = self.segmenter.class_weight
        if wanted is None:
            return None
        if isinstance(wanted, dict):
            unknown = [label for label in wanted if label not in self.classes]
            if unknown:
                raise ValueError(
                    f"class_weight has labels {unknown} that are not among the classes "
                    f"{self.classes.tolist()}."
                )
            weights = [float(wanted.get(label, 1.0)) for label in self.classes]
            if not np.isfinite(weights).all() or min(weights) < 0 or max(weights) == 0:
                raise ValueError(
                    "The weights in class_weight must be finite, zero or positive, and not all "
                    f"zero. Got {wanted!r}."
                )
            return weights
        return wanted

    def _balanced_class_weight(self):
        """Return the classes' weights by the pixels that are trained on, as they are weighted.

        A class that has none weighs 1: it may still occur in the validation images.
        """
        counts = np.zeros(len(self.classes))
        for code, weight in zip(self.codes, self.weights or self.codes, strict=True):
            known = code >= 0
            own = None if self.weights is None else weight[known]
            counts += np.bincount(code[known], own, minlength=len(counts))
        fair = counts.sum() / len(counts)
        return np.divide(fair, counts, out=np.ones(len(counts)), where=counts > 0).tolist()

    def _check_monitor(self):
        """Return the names of the metrics to compute on the validation images."""
        check_monitor(self.segmenter)
        if self.segmenter.monitor in ("loss", "val_loss"):
            return DEFAULT_VALIDATION_METRICS
        name = self.segmenter.monitor.removeprefix("val_")
        return tuple(dict.fromkeys([*DEFAULT_VALIDATION_METRICS, name]))

    def set_aside(self, groups, validation_data):
        """Choose the images that training is monitored with.

        Parameters
        ----------
        groups : ndarray of shape (n_images,) or None
            Whole groups go to one side.
        validation_data : tuple (X, y) or None
            Given by the user instead.

        Raises
        ------
        ValueError
            If both `validation_data` and `validation_fraction` are given, or neither where
            `monitor` needs one.
        """
        fraction = self.segmenter.validation_fraction
        if self.segmenter.checkpoint is not None:
            data = (self.images, self.codes, self.weights, groups, validation_data)
            first_epoch = self.segmenter.n_iter_ if self._seed is not None else 0
            self.checkpoint_path = checkpoint_path(self.segmenter, data, first_epoch)
        if validation_data is not None:
            if fraction is not None:
                raise ValueError(
                    "Both validation_data and validation_fraction were given; choose one."
                )
            self.validation = self._check_validation_data(validation_data)
        elif fraction is not None:
            self._split(groups, fraction)
        check_monitor(self.segmenter, has_validation=self.validation is not None)
        if self.validation is not None and not _has_labels(*self.validation[1:]):
            raise ValueError(
                f"No pixel of the {len(self.validation[0])} validation images is labelled and has "
                "a weight above 0: there is nothing to monitor training with. Pass "
                "validation_data=(X_val, y_val) with labels to fit, or, for another draw, change "
                "validation_fraction or random_state."
            )

    def _check_validation_data(self, validation_data):
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
            raise ValueError(
                "validation_data must be a tuple (X_val, y_val) or (X_val, y_val, sample_weight) "
                f"of images, masks and weights, got {_describe(validation_data)}."
            )
        X, y, sample_weight = (*validation_data, None)[:3]
        name = type(self.segmenter).__name__
        images = check_images(X, n_channels=self.images[0].shape[-1], name=name)
        masks = check_masks(y, images, name=name)
        weights = check_weights(sample_weight, images)
        return images, encode_masks(masks, self.classes), weights

    def _split(self, groups, fraction):
        splitter = GroupShuffleSplit if groups is not None else ShuffleSplit
        split = splitter(n_splits=1, test_size=fraction, random_state=self.draw_seed())
        try:
            kept, aside = next(split.split(self.images, groups=groups))
        except ValueError as error:
            whole = "images" if groups is None else "groups"
            raise ValueError(
                f"validation_fraction={fraction} leaves no {whole} to train on: {error}"
            ) from error
        self.validation = self._take(aside)
        self.images, self.codes, self.weights = self._take(kept)
        self._check_something_to_fit()

    def _take(self, positions):
        """Return images, codes and weights (or None) at some positions."""
        images, codes = ([values[i] for i in positions] for values in (self.images, self.codes))
        weights = None if self.weights is None else [self.weights[i] for i in positions]
        return images, codes, weights

    def draw_seed(self):
        """Return the one seed of this fit, which a fit that continues takes over."""
        if self._seed is None and self.checkpoint_path is not None:
            self._seed = stored_seed(self.checkpoint_path)
        if self._seed is None:
            self._seed = seed_from(self.segmenter.random_state)
        return self._seed

    def fit_normalization(self):
        """Return the normalisation by the images that are trained on."""
        return Normalization.fit(self.segmenter.normalization, self.images)

    def build_model(self):
        """Return the network with new weights."""
        model = build_model(self.segmenter)
        with seeded_construction(self.segmenter.seed_):
            self.segmenter.set_initial_weights(model)
        return model

    def run(self, n_epochs, *, anew):
        """Train for `n_epochs` epochs, and leave what was learnt in the segmenter.

        Parameters
        ----------
        n_epochs : int
            How many epochs.
        anew : bool
            Whether the learning-rate schedule begins with them and is over after them, as in
            `fit`, or they are a part of it, as in `partial_fit`.
        """
        segmenter = self.segmenter
        check_origin(segmenter.model_)
        self._clock, self._warm = CompileClock(), False
        segmenter.earlier_pieces_ = []
        segmenter.compile_time_ = getattr(segmenter, "compile_time_", 0.0)
        last = segmenter.n_iter_ + n_epochs
        batches = self._batches()
        if self.class_weight == "balanced":
            self.class_weight = self._balanced_class_weight()
        compile_again(segmenter, self.class_weight, batches.steps_per_epoch, anew=anew)
        callbacks, best = self._callbacks(last)
        finished, checkpoint = False, None
        if self.checkpoint_path is not None:
            checkpoint = Checkpoint(self.checkpoint_path, segmenter, best, self._clock)
            finished = checkpoint.restore()
            callbacks.append(checkpoint)
        first = len(segmenter.history_.get("loss", []))
        if first < last and not finished:
            with logits_kept(segmenter.model_):
                segmenter.model_.fit(
                    feed(batches, segmenter.model_, first, last - first),
                    steps_per_epoch=batches.steps_per_epoch,
                    initial_epoch=first,
                    epochs=last,
                    callbacks=callbacks,
                    shuffle=False,
                    verbose=0,
                )
        elif best is not None:
            best.set_model(segmenter.model_)
            best.on_train_end()
        if checkpoint is not None:
            checkpoint.remove()
        if anew:
            del segmenter._schedule_start
        segmenter.compile_time_ += self._clock.seconds
        self._conclude(best)

    def _batches(self):
        segmenter = self.segmenter
        return PatchBatches(
            self.images,
            self.codes,
            with_loss_weights(self.loss, self.codes, self.weights),
            normalization=segmenter.normalization_,
            augment=self.augment,
            patch_size=self.patch_size,
            batch_size=segmenter.batch_size,
            steps_per_epoch=segmenter.steps_per_epoch,
            size_multiple=segmenter.network_size_multiple,
            seed=segmenter.seed_,
            sampling=segmenter.sampling,
            foreground_fraction=segmenter.foreground_fraction,
        )

    def _callbacks(self, last_epoch):
        """Return the callbacks in the order in which they fill the epoch's logs."""
        segmenter = self.segmenter
        callbacks, best = [self._clock], None
        if self.validation is not None:
            images, codes, weights = self.validation
            frequency = segmenter.validation_freq
            callbacks.append(
                ValidationScores(self._predict, images, codes, self.metrics, frequency, weights)
            )
        name = type(segmenter).__name__
        callbacks.append(StopAtNaN())
        verbose = int(segmenter.verbose)
        callbacks.append(EpochLog(segmenter.history_, last_epoch, name, verbose, self._clock))
        if self.validation is not None or segmenter.monitor == "loss":
            every = 1 if segmenter.monitor == "loss" else segmenter.validation_freq
            best = BestEpoch(segmenter.monitor, segmenter.patience, segmenter.restore_best, every)
            callbacks.append(best)
        callbacks += deepcopy(segmenter.callbacks or [])
        if self.task is not None:
            callbacks.append(EpochTasks(self.task))
        return callbacks, best

    def _predict(self, images):
        if not self._warm:
            # What is traced for the first validation is no training.
            with self._clock.running():
                for some in representative_images(images, self.segmenter.tile_size):
                    list(network_maps(self.segmenter, some))
            self._warm = True
        return list(network_maps(self.segmenter, images))

    def _conclude(self, best):
        segmenter = self.segmenter
        history = segmenter.history_
        found = best is not None and best.epoch is not None
        frequency = None if self.validation is None else segmenter.validation_freq
        first = _first_without_value(history, segmenter.n_iter_, frequency)
        if first is not None:
            keeps = found and segmenter.restore_best
            kept = (
                f"the weights of epoch {best.epoch + 1} are kept" if keeps else "it cannot predict"
            )
            # scikit-learn's callbacks add a function between `fit` and its caller.
            wrapped = self.task is not None and self.task.context is not None
            half = segmenter.precision == "mixed_float16"
            warnings.warn(
                f"The loss, or what the network makes of validation images, became NaN or infinite "
                f"in epoch {first + 1}: the network has learnt nothing since, and {kept}. Try a "
                f"lower learning_rate, normalization='train'"
                f"{', or precision=mixed_bfloat16, which does not overflow' if half else ''}.",
                ConvergenceWarning,
                stacklevel=6 if wrapped else 5,
            )
        elif self.validation is not None:
            images, codes = self.validation[:2]
            maps = network_maps(segmenter, images)
            warn_of_one_class(maps, codes, self.classes, type(segmenter).__name__)
        segmenter.best_iter_ = best.epoch + 1 if found else len(history["loss"])
        segmenter.convergence_time_ = history["elapsed"][segmenter.best_iter_ - 1]
        segmenter.convergence_times_ = {
            name: _time_of_best(history, name) for name in history if name.startswith("val_")
        }


def _has_labels(codes, weights):
    """Tell whether any pixel is labelled and has a weight above 0."""
    pairs = zip(codes, weights or [1.0] * len(codes), strict=True)
    return any(np.where(code >= 0, weight, 0).any() for code, weight in pairs)


def _describe(value):
    length = f" of {len(value)} items" if isinstance(value, (tuple, list)) else ""
    return f"a {type(value).__name__}{length}"


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


def build_model(segmenter):
    """Return the segmenter's network with new weights that depend on its seed only.

    Raises
    ------
    ValueError
        If the network's output is not as large as its input or has not one channel per class.
    """
    n_outputs = 1 if len(segmenter.classes_) == 2 else len(segmenter.classes_)
    with seeded_construction(segmenter.seed_):
        model = segmenter.build_network((None, None, segmenter.n_channels_in_), n_outputs)
    number_layers(model)
    side = segmenter.network_size_multiple
    spec = model.compute_output_shape((1, side, side, segmenter.n_channels_in_))
    allowed = (1, 2) if n_outputs == 1 else (n_outputs,)
    if tuple(spec[:3]) != (1, side, side) or spec[3] not in allowed:
        raise ValueError(
            f"The network turns an input of shape {(1, side, side, segmenter.n_channels_in_)} "
            f"into {tuple(spec)}; expected {(1, side, side, n_outputs)}: a map as large as the "
            "image with one channel for the foreground, or one per class if there are more "
            "than two."
        )
    return model
