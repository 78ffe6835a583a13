import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, features

from saddlepoint.data import DataError, image_folder, load_images

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def solid(
    path: Path, colour: object = RED, mode: str = "RGB", size: tuple[int, int] = (8, 8), **options: object
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)  # type: ignore[arg-type]
    return path


def first(folder: Path, size: int = 8, **options: object) -> list[object]:
    """The pixel at the top left of the first image: one number, or one a channel."""
    return image_folder(folder, size, **options).images[0, :, 0, 0].tolist()  # type: ignore[arg-type]


# --- modes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "colour", "ending", "expected"),
    [
        ("RGB", (10, 20, 30), "png", [10, 20, 30]),
        ("RGB", (10, 20, 30), "bmp", [10, 20, 30]),
        ("RGB", (10, 20, 30), "tif", [10, 20, 30]),
        ("RGB", (10, 20, 30), "jp2", [10, 20, 30]),
        ("RGB", (10, 20, 30), "ppm", [10, 20, 30]),
        ("L", 77, "png", [77]),
        ("L", 77, "pgm", [77]),
        ("L", 77, "gif", [77]),
        ("1", 1, "png", [255]),
        ("1", 0, "png", [0]),
        ("1", 1, "pbm", [255]),
        ("1", 1, "tiff", [255]),
        ("RGBA", (10, 20, 30, 255), "png", [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), "png", [255]),
        ("RGBA", (0, 100, 200, 51), "png", [204, 224, 244]),
        ("LA", (50, 255), "png", [50]),
        ("LA", (50, 0), "png", [255]),
        ("LA", (0, 51), "png", [204]),
        ("CMYK", (0, 255, 255, 0), "tif", [255, 0, 0]),
        ("CMYK", (0, 0, 0, 255), "jpg", [0]),
        ("I;16", 0, "png", [0]),
        ("I;16", 257 * 100, "png", [100]),
        ("I;16", 65535, "png", [255]),
        ("I;16", 257 * 100, "tif", [100]),
        ("I", 200, "tif", [200]),
        ("I", 257 * 100, "tif", [100]),
        ("F", 0.2, "tif", [51]),
        ("F", 200.0, "tif", [200]),
        ("F", 257.0 * 100, "tif", [100]),
    ],
)
def test_every_mode_gives_its_colour(tmp_path, mode, colour, ending, expected) -> None:
    """Alpha 51 is 20 %: over white, a channel c becomes 0.2 c + 204."""
    solid(tmp_path / f"a.{ending}", colour, mode)
    assert first(tmp_path) == expected


@pytest.mark.parametrize(("mode", "ending"), [("I", "tif"), ("F", "tif")])
def test_values_of_any_range_are_stretched_from_least_to_greatest(tmp_path, mode, ending) -> None:
    kind = np.int32 if mode == "I" else np.float32
    values = np.array([[-1_000_000, 0], [1_000_000, 500_000]], kind)
    Image.fromarray(values).save(tmp_path / f"a.{ending}")
    assert image_folder(tmp_path, 2).images[0, 0].tolist() == [[0, 128], [255, 191]]


def test_a_constant_of_any_range_is_no_division_by_zero(tmp_path) -> None:
    solid(tmp_path / "a.tif", 1_000_000, "I")
    assert first(tmp_path) == [0]


def test_values_that_are_not_finite_are_skipped(tmp_path) -> None:
    solid(tmp_path / "a.tif", float("nan"), "F")
    solid(tmp_path / "b.png")
    data = image_folder(tmp_path, 8)
    assert len(data) == 1
    assert "a.tif (holds values that are not finite)" in data.notes[0]


