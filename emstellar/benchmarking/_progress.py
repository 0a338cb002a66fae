"""How far a benchmark is: one line per finished job, and the time left."""

import time
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ..log_messages import tell


@contextmanager
def show_progress(n_jobs, verbose, console=None):
    """Give a function that announces a finished job.

    On a terminal and in a notebook a bar with the time left moves; elsewhere each line says it.

    Parameters
    ----------
    n_jobs : int
        How many jobs there are.
    verbose : int
        0 shows nothing; the lines go to the logger ``emstellar`` in any case.
    console : rich.console.Console, optional

    Yields
    ------
    callable
        Takes a text.
    """
    console = console or Console()
    moving = verbose and n_jobs and (console.is_terminal or console.is_jupyter)
    lines = _plain_lines(console if verbose and not moving else None, n_jobs)
    if not moving:
        yield lines
        return
    with _bar(console) as progress:
        task = progress.add_task("benchmark", total=n_jobs)
        yield lambda text: (_advance(progress, task, text), lines(text))


def _bar(console):
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("elapsed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
    )


def _advance(progress, task, text):
    progress.console.print(text, highlight=False, markup=False)
    progress.advance(task)


def _plain_lines(console, n_jobs):
    start, done = time.monotonic(), 0

    def announce(text):
        nonlocal done
        done += 1
        left = (time.monotonic() - start) / done * (n_jobs - done)
        ending = f"; about {format_seconds(left)} left" if done < n_jobs else ""
        line = f"[{done:{len(str(n_jobs))}}/{n_jobs}] {text}{ending}"
        tell(line, printed=False)
        if console is not None:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
            # A log file should show a job when it is finished, not when a buffer is full.
            console.file.flush()

    return announce


def format_seconds(seconds):
    """Return a duration as one would say it.

    Examples
    --------
    >>> from emstellar.benchmarking._progress import format_seconds
    >>> [format_seconds(s) for s in (0.123, 8.4, 75, 7260)]
    ['0.12 s', '8.4 s', '1 min 15 s', '2 h 1 min']
    """
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"
