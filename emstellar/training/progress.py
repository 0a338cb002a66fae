"""How far a long prediction is: a bar on a terminal, now and then a line elsewhere."""

import time
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from emstellar.log_messages import tell

# Seconds that pass before a bar appears, and between two lines: short work shows nothing.
BEFORE_BAR = 3.0
BETWEEN_LINES = 30.0


@contextmanager
def show_prediction_progress(name, total, verbose, console=None):
    """Give a function that is told what has been done.

    Parameters
    ----------
    name : str
        What to call the work.
    total : float
        How much there is to do, in any unit.
    verbose : int
        0 shows nothing; the lines go to the logger ``emstellar`` in any case.
    console : rich.console.Console, optional
        Where to show it; by default the standard output.

    Yields
    ------
    callable
        Takes how much was done since the last call, in the unit of `total`.

    Examples
    --------
    >>> from emstellar.training.progress import show_prediction_progress
    >>> with show_prediction_progress("example", total=2, verbose=1) as advance:
    ...     advance(1)
    ...     advance(1)
    """
    console = console or Console()
    moving = verbose and (console.is_terminal or console.is_jupyter)
    lines = _Lines(console if verbose and not moving else None, name, total)
    if not moving:
        yield lines.advance
        return
    bar = _Bar(console, name, total)
    try:
        yield lambda amount: (bar.advance(amount), lines.advance(amount))
    finally:
        bar.close()


class _Bar:
    def __init__(self, console, name, total):
        self.bar = Progress(
            TextColumn(f"[{name}] predicted", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
        )
        self.task = self.bar.add_task("", total=total)
        self.start = time.monotonic()
        self.visible = False

    def advance(self, amount):
        self.bar.advance(self.task, amount)
        if not self.visible and time.monotonic() - self.start >= BEFORE_BAR:
            self.visible = True
            self.bar.start()

    def close(self):
        if self.visible:
            self.bar.stop()


class _Lines:
    """Lines for the log and, if there is one, a console that is no terminal."""

    def __init__(self, console, name, total):
        self.console, self.name, self.total = console, name, total
        self.done = 0.0
        self.start = self.last = time.monotonic()

    def advance(self, amount):
        self.done += amount
        now = time.monotonic()
        if now - self.last < BETWEEN_LINES:
            return
        self.last = now
        left = (now - self.start) / self.done * (self.total - self.done)
        line = f"[{self.name}] predicted {self.done / self.total:.0%}, about {left:.0f} s left"
        tell(line, printed=False)
        if self.console is not None:
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)
            # A log file should show the line now, not when a buffer is full.
            self.console.file.flush()
