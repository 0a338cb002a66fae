import numpy as np
import pytest
from scipy import ndimage

from emstellar.segmenters.separable_filters import (
    AxisFilter,
    eigenvalues,
    gaussian,
    smooth,
    sobel,
)
from emstellar.segmenters.windows import cut, whole


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).normal(100, 20, size=(37, 150)).astype("float32")


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("n_weights", [1, 3, 17, 129])
def test_axis_filter_is_scipys_correlation(n_weights, axis, image):
    weights = np.random.default_rng(1).normal(size=n_weights)
    radius = n_weights // 2
    margins = [(radius, radius) if a == axis else (0, 0) for a in range(2)]
    found = AxisFilter(weights)(np.pad(image, margins, mode="edge"), axis)
    expected = ndimage.correlate1d(image.astype(float), weights, axis=axis, mode="nearest")
    # The sum of products in float32: each term may lose its last digit.
    limit = np.finfo("float32").eps * np.abs(weights).sum() * image.max()
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < limit


@pytest.mark.parametrize("sigma", [0.5, 1, 5, 16])
def test_gaussian_is_scipys(sigma, image):
    kernel = gaussian(sigma, 4.0)
    found = smooth(cut(image, whole(image.shape), whole(image.shape), kernel.radius), kernel)
    expected = ndimage.gaussian_filter(image.astype(float), sigma, mode="nearest")
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_cut_derivatives_are_exact_on_their_monomial(order):
    x = np.arange(-20.0, 21)[:, None].astype("float32")
    kernel = gaussian(1.0, 2.0, order)
    middle = kernel(x**order, 0)[20 - kernel.radius, 0]
    np.testing.assert_allclose(middle, order, rtol=1e-5)
    np.testing.assert_allclose(kernel(np.ones_like(x), 0), 0, atol=1e-6)


def test_sobel_is_scipys(image):
    for axis, found in enumerate(sobel(np.pad(image, 1, mode="edge"))):
        expected = ndimage.sobel(image.astype(float), axis=axis, mode="nearest")
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_eigenvalues_are_numpys():
    xx, xy, yy = np.random.default_rng(0).normal(size=(3, 50))
    matrices = np.stack([xx, xy, xy, yy], axis=-1).reshape(50, 2, 2)
    expected = np.linalg.eigvalsh(matrices)[:, ::-1]
    np.testing.assert_allclose(np.transpose(eigenvalues(xx, xy, yy)), expected)
