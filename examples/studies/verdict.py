"""What the networks of a study are worth: thresholds by validation images, then one look.

Every model's map of a validation image comes from a model that has not seen its field or section.
Thresholds and members of the ensemble are chosen on these maps; the test images are scored once
with what was chosen.
"""

from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from emstellar import displays, metrics

PIXEL_METRICS = {
    "F1": metrics.f1_score,
    "Jaccard": metrics.jaccard_score,
    "accuracy": metrics.accuracy_score,
    "sensitivity": metrics.sensitivity_score,
    "specificity": metrics.specificity_score,
    "PPV": metrics.ppv_score,
    "NPV": metrics.npv_score,
}
REGION_METRICS = {"V_Rand": metrics.v_rand_score, "V_Info": metrics.v_info_score}
REGION_THRESHOLDS = np.arange(1, 20) / 20


class Candidate:
    """A network or an ensemble: its maps of the validation and of the test images.

    Parameters
    ----------
    name : str
    validation : ndarray of shape (n_images, height, width)
        Each image by models that have not seen it.
    test : ndarray of shape (n_test_images, height, width), or None
    """

    def __init__(self, name, validation, test=None):
        self.name = name
        self.validation = validation
        self.test = test

    def choose(self, y):
        """Choose the thresholds of F1 (for all scores of pixels), V_Rand and V_Info."""
        find = partial(metrics.find_threshold, self.validation, None, y)
        self.f1 = find("f1")
        self.thresholds = dict.fromkeys(PIXEL_METRICS, self.f1.threshold)
        for name in REGION_METRICS:
            metric = name.lower()
            self.thresholds[name] = find(metric, thresholds=REGION_THRESHOLDS).threshold
        return self

    def score(self, maps, y, grey=None):
        """Return all scores of `maps` at the thresholds chosen before."""
        scores = {
            name: metric(y, maps, threshold=self.thresholds[name])
            for name, metric in PIXEL_METRICS.items()
        }
        truth = y if grey is None else grey
        for name, metric in REGION_METRICS.items():
            scores[name] = metric(truth, maps, thresholds=[self.thresholds[name]])
        return scores


def candidates(folds, refits, data):
    """Return one candidate per network and seed, and one per network, seed and vote of its folds.

    Parameters
    ----------
    folds : BenchmarkResult
    refits : dict of (str, int) to ndarray
        Test maps of the networks of all training images, which then are the single networks.
    data : Data

    Returns
    -------
    single, voting : dict of (str, int) to Candidate
        By method and seed.
    """
    single, voting = {}, {}
    for method in folds.methods:
        for repeat in range(1 + max(r.repeat for r in folds.records)):
            maps = folds.probabilities(method, "validation", repeat=repeat)
            validation = data.full([maps[i] for i in sorted(maps)])
            key = method, repeat
            if data.X_test is None:
                single[key] = Candidate(method, validation)
                continue
            tests = [data.full(refits[key])] if key in refits else []
            tests += [_test_map(folds, method, repeat, i, data) for i in range(len(data.splits))]
            single[key] = Candidate(method, validation, tests[0])
            if len(tests) > 1:
                name = f"{method}, average of {len(tests)}"
                voting[key] = Candidate(name, validation, np.mean(tests, axis=0))
    return single, voting


def _test_map(result, method, repeat, fold, data):
    maps = result.probabilities(method, "test", repeat=repeat, fold=fold)
    return data.full([maps[i] for i in sorted(maps)])


def choose_members(members, y):
    """Return the keys whose average has the best F1 on validation images, by forward selection.

    Members may be chosen again and then count twice (Caruana et al. 2004, ICML).
    """
    chosen, best, total = [], -np.inf, 0.0
    while len(chosen) < 2 * len(members):
        scores = {
            key: metrics.f1_score(y, (total + member.validation) / (len(chosen) + 1))
            for key, member in members.items()
        }
        key = max(scores, key=scores.get)
        if scores[key] <= best:
            break
        chosen.append(key)
        best, total = scores[key], total + members[key].validation
    return chosen


def vote(members, name, *, hard=False):
    """Return the ensemble of some candidates."""
    take = (lambda p: (p > 0.5).astype("float32")) if hard else (lambda p: p)
    validation = np.mean([take(m.validation) for m in members], axis=0)
    has_test = members[0].test is not None
    return Candidate(
        name, validation, np.mean([take(m.test) for m in members], axis=0) if has_test else None
    )


