"""The report: one page that needs nothing else and says everything, safely."""

import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from skimage.io import imread
from sklearn.exceptions import FitFailedWarning

from emstellar import benchmark
from emstellar.report import render_report, write_folder, write_report

from .benchmarking.segmenters import FailingSegmenter, NoisyThreshold
from .displays.conftest import result  # noqa: F401 - a fixture


class Page(HTMLParser):
    """Collects tags, links and text, and checks that tags close."""

    VOID = ("meta", "img", "br", "link", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.ids, self.text = [], [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.links += [attributes[name] for name in ("src", "href") if name in attributes]
        self.ids += [attributes["id"]] if "id" in attributes else []
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text += data


@pytest.fixture
def page(result):  # noqa: F811
    return Page(render_report(result, title="A & B"))


def test_the_page_is_whole_and_loads_nothing(page):
    assert page.open == []
    assert all(link.startswith(("data:", "#")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_page_says_what_was_found(page, result):  # noqa: F811
    for text in (
        "A & B",
        "Squares & noise.",
        "sharp <b>",
        "average voting",
        "Fold 1",
        "foreground",
    ):
        assert text in page.text
    best = result.summary()["f1", "mean"]
    assert f"{best.idxmax()} has the highest mean F1 on test images: {best.max():.4f}" in page.text
    assert "cannot support a ranking" in page.text
    assert "from tests.benchmarking.segmenters import NoisyThreshold" in page.text
    assert "scikit-learn" in page.text


def test_the_best_of_each_column_is_marked(result):  # noqa: F811
    marked = re.findall(r'class="best">([\d.]+)', render_report(result))
    for metric in result.metrics:
        assert f"{result.summary()[metric, 'mean'].max():.4f}" in marked


def test_pictures_are_inside(page):
    pictures = [link for link in page.links if link.startswith("data:image")]
    assert len(pictures) >= 2 + 4 + 2


def test_no_figure_stays_open(result):  # noqa: F811
    before = plt.get_fignums()
    render_report(result)
    assert plt.get_fignums() == before


def test_failed_jobs_are_shown_with_their_traceback(result):  # noqa: F811
    data = result.data
    methods = {"good": NoisyThreshold(), "broken": FailingSegmenter()}
    with pytest.warns(FitFailedWarning):
        failed = benchmark(methods, data.X, data.y, cv=2, scoring="f1", verbose=0)
    page = Page(failed.to_html())
    assert "2 jobs failed (broken): see below." in page.text
    assert "raise self.error" in page.text


def test_one_method_alone_has_a_report(result):  # noqa: F811
    alone = benchmark(NoisyThreshold(), result.data.X, result.data.y, cv=2, scoring="f1", verbose=0)
    assert "NoisyThreshold has the highest mean F1" in Page(alone.to_html()).text


def test_the_folder_holds_tables_figures_and_page(result, tmp_path):  # noqa: F811
    paths = write_folder(result, tmp_path / "out")
    assert all(path.exists() for path in paths.values())
    table = pd.read_csv(paths["tables"] / "summary_test.csv", index_col="method")
    assert "f1_mean" in table
    assert imread(paths["heatmap"]).shape[2] == 4
    names = {path.name for path in paths["overlays"].iterdir()}
    assert "sharp--b--test-0.png" in names


def test_write_report_and_to_html_agree(result, tmp_path):  # noqa: F811
    write_report(result, tmp_path / "a.html")
    result.to_html(tmp_path / "b.html")
    a, b = ((tmp_path / name).read_text() for name in ("a.html", "b.html"))
    assert len(a) == len(b)
    assert len(list(tmp_path.iterdir())) == 2
