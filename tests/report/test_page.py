"""The report: one page that needs nothing else and says everything, safely."""

import base64
import html
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.io import imread
from sklearn.exceptions import FitFailedWarning

from emstellar import BenchmarkResult, RandomForestSegmenter, benchmark
from emstellar.displays import MetricHeatmapDisplay
from emstellar.model_selection import BlockKFold
from emstellar.report import render_report, write_folder, write_report
from emstellar.report._pictures import embed_pixels, shown_images, shown_methods
from emstellar.report._summaries import _of_folds_note

from ..benchmarking.segmenters import FailingSegmenter, NoisyThreshold
from ..displays.conftest import result  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]


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


@pytest.fixture(scope="module")
def report(result):  # noqa: F811
    return render_report(result, title="A & B")


@pytest.fixture
def page(report):
    return Page(report)


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
    means = result.summary()["f1", "mean"]
    best = means.drop(result.methods_of("fold ensemble"))
    assert f"{best.idxmax()} has the highest mean F1 on test images: {best.max():.4f}" in page.text
    assert f"On validation images: {result.compare('f1', 'validation').headline}" in page.text
    assert "A score here is the mean of single images over the folds" in page.text
    note = "none has a lower mean F1 over all methods; foreground is what is more probable than"
    assert note in page.text
    assert "from tests.benchmarking.segmenters import NoisyThreshold" in page.text
    assert "scikit-learn" in page.text


def test_the_segmenter_to_train_is_chosen_on_validation_images(page, result):  # noqa: F811
    means = result.compare("f1", "validation").means
    best = means[result.methods_of("segmenter")].idxmax()
    words = (
        f"for {best},\nthe segmenter with the highest mean F1 over 2 folds of validation images ("
    )
    assert words in page.text
    assert "test images are for the report, not for the choice), after the code above" in page.text


def test_the_segmenter_to_train_is_the_one_at_the_head_unless_that_is_a_vote(result):  # noqa: F811
    for leader in ("blunt", "sharp <b>", "average voting"):
        records = [replace(r, per_image=_led_by(leader, r)) for r in result.records]
        changed = BenchmarkResult(records, result.data, result.plan)
        page = Page(changed.to_html())
        assert f"On validation images: {leader} has the highest mean F1" in page.text
        vote = f"{leader}, named at the head of the page, takes several segmenters"
        is_vote = leader == "average voting"
        assert (vote in page.text) == is_vote
        assert is_vote or f"for {leader},\nthe segmenter with" in page.text


def _led_by(leader, record):
    """Return the scores by image of a record, with the highest F1 of validation for one method."""
    f1 = 0.9 if record.method == leader else 0.5
    return {
        subset: values | ({"f1": [f1] * len(values["f1"])} if subset == "validation" else {})
        for subset, values in record.per_image.items()
    }


def test_groups_of_both_kinds_of_images_are_named(result):  # noqa: F811
    data = replace(result.data, groups=np.array([*"abcd"]), groups_test=np.array([*"ef"]))
    text = Page(BenchmarkResult(result.records, data, result.plan).to_html()).text
    assert "Groups of the cross-validation4: a, b, c, d" in text
    assert "Groups of the test images2: e, f" in text


def test_the_best_of_each_column_is_marked(report, result):  # noqa: F811
    marked = re.findall(r'class="best">([\d.]+)', report)
    for metric in result.metrics:
        assert f"{result.summary()[metric, 'mean'].max():.4f}" in marked


def test_every_picture_is_inside_once(page, result):  # noqa: F811
    pictures = [link for link in page.links if link.startswith("data:image")]
    # Of each image the image alone and four methods.
    overlays = 5 * len(shown_images(result, "test"))
    # Besides heatmaps, ranks, curves of two methods, cost.
    assert len(pictures) == overlays + 2 + 1 + 2 + 1
    assert len(set(page.ids)) == len(page.ids)


