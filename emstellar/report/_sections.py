"""What the report says of the images, the versions, and what to do next."""

import numpy as np

from ..metrics.labels import metric_words
from ._findings import choose_segmenter
from ._next_steps import can_save, describe_next_steps
from ._pictures import leading_metric, shown_images


def describe_data(result):
    """Return facts about the images, by name."""
    facts = {}
    names = {"validation": "Images of the cross-validation", "test": "Held-out test images"}
    for subset, name in names.items():
        X, y, _ = result.data.scored_on(subset).parts
        if X is not None or y is not None:
            facts[name] = _describe_images(X, y, result.classes)
    groups = {
        "Groups of the cross-validation": result.data.groups,
        "Groups of the test images": result.data.groups_test,
    }
    for name, values in groups.items():
        if values is not None:
            found = np.unique(values)
            facts[name] = f"{len(found)}: {', '.join(map(str, found))}"
    return facts


def _describe_images(X, y, classes):
    first = y if X is None else X
    sizes = sorted({np.shape(image)[:2] for image in first})
    text = f"{len(first)} of {sizes[0][0]} x {sizes[0][1]} pixels"
    if len(sizes) > 1:
        text += f" to {sizes[-1][0]} x {sizes[-1][1]}"
    if X is not None:
        text += f", {np.asarray(X[0]).dtype}"
    if y is not None and len(classes) == 2:
        share = sum((np.asarray(mask) == classes[-1]).mean() for mask in y) / len(y)
        text += f"; foreground {share:.1%}"
    return text


def overlay_note(result, subset):
    metric = metric_words(leading_metric(result))
    note = "The first image, than which none has a lower"
    if len(shown_images(result, subset)) > 1:
        note = "The first image and the hardest, which has the lowest"
    note += f" mean {metric} over all methods"
    if len(result.classes) > 2:
        note += "."
    else:
        note += f"; foreground is what is more probable than {result.plan.threshold:g}."
    if subset == "test" and "validation" in result.subsets:
        note += " Methods are shown by the model of their first fold, ensembles by all of theirs."
    if len(result.classes) > 2:
        note += f" Foreground is the class {result.classes[-1]}, all others are background."
    return note


def next_steps(result):
    """Return how to put the best segmenter to use; None for maps made elsewhere."""
    method, why = ("", "") if result.data.X is None else choose_segmenter(result)
    if not method:
        return None
    representation = result.plan.methods.get(method, "")
    return {
        "method": method,
        "why": why,
        "code": describe_next_steps(method, representation),
        "has_command": can_save(representation),
    }


def describe_environment(result):
    """Return the versions of all jobs; several where jobs of different versions meet."""
    found = {}
    for environment in [*(record.environment for record in result.records)]:
        for name, value in environment.items():
            found.setdefault(name, {})[value] = None
    return {name: "; ".join(values) for name, values in found.items()}
