import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from emstellar.training import progress


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that the test moves, which the module reads instead of the real one."""
    hand = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: hand.seconds))
    return hand


def shown(clock, seconds, *, verbose=1, terminal=False):
    """Return what work of four parts, which takes some seconds for each, has shown."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100)
    with progress.show_prediction_progress("UNetSegmenter", 4, verbose, console) as advance:
        for _ in range(4):
            clock.seconds += seconds
            advance(1)
    return out.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_short_work_and_verbose_0_show_nothing(clock, terminal):
    assert shown(clock, 0.5, terminal=terminal) == ""
    assert shown(clock, 100, terminal=terminal, verbose=0) == ""


def test_a_log_gets_a_line_every_half_minute_at_most(clock):
    # After 40 and 80 seconds of 20 for each part.
    assert shown(clock, 20).splitlines() == [
        "[UNetSegmenter] predicted 50%, about 40 s left",
        "[UNetSegmenter] predicted 100%, about 0 s left",
    ]


def test_a_terminal_gets_a_bar(clock):
    text = shown(clock, 20, terminal=True)
    assert "[UNetSegmenter] predicted" in text
    assert "100%" in text


def test_an_interrupted_bar_leaves_the_terminal_as_it_was(clock):
    console = Console(file=io.StringIO(), force_terminal=True)
    with (
        pytest.raises(KeyboardInterrupt),
        progress.show_prediction_progress("UNetSegmenter", 4, 1, console) as advance,
    ):
        clock.seconds = 60
        advance(1)
        raise KeyboardInterrupt
    hidden, visible = "\x1b[?25l", "\x1b[?25h"
    text = console.file.getvalue()
    assert text.count(hidden) == text.count(visible) == 1
    assert text.index(hidden) < text.index(visible)
