"""Parameters of an estimator that is made of named estimators."""

from sklearn.base import BaseEstimator


class NamedEstimatorsMixin(BaseEstimator):
    """Nested parameters for an estimator whose `estimators` are (name, estimator) pairs.

    ``name`` gets or replaces a member, ``name__parameter`` a member's parameter, as in
    scikit-learn's ensembles, whose own base class for this is private.
    """

    def get_params(self, deep=True):
        """Return the parameters of this estimator.

        Parameters
        ----------
        deep : bool, default=True
            If True, also the members by name and their parameters.

        Returns
        -------
        dict of str to object
        """
        parameters = super().get_params(deep=False)
        if deep and are_pairs(self.estimators):
            parameters.update(self.estimators)
            for name, member in self.estimators:
                if hasattr(member, "get_params"):
                    inner = member.get_params(deep=True)
                    parameters.update((f"{name}__{key}", value) for key, value in inner.items())
        return parameters

    def set_params(self, **parameters):
        """Set parameters of this estimator and of its members.

        Parameters
        ----------
        **parameters : object
            ``estimators=``, a member's name or ``name__parameter``; set in this order.

        Returns
        -------
        self : estimator
        """
        if "estimators" in parameters:
            self.estimators = parameters.pop("estimators")
        if are_pairs(self.estimators):
            replaced = {n: parameters.pop(n) for n, _ in self.estimators if n in parameters}
            if replaced:
                self.estimators = [(n, replaced.get(n, member)) for n, member in self.estimators]
        super().set_params(**parameters)
        return self


def are_pairs(estimators):
    """Tell whether `estimators` is a non-empty list of (name, estimator) pairs.

    Parameters
    ----------
    estimators : object
        What a user gave.

    Returns
    -------
    bool
    """
    return (
        isinstance(estimators, (list, tuple))
        and len(estimators) > 0
        and all(
            isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str)
            for pair in estimators
        )
    )


def check_names(estimators, parameters):
    """Raise if the names of `estimators` cannot serve in nested parameters.

    Parameters
    ----------
    estimators : list of (str, estimator) pairs
        What a user gave.
    parameters : iterable of str
        The names of the ensemble's own parameters.

    Raises
    ------
    ValueError
        If it is no list of pairs, names repeat, equal a parameter or contain ``"__"``.
    """
    if not are_pairs(estimators):
        raise ValueError(
            "Invalid 'estimators' attribute, 'estimators' should be a non-empty list of "
            f"(string, estimator) tuples. Got {estimators!r} instead."
        )
    names = [name for name, _ in estimators]
    if len(set(names)) != len(names):
        raise ValueError(f"Names provided are not unique: {names!r}")
    for invalid, words in (
        (set(names) & set(parameters), "Estimator names conflict with constructor arguments"),
        ({name for name in names if "__" in name}, "Estimator names must not contain __"),
    ):
        if invalid:
            raise ValueError(f"{words}: got {sorted(invalid)!r}")
