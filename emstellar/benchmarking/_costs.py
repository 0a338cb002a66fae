"""What fits took: hours of a machine that several shared, money and energy."""

import numpy as np
import pandas as pd

from ._record import Kind

SECONDS_PER_HOUR = 3600


def machine_seconds(records):
    """Return the seconds of a machine that each job took.

    While several jobs are at work on one machine, its time is divided among them equally: the sum
    over all jobs is the length of the union of their intervals, so that nothing is billed twice.

    Parameters
    ----------
    records : list of Record
        With ``fit_time`` and ``predict_time`` among their `resources`. Where `busy` is empty, as
        in stores of older versions, their sum counts as it is.

    Returns
    -------
    ndarray of shape (n_records,)

    Examples
    --------
    Of ten seconds the second job ran beside the first for four:

    >>> from emstellar.benchmarking._costs import machine_seconds
    >>> from emstellar.benchmarking._record import Record
    >>> cost = {"fit_time": 7.0, "predict_time": 0.0}
    >>> first = Record("a", 0, 0, busy=[[100, 107]], resources=cost)
    >>> second = Record("a", 0, 1, busy=[[103, 110]], resources=cost)
    >>> machine_seconds([first, second]).tolist()
    [5.0, 5.0]
    """
    names = ("fit_time", "predict_time")
    seconds = np.array([sum(r.resources.get(name, 0.0) for name in names) for r in records])
    for host in {record.host for record in records}:
        here = [i for i, record in enumerate(records) if record.host == host and record.busy]
        if here:
            seconds[here] *= _shares([records[i].busy for i in here])
    return seconds


def _shares(intervals):
    """Return which share of each job's time is its own, given the intervals of all."""
    edges = np.unique(np.concatenate([np.ravel(own) for own in intervals]))
    lengths = np.diff(edges)
    at_work = np.array([_is_at_work(own, edges) for own in intervals])
    own = at_work @ lengths
    divided = at_work @ (lengths / np.maximum(at_work.sum(axis=0), 1))
    return np.divide(divided, own, out=np.ones(len(intervals)), where=own > 0)


def _is_at_work(own, edges):
    return np.any([(edges[:-1] >= begin) & (edges[1:] <= end) for begin, end in own], axis=0)


def estimate_costs(result, price_per_hour, watts, per_job):
    """Return what the fits of each method took; see `BenchmarkResult.estimate_costs`."""
    if price_per_hour < 0 or watts < 0:
        raise ValueError(
            f"Rates must not be negative, got price_per_hour={price_per_hour} and watts={watts}."
        )
    keys = ["method", "repeat", "fold"]
    jobs = [r for r in result.records if r.kind is Kind.SEGMENTER and r.resources]
    index = pd.MultiIndex.from_tuples([record.key for record in jobs], names=keys)
    hours = pd.Series(machine_seconds(jobs), index, dtype=float) / SECONDS_PER_HOUR
    hours = hours.groupby(level=keys if per_job else "method", sort=False).sum()
    columns = {
        "hours": hours,
        "money": hours * price_per_hour,
        "kilowatt_hours": hours * watts / 1000,
    }
    return pd.DataFrame(columns)
