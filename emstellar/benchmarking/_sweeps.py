"""Benchmarks of one parameter's values, and of training sets of growing size."""

from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from ._benchmark import benchmark
from ._data import check_data, make_splits


@dataclass
class ValidationCurve:
    """A benchmark of one segmenter with several values of a parameter.

    Attributes
    ----------
    parameter : str
    values : dict of str to object
        The value of each method of `result`.
    result : BenchmarkResult
    """

    parameter: str
    values: dict
    result: Any

    def table(self, metric=None, subset=None):
        """Return score and cost for each value.

        Parameters
        ----------
        metric : str, optional
            The first by default.
        subset : {"validation", "test"}, optional

        Returns
        -------
        DataFrame
            Indexed by value, with the means and standard deviations over folds and repeats of
            the score, of `fit_time` in seconds, and of `fit_peak_memory` and
            `fit_peak_device_memory` in MB; the latter is NaN where no GPU was measured.
        """
        metric = self.result.metrics[0] if metric is None else metric
        summary = self.result.summary(metric, subset)[metric]
        quantities = ["fit_time", "fit_peak_memory", "fit_peak_device_memory"]
        # A store of an earlier version knows no memory of devices.
        resources = self.result.resources.reindex(columns=["method", *quantities])
        rows = resources.groupby("method")
        means, spreads = rows[quantities].mean(), rows[quantities].std()
        table = pd.DataFrame({metric: summary["mean"], f"{metric}_std": summary["std_folds"]})
        for name in quantities:
            table[name], table[f"{name}_std"] = means[name], spreads[name]
        methods = [method for method in self.values if method in table.index]
        values = pd.Index([self.values[method] for method in methods], name=self.parameter)
        return table.loc[methods].set_index(values)


def validation_curve(segmenter, X, y, *, parameter, values, **options):
    """Benchmark a segmenter with several values of one parameter.

    Fig. 1 of the EM-stellar paper does so with the batch size.

    Parameters
    ----------
    segmenter : segmenter
    X, y : images and masks
        As in `benchmark`.
    parameter : str
        The name of a parameter, such as "batch_size".
    values : sequence
        What it is set to.
    **options
        Further arguments of `benchmark`; `ensembles` is () by default.

    Returns
    -------
    ValidationCurve

    Raises
    ------
    ValueError
        If the segmenter has no such parameter, or there are no values.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.benchmarking import validation_curve
    >>> from emstellar.datasets import make_em_images
    >>> X, y = make_em_images(4, (32, 32), random_state=0)
    >>> forest = RandomForestSegmenter(max_samples=200)
    >>> curve = validation_curve(forest, X, y, parameter="n_estimators", values=[1, 5], cv=2,
    ...                         scoring="f1", verbose=0)
    >>> curve.table().index.tolist()
    [1, 5]
    """
    if not values:
        raise ValueError("values is empty: at least one value is required.")
    names = {f"{parameter}={value!r}": value for value in values}
    methods = {
        name: clone(segmenter).set_params(**{parameter: value}) for name, value in names.items()
    }
    result = benchmark(methods, X, y, **{"ensembles": ()} | options)
    return ValidationCurve(parameter, names, result)


def batch_size_curve(segmenter, X, y, *, sizes=(1, 2, 4, 8), **options):
    """Benchmark a network with several batch sizes.

    Larger batches take more memory and less time per image, and may score better or worse: Fig. 1
    of the EM-stellar paper. `BatchSizeDisplay` draws it.

    Parameters
    ----------
    segmenter : segmenter
        With a parameter `batch_size`. Where it has `steps_per_epoch`, larger batches also see
        more patches per epoch.
    X, y : images and masks
        As in `benchmark`.
    sizes : sequence of int, default=(1, 2, 4, 8)
        The batch sizes.
    **options
        Further arguments of `benchmark`; `ensembles` is () by default.

    Returns
    -------
    ValidationCurve

    Raises
    ------
    ValueError
        If the segmenter has no batch size, or there are no sizes.

    See Also
    --------
    validation_curve : The same for any parameter.

    Examples
    --------
    >>> from emstellar import UNetSegmenter
    >>> from emstellar.benchmarking import batch_size_curve
    >>> from emstellar.datasets import make_em_images
    >>> X, y = make_em_images(4, (32, 32), random_state=0)
    >>> unet = UNetSegmenter(width=1 / 32, epochs=1)
    >>> curve = batch_size_curve(unet, X, y, sizes=[1, 2], cv=[([0, 1], [2, 3])], scoring="f1",
    ...                          verbose=0)
    >>> curve.table().index.tolist()
    [1, 2]
    """
    return validation_curve(segmenter, X, y, parameter="batch_size", values=sizes, **options)


