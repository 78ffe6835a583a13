"""Archives of images: the pixels of the folder that they were made of, and a sentence for each that is none."""

import gzip
import io
import json
import re
import shutil
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import fsspec
import numpy as np
import pytest
from PIL import Image

from saddlepoint.data import DataError, decoded_cache, load_images, load_photographs
from saddlepoint.data.archives import members, stored

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)


def png(i: int) -> bytes:
    written = io.BytesIO()
    Image.fromarray(PIXELS[i]).save(written, "PNG")
    return written.getvalue()


def tar(path: Path, files: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.type = len(content), kind
            archive.addfile(info, io.BytesIO(content))
    return path


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def samples(numbers: range, **more: Callable[[int], str]) -> dict[str, bytes]:
    """Files as webdataset has them, a key each."""
    found = {}
    for i in numbers:
        found[f"{i:04}.png"] = png(i)
        found |= {f"{i:04}.{ending}": text(i).encode() for ending, text in more.items()}
    return found


def same(data, numbers=range(12)) -> bool:
    return np.array_equal(data.images.permute(0, 2, 3, 1).numpy(), PIXELS[list(numbers)])


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar")
def test_a_folder_that_the_systems_tar_packed_reads_as_the_folder(tmp_path) -> None:
    for i in range(12):
        kind = tmp_path / "photos" / ("cat" if i < 6 else "dog")
        kind.mkdir(parents=True, exist_ok=True)
        (kind / f"{i:02}.png").write_bytes(png(i))
    subprocess.run(["tar", "--sort=name", "-cf", tmp_path / "a.tar", "-C", tmp_path, "photos"], check=True)
    folder, packed = load_images(tmp_path / "photos", 8), load_images(tmp_path / "a.tar", 8)
    assert packed.fingerprint == folder.fingerprint
    assert packed.classes == folder.classes == ("cat", "dog")
    assert packed.name == "a"
    assert load_photographs(tmp_path / "a.tar").fingerprint == load_photographs(tmp_path / "photos").fingerprint


def test_shards_that_webdataset_wrote(tmp_path) -> None:
    webdataset = pytest.importorskip("webdataset")
    for part, numbers in (("train", range(9)), ("val", range(9, 12))):
        with webdataset.ShardWriter(f"file:{tmp_path}/{part}-%03d.tar", maxcount=4, verbose=0) as writer:
            for i in numbers:
                writer.write({"__key__": f"{i:05}", "png": png(i), "cls": i % 3})
    data, test = load_images(tmp_path, 8), load_images(tmp_path, 8, split="test")
    assert same(data, range(9))
    assert data.labels is not None
    assert data.labels.tolist() == [i % 3 for i in range(9)]
    assert same(test, range(9, 12))
    assert len(load_images(f"{tmp_path}/train-*.tar", 8)) == 9
    assert data.notes == ("Read the part train/ alone and not val/.",)


@pytest.mark.parametrize(
    ("ending", "text", "classes"),
    [
        ("cls", lambda i: f"{10 * (i % 2) + 2}\n", ("2", "12")),
        ("json", lambda i: json.dumps({"label": "ab"[i % 2], "size": 8}), ("a", "b")),
        ("txt", lambda i: ("plane", "car")[i % 2], ("car", "plane")),
        ("txt", lambda i: f"a caption, number {i}", ()),
        ("json", lambda i: "[" * 60_000, ()),
        ("cls", lambda i: "same", ()),
    ],
)
def test_classes_of_files_beside_images(tmp_path, ending: str, text: Callable[[int], str], classes) -> None:
    data = load_images(tar(tmp_path / "a.tar", samples(range(12), **{ending: text})), 8)
    assert same(data)
    assert data.classes == classes
    if classes:
        assert data.labels is not None
        assert [classes[k] for k in data.labels] == [
            str(json.loads(text(i))["label"]) if ending == "json" else text(i).strip() for i in range(12)
        ]


def test_zip_and_parquet_hold_the_same(tmp_path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    zipped(tmp_path / "a.zip", {f"{'xy'[i // 6]}/{i:02}.png": png(i) for i in range(12)})
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["x", "y", "z"])})
    cells = {"image": [{"bytes": png(i), "path": None} for i in range(12)], "label": [i // 6 for i in range(12)]}
    (tmp_path / "p" / "data").mkdir(parents=True)
    rows = datasets.Dataset.from_dict(cells, features=features)
    rows.to_parquet(str(tmp_path / "p" / "data" / "train-00000-of-00001.parquet"), batch_size=5)
    first, second = load_images(tmp_path / "a.zip", 8), load_images(tmp_path / "p", 8)
    assert same(first)
    assert same(second)
    assert first.classes == ("x", "y")
    assert second.classes == ("x", "y", "z")
    assert second.labels is not None
    assert second.labels.tolist() == [i // 6 for i in range(12)]


def test_an_address_is_read_as_a_path_is(tmp_path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/shards/a.tar", tar(tmp_path / "a.tar", samples(range(6))).read_bytes())
    memory.pipe("/shards/b.tar", tar(tmp_path / "b.tar", samples(range(6, 12))).read_bytes())
    memory.pipe({f"/loose/{'uv'[i % 2]}/{i:02}.png": png(i) for i in range(12)})
    try:
        data, part = load_images("memory://shards", 8), load_images("memory://shards/a*.tar", 8)
        loose = load_images("memory://loose", 8)
        assert same(data)
        assert same(part, range(6))
        assert loose.classes == ("u", "v")
        assert data.source == "The images of memory://shards."
        with pytest.raises(DataError, match="cannot be read"):
            load_images("memory://nothing/a.tar")
    finally:
        memory.rm("/shards", recursive=True)
        memory.rm("/loose", recursive=True)
    with pytest.raises(DataError, match="no such kind of address"):
        load_images("ftp://somewhere/a.tar")
    with pytest.raises(DataError, match="no such kind of address"):
        load_images("https://somewhere/a.tar::memory://b")


class Served(BaseHTTPRequestHandler):
    """A file of each path; parts of it where `ranges` says so."""

    files: ClassVar[dict[str, bytes]] = {}
    ranges = True

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        content = self.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")) if self.ranges else None
        part = content[int(asked[1]) : int(asked[2]) + 1] if asked else content
        self.send_response(206 if asked else 200)
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if asked:
            self.send_header("Content-Range", f"bytes {asked[1]}-{int(asked[1]) + len(part) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if body:
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server():
    served = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


def test_an_archive_of_a_server_is_read_by_parts_of_it(tmp_path, server, monkeypatch) -> None:
    content = tar(tmp_path / "a.tar", samples(range(12), cls=lambda i: "uv"[i % 2])).read_bytes()
    monkeypatch.setattr(Served, "files", {"/sets/a.tar": content})
    data = load_images(f"{server}/sets/a.tar", 8)
    assert same(data)
    assert data.classes == ("u", "v")
    with pytest.raises(DataError, match="cannot be read"):
        load_images(f"{server}/sets/b.tar", 8)
    monkeypatch.setattr(Served, "ranges", False)
    with pytest.raises(DataError):
        load_images(f"{server}/sets/a.tar?again", 8)


def test_large_archives_are_kept_decoded_until_they_change(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(decoded_cache, "KEPT", 0)
    tar(tmp_path / "s" / "a.tar", samples(range(6)))
    tar(tmp_path / "s" / "b.tar", samples(range(6, 12)))
    assert same(load_images(tmp_path / "s", 8))
    done: list[int] = []
    load_images(tmp_path / "s", 8, progress=lambda some, _: done.append(some))
    assert not done
    tar(tmp_path / "s" / "b.tar", samples(range(6, 11)))
    assert same(load_images(tmp_path / "s", 8), range(11))


# --- what is hostile or damaged ---------------------------------------------------------------------------


@pytest.mark.parametrize("make", [tar, zipped])
def test_names_that_lead_out_are_left_out_and_counted(tmp_path, make) -> None:
    odd = {"../x.png": png(1), "/etc/y.png": png(2), "a/../../z.png": png(3), "C:/w.png": png(4)}
    data = load_images(make(tmp_path / f"a.{make.__name__[:3]}", {"ok/a.png": png(0), **odd, "__MACOSX/b.png": b""}), 8)
    assert same(data, [0])
    assert "names that lead out of the archive, or are no text: 4" in data.notes[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a.{make.__name__[:3]}"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("ending", ["tar", "zip"])
def test_of_members_with_one_name_the_last_counts(tmp_path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    with tarfile.open(path, "w") if ending == "tar" else zipfile.ZipFile(path, "w") as archive:
        for i in (0, 1, 2):
            name = "b.png" if i == 1 else "a.png"
            if isinstance(archive, zipfile.ZipFile):
                archive.writestr(name, png(i))
            else:
                info = tarfile.TarInfo(f"./{name}")
                info.size = len(png(i))
                archive.addfile(info, io.BytesIO(png(i)))
    data = load_images(path, 8)
    assert same(data, [1, 2])
    assert data.notes == (f"a.{ending}: 1 images have the name of a later one, which counts.",)


def test_links_and_devices_are_left_out(tmp_path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (("l.png", tarfile.SYMTYPE), ("h.png", tarfile.LNKTYPE), ("d.png", tarfile.CHRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("a.png")
        info.size = len(png(0))
        archive.addfile(info, io.BytesIO(png(0)))
    data = load_images(path, 8)
    assert same(data, [0])
    assert data.notes == ("a.tar: left out, links, devices and the like: 3.",)


@pytest.mark.parametrize("cut", [700, 1100, 1300, 5000])
def test_an_archive_that_is_cut_off_says_where(tmp_path, cut: int) -> None:
    path = tar(tmp_path / "a.tar", samples(range(12)))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"cut off or damaged at the member '000\d\.png'.*fetch it again"):
        load_images(path)
    packed = zipped(tmp_path / "a.zip", samples(range(12)))
    packed.write_bytes(packed.read_bytes()[:-cut])
    with pytest.raises(DataError, match="not copied to its end"):
        load_images(packed)


def test_compressed_archives_and_what_is_none_are_told_apart(tmp_path) -> None:
    whole = tar(tmp_path / "a.tar", samples(range(2))).read_bytes()
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(whole))
    (tmp_path / "c.tar").write_bytes(gzip.compress(whole))
    (tmp_path / "d.tar").write_bytes(b"no archive at all" * 99)
    (tmp_path / "e.parquet").write_bytes(b"PAR1" + b"\xff" * 99 + b"PAR1")
    (tmp_path / "f.tar").write_bytes(b"")
    for name, said in (
        ("b.tar.gz", "is compressed"),
        ("c.tar", "is compressed"),
        ("d.tar", "no tar archive"),
        ("e.parquet", "no Parquet file"),
        ("f.tar", "no tar archive|holds no images"),
        ("g.tar", "does not exist"),
        ("*.png.tar", "matches no file"),
    ):
        with pytest.raises(DataError, match=said):
            load_images(f"{tmp_path}/{name}")


def test_no_more_memory_is_taken_than_an_archive_may_claim(tmp_path, monkeypatch) -> None:
    bomb = zipped(tmp_path / "a.zip", {"a.png": png(0), "b.png": b"\0" * 3_000_000})
    monkeypatch.setattr(members, "LARGEST", 1_000_000)
    data = load_images(bomb, 8)
    assert same(data, [0])
    assert "left out, of more than" in data.notes[0]
    # A member that claims less than it unpacks to.
    lying = bytearray(zipped(tmp_path / "b.zip", {"a.png": png(0), "b.png": b"\0" * 900_000}).read_bytes())
    where = lying.rfind(b"PK\x01\x02")
    lying[where + 24 : where + 28] = (100).to_bytes(4, "little")
    (tmp_path / "b.zip").write_bytes(bytes(lying))
    data = load_images(tmp_path / "b.zip", 8)
    assert same(data, [0])
    assert "another size than the archive claims" in data.notes[0]


def test_a_head_of_gigabytes_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(stored, "PIECE", 1 << 12)
    path = tmp_path / "a.tar"
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, 1 << 20
    path.write_bytes(head.tobuf(tarfile.USTAR_FORMAT) + b"\0" * (1 << 20))
    with pytest.raises(DataError, match=r"a head claims 1,048,576 bytes"):
        load_images(path)


def test_a_damaged_member_is_skipped_and_named(tmp_path) -> None:
    whole = bytearray(zipped(tmp_path / "a.zip", {f"{i}.png": png(i) for i in range(3)}).read_bytes())
    whole[60] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(bytes(whole))
    data = load_images(tmp_path / "a.zip", 8)
    assert same(data, [1, 2])
    assert data.notes == ("Skipped 1 file that cannot be read: a.zip: 0.png (damaged inside of the archive).",)


def test_parquet_without_images_says_what_it_holds(tmp_path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has no columns with bytes of images among a, b"):
        load_images(tmp_path / "a.parquet")
    pq.write_table(pa.table({"image": [png(0), None], "label": [1, None]}), tmp_path / "b.parquet")
    data = load_images(tmp_path / "b.parquet", 8)
    assert same(data, [0])
    assert data.notes == ("Skipped 1 file that cannot be read: b.parquet: row 1 (no bytes in its row).",)
