"""Several devices at work on one batch: what the user has set outside is read here.

On jax `keras.distribution` holds for the whole process, on tensorflow a ``tf.distribute`` strategy
for the networks that are made within its scope.
"""

import numpy as np

from emstellar._keras import keras


def count_devices(model=None):
    """Return among how many devices every batch of a network is divided.

    Parameters
    ----------
    model : keras.Model, optional
        The network; None means one that were made now.

    Returns
    -------
    int
        1 where nothing was set.

    Examples
    --------
    >>> from emstellar.training.devices import count_devices
    >>> count_devices()
    1
    """
    distribution = keras.distribution.distribution()
    if distribution is None:
        return count_replicas(model)
    mesh = distribution.device_mesh
    return int(mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)])


def count_replicas(model=None):
    """Return how many copies of a network ``tf.distribute`` keeps; 1 on other backends.

    Parameters
    ----------
    model : keras.Model, optional
        The network; None means one that were made now.

    Returns
    -------
    int
    """
    # A network remembers the scope that it was made in, so an empty one tells the present scope.
    model = model if model is not None else keras.Sequential(name="empty")
    strategy = getattr(model, "distribute_strategy", None)
    return 1 if strategy is None else strategy.num_replicas_in_sync


def divide(batch, model):
    """Return a batch of which every device holds its part, for ``model.predict_on_batch``.

    `keras.Model.predict` divides too, but on tensorflow spends a third of a second on each call.

    Parameters
    ----------
    batch : ndarray of shape (n, height, width, channels)
        With `n` a multiple of `count_devices`.
    model : keras.Model
        The network.

    Returns
    -------
    object
        A tensor or, on tensorflow, one for each replica.
    """
    distribution = keras.distribution.distribution()
    if distribution is not None:
        layout = distribution.get_data_layout(batch.shape)
        return keras.distribution.distribute_tensor(batch, layout)
    strategy = model.distribute_strategy
    parts = np.split(batch, strategy.num_replicas_in_sync)
    return strategy.experimental_distribute_values_from_function(
        lambda context: keras.ops.convert_to_tensor(parts[context.replica_id_in_sync_group])
    )


def check_settings(parameters):
    """Raise a ValueError if several devices cannot train as the parameters say.

    Parameters
    ----------
    parameters : TrainingParameters
        `batch_size`, `gradient_accumulation_steps` and `jit_compile` are looked at.
    """
    # Unequal parts are refused by jax; on tensorflow a small part would weigh as much as a large.
    batch_size, n_devices = parameters.batch_size, count_devices()
    if batch_size % n_devices:
        raise ValueError(
            f"batch_size={batch_size} cannot be divided evenly among {n_devices} devices: choose "
            f"a multiple of {n_devices}, such as {-(-batch_size // n_devices) * n_devices}."
        )
    if count_replicas() == 1:
        return
    if parameters.gradient_accumulation_steps > 1:
        raise ValueError(
            f"gradient_accumulation_steps={parameters.gradient_accumulation_steps} is not possible "
            "under tf.distribute, where Keras cannot accumulate: set it to 1 and use more devices "
            "or a larger batch_size."
        )
    if parameters.jit_compile is True:
        raise ValueError(
            "jit_compile=True is not possible under tf.distribute, since XLA compiles for one "
            "device: set it to 'auto' or False."
        )


def check_origin(model):
    """Raise a ValueError if a network that was made on one device is to be trained on several.

    Parameters
    ----------
    model : keras.Model
        The network, whose optimiser is looked at too if it has one.
    """
    n_devices = count_devices()
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer is not None else [])]
    if n_devices > 1 and any(_is_on_one_device(variable.value) for variable in variables):
        raise ValueError(
            f"The network was made on one device and cannot be trained further on {n_devices}. "
            "Save the segmenter and load it again where keras.distribution or the scope of "
            "tf.distribute is set, or fit it anew there."
        )


def _is_on_one_device(value):
    """Tell of a variable's value whether it is neither a sharded array of jax nor mirrored."""
    if hasattr(value, "sharding"):
        return len(value.sharding.device_set) == 1
    return not hasattr(value, "values")
