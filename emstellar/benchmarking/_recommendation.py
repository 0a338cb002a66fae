"""What one asks a finished benchmark: is the difference real, whom to take, what does it cost."""

import numpy as np
import pandas as pd

from ..metrics.labels import metric_words
from ._costs import machine_seconds
from .statistics._comparison import compare_methods
from .statistics._observations import observe

SECONDS_PER_HOUR = 3600


class ResultQuestions:
    """The questions that `BenchmarkResult` answers from its tables."""

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
        (metric,) = self.check_metrics(self.metrics[0] if metric is None else metric)
        subset = self.check_subset(subset)
        if methods is None:
            hidden = self.methods_of("fold ensemble")
            methods = [method for method in self.methods if method not in hidden]
        rows = self._rows(metric, subset, methods)
        found = observe(rows, subset, by, self.manifest.get("folds"))
        return compare_methods(
            found.table[[method for method in methods if method in found.table]],
            metric=metric,
            subset=subset,
            **found.options(),
            **options,
        )

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
        subset = self.check_subset(subset)
        methods = self._affordable(budget, subset)
        summary = self.summary(subset=subset).loc[methods]
        rows = {
            metric: self._recommend(metric, subset, methods, summary, {"alpha": alpha, "by": by})
            for metric in self.check_metrics(metrics)
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")

    def _affordable(self, budget, subset):
        scored = dict.fromkeys(self.fold_scores.query("subset == @subset")["method"])
        methods = [m for m in scored if m not in self.methods_of("fold ensemble")]
        if budget is None:
            return methods
        costs = self.resources.groupby("method").mean(numeric_only=True).join(self.complexity)
        unknown = [name for name in budget if name not in costs]
        if unknown:
            raise ValueError(f"The budget limits {unknown}; known are {costs.columns.tolist()}.")
        within = (costs[list(budget)] <= pd.Series(budget)).all(axis=1)
        methods = [method for method in methods if within.get(method, False)]
        if not methods:
            raise ValueError(f"No method is within the budget {budget}.")
        return methods

    def _recommend(self, metric, subset, methods, summary, options):
        chosen_on = "validation" if "validation" in self.subsets else subset
        means = self._unit_means(metric, chosen_on, methods, options["by"])
        where = {"chosen_on": chosen_on, "reported_on": subset}
        if means.empty or np.isinf(means.max()):
            note = f"No method has a score by {metric} on {chosen_on} images."
            if not means.empty:
                note = (
                    f"By {metric} each method has infinite scores on {chosen_on} images: no mean."
                )
            empty = {"method": "", "mean": np.nan, "std_folds": np.nan, "not_worse": ""}
            return {**empty, "prevailing_error": "", **where, "note": note}
        best = means.idxmax()
        optimistic = chosen_on == subset and len(means) > 1
        note = f"Chosen by the {subset} scores that are reported, which flatters it."
        return {
            "method": best,
            "mean": self._unit_means(metric, subset, [best], options["by"]).get(best, np.nan),
            "std_folds": self._spread_of_folds(metric, subset, best),
            "not_worse": ", ".join(self._not_worse(best, metric, chosen_on, means, options)),
            "prevailing_error": _prevailing_error(summary.loc[best]),
            **where,
            "note": note if optimistic else "",
        }

    def _rows(self, metric, subset, methods):
        rows = self.scores.query("subset == @subset and metric == @metric")
        return rows[rows["method"].isin(methods)]

    def _unit_means(self, metric, subset, methods, by):
        """Return the mean of each method that has one over the units that all of these have."""
        rows = self._rows(metric, subset, methods)
        if not rows["value"].notna().any():
            return pd.Series(dtype=float)
        table = observe(rows, subset, by, self.manifest.get("folds")).table
        return table.dropna(axis=1, how="all").dropna().mean().dropna()

    def _not_worse(self, best, metric, subset, means, options):
        """Return all others of which it is not shown that they are worse than the best."""
        others = [method for method in means.index if method != best]
        if not others:
            return []
        worse = self.compare(metric, subset, methods=list(means.index), **options).worse_than(best)
        return [method for method in others if method not in worse]

    def _spread_of_folds(self, metric, subset, method):
        rows = self._rows(metric, subset, [method])
        return rows.groupby(["repeat", "fold"])["value"].mean().std()

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
        if price_per_hour < 0 or watts < 0:
            raise ValueError(
                f"Rates must not be negative, got price_per_hour={price_per_hour} and "
                f"watts={watts}."
            )
        keys = ["method", "repeat", "fold"]
        jobs = [r for r in self.records if r.kind == "segmenter" and r.resources]
        index = pd.MultiIndex.from_tuples([record.key for record in jobs], names=keys)
        hours = pd.Series(machine_seconds(jobs), index, dtype=float) / SECONDS_PER_HOUR
        hours = hours.groupby(level=keys if per_job else "method", sort=False).sum()
        columns = {
            "hours": hours,
            "money": hours * price_per_hour,
            "kilowatt_hours": hours * watts / 1000,
        }
        return pd.DataFrame(columns)


def _prevailing_error(row):
    """Tell which errors are more: FN > FP just where TP / (TP + FN) < TP / (TP + FP)."""
    if ("sensitivity", "mean") not in row or ("ppv", "mean") not in row:
        return ""
    sensitivity, ppv = row["sensitivity", "mean"], row["ppv", "mean"]
    if np.isnan([sensitivity, ppv]).any() or sensitivity == ppv:
        return ""
    return "false negatives" if sensitivity < ppv else "false positives"
