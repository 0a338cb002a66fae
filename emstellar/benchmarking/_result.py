"""What a benchmark found: tables, maps, and the way to the report."""

from functools import cached_property
from pathlib import Path

import numpy as np

from ..files import write_atomically
from ..validation import check_groups, is_sequence_of_arrays
from . import _frames as frames
from ._data import BenchmarkData, check_names
from ._ensembles import check_ensembles, make_ensembles
from ._execution import Runner
from ._outputs import KeptOutputs
from ._predictions import check_predictions
from ._recommendation import ResultQuestions
from ._record import Record
from ._reproduction import describe_predictions
from ._scoring import DEFAULT_SCORING, Scoring
from ._store.store import Store
from ._tables import collect_tables, count_images, summarize, without_formulas
from .environment import describe_environment


class BenchmarkResult(KeptOutputs, ResultQuestions):
    """The outcome of a benchmark, as tidy tables.

    Made by `benchmark`, `BenchmarkResult.load` and `BenchmarkResult.from_predictions`.

    Parameters
    ----------
    records : list of Record
        The finished jobs.
    data : BenchmarkData
        The images.
    manifest : dict
        How the benchmark was called.

    Attributes
    ----------
    scores : DataFrame
        One row per method, repeat, fold, image, subset ("validation" or "test") and metric.
    fold_scores : DataFrame
        The same with the images of a fold pooled, as `cross_validate` gives them. Fold -1
        stands for all folds together.
    undefined_scores : DataFrame
        The scores of `fold_scores` that are NaN, and why.
    foreground : DataFrame
        How many pixels of each image are foreground in the truth and as predicted; no rows with
        more than two classes.
    curves : DataFrame
        The training curves, one row per epoch and quantity.
    convergence_times : DataFrame
        Seconds to the best epoch of each fit under each monitored criterion.
    resources : DataFrame
        Seconds, processor seconds and MB of each job.
    complexity : DataFrame
        Parameters and operations of each network.
    errors : DataFrame
        The jobs that failed, with tracebacks.
    thresholds : DataFrame
        The threshold that validation images choose for each method, repeat, fold and subset, and
        how many images chose it; see `at_chosen_thresholds`.
    """

    def __init__(self, records, data, manifest):
        order = {kind: i for i, kind in enumerate(frames.KINDS)}
        self.records = sorted(records, key=lambda record: order[record.kind])
        self.data = data
        self.manifest = manifest

    # The tables are made when they are first asked for; the class describes them.
    scores = cached_property(
        lambda self: frames.score_frame(self.records, self.data.groups, self.data.groups_test)
    )
    fold_scores = cached_property(lambda self: frames.fold_score_frame(self.records))
    undefined_scores = cached_property(lambda self: frames.undefined_frame(self.records))
    foreground = cached_property(lambda self: frames.foreground_frame(self.records))
    curves = cached_property(lambda self: frames.curve_frame(self.records))
    convergence_times = cached_property(lambda self: frames.convergence_frame(self.records))
    resources = cached_property(lambda self: frames.resource_frame(self.records))
    complexity = cached_property(lambda self: frames.complexity_frame(self.records))
    errors = cached_property(lambda self: frames.error_frame(self.records))
    thresholds = cached_property(lambda self: self._threshold_choice.table())

    @property
    def methods(self):
        """The names of segmenters and ensembles that have results, in order."""
        return list(dict.fromkeys(r.method for r in self.records if not r.failed))

    @property
    def missing(self):
        """The (method, repeat, fold) of jobs that have not run: the store is of a stopped run."""
        done = {record.key for record in self.records}
        jobs = self.manifest.get("jobs", ())
        return [(m, r, f) for m, r, f, *_ in jobs if (m, r, f) not in done]

    @property
    def damage(self):
        """What could not be read when the result was loaded, one sentence for each file."""
        return list(self.manifest.get("damage", ()))

    def methods_of(self, kind):
        """Return the names of the methods of a kind.

        Parameters
        ----------
        kind : {"segmenter", "ensemble", "fold ensemble"}
        """
        return list(
            dict.fromkeys(r.method for r in self.records if r.kind == kind and not r.failed)
        )

    @property
    def classes(self):
        """The labels; the last of two is the foreground."""
        return next((record.classes for record in self.records if record.classes), [])

    @property
    def metrics(self):
        """The names of the metrics, in order."""
        return list(dict.fromkeys(self.fold_scores["metric"]))

    @property
    def subsets(self):
        """Those of "validation" and "test" that have scores."""
        found = set(self.fold_scores["subset"])
        return [subset for subset in ("validation", "test") if subset in found]

    def summary(self, metrics=None, subset=None, *, threshold=None):
        """Return the mean and the spread of each metric for each method.

        Parameters
        ----------
        metrics : str or list of str, optional
            All by default.
        subset : {"validation", "test"}, optional
            "test" where there are test scores, else "validation".
        threshold : "chosen", optional
            At the thresholds of `at_chosen_thresholds`; by default at 0.5.

        Returns
        -------
        DataFrame
            Indexed by method, with columns (metric, statistic): `mean` over folds and repeats
            of the pooled scores, `std_folds` their standard deviation, `std_repeats` the
            standard deviation between repeats, which differ in the seed alone (of the mean over
            folds), and `std_images` that between images (of the mean over folds and repeats). NaN
            where there is one value only. `n_folds` says of how many folds and repeats the mean
            is: those that failed or have no score are missing. With more than two classes a
            mean over them is called ``"f1 (macro)"``, beside ``"f1 (class 2)"`` of each class.

        Raises
        ------
        ValueError
            For a metric or subset without scores, and where no threshold can be chosen.
        """
        if threshold not in (None, "chosen"):
            raise ValueError(f'threshold must be None or "chosen", got {threshold!r}.')
        if threshold == "chosen":
            return self.at_chosen_thresholds().summary(metrics, subset)
        metrics = self.check_metrics(metrics)
        return summarize(self.scores, self.fold_scores, metrics, self.check_subset(subset))

    def image_counts(self, metrics=None, subset=None):
        """Return in how many images each metric is undefined, and where nothing is, false alarms.

        Parameters
        ----------
        metrics : str or list of str, optional
            All by default.
        subset : {"validation", "test"}, optional
            As in `summary`.

        Returns
        -------
        DataFrame of Int64
            Indexed by method, with columns (metric, count): `n_images`, `n_undefined` of which
            the metric is NaN (left out of means), `n_infinite` (distances to an empty mask),
            `n_empty` whose truth has no foreground, and `n_false_alarms`, those of `n_empty` in
            which foreground was predicted. An image counts once for each model that predicted
            it, of all folds and repeats. The last two are missing with more than two classes.

        Raises
        ------
        ValueError
            For a metric or subset without scores.
        """
        metrics, subset = self.check_metrics(metrics), self.check_subset(subset)
        return count_images(self.scores, self.foreground, metrics, subset)

    def check_metrics(self, metrics):
        """Return the metrics as a list, all for None.

        Parameters
        ----------
        metrics : str, list of str or None
            Of a mean over several classes "f1" will do for "f1 (macro)".

        Returns
        -------
        list of str

        Raises
        ------
        ValueError
            For a metric without scores.
        """
        metrics = [metrics] if isinstance(metrics, str) else list(metrics or self.metrics)
        macros = {name.removesuffix(frames.MACRO): name for name in self.metrics}
        metrics = [
            metric if metric in self.metrics else macros.get(metric, metric) for metric in metrics
        ]
        unknown = [metric for metric in metrics if metric not in self.metrics]
        if unknown:
            raise ValueError(f"No scores of {unknown}; the metrics are {self.metrics}.")
        return metrics

    def check_subset(self, subset):
        """Return the subset; for None "test" where it has scores, else "validation".

        Parameters
        ----------
        subset : {"validation", "test"} or None

        Raises
        ------
        ValueError
            For a subset without scores.
        """
        if not self.subsets:
            raise ValueError("There are no scores: no job has finished.")
        subset = self.subsets[-1] if subset is None else subset
        if subset not in self.subsets:
            raise ValueError(f"No scores on subset {subset!r}; there are {self.subsets}.")
        return subset

    def __repr__(self):
        return (
            f"<BenchmarkResult: {len(self.methods)} methods, {len(self.metrics)} metrics, "
            f"scores on {' and '.join(self.subsets) or 'nothing'}, {len(self.errors)} failed jobs>"
        )

    def _repr_html_(self):
        return self.summary().to_html(float_format="{:.4f}".format) if self.subsets else repr(self)

    def to_csv(self, folder):
        """Write every table as a CSV file.

        Names that a spreadsheet would take for formulas, such as "=1+1" or "@name", begin with
        an apostrophe there.

        Parameters
        ----------
        folder : path-like
            Made if it does not exist.

        Returns
        -------
        list of pathlib.Path
            The files.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, table in collect_tables(self).items():
            written.append(folder / f"{name}.csv")
            write_atomically(written[-1], without_formulas(table).to_csv)
        return written

    def to_html(self, path=None, **options):
        """Return the report as one self-contained HTML page, or write it.

        Parameters
        ----------
        path : path-like, optional
            The file to write.
        **options
            `title`, `colors` of the overlays ("paper" or "colorblind"), and the rates
            `price_per_hour` and `watts` of `estimate_costs`.

        Returns
        -------
        str or None
            The page, when there is no path.
        """
        # Only here, because it loads matplotlib.
        from ..report import render_report, write_report

        if path is None:
            return render_report(self, **options)
        write_report(self, path, **options)
        return None

    @classmethod
    def load(cls, store):
        """Return the benchmark kept in a store, finished or not.

        Parameters
        ----------
        store : path-like
            The folder given to ``benchmark(..., store=)``.

        Returns
        -------
        BenchmarkResult
            Of the jobs that are finished. Calls with some of the methods each, from several
            processes on one store say, are joined where images and folds are the same; of two
            methods of one name the later counts.

        Raises
        ------
        FileNotFoundError, ValueError
            If there is no benchmark, or none that can be read.

        Warns
        -----
        UserWarning
            Of each file that is damaged, and left out; see `damage`.
        """
        folder = Store(store)
        manifest, data = folder.load_benchmark()
        wanted = [
            Record(method, repeat, fold, fingerprint=fingerprint, asked=asked)
            for method, repeat, fold, fingerprint, asked in manifest["jobs"]
        ]
        records = [found for job in wanted if (found := _find(folder, job, manifest)) is not None]
        votes = make_ensembles(records, tuple(manifest["ensembles"]), manifest["scoring"][0])
        if manifest.get("joined") and len(records) == len(wanted):
            # Calls with some of the methods each have not held the votes of all.
            run = Runner(data, Scoring(manifest["scoring"]), manifest["context"][0], store=folder)
            return cls(records + run(votes), data, manifest | {"damage": folder.damage})
        records += [found for vote in votes if (found := _find(folder, vote, manifest)) is not None]
        return cls(records, data, manifest | {"damage": folder.damage})

    @classmethod
    def merge(cls, results, *, n_jobs=None, verbose=0):
        """Return one result of methods that were benchmarked apart, on two machines say.

        Parameters
        ----------
        results : list of BenchmarkResult
            Of the same images. Where two have the same job, the first counts.
        n_jobs, verbose
            As in `benchmark`, for the votes of all methods together, which are held anew.

        Returns
        -------
        BenchmarkResult
            With the metrics that all have.

        Raises
        ------
        ValueError
            If there is no result, images, folds or metrics differ, or a metric is no name of ours.
        """
        if not results:
            raise ValueError("There is nothing to merge.")
        data = results[0].data
        if any(result.data.fingerprint != data.fingerprint for result in results):
            raise ValueError("The results are of different images, and cannot be merged.")
        _check_same_folds(results)
        names = [m for m in results[0].metrics if all(m in result.metrics for result in results)]
        names = frames.scored_names(names)
        found = [r for result in results for r in result.records if r.kind == "segmenter"]
        records = list({record.key: record for record in reversed(found)}.values())[::-1]
        manifest = results[0].manifest | {"scoring": names}
        manifest["methods"] = {k: v for r in results for k, v in r.manifest["methods"].items()}
        codes = dict.fromkeys(result.manifest["code"] for result in results)
        manifest["code"] = "\n\n# Merged with the result of:\n".join(codes)
        manifest["jobs"] = [[*r.key, r.fingerprint, r.asked] for r in records]
        run = Runner(data, Scoring(names), "float16", n_jobs=n_jobs, verbose=verbose)
        votes = run(make_ensembles(records, tuple(manifest["ensembles"]), names[0]))
        return cls(records + votes, data, manifest)

    @classmethod
    def from_predictions(
        cls,
        predictions,
        y,
        *,
        X=None,
        groups=None,
        names=None,
        classes=(0, 1),
        scoring=DEFAULT_SCORING,
        threshold=0.5,
        ensembles=("average voting", "majority voting"),
        n_jobs=None,
        description="",
        loading="",
        verbose=0,
    ):
        """Return the scores of probability maps made elsewhere.

        Parameters
        ----------
        predictions : dict of str to array-like
            For each method its maps, of shape (n_images, height, width) for the foreground or
            (n_images, height, width, n_classes); or a sequence of maps. In [0, 1].
        y : array-like of shape (n_images, height, width) or sequence of masks
            The true masks; or the grey truth, floats in [0, 1], which V_Rand and V_Info cut at
            each of their thresholds and all other metrics at one half.
        X : array-like or sequence of images, optional
            The images, for overlays.
        groups : array-like of shape (n_images,), optional
            The field, specimen or stack of each image, as `groups_test` of `benchmark`.
        names : sequence of str, optional
            What the images are called.
        classes : sequence, default=(0, 1)
            The labels in the order of the maps.
        threshold : float, default=0.5
            What a foreground probability must exceed; V_Rand and V_Info try many themselves.
        scoring, ensembles, n_jobs, description, loading, verbose
            As in `benchmark`; the code of `loading` defines `predictions`, `y` and, where given,
            `X` and `groups`.

        Returns
        -------
        BenchmarkResult
            With scores on the subset "test".

        Raises
        ------
        ValueError
            If the maps are not as many or not of the size of the masks, or not in [0, 1].
        """
        scoring, ensembles = Scoring(scoring, threshold), check_ensembles(ensembles)
        y = y if is_sequence_of_arrays(y) else np.asarray(y)
        groups = check_groups(groups, y)
        data = BenchmarkData(X_test=X, y_test=y, description=description, groups_test=groups)
        jobs = check_predictions(predictions, y, classes)
        parameters = {"classes": tuple(classes), "scoring": scoring.names}
        parameters |= {"threshold": threshold, "ensembles": list(ensembles)}
        manifest = {
            "methods": dict.fromkeys(predictions, "predicted elsewhere"),
            "scoring": scoring.names,
            "ensembles": list(ensembles),
            "names": check_names(data, None, names),
            "threshold": threshold,
            "environment": describe_environment(),
            "code": describe_predictions(data, parameters, loading),
        }
        run = Runner(data, scoring, "float32", n_jobs=n_jobs, verbose=verbose)
        records = run(jobs)
        records += run(make_ensembles(records, ensembles, scoring.names[0]))
        return cls(records, data, manifest)


def _find(folder, job, manifest):
    """Return the stored job, as failed if one of the metrics that were asked for had ended it."""
    found = folder.find(job, "it is left out, and the same call of benchmark computes it anew")
    if found is None:
        return None
    missing = [name for name in manifest["scoring"] if name not in found.scorers]
    scorers = {n: f for d in found.deaths for n, f in d["scorers"].items() if n in missing}
    return found.after_death(scorers)


def _check_same_folds(results):
    """Raise unless a fold holds out the same images in all results."""
    held_out = {}
    for result in results:
        for record in result.records:
            images = record.images.get("validation") if record.kind == "segmenter" else None
            if images is not None and held_out.setdefault(record.fold, images) != images:
                raise ValueError(
                    f"The results are of different folds and cannot be merged: fold {record.fold} "
                    f"holds out images {list(held_out[record.fold])} in one and {list(images)} in "
                    "another, so models of one were fitted on what those of the other are scored "
                    "on. Give all calls of benchmark the same cv."
                )
