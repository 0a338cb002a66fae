"""The list of checks, and how they are run."""

from functools import wraps
from unittest import SkipTest

from emstellar.testing import conventions, forms, independence, labels, persistence, wrong_input
from emstellar.testing.subject import forget

# Those that need no fit come first, then those that share one.
CHECKS = (
    conventions.check_parameters_roundtrip,
    conventions.check_constructor,
    conventions.check_tags,
    conventions.check_unfitted,
    wrong_input.check_wrong_images,
    wrong_input.check_wrong_masks,
    wrong_input.check_wrong_weights,
    conventions.check_fit_returns_self,
    conventions.check_fit_keeps_parameters,
    conventions.check_fitted_attributes,
    conventions.check_clone,
    conventions.check_repr,
    forms.check_probabilities,
    forms.check_predict,
    forms.check_score,
    forms.check_one_image,
    forms.check_image_sizes,
    forms.check_channel_axis,
    forms.check_list_at_predict,
    forms.check_order_of_images,
    forms.check_dtypes_at_predict,
    wrong_input.check_wrong_images_at_predict,
    independence.check_global_states,
    independence.check_input_unchanged,
    independence.check_predict_leaves_no_trace,
    persistence.check_pickle,
    persistence.check_joblib,
    persistence.check_save,
    independence.check_repeatable,
    independence.check_idempotent_fit,
    independence.check_independent_fits,
    independence.check_read_only_input,
    forms.check_dtypes_at_fit,
    forms.check_list_at_fit,
    forms.check_images_of_different_sizes,
    conventions.check_channels,
    labels.check_label_values,
    labels.check_three_classes,
    labels.check_unlabelled_pixels,
    labels.check_unlabelled_equals_weight_zero,
    labels.check_image_and_pixel_weights,
)


def segmenter_checks(segmenter):
    """Yield each check with the segmenter, to be called as ``check(segmenter)``.

    Parameters
    ----------
    segmenter : estimator
        An instance, fitted or not; clones of it are checked.

    Yields
    ------
    segmenter : estimator
        The one given.
    check : callable
        Raises an AssertionError that names check and segmenter if it fails, and
        `unittest.SkipTest` if it does not apply.

    Examples
    --------
    >>> from emstellar import RandomForestSegmenter
    >>> from emstellar.testing import segmenter_checks
    >>> for segmenter, check in segmenter_checks(RandomForestSegmenter()):
    ...     if check.__name__ == "check_constructor":
    ...         check(segmenter)
    """
    if isinstance(segmenter, type):
        raise TypeError(
            f"Expected a segmenter, got the class {segmenter.__name__}; pass an instance, "
            f"{segmenter.__name__}()."
        )
    for check in CHECKS:
        yield segmenter, _naming(check)


def _naming(check):
    """Return `check` such that whatever goes wrong is an AssertionError that names it."""

    @wraps(check)
    def named_check(segmenter):
        try:
            check(segmenter)
        except SkipTest:
            raise
        except Exception as error:
            said = str(error).strip()
            if not isinstance(error, AssertionError):
                said = f"{type(error).__name__}: {said}"
            raise AssertionError(f"{check.__name__} failed for {segmenter!r}: {said}") from error

    return named_check


def check_segmenter(segmenter, *, expected_failed_checks=None, on_fail="raise"):
    """Check that a segmenter keeps the conventions of scikit-learn and emstellar.

    scikit-learn's `check_estimator` skips, without a word, all estimators whose input is not
    2-D. These checks are for segmenters: images in, maps out. Each is a function ``check_*``
    whose docstring says what must hold.

    Parameters
    ----------
    segmenter : estimator
        An instance, fitted or not; clones of it are checked. To be quick, they are fitted to
        four images of 32x32 pixels, and their parameters ``epochs``, ``steps_per_epoch``,
        ``n_estimators`` and ``patch_size`` (nested ones too) are lowered; ``random_state`` is
        set to 0 where it is no int, and ``warm_start`` to False.
    expected_failed_checks : dict of str to str, default=None
        Names of checks that may fail, with the reason.
    on_fail : {"raise", None}, default="raise"
        Whether to stop at the first check that fails, or to go on and tell in the result.

    Returns
    -------
    list of dict
        For each check ``check_name``, ``status`` ("passed", "failed", "xfail" or "skipped")
        and ``exception`` (None if it passed).

    Raises
    ------
    AssertionError
        If a check fails; the message begins with its name.

    See Also
    --------
    parametrize_with_segmenter_checks : One pytest test for each check.

    Notes
    -----
    Predictions of repeated fits must be equal to the last bit. On a GPU, whose sums are not
    repeatable by default, check with deterministic operations, or on the processor.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emstellar import PixelSegmenter
    >>> from emstellar.testing import check_segmenter
    >>> segmenter = PixelSegmenter(GaussianNB(), features=lambda image: image)
    >>> reason = {name: "a lambda cannot be pickled" for name in ("check_pickle", "check_joblib")}
    >>> results = check_segmenter(segmenter, expected_failed_checks=reason)
    >>> [r["check_name"] for r in results if r["status"] == "xfail"]
    ['check_pickle', 'check_joblib']
    """
    if on_fail not in ("raise", None):
        raise ValueError(f"on_fail must be 'raise' or None. Got {on_fail!r} instead.")
    expected = expected_failed_checks or {}
    results = []
    forget()
    try:
        for _, check in segmenter_checks(segmenter):
            result = _run(check, segmenter, check.__name__ in expected)
            if result["status"] == "failed" and on_fail == "raise":
                raise result["exception"]
            results.append(result)
    finally:
        forget()
    return results


def _run(check, segmenter, may_fail):
    """Return what became of one check."""
    status, exception = "passed", None
    try:
        check(segmenter)
    except SkipTest as skipped:
        status, exception = "skipped", skipped
    except AssertionError as failed:
        status, exception = "xfail" if may_fail else "failed", failed
    return {"check_name": check.__name__, "status": status, "exception": exception}
