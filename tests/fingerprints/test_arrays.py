"""Fingerprints of arrays."""

import numpy as np

from emstellar.fingerprints import fingerprint_arrays


def test_fingerprints_of_arrays_see_values_types_shapes_and_order():
    a = np.arange(24).reshape(2, 3, 4)
    same = fingerprint_arrays(a)
    assert same == fingerprint_arrays(np.asfortranarray(a)) == fingerprint_arrays(list(a))
    others = [a.astype("int32"), a.reshape(2, 4, 3), a[::-1], a + 1, None]
    assert len({same, *map(fingerprint_arrays, others)}) == 6
    assert fingerprint_arrays(a, None) != fingerprint_arrays(None, a)