def test_each_method_has_a_card_to_which_the_tables_lead(report):
    card = r'<details class="card" id="(.*?)".*?<summary>(.*?) <span'
    cards = dict(re.findall(card, report, re.S))
    assert list(cards.values()) == ["blunt", "sharp &lt;b&gt;", "average voting", "majority voting"]
    anchors = {name: anchor for anchor, name in cards.items()}
    for row, method in {"blunt": "blunt", "blunt, average voting": "blunt"}.items():
        assert f'<td><a href="#{anchors[method]}">{row}</a>' in report


def card_of(report, name):
    return re.search(rf"<summary>{name} <span.*?(?=</details>)", report, re.S)[0]


def test_a_card_holds_scores_ranks_curves_overlays_cost_and_parameters(report, result):  # noqa: F811
    card = card_of(report, "blunt")
    summary = result.summary()["f1", "mean"]
    assert f"F1 {summary['blunt']:.4f} on test images, rank " in card
    ranks = summary.drop(result.methods_of("fold ensemble")).rank(ascending=False, method="min")
    assert f"rank {ranks['blunt']:.0f} of 4" in card
    assert f"{summary['blunt, average voting']:.4f}" in card
    assert f"{result.summary(subset='validation')['npv', 'mean']['blunt']:.4f}" in card
    assert "Training curves of blunt" in card
    copies = [f"overlay-{index}-0" for index in shown_images(result, "test")]
    assert re.findall('data-copy="(.*?)"', card) == copies
    assert "<dt>Fit, s</dt>" in card
    assert "Test, best fold of" not in card
    assert "NoisyThreshold(steepness=3.0)" in card


def test_the_card_of_a_vote_says_who_votes(report):
    card = card_of(report, "average voting")
    assert "mean of the probability maps" in card
    assert "Training curves" not in card


def test_rates_tell_money_and_energy(report, result):  # noqa: F811
    page = Page(result.to_html(price_per_hour=3600, watts=500))
    hours = result.estimate_costs()["hours"]
    # At 3600 per hour, a second costs 1.
    seconds = hours.sum() * 3600
    assert (
        f"a price of {seconds:{',.2f' if seconds >= 1 else '.3g'}} (at 3600 per hour)" in page.text
    )
    assert f"{hours.sum() / 2:.3g} kWh (at 500 W)" in page.text
    for head in ("Total, h", "Price", "kWh", "jobs that ran at once share them"):
        assert head in page.text
    assert "kWh" not in Page(result.to_html(price_per_hour=1)).text
    assert "Price" not in report


@pytest.mark.parametrize("peak", [np.nan, 1234.0])
def test_the_memory_of_a_gpu_is_a_column_where_it_was_measured(result, peak):  # noqa: F811
    records = [
        replace(r, resources=r.resources | {"fit_peak_device_memory": peak}) for r in result.records
    ]
    page = Page(BenchmarkResult(records, result.data, result.plan).to_html())
    assert ("Peak GPU memory, MB" in page.text) == ("1,234" in page.text) == (peak > 0)


def test_overlays_and_legend_have_the_colours_asked_for(report, result):  # noqa: F811
    assert "background: #ff00ff" in report
    assert "true negative: not coloured" in report
    paper = result.to_html(colors="paper")
    assert "background: #00ff00" in paper
    assert "background: #ff00ff" not in paper
    assert overlays_in(paper) != overlays_in(report)
    assert "background: #ff00ff" in result.to_html(colors=["black", "white", "cyan", "magenta"])
    with pytest.raises(ValueError, match="colors must be one of"):
        result.to_html(colors="papr")


def overlays_in(page):
    return re.findall(r'id="overlay-.*?src="(.*?)"', page)


