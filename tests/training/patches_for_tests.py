import numpy as np


def draw_patch(height=48, width=48, n_channels=1, seed=0):
    """Return an image, a mask of four classes and weights, all float32 or int32."""
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(height, width, n_channels)).astype("float32")
    mask = np.repeat(np.repeat(rng.integers(4, size=(height, width)), 8, axis=0), 8, axis=1)
    mask = mask[:height, :width].astype("int32")
    weight = rng.choice([0.0, 0.5, 2.0], size=(height, width)).astype("float32")
    return image, mask, weight
