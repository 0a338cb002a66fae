"""What is shown while jobs run."""

import io

from rich.console import Console

from emstellar.benchmarking._progress import show_progress


def show(n_jobs, verbose=1, **options):
    output = io.StringIO()
    with show_progress(n_jobs, verbose, Console(file=output, width=60, **options)) as announce:
        for i in range(n_jobs):
            announce(f"job {i} [x]")
    return output.getvalue()


def test_progress_is_a_line_per_job_where_there_is_no_terminal():
    lines = show(2).splitlines()
    assert lines[0].startswith("[1/2] job 0 [x]; about ")
    assert lines[1] == "[2/2] job 1 [x]"


def test_progress_is_a_bar_on_a_terminal_and_nothing_when_silent():
    assert "2/2" in show(2, force_terminal=True)
    assert show(2, verbose=0) == ""
    assert show(0) == ""
