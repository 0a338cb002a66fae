"""Compute in half precision where the device is good at it, without a global policy."""

import weakref

from emstellar._keras import keras
from emstellar.inspection.devices import has_amx, has_gpu

# What layers were built for, by layer, so that a change of precision can be taken back.
_OWN_POLICIES = weakref.WeakKeyDictionary()

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "auto")


def choose_precision(wanted):
    """Return the name of a dtype policy.

    Parameters
    ----------
    wanted : {"float32", "mixed_bfloat16", "mixed_float16", "auto"}
        "auto" is "mixed_bfloat16" on a GPU and on processors with matrix units for it (AMX), where
        training was measured 1.5 times as fast; "float32" elsewhere.

    Returns
    -------
    str
    """
    if wanted != "auto":
        return wanted
    return "mixed_bfloat16" if has_gpu() or has_amx() else "float32"


def set_precision(model, policy):
    """Let the layers of `model` compute under a dtype policy; weights stay float32.

    The last layer keeps the policy that it was built for: in half precision probabilities near 0
    and 1 would be the same. "float32" gives all layers back what they were built for.

    Parameters
    ----------
    model : keras.Model
        Changed in place.
    policy : str
        Name of a Keras dtype policy.
    """
    last = {layer.name for layer in model.layers[-1:]}
    for layer in model.layers:
        if getattr(layer, "layers", None):
            set_precision(layer, policy)
        elif layer.name not in last:
            own = _OWN_POLICIES.setdefault(layer, layer.dtype_policy)
            layer.dtype_policy = own if policy == "float32" else keras.dtype_policies.get(policy)


def with_loss_scaling(optimizer, policy):
    """Return the optimiser, scaling the loss where float16 gradients would vanish."""
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if policy == "mixed_float16" and not scales:
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
