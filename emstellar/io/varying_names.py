"""Names matched by what varies in them: `match_varying`."""

import re
from itertools import product, takewhile

# Letters and numbers; all else only separates them.
_TOKENS = re.compile(r"[0-9]+|[^\W_0-9]+")


def match_varying(names, others):
    """Return for each name the position of the other name that varies as it does.

    What all names of a side share says what they are ("mask", "unet_run3"), what differs says
    which one. Numbers count by value (``7`` is ``007``). Digits at which all names of a side
    begin their number may belong to what they are: "V20000" and "V20001" are the images 0 and 1
    of "V2".

    Parameters
    ----------
    names, others : list of str
        Without repetitions.

    Returns
    -------
    list of int or None
        None if the names do not vary alike, or in more than one way.

    Examples
    --------
    >>> from emstellar.io.varying_names import match_varying
    >>> match_varying(["truth0000", "truth0001"], ["V20001", "V20000"])
    [1, 0]
    >>> match_varying(["cell_1", "cell_2"], ["cell_1", "cell_3"]) is None
    True
    """
    if len(names) != len(others):
        return None
    ours, theirs = _varying_tokens(names), _varying_tokens(others)
    whole = _order([tuple(map(_value, name)) for name in ours], [*map(_values, theirs)])
    if whole is not None:
        return whole
    found = {
        tuple(order)
        for one, other in product(_columns(ours), _columns(theirs))
        for order in [_order_of_columns(one, other)]
        if order is not None
    }
    return list(found.pop()) if len(found) == 1 else None


def _varying_tokens(names):
    """Return the tokens of each name without those that all names share."""
    tokens = [_TOKENS.findall(name.lower()) for name in names]
    if len({len(found) for found in tokens}) == 1:
        columns = [column for column in zip(*tokens, strict=True) if len(set(column)) > 1]
        return list(zip(*columns, strict=True)) if columns else [()] * len(names)
    first = _count_shared(tokens)
    last = _count_shared([found[first:][::-1] for found in tokens])
    return [tuple(found[first : len(found) - last]) for found in tokens]


def _count_shared(sequences):
    """Return with how many equal items all sequences begin."""
    columns = zip(*sequences, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _value(token):
    return int(token) if token.isdecimal() else token


def _values(tokens):
    return tuple(map(_value, tokens))


def _columns(tokens):
    """Return what stands at each place, for places where all names differ."""
    if len({len(found) for found in tokens}) > 1:
        return []
    return [column for column in zip(*tokens, strict=True) if len(set(column)) == len(column)]


def _order_of_columns(one, other):
    order = _order([*map(_value, one)], [*map(_value, other)])
    if order is None and all(token.isdecimal() for token in (*one, *other)):
        order = _order_behind_digits(one, other)
    if order is None and all(token.isdecimal() for token in (*one, *other)):
        inverse = _order_behind_digits(other, one)
        order = None if inverse is None else [inverse.index(i) for i in range(len(inverse))]
    return order


def _order_behind_digits(numbers, longer):
    """Return the order of numbers that begin with digits which belong to their names."""
    for n in range(1, _count_shared(longer) + 1):
        rest = [number[n:] for number in longer]
        if not all(rest):
            return None
        # Of numbers filled up to one width, as 1000 and 0000, the first digit is part of them.
        same_form = set(rest) == set(numbers) or len({len(number) for number in longer}) > 1
        order = _order([*map(int, numbers)], [*map(int, rest)]) if same_form else None
        if order is not None:
            return order
    return None


def _order(keys, others):
    """Return where each key stands among the others, if they are the same ones."""
    if len(set(keys)) < len(keys) or set(keys) != set(others):
        return None
    return [others.index(key) for key in keys]