def all_candidates(folds, refits, data, y):
    """Return single networks, votes of folds and votes over networks, thresholds chosen."""
    single, voting = candidates(folds, refits, data)
    members = voting or single
    chosen = choose_members(members, y)
    ensembles = []
    if len(members) > 1:
        listed = list(members.values())
        ensembles = [
            vote(listed, "average voting"),
            vote(listed, "majority voting", hard=True),
            vote([members[key] for key in chosen], "average voting, chosen"),
        ]
    for candidate in [*single.values(), *ensembles]:
        candidate.choose(y)
    for key, candidate in voting.items():
        # Its maps of the validation images are those of the single network.
        candidate.f1, candidate.thresholds = single[key].f1, single[key].thresholds
    return [*single.values(), *voting.values(), *ensembles]


def f1_of_images(candidate, maps, y):
    """Return the F1 of every single image at the threshold chosen for all."""
    threshold = candidate.thresholds["F1"]
    return [metrics.f1_score(y[[i]], maps[[i]], threshold=threshold) for i in range(len(y))]


def spread_of_images(candidate, maps, y):
    """Return the standard deviation of all scores over single images, and the range of F1."""
    scores = pd.DataFrame([candidate.score(maps[[i]], y[[i]]) for i in range(len(y))])
    return scores.std().to_dict() | {
        "lowest F1": scores["F1"].min(),
        "highest F1": scores["F1"].max(),
    }


def tabulate(found, score):
    """Return mean and spread over seeds of all scores, one row per name.

    Parameters
    ----------
    found : list of Candidate
        Those of one name differ by seed.
    score : callable
        ``score(candidate)`` returns a dict of scores.
    """
    rows = pd.DataFrame([{"method": c.name, **score(c)} for c in found])
    groups = rows.groupby("method", sort=False)
    return groups.mean().join(groups.std(), rsuffix=" ±")


def show(page, out):
    """Print a page of tables and write it to the folder of the results."""
    print(page)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "scores.md").write_text(page)


def publish(found, tables, maps, truth, folds, out, title):
    """Write the tables, pictures and page of a study.

    Parameters
    ----------
    found : list of Candidate
    tables : dict of str to callable
        For each heading a function that returns the scores of a candidate.
    maps : {"validation", "test"}
        Which maps of the candidates are drawn.
    truth : Bunch
        With the images as `data` and their masks as `target`.
    folds : BenchmarkResult
    out : path-like
    title : str
        Of the page of the folds.
    """
    from emstellar.benchmarking import BenchmarkResult
    from emstellar.report import write_folder

    text = [f"# {name}\n\n{to_markdown(tabulate(found, score))}" for name, score in tables.items()]
    show("\n".join(text), out)
    drawn = {c.name: getattr(c, maps) for c in found[::-1]}
    result = BenchmarkResult.from_predictions(
        drawn, truth.target, X=truth.data, groups=truth.groups, ensembles=()
    )
    draw(result, folds, max(found, key=lambda c: c.f1.score).name, out)
    write_folder(folds, Path(out) / "folds", title=title)


def draw(result, folds, best, out):
    """Draw what is said in the tables, as pictures small enough for a page of documentation.

    Parameters
    ----------
    result : BenchmarkResult
        All maps that are scored.
    folds : BenchmarkResult
        The networks of the folds.
    best : str
        The method of `result` whose right and wrong pixels are shown.
    out : path-like
    """
    pictures = {
        "heatmap.png": displays.MetricHeatmapDisplay.from_benchmark(result),
        "overlay.jpg": displays.OverlayDisplay.from_benchmark(result, best),
    }
    if not folds.convergence_times.empty:  # Forests alone have neither operations nor epochs.
        pictures["ball-chart.png"] = displays.ComplexityDisplay.from_benchmark(
            folds, metric="v_rand"
        )
        pictures["convergence.png"] = displays.ConvergenceDisplay.from_benchmark(folds)
    if len(result.methods) > 1:
        pictures["ranks.png"] = displays.RankDisplay.from_benchmark(result, metric="f1")
    for name, picture in pictures.items():
        picture.figure_.savefig(Path(out) / name, dpi=70, bbox_inches="tight")
        plt.close(picture.figure_)


def to_markdown(table, extra_rows=()):
    """Return a table of means and spreads as Markdown."""
    names = [name for name in table.columns if not name.endswith("±")]
    lines = ["| method | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for method, row in table.iterrows():
        lines.append(f"| {method} | " + " | ".join(_cell(row, name) for name in names) + " |")
    return "\n".join([*lines, *extra_rows]) + "\n"


def _cell(row, name):
    spread = row.get(f"{name} ±", np.nan)
    digits = f"{row[name]:.5f}".lstrip("0")
    return digits if np.isnan(spread) else f"{digits} ± {spread:.5f}".replace("± 0.", "± .")
