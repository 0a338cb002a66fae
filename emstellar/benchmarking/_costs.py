"""How long a machine was at work for each job, where several shared it."""

import numpy as np


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
