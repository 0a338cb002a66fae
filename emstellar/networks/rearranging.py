"""Pixels to channels and back, by reshaping, whatever the size of the image."""

from emstellar._keras import ops


def space_to_depth(x, size):
    """Split an image into blocks of `size` x `size` pixels.

    Parameters
    ----------
    x : tensor of shape (n, height, width, channels)
        Height and width are multiples of `size`.
    size : int
        The side of a block.

    Returns
    -------
    tensor of shape (n, height / size, width / size, size * size, channels)
    """
    n, height, width, channels = ops.shape(x)
    x = ops.reshape(x, (n, height // size, size, width // size, size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (n, height // size, width // size, size * size, channels))


def depth_to_space(x, size):
    """Join what `space_to_depth` split.

    Parameters
    ----------
    x : tensor of shape (n, height, width, size * size, channels)
    size : int
        The side of a block.

    Returns
    -------
    tensor of shape (n, height * size, width * size, channels)
    """
    n, height, width, _, channels = ops.shape(x)
    x = ops.reshape(x, (n, height, width, size, size, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (n, height * size, width * size, channels))
