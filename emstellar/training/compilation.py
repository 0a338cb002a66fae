"""Compile a network once, and again only when what it was compiled with has changed."""

from emstellar import losses, optimizers
from emstellar._keras import keras
from emstellar.inspection.devices import has_gpu
from emstellar.training.devices import count_replicas
from emstellar.training.precision import choose_precision, set_precision, with_loss_scaling
from emstellar.training.schedules import get_schedule

_COMPILED = (
    "optimizer",
    "learning_rate",
    "lr_schedule",
    "loss",
    "precision",
    "jit_compile",
    "gradient_accumulation_steps",
)


def compile_again(segmenter, class_weight, total_steps, planned_steps):
    """Compile the segmenter's network for the next fit.

    The optimiser keeps its moments and its count of steps where training continues. The step is
    traced anew only when a parameter that matters has changed, so that `partial_fit` in a loop
    costs no more than one long fit.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        With `model_`.
    class_weight : list of float or None
        One weight per class.
    total_steps : int
        The number of steps that the learning-rate schedule is planned for.
    planned_steps : int
        The number of steps of a whole fit, of which this may be a part.
    """
    model = segmenter.model_
    wanted = [*(getattr(segmenter, name) for name in _COMPILED), class_weight]
    if isinstance(segmenter.lr_schedule, str):
        wanted.append(total_steps)
    if model.compiled and getattr(segmenter, "_compiled_with", None) == wanted:
        return
    past = optimizer_arrays(segmenter)
    adapt_batch_norm(model, planned_steps)
    policy = choose_precision(segmenter.precision)
    set_precision(model, policy)
    model.compile(
        optimizer=with_loss_scaling(_optimizer(segmenter, total_steps), policy),
        loss=losses.get_loss(segmenter.loss, class_weight=class_weight),
        jit_compile=use_jit(segmenter.jit_compile, model),
    )
    # Slots created inside the traced step would leave graphs that tensorflow never frees.
    model.optimizer.build(model.trainable_variables)
    _restore(model.optimizer, past)
    segmenter._compiled_with = wanted
    segmenter.__dict__.pop("_optimizer_arrays", None)


def adapt_batch_norm(model, planned_steps):
    """Let the running statistics of batch normalisation settle within the steps planned.

    With Keras' momentum of 0.99 a tenth of the initial values is left after 230 steps: a network
    trained so briefly predicts by statistics that it has never seen. Trainings of 2000 steps and
    more keep the network's own momentum.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    planned_steps : int
        The number of steps.
    """
    quickest = max(0.8, 1 - 20 / planned_steps)
    for layer in model.layers:
        if getattr(layer, "layers", None):
            adapt_batch_norm(layer, planned_steps)
        elif isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, quickest)


def _optimizer(segmenter, total_steps):
    """Return a new optimiser, which knows the schedule and over how many steps it accumulates."""
    n = segmenter.gradient_accumulation_steps
    optimizer = optimizers.get_optimizer(segmenter.optimizer, _rate(segmenter, total_steps))
    if n == 1:
        return optimizer
    config = {**optimizer.get_config(), "gradient_accumulation_steps": n}
    return type(optimizer).from_config(config)


def _rate(segmenter, total_steps):
    """Return what the optimiser takes as learning rate; None leaves one given its own schedule."""
    given, peak = segmenter.optimizer, segmenter.learning_rate
    if isinstance(given, keras.optimizers.Optimizer):
        peak = getattr(given, "inner_optimizer", given).get_config()["learning_rate"]
        # The configuration of a schedule is no number. A schedule that was asked for precedes it.
        if not isinstance(peak, float) and isinstance(segmenter.lr_schedule, (str, type(None))):
            return None
    return get_schedule(segmenter.lr_schedule, peak, total_steps)


def use_jit(wanted, model=None):
    """Return whether XLA compiles the step: always on jax, on tensorflow if one GPU trains."""
    if wanted != "auto":
        return bool(wanted)
    backend = keras.config.backend()
    if backend == "tensorflow":
        return has_gpu() and count_replicas(model) == 1
    return backend == "jax"


def optimizer_state(optimizer):
    """Return the optimiser's variables, but the learning rate, which is a parameter."""
    return [v for v in optimizer.variables if not v.path.endswith("learning_rate")]


def optimizer_arrays(segmenter):
    """Return the state of the optimiser as arrays, or None where there is none yet."""
    if segmenter.model_.compiled:
        return [keras.ops.convert_to_numpy(v) for v in optimizer_state(segmenter.model_.optimizer)]
    return getattr(segmenter, "_optimizer_arrays", None)


def _restore(optimizer, arrays):
    """Give the optimiser a past of the same shapes; another optimiser starts afresh."""
    state = optimizer_state(optimizer)
    if arrays is None or [v.shape for v in state] != [a.shape for a in arrays]:
        return
    for variable, array in zip(state, arrays, strict=True):
        variable.assign(array)
