"""Bring masks and predictions of every accepted kind to one form, image by image.

A metric is given masks and either probabilities, a foreground map or a label map, as one stack
or as a list of images. `TruthAndPrediction` says what they mean (which labels are the classes,
which class is the foreground, which pixels are labelled) and hands them out one image at a time,
so that no metric needs memory for more than one image.
"""

import numpy as np

from emstellar.validation import UNLABELLED, check_weights, is_sequence_of_arrays

BINARY_ENCODINGS = ({0, 1}, {0, 255})


class TruthAndPrediction:
    """Masks and predictions of the same images, checked and given a meaning.

    Parameters
    ----------
    y_true : array-like of shape (n_images, height, width) or sequence of masks
        Labels; pixels of ``-1`` are unlabelled and ignored.
    y_prob : array-like or sequence of arrays
        Probabilities of shape (n_images, height, width, n_classes); or a foreground map of
        floats in [0, 1], of shape (n_images, height, width); or a label map of that shape, of
        booleans or of integers in the encoding of `y_true`.
    labels : array-like of shape (n_classes,), optional
        The classes in the order of the columns of `y_prob`, such as a segmenter's `classes_`.
        By default those that occur.
    pos_label : int or bool, optional
        The foreground class. By default the last of `labels` when these are two; else 1 or 255
        in masks of {0, 1} or {0, 255}.
    sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
        Weights of images or pixels.

    Attributes
    ----------
    n_images : int
    classes : list
        The classes, in the order of the columns of `y_prob`.
    is_binary : bool
        Whether one class is the foreground and all others are background: codes 1 and 0.
        Else the codes are the positions in `classes`.
    n_classes : int
        The number of codes.
    weights : list of ndarray of shape (height, width), or None
    image_weights : ndarray of shape (n_images,), or None
        The weights of whole images, where these were given.

    Raises
    ------
    ValueError
        If shapes or numbers of images differ, if labels are not among the classes, if the
        foreground cannot be told, or if a map does not hold probabilities.
    """

    def __init__(self, y_true, y_prob, *, labels=None, pos_label=None, sample_weight=None):
        self.truths = [_check_truth(t, i) for i, t in enumerate(_images(y_true, "y_true"))]
        self.predictions = [np.asarray(p) for p in _images(y_prob, "y_prob")]
        self.n_images = len(self.truths)
        _check_sizes(self.truths, self.predictions)
        self._n_columns = _count_columns(self.predictions)
        self._set_classes(labels, pos_label)
        self._set_weights(sample_weight)

    def _set_classes(self, labels, pos_label):
        if labels is not None:
            classes = np.asarray(labels).ravel().tolist()
            if pos_label is None and len(classes) == 2:
                pos_label = classes[-1]
        else:
            classes, pos_label = self._guess(pos_label)
        if pos_label is not None and pos_label not in classes:
            raise ValueError(
                f"pos_label={pos_label} is not a valid label. It should be one of {classes}."
            )
        self.classes = classes
        self._check_columns(classes)
        self.is_binary = pos_label is not None
        self.n_classes = 2 if self.is_binary else len(classes)
        self._positive = classes.index(pos_label) if self.is_binary else None

    def _check_columns(self, columns):
        if self._n_columns is not None and self._n_columns != len(columns):
            raise ValueError(
                "Number of classes in y_true not equal to the number of columns in y_prob: the "
                f"classes are {columns}, but y_prob has {self._n_columns} columns. Pass the "
                "classes of all columns as labels, for example labels=segmenter.classes_."
            )

    def _guess(self, pos_label):
        found = _unique_labels(self.truths)
        predicted = _unique_labels(p for p in self.predictions if self._is_integer_map(p))
        return _guess_classes(found, predicted, pos_label, self._n_columns)

    def _set_weights(self, sample_weight):
        self.weights = check_weights(sample_weight, self.truths)
        per_image = sample_weight is not None and not is_sequence_of_arrays(sample_weight)
        per_image = per_image and np.ndim(sample_weight) == 1
        self.image_weights = np.asarray(sample_weight, dtype="float64") if per_image else None

    def labelled(self, index):
        """Return which pixels of an image have a label, of shape (height, width)."""
        truth = self.truths[index]
        if truth.dtype.kind in "bu":
            return np.ones(truth.shape, dtype=bool)
        return truth != UNLABELLED

    def known(self, index):
        """Return `labelled`, or None where all pixels are, which spares work."""
        labelled = self.labelled(index)
        return None if labelled.all() else labelled

    def truth_codes(self, index):
        """Return the codes of an image's true classes; -1 where unlabelled."""
        return self._codes(self.truths[index], "y_true", index)

    def predicted_codes(self, index, threshold):
        """Return the codes of an image's predicted classes.

        In the binary case foreground is what exceeds `threshold`; else the most probable class
        is taken, the first of equally probable ones.
        """
        prediction = self.predictions[index]
        if self._is_label_map(prediction):
            return self._codes(prediction, "y_prob", index)
        if self.is_binary:
            return exceeds(self.foreground(index), threshold).astype(np.int8)
        return self.probabilities(index).argmax(axis=-1)

    def foreground(self, index):
        """Return the probability of the foreground in an image, of shape (height, width)."""
        if not self.is_binary:
            raise ValueError(
                "This metric needs a foreground, but there are more than two classes: "
                f"{self.classes}. Pass pos_label to score one class against the others."
            )
        prediction = self.predictions[index]
        if self._is_label_map(prediction):
            return self._codes(prediction, "y_prob", index).astype(np.float32)
        if self._n_columns is None:
            return _check_probabilities(prediction, f"y_prob[{index}]")
        column = prediction[..., self._positive]
        return _check_probabilities(column, f"y_prob[{index}]")

    def class_probabilities(self, index, code):
        """Return the probability of the class of a code, of shape (height, width)."""
        if self.is_binary:
            foreground = self.foreground(index)
            return foreground if code == 1 else 1 - foreground
        prediction = self.predictions[index]
        if self._is_label_map(prediction):
            return (self._codes(prediction, "y_prob", index) == code).astype(np.float32)
        if self._n_columns is None:
            self._refuse_foreground_map(prediction)
        return _check_probabilities(prediction[..., code], f"y_prob[{index}]")

    def _refuse_foreground_map(self, prediction):
        raise ValueError(
            f"There are {len(self.classes)} classes, {self.classes}, but y_prob has shape "
            f"{prediction.shape} and floating-point values. Pass probabilities of shape "
            "(n_images, height, width, n_classes) or a label map of integers, or pos_label "
            "to score one class against the others."
        )

    def probabilities(self, index):
        """Return the class probabilities of an image, of shape (height, width, n_classes)."""
        if self.is_binary:
            foreground = self.foreground(index)
            return np.stack([1 - foreground, foreground], axis=-1)
        prediction = self.predictions[index]
        if self._is_label_map(prediction):
            codes = self._codes(prediction, "y_prob", index)
            return np.eye(self.n_classes, dtype=np.float32)[codes]
        if self._n_columns is None:
            self._refuse_foreground_map(prediction)
        return _check_probabilities(prediction, f"y_prob[{index}]")

    def _is_label_map(self, prediction):
        return self._n_columns is None and prediction.dtype.kind in "biu"

    def _is_integer_map(self, prediction):
        return self._n_columns is None and prediction.dtype.kind in "iu"

    def _codes(self, values, name, index):
        if values.dtype.kind == "b" and self.is_binary and set(self.classes) != {0, 1}:
            return values.astype(np.int32)
        codes = np.full(values.shape, UNLABELLED, dtype=np.int32)
        for code, label in enumerate(self.classes):
            codes[values == label] = (code == self._positive) if self.is_binary else code
        self._check_known(values, codes, name, index)
        return codes

    def _check_known(self, values, codes, name, index):
        strange = codes == UNLABELLED
        if name == "y_true":
            strange &= self.labelled(index)
        if not strange.any():
            return
        unknown = np.unique(values[strange]).tolist()
        shown = ", ".join(map(str, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        hint = (
            "Pass all classes as labels; what was fitted without a class cannot predict it."
            if name == "y_true"
            else "Integers are taken for labels; divide a probability map of 8-bit integers by 255."
        )
        raise ValueError(
            f"{name}[{index}] contains labels that are not among the classes {self.classes}: "
            f"{{{shown}}}. {hint}"
        )


def exceeds(values, threshold):
    """Return where `values` are greater than `threshold`, compared as float64.

    float32 values are not compared with a threshold rounded to float32: float32(51 / 255) is
    greater than 0.2. NaN exceeds nothing.
    """
    return values > np.float64(threshold)


def _images(y, name):
    """Return the images of a stack or a sequence as a list of arrays."""
    if is_sequence_of_arrays(y):
        return [_unmask(image, name) for image in y]
    stack = np.asarray(_unmask(y, name))
    if stack.ndim < 3 or (stack.ndim > 3 and name == "y_true") or stack.ndim > 4:
        classes = " or (n_images, height, width, n_classes)" if name == "y_prob" else ""
        raise ValueError(
            f"Expected {name} to have shape (n_images, height, width){classes}, got "
            f"{stack.ndim}D array with shape {stack.shape} instead. Use {name}[np.newaxis] for "
            "a single image, and a list for images of different sizes."
        )
    return list(stack)


def _unmask(values, name):
    """Return what is masked in the truth as unlabelled; a prediction may not be masked."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    mask = np.ma.getmaskarray(values)
    if not mask.any():
        return values.data
    if name != "y_true":
        raise ValueError(
            f"{name} is a masked array with {np.count_nonzero(mask)} masked values. Mask y_true "
            "instead, or mark there by -1 what shall not count."
        )
    signed = np.result_type(values.dtype, np.int8)
    return np.where(mask, signed.type(UNLABELLED), values.data.astype(signed))


def _check_truth(truth, index):
    truth = np.asarray(truth)
    if truth.dtype.kind not in "biuf":
        raise ValueError(
            f"Unknown label type: {truth.dtype}. y_true must hold boolean or integer labels."
        )
    if _is_grey(truth):
        raise ValueError(
            f"Unknown label type: continuous. y_true[{index}] holds values that are not "
            "integral; threshold it first, for example y_true > 0.5."
        )
    return truth


def _check_sizes(truths, predictions):
    if len(truths) != len(predictions):
        raise ValueError(
            "Found input variables with inconsistent numbers of samples: "
            f"[{len(truths)}, {len(predictions)}] (images in y_true and in y_prob)."
        )
    if not truths:
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required.")
    for i, (truth, prediction) in enumerate(zip(truths, predictions, strict=True)):
        if truth.ndim != 2 or truth.size == 0:
            raise ValueError(
                f"Expected y_true[{i}] to have shape (height, width) and at least one pixel, "
                f"got shape {truth.shape} instead."
            )
        if prediction.shape[:2] != truth.shape or prediction.ndim not in (2, 3):
            raise ValueError(
                f"y_true[{i}] has shape {truth.shape}, but y_prob[{i}] has shape "
                f"{prediction.shape}; their heights and widths must be equal."
            )


def _count_columns(predictions):
    """Return the number of classes of `predictions`; None for maps without a class axis."""
    columns = {p.shape[2] if p.ndim == 3 else None for p in predictions}
    if len(columns) > 1:
        raise ValueError(
            "All images of y_prob must have the same number of columns, found "
            f"{sorted(columns, key=str)}."
        )
    return columns.pop()


def _check_probabilities(values, name):
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold real numbers, got dtype {values.dtype}.")
    low, high = values.min(), values.max()
    if np.isnan(low):
        share = 100 * np.isnan(values).mean()
        raise ValueError(
            f"Input {name} contains NaN in {share:.3g} % of its pixels: what predicted it has "
            "diverged or overflowed. Leave this method out, or mark pixels that shall not count "
            "by -1 in y_true and give them any probability."
        )
    if low < 0 or high > 1:
        raise ValueError(
            f"{name} has values in [{low:g}, {high:g}], but probabilities lie in [0, 1]. "
            "Divide an 8-bit map by 255."
        )
    return values


def _unique_labels(masks):
    return {int(value) for mask in masks for value in np.unique(mask)} - {UNLABELLED}


def _guess_classes(found, predicted, pos_label, n_columns):
    """Return (classes, foreground) of masks whose classes were not told."""
    for labels in (found | predicted, found):
        for encoding in BINARY_ENCODINGS:
            if labels <= encoding and n_columns in (None, 2) and pos_label in (None, *encoding):
                return sorted(encoding), max(encoding) if pos_label is None else pos_label
    if pos_label is not None:
        known = found | predicted
        # As in scikit-learn: masks of one class may be without the foreground, which is elsewhere.
        if pos_label not in known and len(known) > 1:
            raise ValueError(
                f"pos_label={pos_label} is not a valid label. It should be one of "
                f"{sorted(known)}. If it occurs in other images only, pass all classes as labels."
            )
        return sorted(found | {pos_label}), pos_label
    if len(found) <= 2 and n_columns in (None, 2):
        raise ValueError(
            f"y_true takes value in {{{', '.join(map(str, sorted(found)))}}} and pos_label is "
            "not specified: either make y_true take value in {0, 1} or {0, 255}, or pass "
            "pos_label or labels explicitly."
        )
    return sorted(found), None


def foreground_maps(y_true, y_prob, **meaning):
    """Return the comparison and the foreground of masks and predictions as maps.

    Parameters
    ----------
    y_true : array-like of shape (n_images, height, width) or sequence of masks
        Labels, or the grey truth: floats in [0, 1].
    y_prob : array-like or sequence of arrays
        As for `TruthAndPrediction`.
    **meaning
        `labels`, `pos_label` and `sample_weight` of `TruthAndPrediction`.

    Returns
    -------
    comparison : TruthAndPrediction
    maps : iterator of (truth, prediction)
        Two arrays of shape (height, width), float32, for each image.
    """
    truths = [np.asarray(truth) for truth in _images(y_true, "y_true")]
    grey = [_is_grey(truth) for truth in truths]
    masks = [_cut(t) if is_grey else t for t, is_grey in zip(truths, grey, strict=True)]
    comparison = TruthAndPrediction(masks, y_prob, **meaning)
    return comparison, _pairs_of_maps(comparison, truths, grey)


def _cut(truth):
    """Return the grey truth as labels 0 and 1, and -1 where it is unlabelled."""
    return np.where(truth == UNLABELLED, UNLABELLED, truth > 0.5).astype(np.int8)


def _is_grey(truth):
    return truth.dtype.kind == "f" and not np.array_equal(truth, np.floor(truth))


def _pairs_of_maps(comparison, truths, grey):
    for i, (truth, is_grey) in enumerate(zip(truths, grey, strict=True)):
        if is_grey:
            truth = _check_probabilities(np.where(truth == UNLABELLED, 0, truth), f"y_true[{i}]")
        else:
            truth = comparison.truth_codes(i) == 1
        prediction = comparison.foreground(i)
        yield truth.astype(np.float32), prediction.astype(np.float32, copy=False)