@dataclass
class LearningCurve:
    """Benchmarks of the same methods with training sets of growing size.

    Attributes
    ----------
    results : dict of int to BenchmarkResult
        By number of training images.
    """

    results: dict

    @property
    def fold_scores(self):
        """The scores of all sizes: the tables of the results with a column `train_size`."""
        tables = [r.fold_scores.assign(train_size=size) for size, r in self.results.items()]
        return pd.concat(tables, ignore_index=True)

    def recommend(self, metric=None, subset=None, **options):
        """Return the method to take for each number of training images.

        Parameters
        ----------
        metric : str, optional
            The first by default.
        subset : {"validation", "test"}, optional
        **options
            Of `BenchmarkResult.recommend`.

        Returns
        -------
        DataFrame
            Indexed by number of training images, otherwise as from `BenchmarkResult.recommend`.
        """
        rows = {}
        for size, result in self.results.items():
            metric = result.metrics[0] if metric is None else metric
            rows[size] = result.recommend(metric, subset, **options).loc[metric]
        return pd.DataFrame(rows).T.rename_axis("train_size")


def learning_curve(
    segmenters,
    X,
    y,
    *,
    train_sizes=(0.25, 0.5, 1.0),
    cv=5,
    groups=None,
    X_test=None,
    y_test=None,
    store=None,
    random_state=0,
    **options,
):
    """Benchmark segmenters with training sets of growing size.

    Parameters
    ----------
    segmenters, X, y, cv, groups, X_test, y_test
        As in `benchmark`.
    train_sizes : sequence of float or int, default=(0.25, 0.5, 1.0)
        Shares of the training images of each fold, or numbers of images. The images of a smaller
        size are among those of a larger; validation images are the same for all.
    store : path-like, optional
        A folder with one store per size.
    random_state : int or None, default=0
        Which images are taken, and the seeds of the segmenters; None means others in each call.
    **options
        Further arguments of `benchmark`.

    Returns
    -------
    LearningCurve

    Raises
    ------
    ValueError
        If a size is not in (0, 1] or more than the training images of a fold.

    See Also
    --------
    sklearn.model_selection.learning_curve : The same for one segmenter and one metric.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.benchmarking import learning_curve
    >>> from emstellar.datasets import make_em_images
    >>> X, y = make_em_images(4, (32, 32), random_state=0)
    >>> forest = {"forest": RandomForestSegmenter(3, max_samples=200)}
    >>> curve = learning_curve(forest, X, y, cv=2, train_sizes=[1, 2], scoring="f1", verbose=0)
    >>> sorted(curve.results)
    [1, 2]
    """
    data = check_data(X, y, groups, X_test, y_test)
    splits = make_splits(cv, data)
    smallest = min(len(train) for train, _ in splits)
    # One seed for all sizes, so that the smaller ones are part of the larger.
    seed = np.random.SeedSequence(random_state).entropy
    results = {}
    for size in dict.fromkeys(_count(size, smallest) for size in train_sizes):
        folds = [
            (np.random.default_rng([seed, fold]).permutation(train)[:size], validation)
            for fold, (train, validation) in enumerate(splits)
        ]
        results[size] = benchmark(
            segmenters,
            X,
            y,
            cv=folds,
            groups=groups,
            X_test=X_test,
            y_test=y_test,
            store=None if store is None else Path(store) / f"{size}-images",
            random_state=random_state,
            **options,
        )
    return LearningCurve(results)


def _count(size, n_images):
    """Return a size as a number of images."""
    count = size if isinstance(size, Integral) else round(size * n_images)
    share_is_wrong = not isinstance(size, Integral) and not 0 < size <= 1
    if share_is_wrong or not 1 <= count <= n_images:
        raise ValueError(
            f"train_sizes must be shares in (0, 1] or numbers from 1 to {n_images}, the training "
            f"images of the smallest fold; got {size!r}."
        )
    return int(count)
