"""What a benchmark found: tables, maps, answers, and the way to the report."""

from ..metrics.labels import metric_words
from ._combining import merge_results, open_store, score_predictions
from ._costs import estimate_costs
from ._outputs import find_best_fold, find_maps, load_model
from ._recommendation import compare, recommend
from ._result_tables import ResultTables
from ._scoring import DEFAULT_SCORING


class BenchmarkResult(ResultTables):
    """The outcome of a benchmark, as tidy tables.

    Made by `benchmark`, `BenchmarkResult.load` and `BenchmarkResult.from_predictions`.

    Parameters
    ----------
    records : list of Record
        The finished jobs.
    data : BenchmarkData
        The images.
    plan : BenchmarkPlan
        What was asked for.
    damage : sequence of str, default=()
        What could not be read when the result was loaded, one sentence for each file.

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

    def probabilities(self, method, subset=None, *, repeat=0, fold=None):
        """Return the probability maps of a method for all images of a subset.

        Parameters
        ----------
        method : str
            A segmenter or an ensemble.
        subset : {"validation", "test"}, optional
            As in `summary`.
        repeat : int, default=0
        fold : int, optional
            Whose model predicts the test images; the first fold's by default. Validation images
            are predicted by the model of the fold that held them out.

        Returns
        -------
        maps : dict of int to ndarray of shape (height, width, n_classes)
            By position of the image in the subset.
        """
        return find_maps(self, method, subset, repeat, fold)

    def image_name(self, subset, index):
        """Return what an image is called: the name of its file, else where it stands.

        Parameters
        ----------
        subset : {"validation", "test"}
        index : int
            The position of the image in the subset.

        Returns
        -------
        str
        """
        names = self.plan.names.get(subset)
        return str(index) if names is None else names[index]

    def model(self, method, repeat=0, fold=0, *, network=None):
        """Return the fitted segmenter of a job, if ``benchmark(..., keep_models=True)`` kept it.

        Segmenters that are no networks are read by joblib, which runs what it finds: open stores
        of people whom you trust only.

        Parameters
        ----------
        method : str
            A segmenter; of an ensemble there is no model.
        repeat, fold : int, default=0
            `best_fold` says which fold did best.
        network : callable, optional
            The network function of a `KerasSegmenter`.

        Returns
        -------
        segmenter
            Read anew in every call.

        Raises
        ------
        ValueError
            If there is no such job, it failed, or its segmenter was not kept.
        """
        return load_model(self, method, repeat, fold, network)

    def best_fold(self, method, metric=None, *, repeat=0):
        """Return the fold whose model did best on the images that it held out.

        It is the fold of the ensemble "best fold", if `metric` is the first one.

        Parameters
        ----------
        method : str
            A segmenter.
        metric : str, optional
            The first by default.
        repeat : int, default=0

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If no fold of the method has a validation score.
        """
        return find_best_fold(self, method, metric, repeat)

    def compare(self, metric=None, subset=None, *, by=None, methods=None, **options):
        """Test whether the methods differ, by their mean scores on the same units.

        Parameters
        ----------
        metric : str, optional
            The first by default.
        subset : {"validation", "test"}, optional
            As in `summary`.
        by : {"image", "group"}, optional
            What counts as one observation. By default the largest unit that is known: on test
            images their groups (`groups_test` of `benchmark`), without which all of them are one;
            in cross-validation the groups, or the blocks of a `BlockKFold`, or the folds, whose
            images share one fitted model. "image" takes images as independent, and the conclusion
            says so.
        methods : list of str, optional
            Segmenters and ensembles by default, without votes of the folds of one method.
        **options
            Of `emstellar.benchmarking.compare_methods`: `test`, `alpha`, `rope`, `n_resamples`,
            `random_state`.

        Returns
        -------
        Comparison
            Whose `conclusion` says it in words, also that the data cannot support a ranking.

        Notes
        -----
        Cross-validated scores are compared by a t-test that is corrected for the training images
        that folds share; on test images, the spread between several fits of a method counts
        besides that between the units. Of a single fit nothing can be said but of this fitted
        model.
        """
        return compare(self, metric, subset, by, methods, options)

    def headline(self, metric=None, subset=None, **options):
        """Return in a sentence or two which method leads, by how much, and how sure that is.

        Parameters
        ----------
        metric, subset, **options
            As in `compare`.

        Returns
        -------
        str
            The headline of `compare`, with the subset; of a single method its score.
        """
        metric = self.metrics[0] if metric is None else metric
        subset = self.check_subset(subset)
        try:
            comparison = self.compare(metric, subset, **options)
        except ValueError as error:
            means = self.summary(metric, subset)[metric, "mean"].dropna()
            means = means[~means.index.isin(self.methods_of("fold ensemble"))]
            if len(means) == 1:
                method, mean = means.index[0], means.iloc[0]
                return (
                    f"{method} has a mean {metric_words(metric)} of {mean:.4f} on {subset} images."
                )
            return f"No methods can be compared by {metric} on {subset} images: {error}"
        return f"On {subset} images: {comparison.headline}"

    def rank_correlation(self, subset=None):
        """Return how alike the metrics rank the methods.

        Parameters
        ----------
        subset : {"validation", "test"}, optional
            As in `summary`.

        Returns
        -------
        DataFrame
            Spearman's rank correlation of every pair of metrics over the methods.
        """
        means = self.summary(subset=subset).xs("mean", axis=1, level="statistic")
        return means.corr(method="spearman")

    def recommend(self, metrics=None, subset=None, *, budget=None, alpha=0.05, by=None):
        """Return the method to take for each metric: the paper's Table 1, from these images.

        The method is the one with the highest mean over the units of `compare`. Where there are
        test images to report, it is chosen on the validation images, so that the score reported
        is not the luckiest of many.

        Parameters
        ----------
        metrics : str or list of str, optional
            What matters; all by default.
        subset : {"validation", "test"}, optional
            The images whose scores are reported, as in `summary`.
        budget : dict of str to float, optional
            The most that a method may cost on average, by columns of `resources` and
            `complexity`: ``{"fit_time": 600, "trainable_parameters": 5e6}``. Methods whose cost
            is unknown (ensembles) are then left out.
        alpha : float, default=0.05
            The level of significance.
        by : {"image", "group"}, optional
            What counts as one observation, as in `compare`.

        Returns
        -------
        DataFrame
            Indexed by metric, with columns `method`, its `mean` over the units of the images
            reported, `std_folds` the standard deviation of its mean between folds and repeats,
            `not_worse` (all methods that are not significantly worse where the choice was made),
            `prevailing_error`: "false negatives" or "false positives", where sensitivity and PPV
            are among the metrics, `chosen_on` and `reported_on`: subsets, and `note`, which says
            where a score is of the images that made the choice, or no score is defined.

        Raises
        ------
        ValueError
            If no method is within the budget.
        """
        return recommend(self, metrics, subset, budget, {"alpha": alpha, "by": by})

    def estimate_costs(self, *, price_per_hour=0.0, watts=0.0, per_job=False):
        """Return what the fits of each method took, in hours, money and energy.

        What a prediction takes per megapixel is in `resources`. Hours are those of the machine:
        while several jobs run on it at once, each is billed its part.

        Parameters
        ----------
        price_per_hour : float, default=0.0
            Of the machine, in any currency.
        watts : float, default=0.0
            What the machine draws at work.
        per_job : bool, default=False
            Whether each job has a row of its own.

        Returns
        -------
        DataFrame
            Indexed by method: `hours` of all fits and predictions, `money` and `kilowatt_hours`.
            With `per_job` indexed by method, repeat and fold.

        Raises
        ------
        ValueError
            For a negative rate.
        """
        return estimate_costs(self, price_per_hour, watts, per_job)

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
        return cls(*open_store(store))

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
        return cls(*merge_results(results, n_jobs=n_jobs, verbose=verbose))

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
        return cls(
            *score_predictions(
                predictions,
                y,
                X=X,
                groups=groups,
                names=names,
                classes=classes,
                scoring=scoring,
                threshold=threshold,
                ensembles=ensembles,
                n_jobs=n_jobs,
                description=description,
                loading=loading,
                verbose=verbose,
            )
        )
