"""The paragraphs that the docstrings of many metrics share."""

SHARED = {
    "images": """y_true : array-like of shape (n_images, height, width) or sequence of masks
        Labels, such as {0, 1}, booleans or {0, 255}; pixels of ``-1`` are ignored.
    y_prob : array-like or sequence of arrays
        Probabilities of shape (n_images, height, width, n_classes); or a foreground map of
        floats in [0, 1] of shape (n_images, height, width); or a label map of that shape, of
        booleans or of integers in the encoding of `y_true`.""",
    "threshold": """threshold : float, default=0.5
        Foreground is what is strictly more probable. With more than two classes the most
        probable one counts, and the threshold does not matter.""",
    "meaning": """labels : array-like of shape (n_classes,), optional
        The classes in the order of the columns of `y_prob`, such as a segmenter's `classes_`.
    pos_label : int or bool, optional
        The foreground class; by default the last of two. With more than two classes it is
        scored against all others.
    sample_weight : array-like of shape (n_images,) or (n_images, height, width), optional
        Weights of images or pixels.""",
    "average": """average : {"pooled", "image"} or None, default="pooled"
        Pool the pixels of all images, or take the mean over images. If None, return the
        scores of all images; that of an image without a labelled pixel is NaN.""",
    "classes": """class_average : {"macro", "micro", "weighted"} or None, default="macro"
        With more than two classes: the mean over the classes that occur, the score of all
        decisions together, or the mean weighted by the classes' pixels. If None, one score
        per class.""",
    "zero": """zero_division : {"warn", 0, 1, nan}, default="warn"
        The score where it is 0 / 0, as of an empty prediction of an empty mask; "warn" is NaN
        and a warning. Images and classes whose score is NaN are left out of means.""",
    "maps": """y_true : array-like of shape (n_images, height, width) or sequence of masks
        Labels of two classes, such as {0, 1} or {0, 255}; or the grey truth, floats in
        [0, 1], that is cut at each threshold as well. Pixels of ``-1`` are ignored.
    y_prob : array-like or sequence of arrays
        Probabilities of shape (n_images, height, width, n_classes); or a foreground map of
        floats in [0, 1] of shape (n_images, height, width); or a label map of booleans or of
        integers in the encoding of `y_true`. Divide an 8-bit map by 255. What is predicted at
        pixels of ``-1`` joins no objects.""",
    "sweep": """thresholds : float, tuple (low, high, step) or ndarray, default=(0.0, 1.0, 0.1)
        Where to cut the maps; of several thresholds that with the highest score of the whole
        stack counts. Values are compared as float32, strictly.
    thinning : bool, default=True
        Whether the objects of the prediction grow until lines of one pixel are between them.
        The score then hardly depends on how thick the predicted borders are.""",
    "lowest": """thresholds : float, tuple (low, high, step) or ndarray
        Where to cut the maps; of several thresholds that with the lowest error counts.""",
    "macro": """average : {"macro"} or None, default="macro"
        The mean over images. If None, the images' errors at the best threshold.""",
    "pixel_size": """pixel_size : float or (float, float), default=1.0
        Height and width of a pixel, for example in nanometres.""",
    "image_average": """average : {"image"} or None, default="image"
        The mean over images. If None, the images' values.""",
    "objects": """threshold : float, default=0.5
        Foreground is what is strictly more probable; objects are its connected parts.
    connectivity : {1, 2}, default=1
        Whether pixels that touch by their corners are of one object (2) or not (1).
    min_size : int, default=0
        Objects of fewer pixels are left out.""",
    "object_average": """average : {"pooled", "image"} or None, default="pooled"
        Pool the objects of all images, or take the mean over images. If None, the images'
        scores.
    zero_division : {"warn", 0, 1, nan}, default="warn"
        The score where there is no object at all; "warn" is NaN and a warning. Images whose
        score is NaN are left out of the mean.""",
    "column_meaning": """labels : array-like of shape (n_classes,), optional
        The classes in the order of the columns of `y_prob`, such as a segmenter's `classes_`.
    pos_label : int or bool, optional
        The foreground class; by default the last of two.""",
    "components": """average : {"macro"} or None, default="macro"
        The mean over images with objects. If None, the images' values.""",
    "class_mean": """class_average : {"macro", "weighted"} or None, default="macro"
        With more than two classes, each is scored against all others: the mean over classes,
        or weighted by their pixels. If None, one score per class.""",
    "image_meaning": """labels : array-like of shape (n_classes,), optional
        The classes in the order of the columns of `y_prob`, such as a segmenter's `classes_`.
    pos_label : int or bool, optional
        The foreground class, the inside of objects; by default the last of two.
    sample_weight : array-like of shape (n_images,), optional
        Weights of images.""",
    "score": """score : float or ndarray
        In [0, 1], the best is 1; an array where `average` or `class_average` is None.""",
}


def shared_doc(function):
    """Fill the ``%(name)s`` of a docstring with the shared paragraphs."""
    if function.__doc__:
        function.__doc__ = function.__doc__ % SHARED
    return function
