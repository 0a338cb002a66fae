"""How probability maps are kept."""

import numpy as np
import pytest

from emstellar.benchmarking.maps import decode_maps, encode_maps


@pytest.mark.parametrize(
    ("dtype", "error"), [("float32", 0), ("float16", 2.0**-12), ("uint8", 0.5 / 255)]
)
def test_storage_keeps_the_side_of_one_half_and_is_near(dtype, error):
    rng = np.random.default_rng(0)
    # In float16, what is above one half by less than 2 ** -12 would be one half.
    near = np.array([0.5001, 0.5002, 0.50025, 0.49999, 0.5 + 2.0**-23, 0.5 - 2.0**-24])
    foreground = np.concatenate([rng.uniform(size=500), [0, 0.5, 1], near]).astype("float32")
    maps = np.stack([1 - foreground, foreground], axis=-1)[None, None]
    found = decode_maps(encode_maps(maps, dtype))
    np.testing.assert_array_equal(found[0, 0, :, 1] > 0.5, foreground > 0.5)
    np.testing.assert_array_equal(found.argmax(axis=-1), maps.argmax(axis=-1))
    # What is moved to the other side of a half is moved by one step at most.
    assert np.abs(found[0, 0, :, 1] - foreground).max() <= 2 * error + 1e-6


@pytest.mark.parametrize("dtype", ["float16", "uint8"])
def test_storage_keeps_the_most_probable_of_several_classes(dtype):
    rng = np.random.default_rng(0)
    maps = rng.dirichlet([1, 1, 1, 1], size=(1, 20, 20))
    # Near ties, in which the winner is not the first.
    maps[0, 0] = [0.2499, 0.2499, 0.2503, 0.2499]
    maps[0, 1] = [0.24999, 0.25, 0.25001, 0.25]
    maps = maps.astype("float32")
    found = decode_maps(encode_maps(maps, dtype))
    np.testing.assert_array_equal(found.argmax(axis=-1), maps.argmax(axis=-1))
    np.testing.assert_allclose(found, maps, atol=1.5 / 255)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32_maps_come_back_as_they_were(n_classes):
    rng = np.random.default_rng(0)
    maps = rng.dirichlet(np.ones(n_classes), size=(2, 4, 5)).astype("float32")
    np.testing.assert_allclose(decode_maps(encode_maps(maps, "float32")), maps, atol=1e-7)
    ragged = decode_maps(encode_maps([maps[0], maps[1, :3]], "float16"))
    assert [image.shape for image in ragged] == [(4, 5, n_classes), (3, 5, n_classes)]
