"""What files say of themselves: read by other programs, beside what the files hold, in bounds."""

import datetime
import io
import json
import struct
import wave
import zlib
from pathlib import Path

import numpy as np
import pandas
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from pyarrow import parquet

from saddlepoint.configuration import ConfigurationError
from saddlepoint.data.audio import write_wave
from saddlepoint.marks import CREATED, EDITED, Mark, embed, mark_beside, mark_in, sidecar_of, write_marked
from saddlepoint.marks.mark import MARK_BYTES
from saddlepoint.marks.signing import Credentials, credentials_in

MARK = Mark(
    **{"command": "sample", "run": 'Ünï "<&', "model": "images", "weights": "ab" * 32, "version": "1.0"},
    **{"seed": 7, "n": 64, "position": 3, "label": "seven", "options": {"scale": 2}, "versions": {"torch": "2"}},
)
PIXELS = np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)
TERM = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
DIALS = {
    **{"png": {}, "jpg": {"quality": 95}, "webp": {}, "gif": {}, "tiff": {}},
}


def picture(path: Path, mode: str = "RGB", **dials: object) -> np.ndarray:
    Image.fromarray(PIXELS).convert(mode).save(path, **dials)
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("ending", DIALS)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_says_it_to_pillow_and_keeps_its_pixels(tmp_path: Path, ending: str, mode: str) -> None:
    path = tmp_path / f"a.{ending}"
    before = picture(path, mode, **DIALS[ending])
    assert mark_in(path) is None
    assert embed(path, MARK)
    assert mark_in(path) == MARK
    with Image.open(path) as image:
        packet = path.read_bytes() if ending == "gif" else image.info.get("xmp") or image.tag_v2[700]
        assert TERM.encode() in (packet.encode() if isinstance(packet, str) else packet)
        assert np.array_equal(np.asarray(image.convert("RGBA")), before)
        if ending != "gif":
            found = image.getxmp()["xmpmeta"]["RDF"]["Description"]
            assert found["DigitalSourceType"] == TERM
            assert json.loads(found["Mark"])["run"] == MARK.run


@pytest.mark.parametrize("dials", [{"lossless": True}, {"lossless": False}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_of_every_kind_keeps_pixels_and_opacity(tmp_path: Path, dials: dict[str, bool], mode: str) -> None:
    pixels = np.dstack([PIXELS, np.arange(63, dtype=np.uint8).reshape(9, 7) * 4])
    Image.fromarray(pixels[..., : len(mode)]).save(path := tmp_path / "a.webp", **dials)
    with Image.open(path) as image:
        before = np.asarray(image)
    assert embed(path, MARK)
    with Image.open(path) as image:
        assert image.mode == mode
        assert np.array_equal(np.asarray(image), before)
        assert image.getxmp()
    assert mark_in(path) == MARK


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tiff"])
def test_a_profile_stays(tmp_path: Path, ending: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture(path := tmp_path / f"a.{ending}", icc_profile=profile)
    assert embed(path, MARK)
    assert mark_in(path) == MARK
    with Image.open(path) as image:
        assert image.info["icc_profile"] == profile


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_an_animation_keeps_its_frames(tmp_path: Path, ending: str) -> None:
    frames = [Image.fromarray(np.roll(PIXELS, k, 0)) for k in range(3)]
    frames[0].save(path := tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:], loop=0, duration=50)
    assert embed(path, MARK)
    assert mark_in(path) == MARK
    with Image.open(path) as film:
        assert film.n_frames == 3
        film.seek(2)
        film.load()


@pytest.mark.parametrize("samples", [1000, 1001])
def test_a_sound_says_it_and_stays_what_it_is(tmp_path: Path, samples: int) -> None:
    sound = np.linspace(-1, 1, samples, dtype=np.float32)
    write_wave(path := tmp_path / "a.wav", sound, 8000)
    before = soundfile.read(path)[0]
    assert embed(path, MARK)
    assert mark_in(path) == MARK
    assert np.array_equal(soundfile.read(path)[0], before)
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() == samples
    with soundfile.SoundFile(path) as file:  # a reader of LIST/INFO
        assert file.software == "Saddlepoint 1.0"
        assert CREATED in file.comment
    data = path.read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8


def test_arrays_and_tables_say_it_and_stay_what_they_are(tmp_path: Path) -> None:
    np.savez_compressed(path := tmp_path / "a.npz", images=PIXELS)
    assert embed(path, MARK)
    assert mark_in(path) == MARK
    with np.load(path, allow_pickle=False) as arrays:
        assert list(arrays) == ["images"]
        assert np.array_equal(arrays["images"], PIXELS)
    frame = pandas.DataFrame({"a": [1, None, 3], "b": ["x", "y", None], "c": pandas.to_datetime(["2020-01-01"] * 3)})
    frame.to_parquet(path := tmp_path / "a.parquet")
    before = pandas.read_parquet(path)
    assert embed(path, MARK)
    assert mark_in(path) == MARK
    pandas.testing.assert_frame_equal(pandas.read_parquet(path), before)
    assert b"saddlepoint" in parquet.read_schema(path).metadata
    assert [p.name for p in tmp_path.iterdir() if p.suffix not in (".npz", ".parquet")] == []


def test_what_has_no_place_for_a_mark_has_it_beside(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write_marked(path, lambda file: _wrote(file, "a\n1\n"), MARK)
    assert path.read_text() == "a\n1\n"
    said = json.loads(sidecar_of(path).read_text())
    assert sidecar_of(path).name == "rows.csv-metadata.json"
    assert (said["url"], said["dc:type"]) == ("rows.csv", TERM)
    assert mark_beside(path) == (MARK, True)
    path.write_text("a\n2\n")
    assert mark_beside(path) == (MARK, False)
    write_marked(path, lambda file: _wrote(file, "a\n3\n"), None)
    assert not sidecar_of(path).exists(), "it was about another content"


def test_a_file_of_the_user_beside_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    sidecar_of(path).write_text('{"url": "rows.csv"}')
    write_marked(path, lambda file: _wrote(file, "a\n"), None)
    assert sidecar_of(path).exists()


def _wrote(file: Path, text: str) -> None:
    file.write_text(text)


def test_a_packet_that_another_program_wrote_anew_is_read(tmp_path: Path) -> None:
    packet = MARK.xmp().decode()
    text = packet[packet.index("saddle:Mark=") + len('saddle:Mark="') :].split('"/>')[0].rstrip("'\"")
    start = packet.index("   saddle:Mark=")
    json_text = packet[start:].split("=", 1)[1].split("/>")[0][1:-1].replace("&quot;", '"')
    element = f"{packet[:start].rstrip()}><saddle:Mark>{json_text}</saddle:Mark></rdf:Description>"
    assert text
    assert Mark.of_xmp((element + " </rdf:RDF></x:xmpmeta>").encode()) == MARK


@pytest.mark.parametrize(
    "packet",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
        b"<x" * 100_000,
        b"\xff\xfe\x00",
        b"<a>" * 50_000 + b"</a>" * 50_000,
        b"x" * 10_000_000,
    ],
)
def test_hostile_packets_say_nothing(packet: bytes) -> None:
    assert Mark.of_xmp(packet) is None


@pytest.mark.parametrize(
    "change",
    [
        {"n": 10**30},
        {"n": -1},
        {"n": True},
        {"seed": "7"},
        {"position": 1.5},
        {"options": []},
        {"weights": 3},
        {"kind": "human"},
        {"code": "import os"},
        {"command": None},
    ],
)
def test_a_mark_of_other_values_is_none(change: dict[str, object]) -> None:
    assert Mark.read(json.dumps({**MARK.plain(), **change})) is None


def test_a_mark_that_is_too_long_is_refused_as_it_is_written(tmp_path: Path) -> None:
    picture(path := tmp_path / "a.png")
    long = Mark(**{**MARK.plain(), "options": {"where": "x" * MARK_BYTES}})
    with pytest.raises(ValueError, match="--no-mark"):
        embed(path, long)


@given(st.sampled_from(["png", "jpg", "webp", "gif", "tiff", "wav", "npz"]), st.data())
def test_damaged_files_say_a_mark_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, ending: str, data: st.DataObject
):
    path = tmp_path_factory.mktemp("damaged") / f"a.{ending}"
    path.write_bytes(_marked_bytes(ending))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw)))])
    found = mark_in(path)
    assert found is None or isinstance(found, Mark)


