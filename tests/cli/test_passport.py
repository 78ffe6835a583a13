"""`saddle passport`: what is in it, who signed it, and that a changed one is found."""

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from commands import Run
from saddlepoint.storage.sealed import checksum

PEM = serialization.Encoding.PEM


@pytest.fixture
def keys(tmp_path: Path) -> list[Path]:
    """Two private keys, and the public one of the first."""
    found = []
    for number, private in enumerate([ed25519.Ed25519PrivateKey.generate() for _ in range(2)]):
        found.append(tmp_path / f"{number}.pem")
        found[-1].write_bytes(
            private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        if number == 0:
            public = private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            (tmp_path / "public.pem").write_bytes(public)
    return [*found, tmp_path / "public.pem"]


@pytest.fixture(scope="module")
def measured(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with an evaluation of two numbers, one of which has a floor."""
    folder = shutil.copytree(trained, tmp_path_factory.mktemp("measured") / "<b>run")
    by = {"split": "train", "extractor": "pixels", "n_generated": 100, "n_real": 100, "seed": 0}
    both = [("frechet", 0.5, "average"), ("frechet", 0.1, "floor: test"), ("nearer_to_training", 0.6, "average")]
    values = [
        {"metric": name, "value": value, "direction": "lower", "settings": {}, "protocol": {**by, "weights": weights}}
        for name, value, weights in both
    ]
    record = {"evaluated": "2026-01-01", "samples": 320, "notes": [], "values": values}
    (folder / "evaluation.json").write_text(json.dumps([record]))
    return folder


def test_it_holds_what_the_run_says_with_floors_and_privacy(run: Run, measured: Path, tmp_path: Path) -> None:
    assert run("passport", measured, "--out", tmp_path / "one", "--json").json["signed"] is False
    assert run("passport", measured, "--out", tmp_path / "two").code == 0
    text = (tmp_path / "one" / "passport.json").read_text()
    assert text == (tmp_path / "two" / "passport.json").read_text()
    found = json.loads(text)["passport"]
    identity = json.loads((measured / "run.json").read_text())
    assert found["data"]["fingerprint"] == identity["dataset"]["fingerprint"]
    assert found["model"]["weights_sha256"] == checksum(measured / "generator" / "generator.safetensors")
    assert found["settings"]["seed"] == 0
    assert found["software"]["training"] == identity["versions"]
    assert found["citations"] == identity["citations"] != []
    assert {one["question"] for one in found["verdicts"]} == {"game", "result", "done"}
    frechet = next(one for one in found["evaluations"][0]["values"] if one["protocol"]["weights"] == "average")
    assert (frechet["value"], frechet["floor"]) == (0.5, 0.1)
    assert [(one["metric"], one["value"]) for one in found["privacy"]["figures"]] == [("nearer_to_training", 0.6)]
    assert found["missing"] == []
    page = (tmp_path / "one" / "passport.html").read_text()
    assert identity["dataset"]["fingerprint"] in page
    assert "not signed" in page
    assert "<script" not in page
    assert "<b>run" not in page
    assert "&lt;b&gt;run" in page


def test_what_was_not_measured_is_said(run: Run, trained: Path, tmp_path: Path) -> None:
    said = run("passport", trained, "--out", tmp_path)
    assert "No evaluation was made" in said.err
    assert "Nothing was measured about memorisation and privacy" in said.err


def test_a_signature_says_who_and_whether_it_was_changed(
    run: Run, measured: Path, trained: Path, tmp_path: Path, keys: list[Path]
) -> None:
    own, other, public = keys
    assert run("passport", measured, "--key", own, "--out", tmp_path, "--json").json["signed"] is True
    file = tmp_path / "passport.json"
    for words in ((), ("--key", public), ("--key", own), ("--run", measured)):
        said = run("verify", file, *words, "--json")
        assert (said.code, said.json["signed"], said.json["problems"]) == (0, True, []), words
    assert "another key" in run("verify", file, "--key", other).err
    whole = json.loads(file.read_text())
    file.write_text(json.dumps(whole))  # written in another way, it says the same
    assert run("verify", file, "--key", public).code == 0
    whole["passport"]["metrics"][0]["value"] = 0.0
    file.write_text(json.dumps(whole))
    said = run("verify", file, "--json")
    assert (said.code, said.json["signed"]) == (1, False)
    whole["signature"] = None
    file.write_text(json.dumps(whole))
    assert (run("verify", file).code, run("verify", file, "--key", public).code) == (0, 1)
    for broken in ([], {"public_key": "xy"}, {"public_key": "00", "value": "00"}, 3):
        file.write_text(json.dumps({**whole, "signature": broken}))
        assert run("verify", file).code == 1


def test_a_passport_of_other_weights_is_told(run: Run, measured: Path, tmp_path: Path) -> None:
    assert run("passport", measured, "--out", tmp_path).code == 0
    whole = json.loads((tmp_path / "passport.json").read_text())
    whole["passport"]["model"]["weights_sha256"] = "0" * 64
    (tmp_path / "passport.json").write_text(json.dumps(whole))
    said = run("verify", tmp_path / "passport.json", "--run", measured)
    assert (said.code, "other weights" in said.err) == (1, True)


def test_keys_that_can_not_sign_are_refused(run: Run, trained: Path, tmp_path: Path, keys: list[Path]) -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "curve.pem").write_bytes(
        curve.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (tmp_path / "nothing.pem").write_text("nothing")
    for name, word in (("curve.pem", "openssl"), ("nothing.pem", "openssl"), ("public.pem", "private")):
        said = run("passport", trained, "--key", tmp_path / name, "--out", tmp_path / "out")
        assert (said.code, word in said.err) == (2, True), said.err
    assert run("passport", trained / "generator", "--out", tmp_path / "out").code == 2
