"""The report in a browser: its script runs, nothing is loaded, and it fits a telephone."""

import html
import json
import re
import shutil
import subprocess

import pytest

from emstellar.report import render_report
from emstellar.report._pictures import shown_images

from ..displays.conftest import result  # noqa: F401 - a fixture

CHROMIUM = shutil.which("chromium")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--dump-dom",
]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs the program chromium, Debian's package of that name"
)

# The page stands in a frame, which may be narrower than the narrowest window.
FRAME = """<!DOCTYPE html><meta charset="utf-8">
<iframe id="frame" style="width: {width}px; height: 2000px; border: 0"></iframe>
<pre id="answer"></pre>
<script>
const frame = document.getElementById("frame");
const ask = (page, window) => {{ {question} }};
frame.addEventListener("load", () => {{
  const answer = JSON.stringify(ask(frame.contentDocument, frame.contentWindow));
  document.getElementById("answer").textContent = answer;
}});
frame.srcdoc = {content};
</script>"""


@pytest.fixture(scope="module")
def report(result):  # noqa: F811
    return render_report(result)


@pytest.fixture
def ask(report, tmp_path):
    """Return a function that shows the page and returns what a script finds in it."""

    def ask(question, width=1200):
        content = json.dumps(report).replace("</", "<\\/")
        frame = tmp_path / "frame.html"
        frame.write_text(FRAME.format(width=width, question=question, content=content))
        command = [CHROMIUM, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", frame.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        return json.loads(html.unescape(re.search(r'"answer">(.*?)</pre>', done.stdout, re.S)[1]))

    return ask


SORT = """
const [method, f1] = page.querySelectorAll("#summaries table th button");
const body = page.querySelector("#summaries table").tBodies[0];
const names = () => [...body.rows].map((row) => row.cells[0].textContent);
return [f1, f1, method, method].map((button) => {
  button.click();
  return [names(), button.parentElement.getAttribute("aria-sort")];
});"""


def test_a_click_sorts_a_table_and_a_second_turns_it(ask, result):  # noqa: F811
    means = result.summary()["f1", "mean"].drop(result.methods_of("fold ensemble"))
    best_first, worst_first, from_a, from_z = ask(SORT)
    scores = [means[name] for name in best_first[0]]
    assert scores == sorted(means, reverse=True)
    assert [means[name] for name in worst_first[0]] == sorted(means)
    assert from_a == [sorted(means.index), "ascending"]
    assert from_z == [sorted(means.index)[::-1], "descending"]
    assert (best_first[1], worst_first[1]) == ("descending", "ascending")


def test_what_is_missing_is_sorted_to_the_end(ask):
    missing = """
    const table = page.querySelector("#summaries table");
    table.tBodies[0].rows[1].cells[1].dataset.value = "";
    const name = table.tBodies[0].rows[1].cells[0].textContent;
    return [0, 1].map(() => {
      table.querySelectorAll("th button")[1].click();
      return [...table.tBodies[0].rows].at(-1).cells[0].textContent === name;
    });"""
    assert ask(missing) == [True, True]


@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_is_no_wider_than_its_window(ask, width):
    measure = """
    page.querySelectorAll("details").forEach((part) => { part.open = true; });
    return [page.documentElement.clientWidth, page.documentElement.scrollWidth];"""
    window, content = ask(measure, width)
    assert 0.9 * width < window <= width
    assert content == window


def test_every_picture_shows_and_nothing_is_loaded(ask, result):  # noqa: F811
    loaded = """
    const pictures = [...page.images].map((image) => [image.alt, image.naturalWidth]);
    const requests = window.performance.getEntriesByType("resource").map((entry) => entry.name);
    return [pictures, requests.filter((name) => !name.startsWith("data:"))];"""
    pictures, requests = ask(loaded)
    # The overlay of each of four methods stands among the others and on its card; and there is the
    # image alone.
    overlays = [alt for alt, _ in pictures if "Test image" in alt]
    assert len(overlays) == (2 * 4 + 1) * len(shown_images(result, "test"))
    # The enlarged picture, which has no words, is empty at first.
    assert len(pictures) == len(overlays) + 6 + 1
    assert [alt for alt, width in pictures if alt and not width] == []
    assert requests == []


def test_a_link_to_a_method_opens_its_card(ask):
    follow = """
    const link = page.querySelector("#summaries td a");
    const card = page.querySelector(link.hash);
    card.open = false;
    link.click();
    return [card.open, link.textContent, card.querySelector("summary").textContent];"""
    is_open, method, title = ask(follow)
    assert is_open
    assert title.startswith(f"{method} F1 ")


def test_a_click_enlarges_a_picture_and_the_next_closes_it(ask):
    click = """
    const picture = page.querySelector("img.enlarge");
    const dialog = page.getElementById("enlarged");
    picture.click();
    const large = dialog.querySelector("img");
    const shown = [dialog.open, large.src === picture.src, large.clientWidth > 500];
    dialog.click();
    return [...shown, dialog.open];"""
    assert ask(click) == [True, True, True, False]
