"""The parameters of training and of tiled prediction, with their defaults."""

import os
from dataclasses import dataclass
from typing import Any

from emstellar import constraints as c

_POSITIVE_INT = c.Interval(int, 1, None)

TRAINING_CONSTRAINTS = {
    "epochs": [_POSITIVE_INT],
    "steps_per_epoch": [_POSITIVE_INT, c.NONE],
    "batch_size": [_POSITIVE_INT],
    "patch_size": [_POSITIVE_INT, c.pair_of(_POSITIVE_INT), c.OneOf("auto")],
    "sampling": [c.OneOf("random", "grid")],
    "foreground_fraction": [c.Interval(float, 0, 1, closed="both")],
    "gradient_accumulation_steps": [_POSITIVE_INT],
    "learning_rate": [c.Interval(float, 0, None, closed="neither")],
    "class_weight": [c.OneOf("balanced"), c.InstanceOf(dict), c.NONE],
    "augmentation": [c.OneOf("flips", "mirrors", "paper", "strong"), c.CALLABLE, c.NONE],
    "normalization": [c.OneOf("train", "image"), c.NONE],
    "validation_fraction": [c.Interval(float, 0, 1, closed="neither"), c.NONE],
    "monitor": [c.InstanceOf(str)],
    "validation_freq": [_POSITIVE_INT],
    "patience": [_POSITIVE_INT, c.NONE],
    "restore_best": [c.BOOLEAN],
    "precision": [c.OneOf("float32", "mixed_bfloat16", "mixed_float16", "auto")],
    "jit_compile": [c.OneOf("auto"), c.BOOLEAN],
    "callbacks": [c.InstanceOf(list, "a list of Keras callbacks"), c.NONE],
    "checkpoint": [c.InstanceOf((str, os.PathLike), "a path"), c.NONE],
    "warm_start": [c.BOOLEAN],
    "tile_size": [_POSITIVE_INT, c.pair_of(_POSITIVE_INT)],
    "overlap": [c.Interval(int, 0, None), c.pair_of(c.Interval(int, 0, None))],
    "test_time_augmentation": [c.BOOLEAN, c.OneOf("mirrors")],
    "random_state": [c.RANDOM_STATE, c.NONE],
    "verbose": [c.Interval(int, 0, None), c.BOOLEAN],
}


@dataclass(kw_only=True, eq=False, repr=False)
class TrainingParameters:
    """What training and prediction are told; `emstellar.segmenters.BaseKerasSegmenter` says how.

    Examples
    --------
    >>> from emstellar.training.parameters import TrainingParameters
    >>> TrainingParameters(epochs=10).batch_size
    4
    """

    epochs: int = 100
    steps_per_epoch: int | None = None
    batch_size: int = 4
    patch_size: Any = "auto"
    sampling: str = "random"
    foreground_fraction: float = 0.0
    optimizer: Any = "radam"
    learning_rate: float = 1e-3
    lr_schedule: Any = "linear"
    gradient_accumulation_steps: int = 1
    loss: Any = "auto"
    class_weight: Any = None
    augmentation: Any = "mirrors"
    normalization: str | None = "train"
    validation_fraction: float | None = None
    monitor: str = "val_loss"
    validation_freq: int = 1
    patience: int | None = 35
    restore_best: bool = True
    precision: str = "float32"
    jit_compile: Any = "auto"
    callbacks: Any = None
    checkpoint: Any = None
    warm_start: bool = False
    tile_size: Any = 1024
    overlap: Any = 128
    test_time_augmentation: Any = False
    random_state: Any = None
    verbose: int = 0
