"""Run by test_checkpoint.py: a fit that kills its own process in the middle of an epoch.

With a second argument it is not killed, and writes what it predicts beside the checkpoint.
"""

import os
import signal
import sys

import keras
import numpy as np

from tests.segmenters.small import bright_discs, dropping_network, small_segmenter


class Kill(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if len(sys.argv) < 3 and self.model.optimizer.iterations >= 5:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    X, y = bright_discs()
    segmenter = small_segmenter(
        dropping_network, epochs=6, validation_fraction=0.25, checkpoint=sys.argv[1]
    )
    segmenter.set_params(callbacks=[Kill()]).fit(X, y)
    np.save(f"{sys.argv[1]}/maps.npy", segmenter.predict_proba(X))
