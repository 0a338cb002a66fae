"""Splitters by the words of the command line and of configuration files."""

import re

from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

from ..model_selection import BlockKFold

CV_WORDS = """a number of folds such as 5, leave-one-group-out, or blocks:N or blocks:N:GAP for N \
blocks of serial sections with GAP sections (1) left out beside each"""
# Leaving out each of more groups than these takes longer than most wish to wait.
MAX_FOLDS = 6


def default_splitter(groups):
    """Return the splitter of images of which nothing but their groups is known.

    Parameters
    ----------
    groups : array-like of shape (n_images,) or None

    Returns
    -------
    splitter
        Five contiguous folds without groups; with up to six groups each is left out in turn,
        with more five folds of groups.

    Examples
    --------
    >>> from emstellar.studies import default_splitter
    >>> default_splitter(["a", "a", "b"])
    LeaveOneGroupOut()
    """
    if groups is None:
        return KFold(5)
    return LeaveOneGroupOut() if len(set(groups)) <= MAX_FOLDS else GroupKFold(5)


def make_splitter(cv, groups, n_images):
    """Return the splitter that a word or a number names.

    Parameters
    ----------
    cv : int or str
        A number of folds: of whole groups where groups are known, else contiguous ones;
        "leave-one-group-out"; "blocks:N" or "blocks:N:GAP", see
        `emstellar.model_selection.BlockKFold`.
    groups : array-like of shape (n_images,) or None
    n_images : int

    Returns
    -------
    splitter

    Raises
    ------
    ValueError
        If `cv` is none of these, or asks for more folds than there are images or groups, or for
        groups where there are none.

    Examples
    --------
    >>> from emstellar.studies import make_splitter
    >>> make_splitter("blocks:3:2", None, 30)
    BlockKFold(n_splits=3, purge=2)
    >>> make_splitter(4, None, 30)
    KFold(n_splits=4, random_state=None, shuffle=False)
    """
    text = str(cv).strip().lower()
    if text == "leave-one-group-out":
        return _leave_one_group_out(groups)
    blocks = re.fullmatch(r"blocks:(\d+)(?::(\d+))?", text)
    if blocks:
        return BlockKFold(_at_least_two(cv, blocks[1]), purge=int(blocks[2] or 1))
    if not text.isdecimal():
        raise ValueError(f"cv={cv!r} names no splitter: it must be {CV_WORDS}.")
    return _folds(cv, _at_least_two(cv, text), groups, n_images)


def _at_least_two(cv, digits):
    if int(digits) < 2:
        raise ValueError(f"cv={cv!r} asks for {int(digits)} folds; at least 2 are needed.")
    return int(digits)


def _leave_one_group_out(groups):
    found = 0 if groups is None else len(set(groups))
    if found < 2:
        raise ValueError(
            f"cv='leave-one-group-out' needs images of two or more groups, got {found}: for a "
            "folder, groups is a pattern that finds the group in a name."
        )
    return LeaveOneGroupOut()


def _folds(cv, n_folds, groups, n_images):
    available, what = (n_images, "images") if groups is None else (len(set(groups)), "groups")
    if n_folds > available:
        raise ValueError(f"cv={cv!r} asks for {n_folds} folds, but there are {available} {what}.")
    return KFold(n_folds) if groups is None else GroupKFold(n_folds)
