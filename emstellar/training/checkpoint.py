"""A file from which a killed fit continues."""

from pathlib import Path

import joblib

from emstellar._keras import keras
from emstellar.archive import read_archive, write_archive
from emstellar.training.compilation import optimizer_state

# What changes how a fit is watched or used, but not what it learns.
_IRRELEVANT = {
    "callbacks",
    "checkpoint",
    "overlap",
    "test_time_augmentation",
    "tile_size",
    "verbose",
    "warm_start",
}


def checkpoint_path(segmenter, data):
    """Return the file of one fit, whose name says by which parameters and which data.

    Parameters
    ----------
    segmenter : BaseKerasSegmenter
        With ``checkpoint`` set to a folder, which is made if need be.
    data : object
        All that was given to `fit`.

    Returns
    -------
    pathlib.Path
    """
    folder = Path(segmenter.checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    parameters = segmenter.get_params(deep=False).items()
    relevant = [(name, repr(value)) for name, value in parameters if name not in _IRRELEVANT]
    backend = keras.config.backend()
    fingerprint = joblib.hash([type(segmenter).__name__, backend, sorted(relevant), data])
    return folder / f"{type(segmenter).__name__}-{fingerprint}.checkpoint"


class Checkpoint(keras.callbacks.Callback):
    """Write the state of a fit after every epoch.

    Parameters
    ----------
    path : path-like
        The file.
    segmenter : BaseKerasSegmenter
        Whose history and seed are kept with the network's weights.
    best : BestEpoch or None
        Whose memory of the best epoch is kept too.
    """

    def __init__(self, path, segmenter, best):
        super().__init__()
        self.path = Path(path)
        self.segmenter = segmenter
        self.best = best

    def on_epoch_end(self, epoch, logs=None):
        """Replace the file."""
        best = self.best.state() if self.best is not None else {"weights": []}
        variables = (*self.model.variables, *optimizer_state(self.model.optimizer))
        header = {
            "seed": self.segmenter.seed_,
            "history": self.segmenter.history_,
            "stopped": self.model.stop_training,
            "best": {name: value for name, value in best.items() if name != "weights"},
        }
        arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
        write_archive(self.path, header, {"variable": arrays, "best": best["weights"]})

    def restore(self):
        """Continue from the file, if there is one.

        Returns
        -------
        finished : bool
            Whether training had stopped early.
        """
        if not self.path.exists():
            return False
        header, arrays = read_archive(self.path)
        model = self.segmenter.model_
        variables = (*model.variables, *optimizer_state(model.optimizer))
        for variable, array in zip(variables, arrays["variable"], strict=True):
            variable.assign(array)
        self.segmenter.history_.update(header["history"])
        if self.best is not None:
            self.best.set_state({**header["best"], "weights": arrays["best"]})
        return header["stopped"]


def stored_seed(path):
    """Return the seed of the fit that a file belongs to, or None where there is no file."""
    return read_archive(path)[0]["seed"] if Path(path).exists() else None
