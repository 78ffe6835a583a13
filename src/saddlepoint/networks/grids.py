"""The grids that an image goes through on its way down to a few pixels, or up from them."""

Grid = tuple[int, int, int]


def stages(height: int, width: int) -> int:
    """How often an image is halved before its shorter side is 4 to 7 pixels.

    >>> [stages(s, s) for s in (8, 16, 28, 32, 64)]
    [1, 2, 2, 3, 4]

    Raises:
        ValueError: the sides can't be halved so often, or not once.
    """
    shorter = min(height, width)
    count = max(0, shorter.bit_length() - 3)
    if count == 0 or height % (1 << count) or width % (1 << count):
        fitting = min((k << m for m in range(1, 9) for k in (4, 5, 6, 7)), key=lambda side: abs(side - shorter))
        raise ValueError(
            f"{height}x{width} images can't be halved evenly down to 4 to 7 pixels: make them "
            f"{fitting}x{fitting}, as with --size {fitting}"
        )
    return count


def image_and_halves(shape: Grid, width: int, widest: int | None = None) -> list[Grid]:
    """(C, H, W) of the image, then of its halves: `width` channels at half the size, doubled with every halving.

    Up to `widest`, where it is given.

    >>> image_and_halves((3, 32, 32), 8)
    [(3, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4)]

    Raises:
        ValueError: a size that does not halve evenly.
    """
    _, height, wide = shape
    channels = [width << k for k in range(stages(height, wide))]
    if widest is not None:
        channels = [min(some, widest) for some in channels]
    return [shape, *((some, height >> k, wide >> k) for k, some in enumerate(channels, 1))]


def pyramid(shape: Grid, width: int, widest: int) -> list[Grid]:
    """(C, H, W) of the full grid, then of its halves: `width` channels, doubled with every halving up to `widest`.

    >>> pyramid((3, 32, 32), 8, widest=16)
    [(8, 32, 32), (16, 16, 16), (16, 8, 8), (16, 4, 4)]

    Raises:
        ValueError: a size that does not halve evenly, or no channels.
    """
    if not 1 <= width <= widest:
        raise ValueError(f"width is {width} and widest {widest}: give a width of at least 1 and at most widest")
    _, height, wide = shape
    return [(min(width << k, widest), height >> k, wide >> k) for k in range(stages(height, wide) + 1)]
