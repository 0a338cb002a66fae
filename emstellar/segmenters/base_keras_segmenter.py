"""What all segmenters that train a Keras network share: parameters, `fit`, `predict_proba`."""

from dataclasses import dataclass, fields
from inspect import get_annotations
from types import FunctionType
from typing import ClassVar, dataclass_transform

import numpy as np
from sklearn.utils.validation import check_is_fitted

from emstellar import constraints as c
from emstellar._sklearn_compat import is_shown_to_callbacks
from emstellar.base import BaseSegmenter
from emstellar.fit_tasks import CallbackSupportMixin, FitTask, with_callbacks
from emstellar.image_ranges import ImageRange
from emstellar.randomness import seed_from
from emstellar.segmenters import persistence, registry
from emstellar.segmenters.builders import check_fields, keyword_parameters
from emstellar.segmenters.docstrings import fill_docstring
from emstellar.training.architecture import Architecture
from emstellar.training.parameters import TRAINING_CONSTRAINTS, TrainingParameters
from emstellar.training.state import FitState
from emstellar.validation import (
    check_groups,
    check_images,
    check_masks,
    check_weights,
    encode_masks,
    find_classes,
    is_sequence_of_arrays,
)

_POSITIVE_INT = c.Interval(int, 1, None)
# Under which name a segmenter keeps each part of the state of its training.
_KEPT_AS = {
    "model": "model_",
    "classes": "classes_",
    "n_channels": "n_channels_in_",
    "seed": "seed_",
    "normalization": "normalization_",
    "history": "history_",
    "n_iter": "n_iter_",
    "fit_time": "fit_time_",
    "compile_time": "compile_time_",
    "earlier_pieces": "earlier_pieces_",
    "best_iter": "best_iter_",
    "convergence_time": "convergence_time_",
    "convergence_times": "convergence_times_",
    "schedule_start": "_schedule_start",
    "compiled_with": "_compiled_with",
    "optimizer_arrays": "_optimizer_arrays",
}


