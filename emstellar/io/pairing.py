"""Masks put in the order of their images by name: `pair_by_name`."""

from collections import Counter


def pair_by_name(images, masks, *, key=None):
    r"""Return images with their masks, matched by name and never by position.

    Parameters
    ----------
    images : tuple of (images, names)
        As `read_images` returns it.
    masks : tuple of (masks, names)
        As `read_masks` returns it.
    key : callable, default=None
        What to match by, a function of a name; None means the name itself. For instance
        ``lambda name: re.findall(r"\d+", name)[-1]`` matches by the last number.

    Returns
    -------
    images : ndarray or list of ndarray
        As given.
    masks : ndarray or list of ndarray
        In the order of the images.
    names : list of str
        The names of the images.

    Raises
    ------
    ValueError
        If an image has no mask or a mask no image, two have one name, or an image and its mask
        differ in size. The message lists which.

    Examples
    --------
    >>> import numpy as np
    >>> from emstellar.io import pair_by_name
    >>> images = np.zeros((2, 8, 8)), ["a", "b"]
    >>> masks = np.stack([np.ones((8, 8)), np.zeros((8, 8))]), ["b", "a"]
    >>> X, y, names = pair_by_name(images, masks)
    >>> y[:, 0, 0], names
    (array([0., 1.]), ['a', 'b'])
    """
    (X, names), (y, mask_names) = images, masks
    keys, mask_keys = _keys(names, key, "images"), _keys(mask_names, key, "masks")
    _check_same(
        [name for name, k in zip(names, keys, strict=True) if k not in set(mask_keys)],
        [name for name, k in zip(mask_names, mask_keys, strict=True) if k not in set(keys)],
    )
    order = [mask_keys.index(k) for k in keys]
    y = [y[i] for i in order] if isinstance(y, list) else y[order]
    different = [
        f"{name} {image.shape[:2]} and {mask_names[i]} {mask.shape[:2]}"
        for name, image, mask, i in zip(names, X, y, order, strict=True)
        if image.shape[:2] != mask.shape[:2]
    ]
    if different:
        raise ValueError(f"Images and masks differ in size: {_listing(different)}.")
    return X, y, list(names)


def _keys(names, key, what):
    keys = list(names) if key is None else [key(name) for name in names]
    repeated = [str(k) for k, count in Counter(keys).items() if count > 1]
    if repeated:
        raise ValueError(f"Several {what} are called the same: {_listing(repeated)}.")
    return keys


def _check_same(without_mask, without_image):
    problems = []
    if without_mask:
        problems.append(f"images without a mask: {_listing(without_mask)}")
    if without_image:
        problems.append(f"masks without an image: {_listing(without_image)}")
    if problems:
        raise ValueError(
            f"Images and masks do not match by name; {'; '.join(problems)}. If the names differ by "
            "rule, pass `key`."
        )


def _listing(items, most=5):
    """Return the first items as text, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(str(item) for item in items[:most]) + more
