"""Colour of 16 bits a channel, of which Pillow reads the upper eight alone."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data import load_images
from saddlepoint.data.decoding import decode_whole, deep_values

RNG = np.random.default_rng(0)
WHITE = (255, 255, 255)


def png(values: np.ndarray) -> bytes:
    """A PNG file of 16 bits, (H, W, 3 or 4)."""
    height, width, channels = values.shape

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(values: np.ndarray, order: str = "<", packed: bool = False, turned: int = 1) -> bytes:
    """A TIFF file of 16 bits, (H, W, 3), of either order of bytes, deflated or not, with EXIF's orientation."""
    height, width, _ = values.shape
    body = values.astype(f"{order}u2").tobytes()
    body = zlib.compress(body) if packed else body
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, 0), (259, 3, 1, 8 if packed else 1), (262, 3, 1, 2)]
    tags += [(273, 4, 1, 0), (274, 3, 1, turned), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(body))]
    end = 8 + 2 + 12 * len(tags) + 4
    entries = b""
    for tag, kind, count, value in tags:
        value = {258: end, 273: end + 6}.get(tag, value)
        packed_value = (
            struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1 else struct.pack(f"{order}I", value)
        )
        entries += struct.pack(f"{order}HHI", tag, kind, count) + packed_value
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    directory = struct.pack(f"{order}H", len(tags)) + entries + struct.pack(f"{order}I", 0)
    return head + directory + struct.pack(f"{order}HHH", 16, 16, 16) + body


WRITERS: dict[str, Callable[[np.ndarray], bytes]] = {
    "a.png": png,
    "opaque.png": lambda values: png(np.concatenate([values, np.full_like(values[..., :1], 65535)], axis=2)),
    "little.tif": tiff,
    "big.tif": lambda values: tiff(values, ">"),
    "deflated.tif": lambda values: tiff(values, packed=True),
    "big and deflated.tif": lambda values: tiff(values, ">", packed=True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_all_bits_of_a_colour_are_read_by_the_range(name: str, tmp_path: Path) -> None:
    values = RNG.integers(0, 4096, (20, 24, 3)).astype(np.uint16)
    values[0, 0] = 4095
    path = tmp_path / name
    path.write_bytes(WRITERS[name](values))
    assert deep_values(path) == (0, 4095)
    found = decode_whole(path, WHITE, values=(0, 4095))
    assert not isinstance(found, str)
    assert np.abs(found.pixels - values / 4095 * 255).max() <= 0.5
    assert found.alpha is None
    plain = decode_whole(path, WHITE)
    assert not isinstance(plain, str)
    assert (plain.pixels == values >> 8).all()


def test_photographs_of_16_bits_keep_their_contrast(tmp_path: Path) -> None:
    values = RNG.integers(3000, 40000, (20, 24, 3)).astype(np.uint16)
    (tmp_path / "photo.png").write_bytes(png(values))
    assert deep_values(tmp_path / "photo.png") == (0, 65535)


def test_they_are_turned_as_exif_says_and_keep_their_opacity(tmp_path: Path) -> None:
    values = RNG.integers(0, 1000, (6, 9, 3)).astype(np.uint16)
    (tmp_path / "turned.tif").write_bytes(tiff(values, turned=6))
    found = decode_whole(tmp_path / "turned.tif", WHITE, values=(0, 1000))
    assert not isinstance(found, str)
    assert np.abs(found.pixels - np.rot90(values, -1) / 1000 * 255).max() <= 0.5
    clear = np.concatenate([values, np.zeros_like(values[..., :1])], axis=2)
    clear[:3, :, 3] = 65535
    (tmp_path / "clear.png").write_bytes(png(clear))
    found = decode_whole(tmp_path / "clear.png", WHITE, values=(0, 1000))
    assert not isinstance(found, str)
    assert np.abs(found.pixels[:3] - values[:3] / 1000 * 255).max() <= 0.5
    assert (found.pixels[3:] == 255).all()
    assert found.alpha is not None
    assert found.alpha.max() == 255


def test_a_folder_of_twelve_bits_in_colour_is_not_nearly_black_and_says_its_range(tmp_path: Path) -> None:
    for number in range(4):
        values = RNG.integers(0, 4096, (16, 16, 3)).astype(np.uint16)
        values[0, 0] = 4095
        (tmp_path / f"{number}.png").write_bytes(png(values))
    data = load_images(tmp_path, 16)
    assert abs(float(data.images.float().mean()) - 127.5) < 5
    assert any("0 is black and 4095 white for all" in note for note in data.notes)