def test_sixteen_bit_pgm(tmp_path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 2 2 65535\n" + struct.pack(">4H", 0, 257, 257 * 100, 65535))
    assert image_folder(tmp_path, 2).images[0, 0].tolist() == [[0, 1], [100, 255]]


def palette(colours: list[tuple[int, int, int]]) -> Image.Image:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([level for colour in colours for level in colour])
    image.paste(1, (4, 0, 8, 8))
    return image


@pytest.mark.parametrize(
    ("transparency", "left", "right"),
    [
        (None, RED, GREEN),
        (0, (255,) * 3, GREEN),
        (b"\x00\xff", (255,) * 3, GREEN),
        (b"\xff\x33", RED, (204, 255, 204)),
    ],
)
def test_palettes_with_every_kind_of_transparency(tmp_path, transparency, left, right) -> None:
    options = {} if transparency is None else {"transparency": transparency}
    palette([RED, GREEN]).save(tmp_path / "a.png", **options)
    image = image_folder(tmp_path, 8).images[0]
    assert image[:, 0, 0].tolist() == list(left)
    assert image[:, 0, 7].tolist() == list(right)


def test_a_colour_key_is_transparent(tmp_path) -> None:
    solid(tmp_path / "a.png", RED, transparency=RED)
    solid(tmp_path / "b.png", 7, "L", transparency=7)
    solid(tmp_path / "c.gif", 7, "L", transparency=7)
    assert (image_folder(tmp_path, 8).images == 255).all()


def test_transparency_takes_the_background(tmp_path) -> None:
    solid(tmp_path / "a.png", (*RED, 0), "RGBA")
    solid(tmp_path / "b.png", BLUE)
    data = image_folder(tmp_path, 8, background=(1, 2, 3))
    assert data.images[0, :, 0, 0].tolist() == [1, 2, 3]
    assert data.notes == ("Composited on the colour (1, 2, 3): 1 file with transparency.",)


def test_colours_of_invisible_pixels_do_not_bleed(tmp_path) -> None:
    """Half opaque white, half invisible black, shrunk to one pixel: white, on white."""
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 4, 8))
    image.save(tmp_path / "a.png")
    assert first(tmp_path, 1) == [255]


def test_webp_and_the_first_frame_of_animations(tmp_path) -> None:
    solid(tmp_path / "a.webp", (10, 20, 30), lossless=True)
    frames = [Image.new("RGB", (8, 8), colour) for colour in (GREEN, BLUE)]
    frames[0].save(tmp_path / "b.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "c.png", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "d.tif", save_all=True, append_images=frames[1:])
    data = image_folder(tmp_path, 8)
    assert data.images[..., 0, 0].tolist() == [[10, 20, 30], list(GREEN), list(GREEN), list(GREEN)]
    assert data.notes == ("Took the first image alone: 3 files with several (frames, pages).",)


@pytest.mark.skipif(not features.check("avif"), reason="this build of Pillow reads no AVIF")
def test_avif_is_read(tmp_path) -> None:
    solid(tmp_path / "a.avif", (90, 90, 90), quality=100, subsampling="4:4:4")
    assert first(tmp_path) == pytest.approx([90], abs=2)


# --- channels -----------------------------------------------------------------------------------------


def test_grey_is_decided_by_the_pixels_of_all_images(tmp_path) -> None:
    solid(tmp_path / "a.png", (9, 9, 9))
    solid(tmp_path / "b.png", 50, "L")
    palette([(1, 1, 1), (2, 2, 2)]).save(tmp_path / "c.png")
    assert image_folder(tmp_path, 8).shape == (1, 8, 8)
    assert image_folder(tmp_path, 8, channels=3).images[0, :, 0, 0].tolist() == [9, 9, 9]
    solid(tmp_path / "d.png", (9, 9, 10))
    assert image_folder(tmp_path, 8).shape == (3, 8, 8)


def test_colour_made_grey_is_its_luma(tmp_path) -> None:
    """ITU-R 601: 0.299 R + 0.587 G + 0.114 B."""
    for name, colour in (("a", RED), ("b", GREEN), ("c", BLUE)):
        solid(tmp_path / f"{name}.png", colour)
    data = image_folder(tmp_path, 8, channels=1)
    assert data.images[:, 0, 0, 0].tolist() == [76, 150, 29]
    assert data.notes == ("Made grey: 3 files in colour.",)


# --- geometry -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "where"), [((24, 8), (8, 0)), ((8, 24), (0, 8))])
def test_the_middle_square_is_taken(tmp_path, size, where) -> None:
    image = Image.new("RGB", size, BLUE)
    image.paste(RED, (*where, where[0] + 8, where[1] + 8))
    image.save(tmp_path / "a.png")
    data = image_folder(tmp_path, 8)
    assert (data.images[0] == torch.tensor(RED)[:, None, None]).all()
    assert data.notes == ("Cropped to the middle square or resized, to 8x8 pixels: 1 file.",)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2), (301, 300)])
def test_any_aspect_ratio(tmp_path, size) -> None:
    solid(tmp_path / "a.png", (10, 20, 30), size=size)
    assert (image_folder(tmp_path, 8).images[0] == torch.tensor([10, 20, 30])[:, None, None]).all()


def test_shrinking_averages_and_does_not_pick(tmp_path) -> None:
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "a.png")
    assert (image_folder(tmp_path, 8).images.float() - 127.5).abs().max() <= 2


def test_pixels_of_the_right_size_come_unchanged(tmp_path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    data = image_folder(tmp_path, 9)
    assert np.array_equal(data.images[0].permute(1, 2, 0).numpy(), pixels)
    assert data.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation) -> None:
    """What a camera stores under each orientation, shown upright, is one and the same picture."""
    upright = Image.new("RGB", (8, 8), BLUE)
    upright.paste(RED, (0, 0, 4, 2))
    undo = [None, None, 0, 3, 1, 5, 2, 6, 4][orientation]  # Pillow's transpositions, the inverse of what EXIF asks for
    stored = upright if undo is None else upright.transpose(Image.Transpose(undo))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(image_folder(tmp_path, 8).images[0].permute(1, 2, 0).numpy(), np.asarray(upright))


def test_exif_orientation_of_a_large_photograph(tmp_path) -> None:
    """Decoded at a fraction of its size, then turned."""
    photo = Image.new("RGB", (640, 320), BLUE)
    photo.paste(RED, (160, 0, 320, 320))
    exif = Image.Exif()
    exif[0x0112] = 3
    photo.save(tmp_path / "a.JPG", exif=exif)
    pixels = image_folder(tmp_path, 8).images[0].permute(1, 2, 0).int()
    assert (pixels[:, :3] - torch.tensor(BLUE)).abs().max() <= 4
    assert (pixels[:, 5:] - torch.tensor(RED)).abs().max() <= 4


def test_a_damaged_exif_block_costs_nothing(tmp_path) -> None:
    solid(tmp_path / "a.jpg", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x05\x01\x12\x00\x09\xff\xff")
    solid(tmp_path / "b.png", exif=b"Exif\x00\x00garbage")
    assert len(image_folder(tmp_path, 8)) == 2


# --- which files --------------------------------------------------------------------------------------


def test_extensions_in_any_case_hidden_files_and_other_files(tmp_path) -> None:
    for name in ("a.PNG", "b.JpEg", "c.TIFF", ".hidden.png", ".cache/d.png", "sub/._e.png", "@eaDir/f.png/S.png"):
        solid(tmp_path / name)
    (tmp_path / "notes.txt").write_text("text")
    data = image_folder(tmp_path, 8)
    assert len(data) == 3
    assert data.notes == ()


def test_images_of_formats_that_are_not_read_are_counted(tmp_path) -> None:
    solid(tmp_path / "a.png")
    for name in ("IMG_1.HEIC", "IMG_2.heic", "raw/b.dng", "notes.txt", "._IMG_3.heic"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0")
    (note,) = image_folder(tmp_path, 8).notes
    assert note == "Left out, of formats that are not read: 1 of .dng, 2 of .heic; as PNG or JPEG they would be."


def test_the_content_counts_and_not_the_extension(tmp_path) -> None:
    solid(tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert first(tmp_path) == list(RED)


@pytest.mark.parametrize(
    ("kind", "ending", "low", "high"),
    [
        (np.uint16, "tif", 40, 3900),
        (np.uint16, "png", 0, 1023),
        (np.float32, "tif", -3.0, 8.5),
        (np.int32, "tif", 0, 9e4),
    ],
)
def test_one_range_of_values_for_all_files_of_more_than_8_bits(tmp_path, kind, ending, low, high) -> None:
    for number, top in enumerate((high, (low + high) / 2)):
        image = np.linspace(low, top, 64).reshape(8, 8).astype(kind)
        Image.fromarray(image).save(tmp_path / f"{number}.{ending}")
    data = image_folder(tmp_path, 8)
    bright, dark = data.images.flatten(1).max(1).values.tolist()
    assert (int(data.images.min()), bright) == (0, 255)
    assert abs(dark - 127.5) <= 1  # not stretched to white by itself
    assert f"{low:g} is black and {high:g} white for all, found over 2 files" in data.notes[-1]
    given = image_folder(tmp_path, 8, values=(low, 2 * high - low))
    assert abs(int(given.images.max()) - 127.5) <= 1
    assert "as given by data.range" in given.notes[-1]


def test_files_to_test_with_are_in_the_range_of_those_to_train_with(tmp_path) -> None:
    for part, top in (("train", 4000), ("test", 1000)):
        for number in range(2):
            (tmp_path / part).mkdir(exist_ok=True)
            image = np.linspace(0, top, 64).reshape(8, 8).astype(np.uint16)
            Image.fromarray(image).save(tmp_path / part / f"{number}.tif")
    assert image_folder(tmp_path, 8, split="test").images.max() == round(255 / 4)


def test_a_range_says_so_where_it_changes_nothing(tmp_path) -> None:
    solid(tmp_path / "a.png", 7)
    assert "changes nothing" in image_folder(tmp_path, 8, values=(0, 4095)).notes[-1]
    with pytest.raises(DataError, match=r"data\.range=9,1 is no range"):
        image_folder(tmp_path, 8, values=(9, 1))


def test_the_order_is_that_of_the_paths(tmp_path) -> None:
    levels = {"b/1.png": 3, "a/2.png": 2, "a/1.png": 1, "c/c.png": 5, "b/1/x.png": 4, "a-b/1.png": 0}
    for name, level in levels.items():
        solid(tmp_path / name, level, "L")
    expected = [levels[name] for name in sorted(levels, key=lambda name: name.split("/"))]
    for _ in range(2):
        assert image_folder(tmp_path, 8).images[:, 0, 0, 0].tolist() == expected


def test_links_to_parents_end(tmp_path) -> None:
    solid(tmp_path / "a" / "x.png")
    solid(tmp_path / "b" / "y.png")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b" / "self").symlink_to(tmp_path / "b", target_is_directory=True)
    data = image_folder(tmp_path, 8)
    assert len(data) == 2
    assert data.classes == ("a", "b")


def test_links_to_folders_elsewhere_are_followed(tmp_path) -> None:
    solid(tmp_path / "elsewhere" / "x.png")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert len(image_folder(tmp_path / "images", 8)) == 1


def test_sub_folders_are_classes(tmp_path) -> None:
    for name in ("cat/1.png", "cat/deep/2.png", "ant/1.png", "dog/1.png"):
        solid(tmp_path / name)
    (tmp_path / "empty").mkdir()
    data = image_folder(tmp_path, 8)
    assert data.classes == ("ant", "cat", "dog")
    assert data.labels is not None
    assert data.labels.dtype == torch.int64
    assert data.labels.tolist() == [0, 1, 1, 2]


def test_images_beside_the_folders_of_classes_are_left_out_and_named(tmp_path) -> None:
    for name in ("train/cover.png", "train/cat/1.png", "train/dog/1.png", "test/x.png", "test/dog/1.png"):
        solid(tmp_path / name)
    data, other = image_folder(tmp_path, 8), image_folder(tmp_path, 8, split="test")
    assert data.classes == other.classes == ("cat", "dog")
    assert (len(data), len(other)) == (2, 1)
    assert "Left out 1 images beside the classes' folders: cover.png." in data.notes
    assert other.labels is not None
    assert other.labels.tolist() == [1]


@pytest.mark.parametrize(
    ("names", "notes"),
    [
        (
            ["1.png", "2.png", "cat/1.png", "dog/1.png"],
            ("The 2 sub-folders are no classes, as images lie beside them: 1.png, 2.png.",),
        ),
        (["cat/1.png", "cat/2.png"], ()),
        (["1.png"], ()),
    ],
)
def test_where_sub_folders_are_no_classes_there_are_no_labels(tmp_path, names, notes) -> None:
    for name in names:
        solid(tmp_path / name)
    data = image_folder(tmp_path, 8)
    assert data.labels is None
    assert data.classes == ()
    assert data.notes == notes


def test_a_file_that_cannot_be_read_makes_no_class(tmp_path) -> None:
    solid(tmp_path / "cat" / "1.png")
    solid(tmp_path / "dog" / "1.png")
    (tmp_path / "1.png").write_text("not at the top, since no image")
    (tmp_path / "eel").mkdir()
    (tmp_path / "eel" / "1.png").write_text("none")
    assert image_folder(tmp_path, 8).classes == ("cat", "dog")


def test_train_is_read_in_place_of_its_parent(tmp_path) -> None:
    for name in ("train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "val/cat/3.png"):
        solid(tmp_path / "pets" / name)
    data = image_folder(tmp_path / "pets", 8)
    assert len(data) == 2
    assert data.name == "pets"
    assert data.classes == ("cat", "dog")
    assert data.notes == ("Read the sub-folder train/ alone and not test/, val/.",)


def test_parts_are_known_in_any_case_and_beside_what_a_system_adds(tmp_path) -> None:
    for name in ("Train/cat/1.png", "Train/dog/1.png", "TEST/dog/2.png", "@eaDir/1.png", "__MACOSX/Train/1.png"):
        solid(tmp_path / name)
    data = image_folder(tmp_path, 8)
    assert (len(data), data.classes) == (2, ("cat", "dog"))
    assert data.notes == ("Read the sub-folder Train/ alone and not TEST/.",)
    test = image_folder(tmp_path, 8, split="test")
    assert test.labels is not None
    assert (test.labels.tolist(), test.classes) == ([1], ("cat", "dog"))


def test_the_part_held_out_is_numbered_as_train_is(tmp_path) -> None:
    """Though it lacks the first class."""
    for name in ("train/ant/1.png", "train/cat/1.png", "train/dog/1.png", "val/dog/2.png", "val/cat/3.png"):
        solid(tmp_path / name)
    data = load_images(tmp_path, 8, split="test")
    assert data.classes == ("ant", "cat", "dog")
    assert data.labels is not None
    assert data.labels.tolist() == [1, 2]
    assert data.notes == ("Read the sub-folder val/ alone and not train/.",)
    solid(tmp_path / "test" / "1.png")
    data = load_images(tmp_path, 8, split="test")
    assert (len(data), data.labels) == (1, None)
    solid(tmp_path / "test" / "eel" / "1.png")
    (tmp_path / "test" / "1.png").unlink()
    with pytest.raises(DataError, match=r"classes that train/ lacks \(eel\)"):
        load_images(tmp_path, 8, split="test")


def test_without_a_part_held_out_the_error_says_what_to_do(tmp_path) -> None:
    solid(tmp_path / "train" / "1.png")
    with pytest.raises(DataError, match=r"expected one of test, val, .* beside train/.*ImageData.split"):
        load_images(tmp_path, 8, split="test")
    with pytest.raises(DataError, match=r"no split 'val': give one of train, test"):
        load_images(tmp_path, 8, split="val")  # type: ignore[arg-type]


def test_many_classes_each_with_folders_of_its_own(tmp_path) -> None:
    """The outermost folder is the class; the order is that of the names as text."""
    for i in range(300):
        solid(tmp_path / f"{i}" / "a" / "b" / "1.png", i % 256, "L", (1, 1))
        solid(tmp_path / f"{i}" / "c" / "2.png", i % 256, "L", (1, 1))
    data = image_folder(tmp_path, 1)
    assert data.classes == tuple(sorted(str(i) for i in range(300)))
    assert data.labels is not None
    assert data.labels.bincount().tolist() == [2] * 300
    assert data.images.flatten().tolist() == [int(data.classes[i]) % 256 for i in data.labels]


def test_train_among_classes_is_a_class(tmp_path) -> None:
    for name in ("train/1.png", "bus/1.png"):
        solid(tmp_path / name)
    assert image_folder(tmp_path, 8).classes == ("bus", "train")


def test_names_that_are_no_text(tmp_path) -> None:
    strange = os.fsdecode(b"caf\xe9")
    try:
        solid(tmp_path / strange / "1.png")
    except OSError:
        pytest.skip("this file system takes no such names")
    solid(tmp_path / "tea" / "1.png")
    (tmp_path / "tea" / f"{strange}.png").write_bytes(b"")
    data = image_folder(tmp_path, 8)
    assert data.classes == ("caf\\udce9", "tea")
    " ".join((*data.classes, *data.notes)).encode()


def test_a_name_of_two_lines_is_written_on_one(tmp_path) -> None:
    solid(tmp_path / "a.png")
    (tmp_path / "two\nlines\t.png").write_bytes(b"")
    (note,) = image_folder(tmp_path, 8).notes
    assert "two\\nlines\\t.png" in note
    assert note.isprintable()


# --- files that cannot be read ------------------------------------------------------------------------


def bomb() -> bytes:
    """A PNG of 20,000 x 20,000 pixels in a few hundred bytes."""
    chunks = [
        (b"IHDR", struct.pack(">2I5B", 20000, 20000, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(9))),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def test_every_kind_of_damage_is_skipped_and_named(tmp_path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    for name in ("good.png", "cut.png", "flip.png", "cut.jpg", "cut.gif", "cut.webp", "cut.tif", "cut.bmp"):
        noise.save(tmp_path / name)
    for file in tmp_path.glob("cut.*"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    flipped = bytearray((tmp_path / "flip.png").read_bytes())
    flipped[len(flipped) // 2] ^= 255
    (tmp_path / "flip.png").write_bytes(flipped)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("I am no image")
    (tmp_path / "page.ps.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "bomb.png").write_bytes(bomb())
    os.mkfifo(tmp_path / "pipe.png")
    bad = sorted(file.name for file in tmp_path.iterdir() if file.name != "good.png")
    data = image_folder(tmp_path, 64)
    assert len(data) == 1
    assert np.array_equal(data.images[0].permute(1, 2, 0).numpy(), np.asarray(noise))
    note = data.notes[0]
    assert note.startswith(f"Skipped {len(bad)} files that cannot be read: ")
    assert note.endswith(f" and {len(bad) - 5} more.")
    assert all(name in note for name in bad[:5])


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("text.png", b"I am no image", "not an image in a format that is read"),
        ("empty.jpg", b"", "not an image in a format that is read"),
        ("bomb.png", bomb(), "more than 178,956,970 pixels"),
    ],
)
def test_the_note_says_why(tmp_path, name, content, why) -> None:
    solid(tmp_path / "a.png")
    (tmp_path / name).write_bytes(content)
    assert image_folder(tmp_path, 8).notes == (f"Skipped 1 file that cannot be read: {name} ({why}).",)


def test_what_may_not_be_read_is_named_once(tmp_path, monkeypatch) -> None:
    solid(tmp_path / "a.png")
    solid(tmp_path / "b.png")
    opened = Image.open

    def refuse(file, *arguments, **options):
        if Path(file).name == "b.png":
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, *arguments, **options)

    monkeypatch.setattr(Image, "open", refuse)
    assert image_folder(tmp_path, 8).notes == ("Skipped 1 file that cannot be read: b.png (Permission denied).",)
    monkeypatch.setattr(Path, "iterdir", lambda path: refuse(path / "b.png"))
    with pytest.raises(DataError, match=rf"^{tmp_path} cannot be read \(Permission denied\): change its permissions"):
        load_images(tmp_path, 8)


def test_a_large_image_below_the_limit_is_read_without_a_warning(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    solid(tmp_path / "large.png", size=(40, 40))
    solid(tmp_path / "larger.png", size=(50, 50))
    data = image_folder(tmp_path, 8)
    assert len(data) == 1
    assert "larger.png (more than 2,000 pixels)" in data.notes[0]


def test_filters_of_warnings_are_given_back(tmp_path) -> None:
    solid(tmp_path / "a.png")
    before = list(warnings.filters)
    image_folder(tmp_path, 8)
    assert list(warnings.filters) == before


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda p: None, "does not exist"),
        (lambda p: p.write_text("x"), "is a file"),
        (lambda p: p.mkdir(), r"Looked for, also in its sub-folders: .*\.jpeg .*\.png.* Found: no files"),
        (lambda p: (p / "sub").mkdir(parents=True), "Found: no files"),
        (lambda p: (p.mkdir(), (p / "a.heic").touch(), (p / "b.HEIC").touch()), "Found: 2 of .heic"),
        (
            lambda p: (p.mkdir(), (p / "a.png").touch()),
            r"none of the 1 image files can be read.* a.png \(not an image in a format that is read\)",
        ),
    ],
    ids=["missing", "file", "empty", "empty sub-folder", "other files", "unreadable"],
)
def test_a_folder_without_images_says_what_was_looked_for(tmp_path, make, what) -> None:
    path = tmp_path / "photos"
    make(path)
    with pytest.raises(DataError, match=what) as caught:
        image_folder(path)
    assert str(path) in str(caught.value)


def test_arguments_out_of_range(tmp_path) -> None:
    solid(tmp_path / "a.png")
    with pytest.raises(DataError, match="size is 0"):
        image_folder(tmp_path, 0)
    with pytest.raises(DataError, match="2 channels"):
        image_folder(tmp_path, channels=2)
    with pytest.raises(DataError, match="background"):
        image_folder(tmp_path, background=(0, 0, 256))
    with pytest.raises(DataError, match="give a smaller size"):
        image_folder(tmp_path, 10**9)


# --- while it works -----------------------------------------------------------------------------------


def test_progress_counts_every_file(tmp_path) -> None:
    for i in range(5):
        solid(tmp_path / f"{i}.png")
    (tmp_path / "9.png").write_bytes(b"")
    seen: list[tuple[int, int]] = []
    image_folder(tmp_path, 8, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i, 6) for i in range(1, 7)]


def test_an_interrupt_leaves_the_rest_unread(tmp_path) -> None:
    for i in range(3):
        solid(tmp_path / f"{i}.png")

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        image_folder(tmp_path, 8, progress=interrupt)


# --- real folders -------------------------------------------------------------------------------------


def test_all_4194_sprites_of_mixed_modes_load(shared_data) -> None:
    data = image_folder(shared_data / "dcss_tiles")
    assert data.images.shape == (4194, 3, 32, 32)
    assert data.classes == ("UNUSED", "dngn", "effect", "gui", "item", "misc", "mon", "player")
    assert data.notes == ("Composited on white: 3,381 files with transparency.",)
    file = sorted((shared_data / "dcss_tiles" / "mon").rglob("*.png"), key=lambda file: file.parts)[0]
    with Image.open(file) as opened:
        sprite = opened.convert("RGBA")
    over = Image.alpha_composite(Image.new("RGBA", sprite.size, (255,) * 4), sprite).convert("RGB")
    assert data.labels is not None
    found = data.images[data.labels.tolist().index(6)].permute(1, 2, 0).numpy()
    assert ImageChops.difference(Image.fromarray(found), over).getbbox() is None


@pytest.mark.slow
def test_cifar_has_ten_classes(shared_data) -> None:
    data = load_images(shared_data / "cifar10_6k" / "train")
    assert data.images.shape == (5000, 3, 32, 32)
    assert data.classes[0] == "airplane"
    assert data.labels is not None
    assert data.labels.bincount().tolist() == [505, 460, 519, 486, 519, 488, 519, 486, 520, 498]
    assert int(data.images.sum(dtype=torch.int64)) == 1_850_223_105
    assert data.notes == ()
