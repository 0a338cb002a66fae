"""One fit, from checked data to trained weights."""

import warnings
from copy import deepcopy

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit

from emstellar import losses, metrics, optimizers
from emstellar.constraints import did_you_mean
from emstellar.randomness import seed_from, seeded_construction
from emstellar.tiling import check_overlap
from emstellar.training.augmentation import get_augmentation
from emstellar.training.callbacks import (
    DEFAULT_VALIDATION_METRICS,
    BestEpoch,
    EpochLog,
    ValidationScores,
    best_epoch,
    check_callbacks,
)
from emstellar.training.checkpoint import Checkpoint, checkpoint_path, stored_seed
from emstellar.training.compilation import compile_again
from emstellar.training.devices import check_origin, check_settings
from emstellar.training.feeding import feed
from emstellar.training.naming import number_layers
from emstellar.training.normalization import Normalization
from emstellar.training.patches import PatchBatches
from emstellar.training.prediction import network_maps, pair
from emstellar.training.schedules import get_schedule
from emstellar.validation import check_images, check_masks, encode_masks


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
        check_overlap(pair(segmenter.tile_size), pair(segmenter.overlap), segmenter._size_multiple)

    def _check_something_to_fit(self):
        weights = self.weights or [1.0] * len(self.codes)
        pairs = zip(self.codes, weights, strict=True)
        if not any(np.where(code >= 0, weight, 0).any() for code, weight in pairs):
            raise ValueError(
                "All labelled pixels of the images to train on have zero weight in "
                "sample_weight, or there are none: there is nothing to fit."
            )

    def _check_patch_size(self):
        """Return height and width of the patches."""
        smallest = np.min([image.shape[:2] for image in self.images], axis=0)
        wanted = self.segmenter.patch_size
        if wanted == "auto":
            side = int(min(256, smallest.min()))
            return side, side
        size = (wanted, wanted) if np.ndim(wanted) == 0 else tuple(wanted)
        if any(p > s for p, s in zip(size, smallest, strict=True)):
            raise ValueError(
                f"patch_size={wanted!r} is larger than the smallest image, which has height and "
                f"width {tuple(smallest.tolist())}; choose a smaller patch_size or 'auto'."
            )
        return size

    def _check_class_weight(self):
        """Return one weight per class, or None."""
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
        counts = sum(np.bincount(c[c >= 0], minlength=len(self.classes)) for c in self.codes)
        return (counts.sum() / (len(counts) * np.maximum(counts, 1))).tolist()

    def _check_monitor(self):
        """Return the names of the metrics to compute on the validation images."""
        monitor = self.segmenter.monitor
        if monitor in ("loss", "val_loss"):
            return DEFAULT_VALIDATION_METRICS
        names = metrics.get_scorer_names()
        name = monitor.removeprefix("val_")
        if not monitor.startswith("val_") or name not in names:
            valid = ["loss", "val_loss", *(f"val_{name}" for name in names)]
            raise ValueError(
                f"monitor={monitor!r} is unknown: it must be 'loss', 'val_loss' or 'val_' before "
                f"a name of emstellar.metrics.get_scorer_names(), such as 'val_f1'."
                f"{did_you_mean(monitor, valid)}"
            )
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
            self.checkpoint_path = checkpoint_path(self.segmenter, data)
        if validation_data is not None:
            if fraction is not None:
                raise ValueError(
                    "Both validation_data and validation_fraction were given; choose one."
                )
            self.validation = self._check_validation_data(validation_data)
        elif fraction is not None:
            self._split(groups, fraction)
        elif self.segmenter.monitor not in ("loss", "val_loss"):
            raise ValueError(
                f"monitor={self.segmenter.monitor!r} needs validation images: set "
                "validation_fraction, for example 0.2, or pass validation_data=(X_val, y_val) "
                "to fit."
            )

    def _check_validation_data(self, validation_data):
        if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:
            raise ValueError(
                "validation_data must be a tuple (X_val, y_val) of images and masks, got "
                f"{type(validation_data).__name__}."
            )
        name = type(self.segmenter).__name__
        n_channels = self.images[0].shape[-1]
        images = check_images(validation_data[0], n_channels=n_channels, name=name)
        masks = check_masks(validation_data[1], images, name=name)
        return images, encode_masks(masks, self.classes)

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
        self.validation = [self.images[i] for i in aside], [self.codes[i] for i in aside]
        self.images = [self.images[i] for i in kept]
        self.codes = [self.codes[i] for i in kept]
        if self.weights is not None:
            self.weights = [self.weights[i] for i in kept]
        self._check_something_to_fit()

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
            self.segmenter._set_initial_weights(model)
        return model

    def run(self, n_epochs):
        """Train for `n_epochs` epochs, and leave what was learnt in the segmenter."""
        segmenter = self.segmenter
        check_origin(segmenter.model_)
        last = segmenter.n_iter_ + n_epochs
        batches = self._batches()
        compile_again(
            segmenter,
            self.class_weight,
            total_steps=n_epochs * batches.steps_per_epoch,
            planned_steps=segmenter.epochs * batches.steps_per_epoch,
        )
        callbacks, best = self._callbacks(last)
        finished = False
        if self.checkpoint_path is not None:
            checkpoint = Checkpoint(self.checkpoint_path, segmenter, best)
            finished = checkpoint.restore()
            callbacks.append(checkpoint)
        first = len(segmenter.history_.get("loss", []))
        if first < last and not finished:
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
        self._conclude(best)

    def _batches(self):
        segmenter = self.segmenter
        return PatchBatches(
            self.images,
            self.codes,
            self._pixel_weights(),
            normalization=segmenter.normalization_,
            augment=self.augment,
            patch_size=self.patch_size,
            batch_size=segmenter.batch_size,
            steps_per_epoch=segmenter.steps_per_epoch,
            size_multiple=segmenter._size_multiple,
            seed=segmenter.seed_,
            sampling=segmenter.sampling,
            foreground_fraction=segmenter.foreground_fraction,
        )

    def _pixel_weights(self):
        """Return the weights given, times those by which the loss stresses some pixels."""
        maps = [self.loss.weight_map(np.maximum(code, 0)) for code in self.codes]
        if maps[0] is None:
            return self.weights
        given = self.weights or [np.float32(1)] * len(maps)
        return [w * m for w, m in zip(given, maps, strict=True)]

    def _callbacks(self, last_epoch):
        """Return the callbacks in the order in which they fill the epoch's logs."""
        segmenter = self.segmenter
        callbacks, best = [], None
        if self.validation is not None:
            frequency = segmenter.validation_freq
            callbacks.append(
                ValidationScores(self._predict, *self.validation, self.metrics, frequency)
            )
        name = type(segmenter).__name__
        callbacks.append(EpochLog(segmenter.history_, last_epoch, name, int(segmenter.verbose)))
        if self.validation is not None or segmenter.monitor == "loss":
            every = 1 if segmenter.monitor == "loss" else segmenter.validation_freq
            best = BestEpoch(segmenter.monitor, segmenter.patience, segmenter.restore_best, every)
            callbacks.append(best)
        return callbacks + deepcopy(segmenter.callbacks or []), best

    def _predict(self, images):
        return list(network_maps(self.segmenter, images))

    def _conclude(self, best):
        segmenter = self.segmenter
        history = segmenter.history_
        if not np.isfinite(history["loss"]).all():
            warnings.warn(
                "The loss became NaN or infinite: the network has learnt nothing since. "
                "Try a lower learning_rate, or normalization='train'.",
                ConvergenceWarning,
                stacklevel=5,
            )
        found = best is not None and best.epoch is not None
        segmenter.best_iter_ = best.epoch + 1 if found else len(history["loss"])
        segmenter.convergence_time_ = history["elapsed"][segmenter.best_iter_ - 1]
        segmenter.convergence_times_ = {
            name: _time_of_best(history, name) for name in history if name.startswith("val_")
        }


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
    side = segmenter._size_multiple
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