@dataclass_transform(kw_only_default=True, eq_default=False)
@dataclass(kw_only=True, eq=False, repr=False)
class BaseKerasSegmenter(CallbackSupportMixin, TrainingParameters, BaseSegmenter):
    """Base class of the segmenters that train a Keras network.

    A subclass says which network, by the class attribute `builder` or by `build_network`. Its own
    parameters are annotated names with defaults, as in a dataclass, which it is without saying so.

    A builder is a function ``builder(input_shape, n_outputs, *, ...)`` that returns a
    `keras.Model`, best decorated by `emstellar.networks.network`. All of its keyword parameters
    must be parameters of the class, with the same defaults; what each may be, what the sides of
    the images must be multiples of, and by which short names the network is known to the command
    are read from it.

    Parameters
    ----------
    epochs : int, default=100
        Passes over the training images.
    steps_per_epoch : int, default=None
        Batches per epoch. None takes as many patches as cover the training images side by side;
        the original study drew 100 whatever the data.
    batch_size : int, default=4
        Patches per batch.
    patch_size : "auto", int or (int, int), default="auto"
        Height and width in pixels of the patches that training sees. "auto" takes 256, or the
        smallest side of the images where that is less. Images may be smaller, but not all.
    sampling : {"random", "grid"}, default="random"
        Whether patches lie anywhere, or side by side so that every epoch sees every pixel. Either
        way every labelled pixel is trained on equally often, at borders too.
    foreground_fraction : float, default=0.0
        Share of the patches that are placed around a pixel of the rarest class. In [0, 1].
    optimizer : str, keras.optimizers.Optimizer or class, default="radam"
        A name known to `emstellar.optimizers.get_optimizer`, or an optimiser, of which a copy is
        used. Rectified Adam did best in the study.
    learning_rate : float, default=1e-3
        The highest learning rate; not used when `optimizer` is an instance.
    lr_schedule : str, keras LearningRateSchedule or None, default="linear"
        How the learning rate changes from step to step, see
        `emstellar.training.get_schedule`. "linear" warms up over a tenth of all steps and then
        falls to a hundredth, as in the study; None keeps the rate. Every `fit` begins its schedule
        anew, one with `warm_start` too.
    gradient_accumulation_steps : int, default=1
        Batches whose gradients are averaged into one step, where memory allows small ones only.
        Each counts by its labelled pixels, as in one large batch; losses of whole regions, such as
        Dice, are still those of each batch.
    loss : str, callable, keras.losses.Loss or class, default="auto"
        A name known to `emstellar.losses.get_loss`, such as "bce+dice"; "auto" is the
        cross-entropy.
    class_weight : "balanced", dict or None, default=None
        Weight of each class in the loss: by label, or inversely proportional to its frequency.
    augmentation : {"flips", "mirrors", "paper", "strong"}, callable or None, default="mirrors"
        Random changes of the patches, one for image, mask and weight, see
        `emstellar.training.get_augmentation`. "flips" adds quarter turns to "mirrors", for tissue
        that may lie in any direction.
    normalization : {"train", "image"} or None, default="train"
        Whether intensities are normalised by mean and standard deviation of the training images,
        of each image, or not. The study took the statistics of the test images as a whole, which
        makes a result depend on what is processed together.
    validation_fraction : float, default=None
        Share of the training images (of the groups, where `fit` is given `groups`) set aside to
        monitor training. None sets nothing aside.
    monitor : str, default="val_loss"
        What decides which epoch is best: "val_loss", or ``val_`` before the name of any scorer of
        `emstellar.metrics.get_scorer_names`, such as "val_f1"; needs `validation_fraction` or
        `validation_data`.
    validation_freq : int, default=1
        Epochs from one scoring of the validation images to the next.
    patience : int, default=35
        Epochs without a better value of `monitor` after which training stops; None never stops.
        Without validation images there is nothing to stop by.
    restore_best : bool, default=True
        Whether the weights of the best epoch are kept instead of the last.
    precision : {"float32", "mixed_bfloat16", "mixed_float16", "auto"}, default="float32"
        In what the layers compute; weights and probabilities are float32 in any case. "auto" is
        bfloat16 on GPUs and on processors with AMX units, where it is about 1.5 times as fast;
        probabilities then differ from those of float32 by less than a hundredth on average, and
        where the network is undecided by up to a tenth.
    jit_compile : "auto" or bool, default="auto"
        Whether the training step is compiled by XLA. "auto" does so on jax, and on tensorflow
        with a GPU; on a processor tensorflow is slower with it.
    callbacks : list of keras.callbacks.Callback, default=None
        Called as by `keras.Model.fit`; copies of them are used.
    checkpoint : str or path-like, default=None
        A folder in which `fit` keeps its state after every epoch, so that the same call, after
        the process was killed, continues where it was and ends with the same weights. The file's
        name is made from parameters and data: folds and searches may share the folder.
    warm_start : bool, default=False
        Whether a further `fit` continues from the weights of the last instead of new ones.
    tile_size : int or (int, int), default=1024
        Larger images are predicted in overlapping tiles of this size in pixels.
    overlap : int or (int, int), default=128
        Pixels by which neighbouring tiles overlap, where they are blended smoothly.
    test_time_augmentation : bool or "mirrors", default=False
        Whether to average the predictions of all eight flipped and rotated versions of an image,
        whatever its shape, or of the four flipped ones, as fits a training with "mirrors".
    random_state : int, RandomState or None, default=None
        Decides initial weights, patches, augmentation, dropout and the validation images. The
        same int gives the same weights on the same machine and backend. The global random
        states of numpy, Python and Keras stay as they are.
    verbose : int, default=0
        1 prints a line per epoch, and shows how far a prediction is that takes long.

    Attributes
    ----------
    model_ : keras.Model
        The trained network.
    classes_ : ndarray of shape (n_classes,)
        The labels found in the masks, sorted; with two, the last is the foreground.
    n_channels_in_ : int
        Number of channels of the images.
    n_features_in_ : int
        The same, under scikit-learn's name.
    normalization_ : Normalization
        The intensity statistics that `predict_proba` applies.
    image_range_ : ImageRange
        Between what values the training images lie; `predict_proba` warns of others, unless each
        image is normalised by itself. None in files of earlier versions.
    history_ : dict of str to list of float
        One value per epoch of ``loss``, ``learning_rate``, ``elapsed`` (seconds, without
        `compile_time_`) and, with validation images, ``val_loss`` and the validation scores (NaN
        in epochs of `partial_fit` without them).
    n_iter_ : int
        Number of epochs trained.
    best_iter_ : int
        The epoch, counted from 1, that `monitor` found best; the last one without validation
        images.
    convergence_time_ : float
        Seconds from the start of training to the end of that epoch, without `compile_time_`.
    convergence_times_ : dict of str to float
        The same under every criterion that was recorded, such as "val_loss" and "val_f1".
    fit_time_ : float
        Seconds that training took, all pieces of an interrupted one together.
    compile_time_ : float
        Seconds of these in which the network was built, traced and compiled.
    earlier_pieces_ : list of [float, float, float]
        Begin and end (seconds since 1970) and processor seconds of what other processes have
        trained before this one continued from `checkpoint`.

    Examples
    --------
    A segmenter for a network of one layer, with one parameter of its own:

    >>> import keras
    >>> from emstellar.segmenters import BaseKerasSegmenter
    >>> def one_layer(input_shape, n_outputs, *, kernel_size=3):
    ...     layer = keras.layers.Conv2D(
    ...         n_outputs, kernel_size, padding="same", activation="sigmoid"
    ...     )
    ...     return keras.Sequential([keras.Input(input_shape), layer])
    >>> class OneLayerSegmenter(BaseKerasSegmenter):
    ...     builder = one_layer
    ...     kernel_size: int = 3
    >>> OneLayerSegmenter(kernel_size=5, epochs=10).get_params()["kernel_size"]
    5
    """

    builder: ClassVar = None
    size_multiple: ClassVar[int | None] = None
    parameter_constraints: ClassVar[dict] = TRAINING_CONSTRAINTS

    def __init_subclass__(cls, *, kw_only=True, **kwargs):
        super().__init_subclass__(**kwargs)
        if get_annotations(cls):
            dataclass(kw_only=kw_only, eq=False, repr=False)(cls)
        own = vars(cls).get("parameter_constraints", {})
        cls.parameter_constraints = {**super(cls, cls).parameter_constraints, **own}
        if isinstance(vars(cls).get("builder"), FunctionType | staticmethod):
            cls._read_builder()
        fill_docstring(cls, BaseKerasSegmenter)

    @classmethod
    def _read_builder(cls):
        """Take from the builder what it says of the network, and make the class known by it."""
        if not isinstance(vars(cls)["builder"], staticmethod):
            cls.builder = staticmethod(cls.builder)
        check_fields(cls, fields(cls))
        for name, parameter in keyword_parameters(cls.builder).items():
            if parameter.constraints:
                cls.parameter_constraints[name] = parameter.constraints
        if "size_multiple" not in vars(cls):
            cls.size_multiple = getattr(cls.builder, "size_multiple", None)
        registry.register(cls)

    @property
    def network_size_multiple(self):
        """What height and width of the images that the network gets are multiples of.

        `size_multiple` where the class or a parameter says it, else that of the builder, else 32.
        """
        return self.size_multiple or getattr(self.builder, "size_multiple", None) or 32

    def build_network(self, input_shape, n_outputs):
        """Return a new, untrained network.

        Parameters
        ----------
        input_shape : tuple (height or None, width or None, n_channels)
            Shape of one image.
        n_outputs : int
            1 for the probability of the foreground, else the number of classes.

        Returns
        -------
        keras.Model
        """
        if self.builder is None:
            raise NotImplementedError(
                f"{type(self).__name__} does not say which network it trains: give it the class "
                "attribute builder or the method build_network."
            )
        parameters = {name: getattr(self, name) for name in keyword_parameters(self.builder)}
        return self.builder(input_shape, n_outputs, **parameters)

    def _count_fewest_variables(self):
        """Return how many arrays the network has at least, where that is known before it is built.

        For networks of so many layers that even declaring them takes seconds.
        """
        return 0

    def set_initial_weights(self, model):
        """Give a new network the weights that `fit` starts from, where they are not random.

        Parameters
        ----------
        model : keras.Model
            Of `build_network`; changed in place.
        """

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, groups=None, validation_data=None):
        """Train a network on images and masks.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            Images of any real dtype.
        y : array-like of shape (n_images, height, width) or sequence of masks
            Masks with two or more classes; ``-1`` marks unlabelled pixels, which are ignored.
        sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
            Weights of images or of pixels in the loss.
        groups : array-like of shape (n_images,), optional
            Field, section block or specimen of each image, so that `validation_fraction` sets
            whole groups aside.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Images, masks and weights to monitor training with, instead of `validation_fraction`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, an image, a mask or a weight is not what it can be; before any weight
            is built.
        """
        from emstellar.training.data import TrainingData
        from emstellar.training.fitting import Training, choose_validation
        from emstellar.training.planning import plan_training

        c.check_parameters(self, self.parameter_constraints)
        continued = self.warm_start and hasattr(self, "model_")
        data = TrainingData(*self._check_data(X, y, sample_weight, None, continued))
        plan = plan_training(self, data, self.network_size_multiple)
        groups = check_groups(groups, data.images)
        given = (data.images, data.codes, data.weights, groups, validation_data)
        path = self._checkpoint_path(given, self.n_iter_ if continued else 0)
        seed = self.seed_ if continued else self._draw_seed(path)
        choose_validation(data, self, seed=seed, groups=groups, validation_data=validation_data)
        task = FitTask.begin(self, X, y, sample_weight, n_subtasks=self.epochs)
        if not continued:
            self._begin(data, seed)
        architecture = self._architecture()
        training = Training(self, plan, data, architecture, checkpoint_path=path, task=task)
        self._train(training, self.epochs, anew=True)
        task.end()
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one more epoch, from new weights the first time.

        The learning-rate schedule is planned for `epochs` calls, which together have the rates of
        one `fit`. A further call, or the first one after a `fit`, begins the next such plan.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            Images.
        y : array-like of shape (n_images, height, width) or sequence of masks
            Masks; ``-1`` marks unlabelled pixels.
        classes : array-like of shape (n_classes,), optional
            All labels that will ever occur; needed on the first call if `y` lacks some.
        sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
            Weights of images or of pixels.

        Returns
        -------
        self
        """
        from emstellar.training.data import TrainingData
        from emstellar.training.fitting import Training
        from emstellar.training.planning import plan_training

        c.check_parameters(self, self.parameter_constraints)
        begun = hasattr(self, "model_")
        data = TrainingData(*self._check_data(X, y, sample_weight, classes, begun))
        plan = plan_training(self, data, self.network_size_multiple)
        if not begun:
            self._begin(data, self._draw_seed())
        return self._train(Training(self, plan, data, self._architecture()), 1, anew=False)

    def _check_data(self, X, y, sample_weight, classes, continued):
        """Return images, codes, weights, classes and the segmenter's name."""
        name = type(self).__name__
        n_channels = self.n_channels_in_ if continued else None
        images = check_images(X, n_channels=n_channels, name=name)
        masks = check_masks(y, images, name=name)
        weights = check_weights(sample_weight, images)
        if continued:
            classes = self.classes_
        classes = find_classes(masks, name=name) if classes is None else np.unique(classes)
        return images, encode_masks(masks, classes), weights, classes, name

    def _checkpoint_path(self, data, first_epoch):
        """Return the file of this fit, or None without `checkpoint`.

        Callbacks count by class and attributes, not by their code: whoever mends a callback that
        ended a fit wants its epochs back.
        """
        if self.checkpoint is None:
            return None
        from emstellar.fingerprints import identify
        from emstellar.training.checkpoint import WITHOUT_EFFECT, checkpoint_path

        identity = identify(self, without=WITHOUT_EFFECT, loose=("callbacks",))
        return checkpoint_path(self.checkpoint, type(self).__name__, identity, data, first_epoch)

    def _draw_seed(self, path=None):
        """Return the seed of a new fit, or of the one that its checkpoint continues."""
        from emstellar.training.checkpoint import stored_seed

        stored = None if path is None else stored_seed(path)
        return seed_from(self.random_state) if stored is None else stored

    def _architecture(self):
        """Return what training has to know of the network."""
        return Architecture(
            type(self).__name__,
            self.build_network,
            self.network_size_multiple,
            self.set_initial_weights,
        )

    def _begin(self, data, seed):
        """Set what a fit starts from: classes, normalisation, a new network, no history."""
        from emstellar.training.architecture import new_model
        from emstellar.training.normalization import Normalization

        n_channels = data.images[0].shape[-1]
        normalization = Normalization.fit(self.normalization, data.images)
        model = new_model(self._architecture(), n_channels, len(data.classes), seed)
        self.image_range_ = ImageRange.of(data.images)
        self.n_features_in_ = n_channels
        self._keep(FitState(model, data.classes, n_channels, seed, normalization))

    def _state(self):
        """Return what training needs to go on from the last fit."""
        kept = {name: getattr(self, key, None) for name, key in _KEPT_AS.items()}
        return FitState(**{name: value for name, value in kept.items() if value is not None})

    def _keep(self, state):
        """Keep what training has made; what there is not is no attribute."""
        for name, key in _KEPT_AS.items():
            value = getattr(state, name)
            if value is None:
                self.__dict__.pop(key, None)
            else:
                setattr(self, key, value)

    def _train(self, training, n_epochs, anew):
        state = self._state()
        try:
            training.run(state, n_epochs, anew=anew)
        finally:
            self._keep(state)
        return self

    def _predictor(self):
        from emstellar.training.prediction import Predictor

        return Predictor(self.model_, self.normalization_, self.network_size_multiple, self)

    def predict_proba(self, X, *, batch_size=None):
        """Return the probability of every class for every pixel.

        Parameters
        ----------
        X : array-like of shape (n_images, height, width[, channels]) or sequence of images
            Images of any size, with as many channels as in `fit`.
        batch_size : int, default=None
            How many images, or tiles of larger images, the network is given at a time at most; it
            changes memory and speed, not the result. None means about a million pixels.

        Returns
        -------
        ndarray of shape (n_images, height, width, n_classes), float32, or list of such maps
            In the order of `classes_`, of sum 1; a list, image by image, when `X` is a sequence.

        Raises
        ------
        ValueError
            If `X` or `batch_size` is not as described; the message says what was expected.
        """
        from emstellar.training.prediction import predict_maps, stack, why_not_finite

        check_is_fitted(self)
        name, allowed = type(self).__name__, {"batch_size": [_POSITIVE_INT, c.NONE]}
        c.check_arguments(f"{name}.predict_proba", {"batch_size": batch_size}, allowed)
        images = check_images(X, n_channels=self.n_channels_in_, name=name)
        seen = getattr(self, "image_range_", None)
        if seen is not None and self.normalization != "image":
            seen.warn_of_others(images, name=name)
        maps = predict_maps(
            self._predictor(),
            images,
            batch_size,
            name=name,
            verbose=self.verbose,
            why_not_finite=why_not_finite(self.history_, self.precision),
        )
        return list(maps) if is_sequence_of_arrays(X) else stack(maps, len(images))

    def save(self, path, *, include_optimizer=False):
        """Write the fitted segmenter to one file that holds no code.

        Parameters
        ----------
        path : str or path-like
            The file; an existing one is replaced. `emstellar.load` reads it.
        include_optimizer : bool, default=False
            Whether the optimiser's state is kept too, so that training continues as if it had
            not been interrupted. It makes the file up to three times as large.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If there is nothing to save yet.
        TypeError
            If a parameter is an object that cannot be written as text.
        """
        check_is_fitted(self)
        persistence.save(self, path, include_optimizer=include_optimizer)

    def __copy__(self):
        new = type(self).__new__(type(self))
        if is_shown_to_callbacks(self):
            # scikit-learn's callbacks ask copies for predictions while the network is trained; a
            # network of their own would have to be traced anew in every epoch.
            new.__dict__.update(self.__dict__)
        else:
            new.__setstate__(self.__getstate__())
        return new

    def __getstate__(self):
        return persistence.state_with_arrays(self, super().__getstate__())

    def __setstate__(self, state):
        super().__setstate__({k: v for k, v in state.items() if k != persistence.ARRAYS})
        if persistence.ARRAYS in state:
            persistence.rebuild_model(self, state[persistence.ARRAYS])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags
