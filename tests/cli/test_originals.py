"""What files carry besides pixels, what is not to change, and what was done before; networks were never trained."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

from commands import Run
from saddlepoint.networks import NETWORKS, Base
from saddlepoint.tasks.enhancement.model import Enhancer
from saddlepoint.tasks.translation.familiarity import Learned

SPEC = {"name": "unet-translator", "width": 2, "depth": 2}
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="my camera"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


def colours(height: int = 24, width: int = 30) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


def saved(folder: Path, *, masked: bool = False, learned: Learned | None = None) -> Path:
    """The identity; or a network that makes noise where a mask is white."""
    torch.manual_seed(0)
    source, shape = (3 + masked, 16, 16), (3, 16, 16)
    network = NETWORKS["unet-translator"](
        source=source, shape=shape, width=2, depth=2, base=Base(source, shape, masked=masked, keeps=masked)
    )
    if masked:
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(torch.randn_like(parameter))
    Enhancer(network, SPEC, shape, source, (-1.0, 1.0), None, learned).save(folder / "generator", {})
    return folder


@pytest.fixture
def filler(tmp_path: Path) -> Path:
    return saved(tmp_path / "filler", masked=True)


def hole(height: int = 24, width: int = 30) -> np.ndarray:
    found = np.zeros((height, width), bool)
    found[5:12, 8:20] = True
    return found


def test_what_a_mask_shows_stays_to_the_last_bit_and_what_it_hides_is_filled(
    run: Run, filler: Path, tmp_path: Path
) -> None:
    photo, mask = colours(), hole()
    magenta, clear = photo.copy(), np.dstack([photo, np.where(mask, 0, 255).astype(np.uint8)])
    magenta[mask] = (255, 0, 255)
    (tmp_path / "masks").mkdir()
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    for name, image in (("a.png", photo), ("b.png", magenta), ("c.png", clear)):
        Image.fromarray(image).save(tmp_path / name)
    Image.fromarray(photo).save(tmp_path / "a.jpg", quality=95)
    asked = {
        "a.png": tmp_path / "masks" / "a.png",
        "b.png": "colour:ff00ff",
        "c.png": "alpha",
        "a.jpg": tmp_path / "masks",
    }
    made = {}
    for name, how in asked.items():
        out = tmp_path / "out" / name
        said = run("enhance", filler, tmp_path / name, "--mask", str(how), "--out", out)
        assert said.code == 0, said.err
        with Image.open(tmp_path / name) as before, Image.open(out / f"{name[0]}.png") as after:
            given, made[name] = np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB"))
        assert (made[name][~mask] == given[~mask]).all()
        assert (made[name][mask] != given[mask]).any()
    assert np.array_equal(made["a.png"], made["b.png"])
    assert np.array_equal(made["a.png"], made["c.png"])


def test_sixteen_bits_are_kept_where_nothing_is_hidden(run: Run, filler: Path, tmp_path: Path) -> None:
    values, mask = np.random.default_rng(1).integers(0, 65536, (24, 30)).astype(np.uint16), hole()
    Image.fromarray(values).save(tmp_path / "a.tif")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert (
        run("enhance", filler, tmp_path / "a.tif", "--mask", tmp_path / "mask.png", "--out", tmp_path / "out").code == 0
    )
    with Image.open(tmp_path / "out" / "a.png") as image:
        made = np.asarray(image)
    assert made.dtype == np.uint16
    assert (made[~mask] == values[~mask]).all()


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (None, "nothing of it is hidden: give --mask FILE"),
        ("colour:ff00ff", "nothing of it is hidden"),
        ("colour:pink", "is no colour"),
        ("absent.png", "its mask"),
        ("small.png", "its mask has 4x4 pixels, and it 30x24"),
    ],
)
def test_a_mask_that_does_not_serve_is_said(
    run: Run, filler: Path, tmp_path: Path, mask: str | None, said: str
) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png")
    Image.new("L", (4, 4), 255).save(tmp_path / "small.png")
    flags = () if mask is None else ("--mask", mask if ":" in mask else str(tmp_path / mask))
    found = run("enhance", filler, tmp_path / "a.png", *flags, "--out", tmp_path / "out")
    assert found.code in (1, 2)
    assert said in found.flat


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
@pytest.mark.parametrize("marked", [True, False])
def test_what_a_file_says_of_itself_goes_with_it(run: Run, tmp_path: Path, ending: str, marked: bool) -> None:
    exif = Image.Exif()
    exif[271], exif[274] = "Canon", 6
    exif.get_ifd(0x8769)[0x829A] = 0.01
    source = tmp_path / f"a.{ending}"
    more = {} if ending == "png" else {"xmp": XMP}
    Image.fromarray(colours()).save(source, exif=exif, dpi=(300, 300), **more)
    flags = () if marked else ("--no-mark",)
    assert run("enhance", saved(tmp_path / "same"), source, "--out", tmp_path / "out", *flags).code == 0
    with Image.open(tmp_path / "out" / source.name) as image:
        found = image.getexif()
        assert (image.size, found[271], found.get(274, 1)) == ((24, 30), "Canon", 1)
        assert float(found.get_ifd(0x8769)[0x829A]) == 0.01
        if ending != "webp":
            assert round(image.info["dpi"][0]) == 300
        if more:
            assert b"my camera" in image.info["xmp"]
        assert (b"saddle:Mark" in image.info.get("xmp", b"")) == marked


def test_sixteen_bits_of_colour_are_written_with_profile_and_resolution(tmp_path: Path) -> None:
    from saddlepoint.data.originals import read_original
    from saddlepoint.tasks.translation.deep_png import write_deep_png

    values = np.random.default_rng(0).integers(0, 65536, (9, 7, 3)).astype(np.uint16)
    write_deep_png(tmp_path / "a.png", values, dpi=(300, 300), profile=b"profile", xmp=XMP)
    original = read_original(tmp_path / "a.png", (255, 255, 255))
    assert not isinstance(original, str)
    assert np.array_equal(original.deep, values)
    assert (original.whole.profile, original.xmp) == (b"profile", XMP)
    assert original.dpi == pytest.approx((300, 300), abs=0.01)


def test_the_same_call_again_does_what_is_left(run: Run, tmp_path: Path) -> None:
    network, folder, out = saved(tmp_path / "same"), tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name in ("a.png", "b.jpg"):
        Image.fromarray(colours()).save(folder / name)
    words = ("enhance", network, folder, "--out", out, "--json", "--page", tmp_path / "page.html")
    assert run(*words).json["written"] == 2
    times = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    Image.fromarray(colours(20, 20)).save(folder / "a.png")  # it has changed
    Image.fromarray(colours()).save(folder / "c.webp")
    said = run(*words)
    assert (said.json["written"], said.json["already"]) == (2, 1)
    assert "1 were there already" in said.flat
    assert [path.name for path, at in times.items() if path.stat().st_mtime_ns == at] == ["b.jpg"]
    assert (tmp_path / "page.html").read_text().count("<figure>") == 3


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_all_frames_are_taken_where_that_is_asked_for(run: Run, tmp_path: Path, ending: str) -> None:
    frames = [Image.fromarray(colours(16 + k, 20)).resize((20, 16)) for k in range(3)]
    source = tmp_path / f"a.{ending}"
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)
    network = saved(tmp_path / "same")
    said = run("enhance", network, source, "--out", tmp_path / "first")
    assert "the first of its 3 frames was taken; --frames takes all" in said.flat
    assert run("enhance", network, source, "--out", tmp_path / "all", "--frames").code == 0
    with (
        Image.open(tmp_path / "all" / f"a.{'png' if ending == 'gif' else ending}") as made,
        Image.open(source) as before,
    ):
        assert made.n_frames == 3
        pairs = zip(ImageSequence.Iterator(made), ImageSequence.Iterator(before), strict=True)
        for k, (after, given) in enumerate(pairs):
            after.load()
            assert round(after.info["duration"]) == 100 * (k + 1)
            gap = np.abs(np.asarray(after.convert("RGB"), int) - np.asarray(given.convert("RGB"), int))
            assert gap.mean() < (12 if ending == "webp" else 0.01)


def test_an_image_that_is_nothing_like_the_training_images_is_left_out_unless_forced(run: Run, tmp_path: Path) -> None:
    grey = torch.full((3, 32, 32), 120, dtype=torch.uint8)
    network = saved(tmp_path / "same", learned=Learned.of([grey, grey + 10]))
    Image.fromarray(colours()).save(tmp_path / "noise.png")
    Image.new("RGB", (40, 40), (150, 110, 130)).save(tmp_path / "plain.png")
    words = ("enhance", network, tmp_path / "noise.png", tmp_path / "plain.png", "--out", tmp_path / "out", "--json")
    said = run(*words)
    assert [Path(one["file"]).name for one in said.json["failed"]] == ["noise.png"]
    assert "nothing like what the network learned from" in said.json["failed"][0]["reason"]
    forced = run(*words, "--force")
    assert forced.code == 0
    assert "look at the result" in forced.json["remarks"][0]["remark"]


def test_a_pipe_is_named_and_hangs_nothing(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "pipe.png")
    for number in range(12):
        Image.fromarray(colours()).save(folder / f"{number}.png")
    said = run("enhance", saved(tmp_path / "same"), folder, "--out", tmp_path / "out", "--json")
    assert [one["reason"] for one in said.json["failed"]] == ["it is a pipe"]
    said = run("train", "enhance", "--data", folder, "--degrade", "noise:5", "--set", "data.crop=16", "--dry-run")
    assert said.code == 0, said.err
