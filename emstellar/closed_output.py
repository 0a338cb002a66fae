"""Standard output that whoever reads it may close: the work goes on, in silence."""

import contextlib
import os
import sys


class _Output:
    """A text stream that drops what nobody reads any more."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        with self._dropping():
            self._stream.write(text)
        return len(text)

    def flush(self):
        with self._dropping():
            self._stream.flush()

    @contextlib.contextmanager
    def _dropping(self):
        try:
            yield
        except BrokenPipeError:
            # What is left in the stream's buffer goes there too, as does what others write.
            with open(os.devnull, "wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())

    def __getattr__(self, name):
        return getattr(self._stream, name)


@contextlib.contextmanager
def output_may_be_closed():
    """Within the block, a reader that closes the standard output, such as ``head``, is no error.

    Examples
    --------
    >>> from emstellar.closed_output import output_may_be_closed
    >>> with output_may_be_closed():
    ...     print("for whoever reads it")
    for whoever reads it
    """
    stream = sys.stdout
    sys.stdout = output = _Output(stream)
    try:
        yield
    finally:
        output.flush()
        sys.stdout = stream