def _marked_bytes(ending: str) -> bytes:
    if ending not in _MADE:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"a.{ending}"
            if ending == "wav":
                write_wave(path, np.zeros(10, np.float32), 8000)
            elif ending == "npz":
                np.savez(path, a=np.zeros(2))
            else:
                picture(path)
            embed(path, MARK)
            _MADE[ending] = path.read_bytes()
    return _MADE[ending]


_MADE: dict[str, bytes] = {}


def test_a_png_of_endless_chunks_ends(tmp_path: Path) -> None:
    empty = struct.pack(">I4s", 0, b"tEXt") + struct.pack(">I", zlib.crc32(b"tEXt"))
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + empty * 70_000)
    assert mark_in(path) is None


# --- Content Credentials -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key with a certificate and that of its authority, as C2PA wants them."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def named(name: str) -> x509.Name:
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test")
        return x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, name)])

    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)

    def certificate(name: str, subject: ec.EllipticCurvePrivateKey, *, authority: bool) -> x509.Certificate:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign"), False
        )
        builder = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named("Root"))
        builder = builder.public_key(subject.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=30))
        builder = builder.add_extension(x509.BasicConstraints(authority, None), True).add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                key_cert_sign=authority,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            True,
        )
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(subject.public_key()), False)
        if not authority:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        return builder.sign(root, hashes.SHA256())

    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path = tmp_path_factory.mktemp("key") / "mine.pem"
    path.write_bytes(
        certificate("Somebody", own, authority=False).public_bytes(pem)
        + certificate("Root", root, authority=True).public_bytes(pem)
        + own.private_bytes(pem, form, serialization.NoEncryption())
    )
    return path


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "wav"])
def test_a_signed_file_is_read_by_the_librarys_reader_and_a_changed_one_is_found(
    tmp_path: Path, key: Path, ending: str
) -> None:
    import c2pa

    path = tmp_path / f"a.{ending}"
    path.write_bytes(_marked_bytes(ending))
    Credentials.read(key).sign(path)
    assert mark_in(path) == MARK
    assert credentials_in(path) == {"valid": True, "signed_by": "Somebody", "problems": []}
    forms = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "wav": "audio/wav"}
    found = json.loads(c2pa.Reader(forms[ending], io.BytesIO(path.read_bytes())).json())
    own = found["manifests"][found["active_manifest"]]
    actions = next(one for one in own["assertions"] if one["label"].startswith("c2pa.actions"))["data"]["actions"]
    assert (actions[0]["action"], actions[0]["digitalSourceType"]) == ("c2pa.created", TERM)
    raw = bytearray(path.read_bytes())
    place = raw.rfind(b"IDAT") + 6 if ending == "png" else raw.rfind(b"Saddlepoint 1.0")
    raw[place] ^= 1
    path.write_bytes(raw)
    changed = credentials_in(path)
    assert changed is not None
    assert not changed["valid"]


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match="one PEM file"):
        Credentials.read(tmp_path / "mine.pem")


def test_the_two_kinds_are_iptcs_terms() -> None:
    assert (CREATED, EDITED) == ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia")
