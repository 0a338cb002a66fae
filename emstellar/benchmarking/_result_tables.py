"""The tables of a benchmark, at 0.5 and at thresholds that validation images choose."""

from functools import cached_property
from pathlib import Path

from ..files import write_atomically
from ._chosen_thresholds import ThresholdChoice
from ._record import Kind
from ._tables import frames
from ._tables.summaries import collect_tables, count_images, summarize, without_formulas


class ResultTables:
    """The finished jobs of a benchmark as tables.

    Parameters
    ----------
    records : list of Record
        The finished jobs.
    data : BenchmarkData
        The images.
    plan : BenchmarkPlan
        What was asked for.
    damage : sequence of str, default=()
        What could not be read, one sentence for each file.
    """

    def __init__(self, records, data, plan, damage=()):
        order = {kind: i for i, kind in enumerate(Kind)}
        self.records = sorted(records, key=lambda record: order[record.kind])
        self.data = data
        self.plan = plan
        self.damage = list(damage)

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
        return [job.key for job in self.plan.jobs if job.key not in done]

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
    def ensembles(self):
        """For each ensemble the segmenter whose folds it has, "" for several, and which it is."""
        return {
            record.method: (record.of_method, record.ensemble)
            for record in self.records
            if record.kind is not Kind.SEGMENTER and not record.failed
        }

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

    @cached_property
    def _threshold_choice(self):
        ensembles = self.plan.ensembles
        return ThresholdChoice(self.records, self.data, self.metrics, ensembles)

    @property
    def choosing_metric(self):
        """The metric that is highest at the chosen thresholds."""
        return self._threshold_choice.metric

    def why_no_threshold(self):
        """Return why no threshold can be chosen, as a sentence, or nothing."""
        return self._threshold_choice.why_not()

    @cached_property
    def _at_chosen_thresholds(self):
        reason = self._threshold_choice.why_not()
        if reason:
            raise ValueError(reason)
        records = [r if r.failed else self._threshold_choice.rescore(r) for r in self.records]
        return type(self)(records, self.data, self.plan, self.damage)

    def at_chosen_thresholds(self):
        """Return the same result with all scores at the thresholds that validation images choose.

        A network that is unsure of rare objects finds few of them at 0.5 and many at 0.2; so
        methods are compared fairly only if each has its own threshold. Of each fold it is the
        one at which the first metric that weighs both kinds of errors (else F1) is best on the
        validation images of the method's *other* folds; on test images, of all its folds. Scored
        images are not among them, though models of other folds learned from these. It is chosen by
        the stored maps, also those of ensembles; in a majority vote every member votes at its own.

        Returns
        -------
        BenchmarkResult
            With the same tables and questions. Metrics without a threshold keep their score;
            V_Rand and V_Info are at the chosen threshold instead of the best of many. Scorers of
            your own are NaN, and so is a fold that is the only one.

        Raises
        ------
        ValueError
            If there are more than two classes, or no validation images.

        See Also
        --------
        emstellar.ThresholdedSegmenter : Chooses within the training images of each fold.
        """
        return self._at_chosen_thresholds

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
