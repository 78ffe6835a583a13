"""A run folder that somebody hands over can't show our files, hang us, take our memory or break a page."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from commands import Run
from saddlepoint.storage import RunFolder, read_evaluations, read_records
from tiers import quick

SECRET = "the user's own secret"


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "secret.txt").write_text(SECRET)
    return tmp_path / "run"


def link(place: str) -> Callable[[Path], None]:
    def make(run: Path) -> None:
        path = run / place
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(run.parent / "secret.txt")

    return make


def pipe(place: str) -> Callable[[Path], None]:
    def make(run: Path) -> None:
        (run / place).unlink(missing_ok=True)
        os.mkfifo(run / place)

    return make


def linked_folder(run: Path) -> None:
    shutil.rmtree(run / "samples")
    (run / "samples").symlink_to(run.parent)


def device(run: Path) -> None:
    (run / "run.json").unlink()
    (run / "run.json").symlink_to("/dev/zero")


OUTWARDS = {
    "a link in samples": link("samples/000000000001.txt"),
    "a link in the place of a picture": link("samples/000000000001.png"),
    "a link in the place of samples": linked_folder,
    "a link in the place of the records": link("metrics.jsonl"),
    "a link in the place of the evaluations": link("evaluation.json"),
    "a pipe in samples": pipe("samples/000000000001.png"),
    "a pipe in the place of the records": pipe("metrics.jsonl"),
    "a pipe in the generator": pipe("generator/README.md"),
    "a device in the place of run.json": device,
}


@pytest.mark.parametrize("what", OUTWARDS)
@pytest.mark.parametrize("command", ["report", "sample", "evaluate", "inspect"])
def test_what_leads_out_of_a_run_is_not_read(copy: Path, run: Run, what: str, command: str) -> None:
    (copy / "report.html").unlink()
    OUTWARDS[what](copy)
    more = {"sample": ["-n", "2", "--npz", copy.parent / "x.npz"], "evaluate": ["--samples", "50"]}.get(command, [])
    said = run(command, copy, *more)
    assert said.code == 2
    assert str(copy) in said.flat
    assert "nothing is read of such a folder" in said.flat
    assert SECRET not in said.err + said.out
    assert not (copy / "report.html").exists()


def altered(**fields: object) -> Callable[[Path], None]:
    def alter(run: Path) -> None:
        RunFolder(run).identity.write_text(json.dumps({**json.loads((run / "run.json").read_text()), **fields}))

    return alter


def raw(place: str, text: str) -> Callable[[Path], None]:
    return lambda run: (run / place).write_text(text) and None


def record(**groups: object) -> Callable[[Path], None]:
    line = json.dumps({"samples": 320, "steps": 10, "evaluations": 20, "seconds": 1.0, **groups})

    def add(run: Path) -> None:
        with (run / "metrics.jsonl").open("a") as file:
            file.write(line + "\n")

    return add


def huge_picture(run: Path) -> None:
    Image.new("1", (50_000, 50_000)).save(run / "samples" / "000000000330.png")


ODD = {
    "a huge picture": huge_picture,
    "a picture that is none": raw("samples/000000000330.png", "no picture"),
    "a format string that grows": altered(usage="{:>999999999}"),
    "a format string that looks inside": altered(usage="{0.__class__.__mro__}"),
    "deep JSON": raw("run.json", "[" * 100_000),
    "deep JSON in the evaluations": raw("evaluation.json", "[" * 100_000),
    "deep records": raw("metrics.jsonl", "[" * 100_000 + "\n"),
    "deep YAML beside": raw("generator/config.yaml", "[" * 50_000),
    "10^400": altered(samples=10**400, seconds=10**400),
    "10^400 in a record": record(losses={"generator": 10**400}),
    "NaN": raw("run.json", '{"samples": NaN, "metrics": {"a": Infinity}}'),
    "3,000 losses": record(losses={f"loss {n}": 1.0 for n in range(3000)}),
    "a formula": record(losses={"$x^{$": 1.0, "$\\frac{": 2.0}, metrics={"$x^{$": 1.0}),
    "a long name": record(losses={"x" * 1_000_000: 1.0}),
    "numbers that are texts": altered(samples="many", seconds=[], metrics={"a": "b"}, dataset="none", versions=7),
    "lists that are none": altered(command=7, citations={"a": 1}, stages="x", measures=[1], parameters=[]),
    "another outcome": altered(outcome="<script>alert(1)</script>", state="<b>"),
    "stages elsewhere": altered(stages=["../../..", "/etc", "a/b"]),
    "records that are none": raw("metrics.jsonl", '[]\n{"samples": "x"}\n{"losses": [1]}\n7\n\x00\n'),
    "evaluations that are none": raw("evaluation.json", '[{"values": 7}, {"values": [{"protocol": 3}]}]'),
    "not UTF-8": lambda run: (run / "metrics.jsonl").write_bytes(b"\xff\xfe{}\n") and None,
}


@pytest.mark.parametrize(
    "what", quick(list(ODD), "NaN", "3,000 losses", "a formula", "deep JSON", "stages elsewhere", "not UTF-8")
)
def test_a_page_is_made_of_whatever_a_run_holds(copy: Path, run: Run, what: str) -> None:
    ODD[what](copy)
    said = run("report", copy)
    assert (said.code, "Traceback" in said.err) == (0, False), said.err
    page = (copy / "report.html").read_text()
    assert "<script>alert" not in page
    assert len(page) < 20_000_000
    assert (copy / "curves.png").read_bytes().startswith(b"\x89PNG")


CONFIGS = {
    "deep": "[" * 50_000,
    "deep mappings": "{a: " * 5_000,
    "aliases": "a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b]",
    "itself": "a: &a [*a]",
    "an object": "!!python/object/apply:os.system ['touch /tmp/pwned']",
    "a date that is none": "schema_version: 2024-13-45",
    "another task": "schema_version: 2\ntask: '../../x'\ngame: adversarial\nrecipe: digits",
    "a task that is a list": "schema_version: 2\ntask: [a]\ngame: {}\nrecipe: 7",
    "keys that are none": "1: 2\n? [a]\n: b",
    "code elsewhere": "schema_version: 2\ntask: x\ngame: y\nrecipe: 'os:system'",
    "empty": "",
    "zeros": "\x00" * 100,
}


@pytest.mark.parametrize("what", quick(list(CONFIGS), "deep", "code elsewhere", "itself", "empty"))
def test_a_configuration_that_is_none_is_one_sentence(copy: Path, run: Run, what: str) -> None:
    (copy / "config.yaml").write_text(CONFIGS[what])
    for words in (["train", copy / "config.yaml", "--dry-run"], ["sample", copy], ["train", "digits", "--out", copy]):
        said = run(*words)
        assert said.code == 2, (words, said.err)
        assert len(said.flat) < 2000
        assert "Traceback" not in said.err
    assert run("report", copy).code == 0


def test_records_and_evaluations_are_read_back_as_they_were(copy: Path) -> None:
    assert len(read_records(copy / "metrics.jsonl")) >= 1
    assert read_evaluations(copy / "evaluation.json") == []


@pytest.mark.parametrize(
    "name", ["config.yaml", "run.json", "metrics.jsonl", "generator/config.yaml", "generator/generator.safetensors"]
)
def test_any_flipped_bit_is_told_refused_or_of_no_effect(copy: Path, run: Run, tmp_path: Path, name: str) -> None:
    import random

    reference, out = tmp_path / "a.npz", tmp_path / "b.npz"
    assert run("sample", copy, "-n", 2, "--npz", reference).code == 0
    content, dice = (copy / name).read_bytes(), random.Random(name)
    for _ in range(12):
        place, bit = dice.randrange(len(content)), dice.randrange(8)
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        (copy / name).write_bytes(flipped)
        said = run("sample", copy, "-n", 2, "--npz", out)
        assert "Traceback" not in said.err
        told = "edited" in said.flat or said.code == 2
        assert told or (said.code == 0 and out.read_bytes() == reference.read_bytes()), (place, bit, said.err)
        if name.startswith("generator/") or name == "config.yaml":
            assert told, (place, bit)