def test_overlays_have_the_pixels_of_the_image(report, result):  # noqa: F811
    (_, encoded) = overlays_in(report)[0].split("base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert picture.size == result.data.X_test[0].shape[::-1]
    assert Image.open(io.BytesIO(base64.b64decode(large_picture()))).size == (1000, 750)


def large_picture():
    return embed_pixels(np.zeros((1500, 2000, 3))).split("base64,")[1]


def test_images_bear_the_names_of_their_files(result, tmp_path):  # noqa: F811
    data, names = result.data, ["a.tif", "b.tif", "c.tif", "d.tif"]
    options = {"cv": 2, "scoring": "f1", "verbose": 0, "names": names}
    named = benchmark(NoisyThreshold(), data.X, data.y, store=tmp_path, **options)
    for kept in (named, BenchmarkResult.load(tmp_path)):
        assert "Validation image a.tif" in Page(kept.to_html()).text
    with pytest.raises(ValueError, match="Found 1 names for 4 validation images"):
        benchmark(NoisyThreshold(), data.X, data.y, cv=2, verbose=0, names=["a"])


def test_scores_stand_at_one_half_and_at_chosen_thresholds(page, report, result):  # noqa: F811
    assert "Foreground is what is more probable than 0.5." in page.text
    chosen = re.findall(r"<h4>At thresholds.*?</table>", report, re.S)
    assert chosen
    # What folds give together stands apart, at either threshold.
    assert not any("blunt, average voting" in table for table in chosen)
    assert "blunt, average voting" in re.search(r"<h4>The same at.*?</table>", report, re.S)[0]
    assert "The threshold is the one at which F1 is highest on" in page.text
    for subset in result.subsets:
        for threshold in (None, "chosen"):
            summary = result.summary("f1", subset, threshold=threshold)
            assert f">{summary.loc['blunt', ('f1', 'mean')]:.4f}<" in report


def test_maps_made_elsewhere_have_no_chosen_threshold_and_nothing_to_train(result):  # noqa: F811
    masks = result.data.y_test // 255
    maps = {"one": masks * 0.8, "two": masks * 0.6}
    page = Page(BenchmarkResult.from_predictions(maps, masks, scoring=["f1"]).to_html())
    assert "No threshold was chosen: there are no validation images" in page.text
    assert "What next" not in page.text


def test_a_metric_that_is_defined_nowhere_does_not_end_the_page(result):  # noqa: F811
    records = [
        replace(r, pooled=without(r.pooled), per_image=without(r.per_image)) for r in result.records
    ]
    page = Page(BenchmarkResult(records, result.data, result.plan).to_html())
    assert re.search("No scores of F1.*: not defined for any method and fold.", page.text)
    assert "has the highest mean accuracy on test images" in page.text


def without(scores):
    """Return scores of a record, in which F1 is NaN."""
    nan = {"f1": np.nan}
    return {
        subset: values | ({"f1": [np.nan] * len(values["f1"])} if as_list(values) else nan)
        for subset, values in scores.items()
    }


def as_list(values):
    return isinstance(values["f1"], list)


def test_images_without_objects_are_counted(result):  # noqa: F811
    masks = np.zeros((3, 4, 4), dtype="uint8")
    masks[0, :2] = 1
    maps = {"silent": masks * 0.9, "alarmed": np.maximum(masks * 0.9, np.eye(4) * 0.7)}
    page = BenchmarkResult.from_predictions(maps, masks, scoring=["f1"], ensembles=()).to_html()
    text = re.sub(r"<[^>]*>", " ", page[page.index("Images without an object") :])
    assert "F1 undefined" in text
    assert re.search(r"silent\s+3\s+2\s+0\s+2\s", text)
    assert re.search(r"alarmed\s+3\s+2\s+2\s+0\s", text)


LOADING = """import numpy as np
y = np.tile(np.arange(16) % 8 < 4, (4, 16, 1)).astype(int)
X = y * 0.5"""


def test_the_code_of_the_page_runs_in_a_fresh_process(tmp_path):
    names = {}
    exec(LOADING, names)
    methods = {"forest & co": RandomForestSegmenter(2, max_samples=50)}
    options = {"cv": BlockKFold(2), "scoring": "f1", "verbose": 0, "loading": LOADING}
    page = benchmark(methods, names["X"], names["y"], **options).to_html()
    repeat, following = (html.unescape(code) for code in code_of(page, "methods", "next"))
    script = f"{repeat}\n{following}\nprint(masks.shape)"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "(1, 16, 16)"
    assert (tmp_path / "forest-co.joblib").exists()


def code_of(page, *sections):
    for section in sections:
        yield re.search(rf'<section id="{section}">.*?<pre>(.*?)</pre>', page, re.S)[1]


def test_networks_are_saved_for_the_command(result):  # noqa: F811
    plan = replace(result.plan, methods=dict.fromkeys(result.methods, "UNetSegmenter()"))
    page = Page(BenchmarkResult(result.records, result.data, plan).to_html())
    assert "emstellar segment FILE.emstellar FOLDER --out masks" in page.text
    assert "segmenter.save('" in page.text


def test_the_em_nets_are_boxed(monkeypatch, result):  # noqa: F811
    drawn = []
    monkeypatch.setattr(MetricHeatmapDisplay, "_draw_boxes", lambda self: drawn.append(self.boxed))
    renamed = [
        replace(
            record,
            method=record.method.replace("blunt", "EM-net V2"),
            of_method=record.of_method.replace("blunt", "EM-net V2"),
        )
        for record in result.records
    ]
    plan = replace(result.plan, methods={"EM-net V2": "", "sharp <b>": ""})
    BenchmarkResult(renamed, result.data, plan).to_html()
    assert drawn
    assert all("EM-net V2" in boxed and "sharp <b>" not in boxed for boxed in drawn)


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
    text = Page(alone.to_html()).text
    assert "NoisyThreshold has a mean F1 of" in text
    assert "NoisyThreshold has a mean F1 of" in alone.headline()
    assert "for NoisyThreshold,\nthe only segmenter here, after the code above" in text
    # Nothing is compared, and nobody votes.
    assert not re.search("highest mean F1 on|The highest mean of each|rank 1|Rank of|vote", text)


def test_fits_without_scores_are_told_of_once(result):  # noqa: F811
    def without_fold(record):
        lost = ("f1", "ppv") if record.method == "blunt" else ("f1", "accuracy", "ppv", "npv")
        if record.fold != 1 or record.kind != "segmenter":
            return record.pooled
        nan = dict.fromkeys(lost, np.nan)
        return record.pooled | {"validation": record.pooled["validation"] | nan}

    records = [replace(record, pooled=without_fold(record)) for record in result.records]
    text = Page(BenchmarkResult(records, result.data, result.plan).to_html()).text
    assert text.count("Fewer have a score here") == 1
    assert "Fewer have a score here: blunt: 1 by F1, PPV; sharp <b>: 1." in text


@pytest.mark.parametrize(
    ("votes", "said"),
    [
        (["average voting"], "models of all folds of a method vote. The spread"),
        (["best fold"], "Best fold is no vote"),
    ],
)
def test_what_folds_give_together_is_told_of_what_there_is(votes, said):
    note = _of_folds_note(set(votes))
    assert said in note
    assert ("Best fold" in note) == (votes == ["best fold"])


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


def test_methods_of_any_name_have_figures_and_files_of_their_own(result, tmp_path):  # noqa: F811
    data = result.data
    names = ["a/b", "a b", "cost $x^{$ of $1", "=1+1", "@x"]
    methods = {name: NoisyThreshold(5.0) for name in names}
    found = benchmark(methods, data.X, data.y, cv=2, scoring="f1", verbose=0)
    paths = write_folder(found, tmp_path)
    shown = len(shown_methods(found, "validation")) * len(shown_images(found, "validation"))
    assert len(list(paths["overlays"].iterdir())) == shown
    scores = pd.read_csv(paths["tables"] / "fold_scores.csv", index_col="method")
    assert {"a/b", "'=1+1", "'@x"} <= set(scores.index)
    assert scores["value"].dtype == "float64"
