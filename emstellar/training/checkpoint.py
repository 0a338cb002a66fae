"""A file from which a killed fit continues."""

import time
import warnings
from pathlib import Path

import joblib

from emstellar._keras import keras
from emstellar.archive import read_archive, write_archive
from emstellar.files import check_writable, remove_leftovers
from emstellar.training.compilation import optimizer_state

# What changes how a fit is watched or used, but not what it learns.
WITHOUT_EFFECT = (
    "checkpoint",
    "n_jobs",
    "overlap",
    "test_time_augmentation",
    "tile_size",
    "verbose",
    "warm_start",
)


def checkpoint_path(folder, name, identity, data, first_epoch=0):
    """Return the file of one fit, whose name says by which parameters, data and code.

    Parameters
    ----------
    folder : path-like
        Made if need be.
    name : str
        What is trained.
    identity : Identity
        Of parameters and code; parameters `WITHOUT_EFFECT` do not count.
    data : object
        All that was given to `fit`.
    first_epoch : int, default=0
        How many epochs the network had been trained before this fit.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    OSError
        If nothing can be written to the folder.

    Warns
    -----
    UserWarning
        If the folder holds this fit as other code or other versions of libraries began it.
    """
    folder = Path(folder)
    check_writable(folder)
    remove_leftovers(folder)
    asked = joblib.hash([identity.parameters, data, first_epoch])[:16]
    stem = f"{name}-{asked}"
    path = folder / f"{stem}-{identity.fingerprint[:16]}.checkpoint"
    if not path.exists() and any(folder.glob(f"{stem}-*.checkpoint")):
        warnings.warn(
            f"{folder} holds this fit as other code, or other versions of libraries or backend, "
            "began it; it begins anew.",
            stacklevel=5,
        )
    return path


class Checkpoint(keras.callbacks.Callback):
    """Write the state of a fit after every epoch.

    Parameters
    ----------
    path : path-like
        The file.
    state : FitState
        Whose history and seed are kept with the network's weights.
    best : BestEpoch or None
        Whose memory of the best epoch is kept too.
    clock : CompileClock
        Of this piece of the fit.
    """

    def __init__(self, path, state, best, clock):
        super().__init__()
        self.clock = clock
        self._before = state.compile_time
        self.path = Path(path)
        self.state = state
        self.best = best

    def on_epoch_end(self, epoch, logs=None):
        """Replace the file."""
        best = self.best.state() if self.best is not None else {"weights": []}
        variables = (*self.model.variables, *optimizer_state(self.model.optimizer))
        header = {
            "seed": self.state.seed,
            "history": self.state.history,
            "pieces": [*(self.state.earlier_pieces or []), self._piece()],
            "compile_time": self.state.compile_time - self._before + self.clock.seconds,
            "stopped": self.model.stop_training,
            "best": {name: value for name, value in best.items() if name != "weights"},
        }
        arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
        try:
            write_archive(self.path, header, {"variable": arrays, "best": best["weights"]})
        except OSError as error:
            # The fit can do without; once there is room again, the next epoch is kept.
            warnings.warn(
                f"{self.path.parent} could not keep epoch {epoch + 1} ({error}): the fit goes on, "
                "but would begin at an earlier epoch if it were killed.",
                stacklevel=2,
            )

    def _piece(self):
        """Return begin, end and processor seconds of this process' share of the fit."""
        # From when its compilation is counted: it would be longer than the whole otherwise.
        return [self.clock.began, time.time(), time.process_time() - self.clock.cpu_began]

    def restore(self):
        """Continue from the file, if there is one.

        Returns
        -------
        finished : bool
            Whether training had stopped early.
        """
        content = _read(self.path)
        if content is None:
            return False
        header, arrays = content
        model = self.state.model
        variables = (*model.variables, *optimizer_state(model.optimizer))
        for variable, array in zip(variables, arrays["variable"], strict=True):
            variable.assign(array)
        self.state.history.update(header["history"])
        pieces = header.get("pieces", [])
        self.state.earlier_pieces = pieces
        self.state.fit_time += sum(end - begin for begin, end, _ in pieces)
        self.state.compile_time += header.get("compile_time", 0.0)
        if self.best is not None:
            self.best.set_state({**header["best"], "weights": arrays["best"]})
        return header["stopped"]

    def remove(self):
        """Delete the file of a finished fit, so that no other fit is taken for it."""
        self.path.unlink(missing_ok=True)


def stored_seed(path):
    """Return the seed of the fit that a file belongs to, or None where there is no file."""
    content = _read(path)
    return None if content is None else content[0]["seed"]


def _read(path):
    """Return header and arrays of a file; None where there is none, or one that is damaged."""
    try:
        return read_archive(path)
    except FileNotFoundError:
        return None
    except ValueError as error:
        warnings.warn(f"{error}. The fit begins anew.", stacklevel=6)
        Path(path).unlink(missing_ok=True)
        return None
