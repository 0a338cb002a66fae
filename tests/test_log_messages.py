"""What is printed is logged too, and what is not printed as well."""

import logging

import pytest

from emstellar import RandomForestSegmenter, benchmark
from emstellar.datasets import make_em_images
from emstellar.log_messages import tell
from tests.segmenters.small import bright_discs, small_segmenter

X, y = bright_discs()


@pytest.mark.backend
@pytest.mark.usefixtures("no_tracing")
@pytest.mark.parametrize("verbose", [0, 1])
def test_epochs_are_logged_whatever_is_printed(verbose, caplog, capsys):
    with caplog.at_level(logging.INFO, logger="emstellar"):
        small_segmenter(epochs=2, verbose=verbose).fit(X, y)
    lines = [r.getMessage() for r in caplog.records if r.name == "emstellar"]
    assert [line[:27] for line in lines] == [f"[KerasSegmenter] epoch {i}/2 " for i in (1, 2)]
    printed = capsys.readouterr().out.splitlines()
    assert printed == (lines if verbose else [])


def test_jobs_of_a_benchmark_are_logged(caplog, capsys):
    images = make_em_images(2, (32, 32), random_state=0)
    with caplog.at_level(logging.INFO, logger="emstellar"):
        benchmark({"forest": RandomForestSegmenter(2)}, *images, cv=2, scoring="f1", verbose=0)
    assert capsys.readouterr().out == ""
    lines = [r.getMessage() for r in caplog.records if r.name == "emstellar"]
    assert len(lines) == 2
    assert all("forest" in line for line in lines)


def test_without_a_program_that_asks_nothing_is_written(capsys):
    tell("a line", printed=False)
    assert capsys.readouterr() == ("", "")
