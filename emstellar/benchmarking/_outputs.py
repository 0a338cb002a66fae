"""What a benchmark has kept of its jobs besides tables: maps, models, and what they tell."""

from functools import cached_property

from ._best_fold import choose_fold
from ._chosen_thresholds import ThresholdChoice


class KeptOutputs:
    """The outputs of single jobs that `BenchmarkResult` hands out."""

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
        # Test images without masks have maps, but no scores.
        subset = self.check_subset(None) if subset is None else subset
        found = [
            record
            for record in self.records
            if record.method == method
            and record.repeat == repeat
            and fold in (None, record.fold)
            and not record.failed
            and subset in record.images
        ]
        if not found:
            raise ValueError(
                f"No maps of {method!r} on subset {subset!r} (repeat {repeat}, fold {fold}); the "
                f"methods are {self.methods}."
            )
        maps = {}
        for record in found:
            for image, probability in zip(
                record.images[subset], record.probabilities(subset), strict=True
            ):
                maps.setdefault(image, probability)
        return maps

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
        names = self.manifest.get("names", {}).get(subset)
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
        jobs = {record.key: record for record in self.records if record.kind == "segmenter"}
        record = jobs.get((method, repeat, fold))
        who = f"{method!r}, repeat {repeat}, fold {fold}"
        if record is None:
            raise ValueError(
                f"There is no job {who}; the segmenters are {self.methods_of('segmenter')}."
            )
        if record.failed:
            raise ValueError(f"The job {who} failed: {record.error['message']}")
        if record.model is None:
            raise ValueError(
                f"The model of {who} was not kept: call benchmark again with the same store and "
                "keep_models=True, which fits it anew."
            )
        return record.model.load(network)

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
        (metric,) = self.check_metrics(self.metrics[0] if metric is None else metric)
        folds = [r for r in self.records if (r.method, r.repeat) == (method, repeat)]
        chosen = choose_fold([r for r in folds if r.kind == "segmenter" and not r.failed], metric)
        if chosen is None:
            raise ValueError(
                f"No fold of {method!r} (repeat {repeat}) has a validation score by {metric}; the "
                f"segmenters are {self.methods_of('segmenter')}."
            )
        return chosen.fold

    @cached_property
    def _threshold_choice(self):
        ensembles = self.manifest.get("ensembles", ())
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
        return type(self)(records, self.data, self.manifest)

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
