"""What long work says of its progress: printed if `verbose` asks for it, and logged in any case.

The logger is called ``emstellar`` and speaks at the level ``INFO``, which Python drops unless a
program asks for it: ``logging.basicConfig(level=logging.INFO)``. A program that wants the lines in
its log alone leaves `verbose` at 0.
"""

import logging

LOGGER = logging.getLogger("emstellar")
# As of any library: what becomes of the messages is for the program to say.
LOGGER.addHandler(logging.NullHandler())


def tell(line, *, printed):
    """Log a line, and print it if asked.

    Parameters
    ----------
    line : str
        One line, without its end.
    printed : bool or int
        Whether it goes to the standard output too.

    Examples
    --------
    >>> from emstellar.log_messages import tell
    >>> tell("epoch 1/3", printed=True)
    epoch 1/3
    >>> tell("epoch 2/3", printed=False)
    """
    LOGGER.info(line)
    if printed:
        # A file should show the line now, not when a buffer is full.
        print(line, flush=True)  # noqa: T201
