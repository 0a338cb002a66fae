"""Compile a network once, and again only when what it was compiled with has changed."""

import weakref

from emstellar import losses, optimizers
from emstellar._keras import keras
from emstellar.inspection.devices import has_gpu
from emstellar.training.accumulation import SharedLoss
from emstellar.training.devices import count_replicas
from emstellar.training.precision import choose_precision, set_precision, with_loss_scaling
from emstellar.training.schedules import StartingAt, get_schedule

# What layers of batch normalisation were built with, so that a longer fit may take it up again.
_OWN_MOMENTA = weakref.WeakKeyDictionary()
_COMPILED = (
    "optimizer",
    "learning_rate",
    "lr_schedule",
    "loss",
    "precision",
    "jit_compile",
    "gradient_accumulation_steps",
)


def compile_again(parameters, state, class_weight, steps_per_epoch, *, anew):
    """Compile a network for the next fit.

    The optimiser keeps its moments and its count of steps where training continues. The step is
    traced anew only when a parameter that matters has changed, so that `partial_fit` in a loop
    costs no more than one long fit.

    Parameters
    ----------
    parameters : TrainingParameters
        What the user asks for.
    state : FitState
        Holds the network, and what it was compiled with.
    class_weight : list of float or None
        One weight per class.
    steps_per_epoch : int
        Batches per epoch.
    anew : bool
        Whether the learning-rate schedule begins anew, as in `fit`, or goes on where it can, as in
        `partial_fit`.
    """
    model = state.model
    n_taken = _steps_before(state)
    epochs = parameters.epochs
    total_steps, first_step = plan_schedule(epochs, state, n_taken, steps_per_epoch, anew)
    wanted = [*(getattr(parameters, name) for name in _COMPILED), class_weight]
    rate = _rate(parameters, total_steps)
    if not isinstance(rate, float):
        wanted.append(total_steps if isinstance(parameters.lr_schedule, str) else None)
    wanted.append(None if isinstance(rate, float) else first_step)
    if model.compiled and state.compiled_with == wanted:
        return
    past = optimizer_arrays(state)
    adapt_batch_norm(model, epochs * steps_per_epoch)
    policy = choose_precision(parameters.precision)
    set_precision(model, policy)
    if not _compile(parameters, model, rate, first_step, policy, class_weight, past):
        # Another optimiser begins to count at 0, but not its schedule.
        first_step -= n_taken
        _compile(parameters, model, rate, first_step, policy, class_weight, None)
        state.schedule_start = (state.schedule_start[0], first_step)
        wanted[-1] = None if isinstance(rate, float) else first_step
    state.compiled_with = wanted
    state.optimizer_arrays = None


def plan_schedule(epochs, state, n_taken, steps_per_epoch, anew):
    """Return for how many steps a schedule is planned, and at which step it begins.

    `fit` plans for its `epochs` and begins. `partial_fit` plans for `epochs` calls, goes on while
    these are not used up, and then begins the next plan.

    Parameters
    ----------
    epochs : int
        For how many epochs a schedule is planned.
    state : FitState
        Remembers epoch and step at which its schedule began.
    n_taken : int
        Steps that its optimiser has taken.
    steps_per_epoch : int
        Batches per epoch, from now on.
    anew : bool
        Whether to begin in any case.

    Returns
    -------
    total_steps, first_step : int
    """
    epoch, step = state.schedule_start or (None, None)
    if anew or epoch is None or state.n_iter - epoch >= epochs:
        epoch, step = state.n_iter, n_taken
        state.schedule_start = (epoch, step)
    n_left = (epoch + epochs - state.n_iter) * steps_per_epoch
    return n_taken - step + n_left, step


def _compile(parameters, model, rate, first_step, policy, class_weight, past):
    """Compile, and tell whether the optimiser could take over its past."""
    if first_step and not isinstance(rate, float):
        rate = StartingAt(rate, first_step)
    loss = losses.get_loss(parameters.loss, class_weight=class_weight)
    accumulates = parameters.gradient_accumulation_steps > 1
    model.compile(
        optimizer=with_loss_scaling(_optimizer(parameters, rate), policy),
        loss=SharedLoss(loss) if accumulates else loss,
        jit_compile=use_jit(parameters.jit_compile, model),
    )
    # Of a single batch, validation images among them, the loss is what was asked for.
    model.loss = loss
    # Slots created inside the traced step would leave graphs that tensorflow never frees.
    model.optimizer.build(model.trainable_variables)
    return past is None or _restore(model.optimizer, past)


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
            own = _OWN_MOMENTA.setdefault(layer, layer.momentum)
            layer.momentum = min(own, quickest)


def _optimizer(parameters, rate):
    """Return a new optimiser, which knows its rate and over how many steps it accumulates."""
    n = parameters.gradient_accumulation_steps
    optimizer = optimizers.get_optimizer(parameters.optimizer, rate)
    if n == 1:
        return optimizer
    config = {**optimizer.get_config(), "gradient_accumulation_steps": n}
    return type(optimizer).from_config(config)


def _rate(parameters, total_steps):
    """Return what the optimiser takes as learning rate: a number, or a schedule of its own."""
    given, peak = parameters.optimizer, parameters.learning_rate
    if isinstance(given, keras.optimizers.Optimizer):
        peak = getattr(given, "inner_optimizer", given).get_config()["learning_rate"]
        # The configuration of a schedule is no number. A schedule that was asked for precedes it.
        if not isinstance(peak, float) and isinstance(parameters.lr_schedule, (str, type(None))):
            return keras.optimizers.schedules.deserialize(peak)
    return get_schedule(parameters.lr_schedule, peak, total_steps)


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


def steps_taken(optimizer):
    """Return how many batches an optimiser has seen, whether it accumulates gradients or not."""
    counts = [v for v in optimizer.variables if v.path.endswith("iteration")]
    return int(keras.ops.convert_to_numpy(counts[-1]))


def _steps_before(state):
    """Return the same of a network whose optimiser may be that of a file."""
    if state.model.compiled:
        return steps_taken(state.model.optimizer)
    # Its only integers are counts; the last one is that of the optimiser inside a loss scaling.
    arrays = state.optimizer_arrays or []
    counts = [array for array in arrays if array.dtype.kind == "i" and array.ndim == 0]
    return int(counts[-1]) if counts else 0


def optimizer_arrays(state):
    """Return the state of the optimiser as arrays, or None where there is none yet."""
    if state.model.compiled:
        return [keras.ops.convert_to_numpy(v) for v in optimizer_state(state.model.optimizer)]
    return state.optimizer_arrays


def _restore(optimizer, arrays):
    """Give the optimiser a past of the same shapes, and tell whether that was possible."""
    state = optimizer_state(optimizer)
    if [v.shape for v in state] != [a.shape for a in arrays]:
        return False
    for variable, array in zip(state, arrays, strict=True):
        variable.assign(array)
    return True
