"""A convolution as a layer: the same small weights at every place of an image, by one matrix product."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gdcourse._validate import positive_integer
from gdcourse.layers import Network


def convolution(height, width, channels, filters, size):
    """Return a convolution with bias: each filter is a size x size window of weights slid over an image.

    y[i, j, f] = b[f] + sum over a, e, c of x[i + a, j + e, c] W[a, e, c, f]

    The images come as rows of pixels, row by row and channel by channel within a pixel, so that the layer fits a
    chain; there is no padding, and the window moves one pixel at a time.

    Args: height, width, channels: of an image; filters: how many; size: of a window, at most the image's sides.
    Returns: a Network (height * width * channels) -> ((height - size + 1) * (width - size + 1) * filters), with
        parameters W (size * size * channels, filters) and b (filters,).
    Raises: ValueError if a number is not positive or the window does not fit.
    Example:
        >>> layer = convolution(3, 3, 1, filters=1, size=2)
        >>> layer.inputs, layer.outputs, layer.dimension
        (9, 4, 5)
        >>> layer.forward((np.ones((4, 1)), np.zeros(1)), np.arange(9.0)[None])[0]
        array([[ 8., 12., 20., 24.]])
    """
    height, width, channels = (
        positive_integer(name, x) for name, x in (("height", height), ("width", width), ("channels", channels))
    )
    filters, size = positive_integer("filters", filters), positive_integer("size", size)
    if size > min(height, width):
        raise ValueError(f"size must be at most the image's sides {height} x {width}, got {size}")
    rows, columns = height - size + 1, width - size + 1
    fan_in, places = size * size * channels, rows * columns

    def forward(parameters, x):
        W, b = parameters
        images = x.reshape(-1, height, width, channels)
        windows = sliding_window_view(images, (size, size), axis=(1, 2))  # (n, rows, columns, channels, size, size)
        patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, fan_in)
        return (patches @ W + b).reshape(len(x), places * filters), patches

    def backward(parameters, patches, dy, gradients, wanted=True):
        W, _ = parameters
        dW, db = gradients
        n = len(dy)
        dy = dy.reshape(-1, filters)
        np.matmul(patches.T, dy, out=dW)
        np.sum(dy, axis=0, out=db)
        if not wanted:
            return None
        dpatches = (dy @ W.T).reshape(n, rows, columns, size, size, channels)
        dx = np.zeros((n, height, width, channels), dy.dtype)
        for a in range(size):
            for e in range(size):
                dx[:, a : a + rows, e : e + columns] += dpatches[:, :, :, a, e]
        return dx.reshape(n, -1)

    def draw(weights):
        return weights(fan_in, size * size * filters, (fan_in, filters)), np.zeros(filters)

    outputs = math.prod((rows, columns, filters))
    shapes = ((fan_in, filters), (filters,))
    return Network("convolution", height * width * channels, outputs, shapes, draw, forward, backward)
