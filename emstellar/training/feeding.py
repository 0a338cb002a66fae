"""How Keras is handed the batches of a fit."""

from emstellar._keras import keras
from emstellar.training.accumulation import class_weight_of, share_weights
from emstellar.training.compilation import steps_taken
from emstellar.training.devices import count_replicas


def feed(batches, model, first_epoch, n_epochs):
    """Return what `keras.Model.fit` is to read the batches of some epochs from.

    Parameters
    ----------
    batches : PatchBatches
        The batches.
    model : keras.Model
        The network to train.
    first_epoch, n_epochs : int
        Which epochs.

    Returns
    -------
    generator or BatchSequence
    """
    if count_replicas(model) > 1:
        # There Keras reads a few batches ahead to build the network and then begins anew, which a
        # generator cannot: those batches would be lost and the last epoch would lack them.
        return BatchSequence(batches, first_epoch, n_epochs)
    generated = batches.generate(first_epoch, n_epochs)
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    n_batches = optimizer.gradient_accumulation_steps or 1
    if n_batches == 1:
        return generated
    n_before = steps_taken(optimizer) % n_batches
    return share_weights(generated, n_batches, n_before, class_weight_of(model.loss))


class BatchSequence(keras.utils.PyDataset):
    """The batches of some epochs by their position, which may be read more than once.

    Parameters
    ----------
    batches : PatchBatches
        The batches.
    first_epoch, n_epochs : int
        Which epochs.
    """

    def __init__(self, batches, first_epoch, n_epochs):
        super().__init__()
        self.batches = batches
        self.first_epoch = first_epoch
        self.n_epochs = n_epochs

    def __len__(self):
        """Return the number of batches of all epochs."""
        return self.n_epochs * self.batches.steps_per_epoch

    def __getitem__(self, position):
        """Return one batch, see `PatchBatches.batch`."""
        epoch, index = divmod(position, self.batches.steps_per_epoch)
        return self.batches.batch(self.first_epoch + epoch, index)
