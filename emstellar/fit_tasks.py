"""A fit as scikit-learn's callbacks see it: a task, with a task for each epoch or member.

`sklearn.callback` exists from scikit-learn 1.9. Before it, segmenters have no `set_callbacks`, and
all of this does nothing.
"""

import contextlib

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:
        """Stands for the mixin of scikit-learn 1.9."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


class FitTask:
    """A fit, or a part of it, whose beginning and end the callbacks are told.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext or None
        None where scikit-learn has no callbacks.
    estimator : estimator
        What is fitted.
    X, y : array-like
        What `fit` was given.
    sample_weight : array-like or None
        The same.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.fit_tasks import FitTask
    >>> task = FitTask(None, RandomForestSegmenter(), X=None, y=None)
    >>> task.subtask("epoch 1").end()
    False
    """

    def __init__(self, context, estimator, X, y, sample_weight=None):
        self.context = context
        self.estimator = estimator
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"X": X, "y": y, "metadata": weights}
        if context is not None:
            context.call_on_fit_task_begin(estimator=estimator, **self.data)

    @classmethod
    def begin(cls, estimator, X, y, sample_weight=None, *, n_subtasks=0, in_order=True):
        """Return the task of a whole fit.

        Parameters
        ----------
        estimator : estimator
            With a `fit` under `with_callbacks`.
        X, y, sample_weight : array-like
            What it was given.
        n_subtasks : int, default=0
            How many parts the fit has at most.
        in_order : bool, default=True
            Whether they are done one after the other.
        """
        context = None
        if hasattr(estimator, "_init_callback_context"):
            context = estimator._init_callback_context(
                max_subtasks=n_subtasks, sequential_subtasks=in_order
            )
        return cls(context, estimator, X, y, sample_weight)

    def subtask(self, name, number=None):
        """Return the task of a part, begun.

        Parameters
        ----------
        name : str
            What to call it.
        number : int, optional
            Its place, where parts are not done in order.
        """
        context = self.context
        if context is not None:
            context = context.subcontext(task_name=name, task_id=number)
        own = self.data
        weight = own["metadata"].get("sample_weight")
        return FitTask(context, self.estimator, own["X"], own["y"], weight)

    def lend_to(self, member):
        """Return a context manager in which the callbacks follow the fit of a member too."""
        if self.context is None:
            return contextlib.nullcontext()
        return self.context.propagate_callback_context(member)

    def end(self, *, usable=True):
        """Tell the callbacks that the task has ended.

        Parameters
        ----------
        usable : bool, default=True
            Whether the estimator predicts by now, so that callbacks may score it.

        Returns
        -------
        bool
            Whether a callback wants the fit to stop.
        """
        if self.context is None:
            return False
        state = {} if usable else None
        return self.context.call_on_fit_task_end(
            estimator=self.estimator, reconstruction_attributes=state, **self.data
        )
