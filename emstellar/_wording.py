"""Numbers in sentences."""


def count(n, noun):
    """Return a number with its noun.

    Examples
    --------
    >>> from emstellar._wording import count
    >>> count(1, "fold"), count(3, "test set")
    ('1 fold', '3 test sets')
    """
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
