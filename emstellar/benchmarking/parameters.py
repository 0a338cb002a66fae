"""What one parameter, such as the batch size, does to score, time and memory."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import clone

from .run import benchmark


@dataclass
class ParameterStudy:
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


def parameter_study(segmenter, X, y, *, parameter, values, **options):
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
    ParameterStudy

    Raises
    ------
    ValueError
        If the segmenter has no such parameter, or there are no values.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.benchmarking import parameter_study
    >>> from emstellar.datasets import make_em_images
    >>> X, y = make_em_images(4, (32, 32), random_state=0)
    >>> forest = RandomForestSegmenter(max_samples=200)
    >>> study = parameter_study(forest, X, y, parameter="n_estimators", values=[1, 5], cv=2,
    ...                         scoring="f1", verbose=0)
    >>> study.table().index.tolist()
    [1, 5]
    """
    if not values:
        raise ValueError("values is empty: at least one value is required.")
    names = {f"{parameter}={value!r}": value for value in values}
    methods = {
        name: clone(segmenter).set_params(**{parameter: value}) for name, value in names.items()
    }
    result = benchmark(methods, X, y, **{"ensembles": ()} | options)
    return ParameterStudy(parameter, names, result)


def batch_size_study(segmenter, X, y, *, sizes=(1, 2, 4, 8), **options):
    """Benchmark a network with several batch sizes.

    Larger batches take more memory and less time per image, and may score better or worse: Fig. 1
    of the EM-stellar paper. `BatchSizeDisplay` draws the study.

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
    ParameterStudy

    Raises
    ------
    ValueError
        If the segmenter has no batch size, or there are no sizes.

    See Also
    --------
    parameter_study : The same for any parameter.

    Examples
    --------
    >>> from emstellar import UNetSegmenter
    >>> from emstellar.benchmarking import batch_size_study
    >>> from emstellar.datasets import make_em_images
    >>> X, y = make_em_images(4, (32, 32), random_state=0)
    >>> unet = UNetSegmenter(width=1 / 32, epochs=1)
    >>> study = batch_size_study(unet, X, y, sizes=[1, 2], cv=[([0, 1], [2, 3])], scoring="f1",
    ...                          verbose=0)
    >>> study.table().index.tolist()
    [1, 2]
    """
    return parameter_study(segmenter, X, y, parameter="batch_size", values=sizes, **options)
