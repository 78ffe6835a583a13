"""`saddle translate` and `saddle enhance` on files as they come, with networks whose results are known."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from commands import Run
from saddlepoint import load
from saddlepoint.cli import applying
from saddlepoint.data.decoding import Range
from saddlepoint.data.originals import read_original
from saddlepoint.networks import NETWORKS, Base
from saddlepoint.tasks.enhancement.model import Enhancer
from saddlepoint.tasks.translation import files, rasters
from saddlepoint.tasks.translation.model import ImageTranslator

IDENTITY = {"name": "unet-translator", "width": 2, "depth": 2}
DOUBLING = {"name": "super-resolver", "width": 2, "blocks": 1}
RNG = np.random.default_rng(3)


KINDS = {"translate": ImageTranslator, "enhance": Enhancer}


def saved(
    folder: Path, spec: dict[str, object], taken: int = 3, made: int = 3, scale: int = 1, command: str = "translate"
) -> Path:
    """A network for a command that was never trained: the identity, or the bicubic enlargement."""
    torch.manual_seed(0)
    source, shape = (taken, 16, 16), (made, 16 * scale, 16 * scale)
    dials = {key: value for key, value in spec.items() if key != "name"}
    network = NETWORKS[str(spec["name"])](source=source, shape=shape, base=Base(source, shape), **dials)
    KINDS[command](network, spec, shape, source, (-1.0, 1.0)).save(folder / "generator", {})
    return folder


@pytest.fixture
def identity(tmp_path: Path) -> dict[str, Path]:
    """Of each command."""
    return {command: saved(tmp_path / "identity" / command, IDENTITY, command=command) for command in KINDS}


@pytest.fixture
def doubling(tmp_path: Path) -> Path:
    return saved(tmp_path / "doubling", DOUBLING, scale=2, command="enhance")


def colours(height: int = 13, width: int = 21, channels: int = 3) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)


def pixels(path: Path, mode: str | None = None) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image if mode is None else image.convert(mode))


def kind_of(path: Path) -> str | None:
    with Image.open(path) as image:
        return image.format


@pytest.mark.parametrize("command", ["translate", "enhance"])
def test_files_and_folders_keep_names_and_formats(
    run: Run, identity: dict[str, Path], tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "in"
    for name in ("a.png", "deep/er/b.JPG", "deep/c.webp", "d.bmp", "deep/e.tiff", ".hidden/f.png", ".g.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(colours()).save(folder / name)
    (folder / "notes.txt").write_text("no image")
    Image.fromarray(colours()).save(tmp_path / "alone.png")
    out = tmp_path / "out"
    said = run(command, identity[command], folder, tmp_path / "alone.png", "--out", out, "--json")
    expected = {"out": str(out), "written": 6, "already": 0, "scale": 1, "failed": [], "remarks": [], "notes": []}
    expected["ignored"] = [str(folder / "notes.txt")]
    assert (said.code, said.json) == (0, expected)
    found = {path.relative_to(out).as_posix(): kind_of(path) for path in out.rglob("*") if path.is_file()}
    assert found == {
        "a.png": "PNG",
        "deep/er/b.JPG": "JPEG",
        "deep/c.webp": "WEBP",
        "d.png": "PNG",
        "deep/e.tiff": "TIFF",
        "alone.png": "PNG",
    }
    for name, result in (("a.png", "a.png"), ("d.bmp", "d.png"), ("deep/e.tiff", "deep/e.tiff")):
        assert (pixels(out / result) == pixels(folder / name)).all()
    assert "wrote 6 images" in said.err


def test_tiles_and_the_whole_are_the_same_picture(run: Run, doubling: Path, tmp_path: Path) -> None:
    Image.fromarray(colours(70, 90)).save(tmp_path / "a.png")
    for options in ([], ["--tile", "32", "--overlap", "16"], ["--tile", "40"]):
        out = tmp_path / "-".join(["out", *options])
        assert run("enhance", doubling, tmp_path / "a.png", "--out", out, *options).code == 0
        made = pixels(out / "a.png").astype(int)
        assert made.shape == (140, 180, 3)
        assert np.abs(made - pixels(tmp_path / "out" / "a.png")).max() <= 1


def test_large_images_go_by_tiles_of_their_own_accord(
    run: Run, doubling: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    network = NETWORKS["super-resolver"]
    translate = network.translate

    def watched(self: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
        sizes.append(max(images.shape[2:]))
        return translate(self, images)  # type: ignore[arg-type]

    monkeypatch.setattr(network, "translate", watched)
    monkeypatch.setattr("saddlepoint.tasks.translation.model.LARGE", 64)
    for height, width in ((32, 32), (33, 200)):
        sizes.clear()
        Image.fromarray(colours(height, width)).save(tmp_path / "a.png")
        assert run("enhance", doubling, tmp_path / "a.png", "--out", tmp_path / "out").code == 0
        assert pixels(tmp_path / "out" / "a.png").shape == (2 * height, 2 * width, 3)
        assert max(sizes) == 32
    assert len(sizes) > 10


def test_images_are_turned_upright(run: Run, identity: dict[str, Path], tmp_path: Path) -> None:
    stored, exif = colours(8, 12), Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    assert run("translate", identity["translate"], tmp_path / "a.png", "--out", tmp_path / "out").code == 0
    assert (pixels(tmp_path / "out" / "a.png") == np.rot90(stored, -1)).all()
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.getexif().get(0x0112, 1) == 1


def test_a_translation_of_something_transparent_is_that_of_it_on_white(
    run: Run, identity: dict[str, Path], tmp_path: Path
) -> None:
    image = colours(channels=4)
    Image.fromarray(image).save(tmp_path / "a.png")
    assert run("translate", identity["translate"], tmp_path / "a.png", "--out", tmp_path / "out").code == 0
    made = pixels(tmp_path / "out" / "a.png")
    alpha = image[..., 3:] / 255
    assert made.shape == (13, 21, 3)
    assert np.abs(made - (alpha * image[..., :3] + (1 - alpha) * 255)).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_an_enhancement_keeps_opacity_and_bleeds_no_white_into_colours(
    run: Run, identity: dict[str, Path], tmp_path: Path, suffix: str
) -> None:
    image = colours(channels=4)
    image[:4, :, 3], image[4:8, :, 3] = 0, 255
    Image.fromarray(image).save(tmp_path / f"a.{suffix}", lossless=True)
    assert run("enhance", identity["enhance"], tmp_path / f"a.{suffix}", "--out", tmp_path / "out").code == 0
    made = pixels(tmp_path / "out" / f"a.{suffix}").astype(int)
    assert made.shape == (13, 21, 4)
    assert (made[..., 3] == image[..., 3]).all()
    if suffix == "png":  # WebP is written with losses
        assert (made[4:8, :, :3] == image[4:8, :, :3]).all()
        # What a level of rounding on white is, divided by the opacity.
        allowed = 1.5 * 255 / np.maximum(image[8:, :, 3:], 1)
        assert (np.abs(made[8:, :, :3] - image[8:, :, :3].astype(int)) <= allowed).all()


def test_opacity_grows_with_the_image(run: Run, doubling: Path, tmp_path: Path) -> None:
    alpha = np.linspace(0, 255, 20).astype(np.uint8)
    grey = np.full((20, 20), 100, np.uint8)
    Image.fromarray(np.stack([grey, np.broadcast_to(alpha, (20, 20))], 2), "LA").save(tmp_path / "a.png")
    assert run("enhance", doubling, tmp_path / "a.png", "--out", tmp_path / "out").code == 0
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert (image.mode, image.size) == ("LA", (40, 40))
        made = np.asarray(image).astype(int)
    expected = np.asarray(Image.fromarray(np.broadcast_to(alpha, (20, 20)).copy()).resize((40, 40), 3))
    assert (made[..., 1] == expected).all()
    assert np.abs(made[:, 12:, 0] - 100).max() <= 4  # where there is enough of it to be told


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)
CASES = {
    "16-bit.png": (encoded(Image.fromarray(LEVELS.astype(np.uint16) * 257)), "I;16", LEVELS.astype(np.uint16) * 257),
    "grey.png": (encoded(Image.fromarray(LEVELS)), "L", LEVELS),
    "palette.png": (encoded(Image.fromarray(LEVELS).convert("P")), "L", LEVELS),
    "bit.png": (encoded(Image.fromarray(LEVELS > 99)), "L", (LEVELS > 99) * np.uint8(255)),
    "cmyk.tif": (
        encoded(Image.fromarray(255 - np.stack([LEVELS, LEVELS[::-1], LEVELS.T, LEVELS * 0 + 255], 2), "CMYK"), "TIFF"),
        "RGB",
        np.stack([LEVELS, LEVELS[::-1], LEVELS.T], 2),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_mode_is_taken_and_grey_and_sixteen_bits_stay(
    run: Run, identity: dict[str, Path], tmp_path: Path, name: str
) -> None:
    content, mode, expected = CASES[name]
    (tmp_path / name).write_bytes(content)
    assert run("enhance", identity["enhance"], tmp_path / name, "--out", tmp_path / "out").code == 0
    with Image.open(tmp_path / "out" / name) as image:
        assert image.mode == mode
        assert (np.asarray(image) == expected).all()
    assert run("translate", identity["translate"], tmp_path / name, "--out", tmp_path / "out").code == 0
    assert pixels(tmp_path / "out" / name).shape == (16, 16, 3)


def test_networks_of_grey_take_colours_as_grey_and_colourise(run: Run, tmp_path: Path) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png")
    Image.fromarray(LEVELS).save(tmp_path / "b.png")
    for command in KINDS:
        grey = saved(tmp_path / command / "grey", IDENTITY, 1, 1, command=command)
        colouring = saved(tmp_path / command / "colouring", IDENTITY, 1, 3, command=command)
        assert run(command, grey, tmp_path / "a.png", tmp_path / "b.png", "--out", tmp_path / "g").code == 0
        assert (pixels(tmp_path / "g" / "a.png") == pixels(tmp_path / "a.png", "L")).all()
        assert (pixels(tmp_path / "g" / "b.png") == LEVELS).all()
        assert run(command, colouring, tmp_path / "b.png", "--out", tmp_path / "c").code == 0
        assert (pixels(tmp_path / "c" / "b.png") == LEVELS[..., None]).all()
        assert pixels(tmp_path / "c" / "b.png").shape == (16, 16, 3)


def test_what_the_colours_mean_goes_with_them(run: Run, identity: dict[str, Path], tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(colours()).save(tmp_path / "a.png", icc_profile=profile)
    assert run("enhance", identity["enhance"], tmp_path / "a.png", "--out", tmp_path / "out").code == 0
    with Image.open(tmp_path / "out" / "a.png") as image:
        assert image.info["icc_profile"] == profile


def test_bad_files_are_named_and_counted_and_the_others_written(
    run: Run, identity: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    whole = encoded(Image.fromarray(colours(64, 64)), "JPEG")
    (folder / "good.jpg").write_bytes(whole)
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "page.png").write_text("<html></html>")
    (folder / "nowhere.png").symlink_to(tmp_path / "absent.png")
    out = tmp_path / "out"
    said = run("enhance", identity["enhance"], folder, "--out", out, "--json")
    assert said.code == 1
    assert [path.name for path in out.iterdir()] == ["good.jpg"]
    assert said.json["written"] == 1
    reasons = {Path(one["file"]).name: one["reason"] for one in said.json["failed"]}
    assert set(reasons) == {"empty.png", "cut.jpg", "page.png", "nowhere.png"}
    assert reasons["page.png"] == reasons["empty.png"] == "not an image in a format that is read"
    assert "truncated" in reasons["cut.jpg"]
    assert f"{folder / 'page.png'}: not an image in a format that is read" in said.flat
    assert "4 of 5 files were left out" in said.flat


def test_results_that_a_format_cannot_hold_are_left_out(
    run: Run, doubling: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(files.LONGEST, "WEBP", 40)
    for name, width in (("a.webp", 20), ("b.webp", 21), ("c.png", 21)):
        Image.fromarray(colours(8, width)).save(tmp_path / name)
    said = run(
        "enhance", doubling, *(tmp_path / f"{n}" for n in ("a.webp", "b.webp", "c.png")), "--out", tmp_path / "o"
    )
    assert said.code == 1
    assert "its result of 42x16 pixels is larger than WEBP holds" in said.flat
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["a.webp", "c.png"]


def refused(run: Run, arguments: Sequence[str | Path], message: str) -> None:
    said = run(*arguments)
    assert said.code == 2
    assert message in said.flat


def test_a_watched_folder_is_done_as_its_files_are_whole_and_once(
    run: Run, identity: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    written = io.BytesIO()
    Image.fromarray(colours()).save(written, "PNG")
    whole, late = written.getvalue(), folder / "late.png"

    def meeting() -> None:
        (folder / "a.bmp").write_bytes(whole)
        (folder / "a.png").write_bytes(whole)

    steps: list[Callable[[], object]] = [
        lambda: late.write_bytes(whole[:50]),
        lambda: late.write_bytes(whole),
        lambda: (folder / "bad.png").write_bytes(b"no picture"),
        lambda: None,
        meeting,
        (folder / "a.bmp").unlink,
        lambda: None,
    ]

    def sleep(_seconds: float) -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)()

    monkeypatch.setattr(applying, "sleep", sleep)
    call = ("enhance", identity["enhance"], folder, "--out", out, "--force", "--json")
    said = run(*call, "--watch")
    assert (said.code, said.json["written"], said.json["already"]) == (1, 2, 0), said.err
    assert [Path(x["file"]).name for x in said.json["failed"]] == ["bad.png"]
    assert "a.bmp and" in said.err
    assert sorted(p.name for p in out.iterdir()) == ["a.png", "late.png"]
    assert run(*call).json["already"] == 2
    steps.append(lambda: None)
    assert run(*call, "--watch").json["already"] == 2
    refused = run("enhance", identity["enhance"], late, "--out", out, "--watch")
    assert refused.code == 2
    assert "--watch waits for the files of a folder" in refused.flat


def test_results_never_meet_and_never_lie_on_an_input(run: Run, identity: dict[str, Path], tmp_path: Path) -> None:
    for name in ("a/x.png", "b/x.png", "c/y.bmp", "c/y.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(colours()).save(tmp_path / name)
    out, a, b = tmp_path / "out", tmp_path / "a", tmp_path / "b"
    refused(
        run,
        ["translate", identity["translate"], a / "x.png", b / "x.png", "--out", out],
        f"both be written to {out / 'x.png'}",
    )
    refused(run, ["translate", identity["translate"], a, b, "--out", out], "rename one")
    refused(run, ["translate", identity["translate"], a, "--out", a], "is an input, and would be written over")
    refused(run, ["translate", identity["translate"], tmp_path / "d", "--out", out], "does not exist")
    (tmp_path / "d").mkdir()
    refused(run, ["translate", identity["translate"], tmp_path / "d", "--out", out], "holds no images")
    assert not out.exists()
    assert run("translate", identity["translate"], tmp_path / "c", "--out", out).code == 0
    assert sorted(p.name for p in out.glob("*.png")) == ["y.bmp.png", "y.png"]  # endings tell them apart
    # Below the folder itself results may lie: they are no inputs of the next call.
    for written in (1, 0):  # the second finds it done
        said = run("translate", identity["translate"], a, "--out", a / "made", "--json")
        assert (said.code, said.json["written"], said.json["already"]) == (0, written, 1 - written)
    assert [path.name for path in (a / "made").iterdir()] == ["x.png"]


def test_what_is_no_translator_is_refused_with_what_it_is(
    run: Run, trained: Path, identity: dict[str, Path], tmp_path: Path
) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png")
    out = ("--out", tmp_path / "out")
    refused(run, ["translate", trained, tmp_path / "a.png", *out], "holds a generator of images: use it with")
    for command, other in (("translate", "enhance"), ("enhance", "translate")):
        message = f"use it with `saddle {other} {identity[other]}"
        refused(run, [command, identity[other], tmp_path / "a.png", *out], message)
    odd = saved(tmp_path / "odd", IDENTITY, 5, 5)
    refused(run, ["translate", odd, tmp_path / "a.png", *out], "files have 1 or 3")
    refused(run, ["sample", odd], f"holds a translator of images, which draws no samples: saddle translate {odd}")


def test_a_flag_that_is_no_option_says_whose_it_is_or_the_nearest(run: Run, identity: dict[str, Path]) -> None:
    command = ("translate", identity["translate"], "a.png", "--out", "out")
    refused(
        run,
        [*command, "--steps", "3"],
        "holds a translator of images: --steps is for a generator of windows, a vocoder",
    )
    refused(run, [*command, "--tiel", "3"], "did you mean 'tile'?")


def test_an_overlap_that_fits_no_tile_is_refused(run: Run, identity: dict[str, Path], tmp_path: Path) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png")
    arguments = [
        "enhance",
        identity["enhance"],
        tmp_path / "a.png",
        "--out",
        tmp_path / "out",
        "--tile",
        "8",
        "--overlap",
        "8",
    ]
    refused(run, arguments, "at most half a tile")


@pytest.mark.parametrize(
    ("ends", "results", "expected"),
    [
        (None, None, lambda values: values),
        ((0.0, 4000.0), (100.0, 3100.0), lambda values: 100 + values * 3 / 4),  # targets had a range of their own
        ((0.0, 4000.0), None, lambda values: values * 65535 / 4000),  # targets had 8 bits
        ((0.0, 4000.0), (0.0, 1.0), lambda values: values / 4000),  # targets were floats
    ],
)
def test_sixteen_bits_are_translated_to_sixteen_in_the_numbers_of_the_targets(
    run: Run, tmp_path: Path, ends: Range | None, results: Range | None, expected: Callable[[np.ndarray], np.ndarray]
) -> None:
    values = np.linspace(0, 1000, 16 * 16).reshape(16, 16).astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "dim.tif")
    base = Base((1, 16, 16), (1, 16, 16))
    network = NETWORKS["unet-translator"](source=(1, 16, 16), shape=(1, 16, 16), width=2, depth=2, base=base)
    translator = ImageTranslator(network, IDENTITY, (1, 16, 16), (1, 16, 16), (-1.0, 1.0), values=ends, results=results)
    translator.save(tmp_path / "run" / "generator", {})
    assert run("translate", tmp_path / "run", tmp_path / "dim.tif", "--out", tmp_path / "made").code == 0
    with Image.open(tmp_path / "made" / "dim.tif") as image:
        made = np.asarray(image)
    floats = results is not None and results[1] <= 1
    assert made.dtype == (np.float32 if floats else np.uint16)
    assert np.abs(made - expected(values.astype(float))).max() <= (2e-5 if floats else 1.5)


def test_a_raster_of_floats_stays_one_and_lies_where_it_lay(run: Run, doubling: Path, tmp_path: Path) -> None:
    """Heights in metres, a corner at 500 km east, 900 km north and pixels of 10 m, which become of 5 m."""
    heights = (np.linspace(-12.5, 400, 12)[:, None] + np.linspace(0, 430, 20)).astype(np.float32)
    placed = {33550: ("d", (10.0, 10.0, 0.0)), 33922: ("d", (0.0, 0.0, 0.0, 5e5, 9e5, 0.0)), 42113: ("", "-9999")}
    placed[34735] = ("H", (1, 1, 0, 1, 1025, 0, 1, 1))
    rasters.write_raster(tmp_path / "heights.tif", heights[..., None], placed=placed, dpi=(300.0, 300.0))
    photograph = colours(12, 20).astype(np.uint16) * 257
    rasters.write_raster(tmp_path / "scan.tif", photograph, placed=placed)
    Image.fromarray(colours(12, 20)).save(tmp_path / "plain.tif", tiffinfo=files._entries(placed, b""))
    names = ("heights.tif", "scan.tif", "plain.tif")
    out = tmp_path / "out"
    assert run("enhance", doubling, *(tmp_path / name for name in names), "--out", out).code == 0
    for name in names:
        with Image.open(out / name) as image:
            assert image.size == (40, 24)
            assert image.tag_v2[33550] == (5.0, 5.0, 0.0)
            assert image.tag_v2[33922] == placed[33922][1]
            assert image.tag_v2[42113] == "-9999"
    with Image.open(out / "heights.tif") as image:
        made = np.asarray(image)
        assert (made.dtype, image.info["dpi"]) == (np.float32, (300.0, 300.0))
    assert np.abs(made.reshape(12, 2, 20, 2).mean((1, 3)) - heights).max() < 60  # the edges of a ramp are rounded off
    assert np.abs(made[6:18, 10:30].reshape(6, 2, 10, 2).mean((1, 3)) - heights[3:9, 5:15]).max() < 1
    deep = read_original(out / "scan.tif", (255, 255, 255)).deep
    assert deep is not None
    assert len(np.unique(deep)) > 256


def test_pixels_that_are_points_move_with_their_middles() -> None:
    keys = ("H", (1, 1, 0, 2, 1024, 0, 1, 1, 1025, 0, 1, 2))
    entries = rasters.enlarged({33922: ("d", (0.0, 0.0, 0.0, 5.0, 9.0, 0.0)), 34735: keys}, 3)
    assert entries[33922][1] == (1.0, 1.0, 0.0, 5.0, 9.0, 0.0)
    turned = rasters.enlarged({34264: ("d", (0.0, 3.0, 0.0, 7.0, *[0.0] * 12)), 34735: keys}, 3)
    assert turned[34264][1][:4] == (0.0, 1.0, 0.0, 6.0)


@pytest.mark.parametrize("task", ["enhance", "translate"])
def test_one_range_of_values_is_found_or_given_and_kept_with_the_network(run: Run, tmp_path: Path, task: str) -> None:
    for side in "ab":
        for number in range(12):
            values = RNG.integers(100 * number, 3000, (16, 16)).astype(np.uint16)
            values[0, 0], values[1, 1] = (0, 3999) if number == 3 else (500, 600)
            (tmp_path / "data" / side).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(tmp_path / "data" / side / f"{number}.tif")
    data = tmp_path / "data" / ("a" if task == "enhance" else "")
    tiny = ("--samples", "8", "--batch-size", "4", "--device", "cpu", "--set", "data.crop=16")
    more = ("--degrade", "noise:5") if task == "enhance" else ("--set", "data.size=16")
    said = run("train", task, "--data", data, *tiny, *more, "--out", tmp_path / "run")
    assert said.code == 0, said.err
    assert "0 is black and 3999 white for all" in said.flat
    assert range_of_run(tmp_path / "run") == (0.0, 3999.0)
    again = ("--set", "data.range=0,4095")
    assert run("train", task, "--data", data, *tiny, *more, *again, "--out", tmp_path / "given").code == 0
    assert range_of_run(tmp_path / "given") == (0.0, 4095.0)
    assert load(tmp_path / "given").model.results == (0.0, 4095.0)  # type: ignore[attr-defined]
    said = run("train", task, "--data", data, *tiny, *more, "--set", "data.range=9,9", "--out", tmp_path / "none")
    assert "give black first, and white above it" in said.flat


def range_of_run(folder: Path) -> object:
    """Black and white of the inputs of what a run handed over."""
    return load(folder).model.values  # type: ignore[attr-defined]
