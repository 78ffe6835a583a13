"""A generator that somebody hands over: damage is refused, edits are told, values are of their kind."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save

from commands import Run
from saddlepoint.storage import write_sealed
from saddlepoint.storage.sealed import altered

WEIGHTS = "generator.safetensors"


@pytest.fixture
def generator(trained: Path, tmp_path: Path) -> Path:
    """A generator alone."""
    shutil.copytree(trained / "generator", tmp_path / "generator")
    return tmp_path / "generator"


def resealed(folder: Path) -> None:
    """Whoever hands it over may write the manifest, too."""
    write_sealed(folder, {name: (folder / name).read_bytes() for name in (WEIGHTS, "config.yaml")})


def with_config(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = yaml.safe_load((folder / "config.yaml").read_text())
        config |= changes
        config = {key: value for key, value in config.items() if value is not ...}
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    return change


def with_text(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "config.yaml").write_text(text) and None


def with_weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def alter(folder: Path) -> None:
        state = load_file(folder / WEIGHTS)
        change(state)
        (folder / WEIGHTS).write_bytes(save(state))

    return alter


def first(state: dict[str, torch.Tensor]) -> torch.Tensor:
    return next(tensor for tensor in state.values() if tensor.is_floating_point())


CRAFTED: dict[str, Callable[[Path], None]] = {
    "NaN weights": with_weights(lambda state: first(state).fill_(float("nan"))),
    "infinite weights": with_weights(lambda state: first(state).fill_(float("inf"))),
    "a weight less": with_weights(lambda state: state.pop(next(iter(state)))),
    "a weight more": with_weights(lambda state: state.update(more=torch.zeros(3))),
    "no weights": lambda folder: (folder / WEIGHTS).write_bytes(b"") and None,
    "no safetensors": lambda folder: (folder / WEIGHTS).write_bytes(b"\xff" * 1000) and None,
    "a range of NaN": with_config(range=[float("nan"), float("nan")]),
    "a range of texts": with_config(range=["black", "white"]),
    "a range of one": with_config(range=[0.0]),
    "no range": with_config(range=...),
    "an empty configuration": with_text(""),
    "a list": with_text("- 1"),
    "deep YAML": with_text("[" * 50_000),
    "aliases": with_text("a: &a [1]\nb: *a"),
    "an object": with_text("!!python/object/apply:os.system ['false']"),
    "no shape": with_config(shape=...),
    "a huge shape": with_config(shape=[1, 10**6, 10**6]),
    "a negative shape": with_config(shape=[1, -8, 8]),
    "a shape of texts": with_config(shape=["1", "8", "8"]),
    "no latent": with_config(latent=...),
    "a huge latent": with_config(latent={"size": 10**12, "distribution": "normal"}),
    "another distribution": with_config(latent={"size": 6, "distribution": "cauchy"}),
    "another network": with_config(network={"name": "mlp-generator", "widths": [10**7]}),
    "a network that is none": with_config(network={"name": "os:system"}),
    "classes that are numbers": with_config(classes=7),
    "more classes": with_config(classes=["a"] * 99),
    "another kind": with_config(kind="table"),
    "an unknown kind": with_config(kind="../../etc"),
    "an unknown key": with_config(evil=True),
}


@pytest.mark.parametrize("sealed", [False, True], ids=["as it is", "with its own manifest"])
@pytest.mark.parametrize("what", CRAFTED)
def test_a_generator_of_odd_content_is_refused_in_a_sentence(
    generator: Path, run: Run, tmp_path: Path, what: str, *, sealed: bool
) -> None:
    CRAFTED[what](generator)
    if sealed:
        resealed(generator)
    said = run("sample", generator, "-n", 2, "--npz", tmp_path / "x.npz")
    assert said.code == 2
    assert "Traceback" not in said.err
    assert len(said.flat) < 2000
    assert not (tmp_path / "x.npz").exists()


def test_every_flipped_bit_of_the_weights_is_found(generator: Path) -> None:
    content = (generator / WEIGHTS).read_bytes()
    assert altered(generator) == []
    for place in range(0, len(content), max(1, len(content) // 400)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << (place % 8)
        (generator / WEIGHTS).write_bytes(flipped)
        assert altered(generator) == [WEIGHTS]


def test_an_edit_by_hand_stays_possible_and_is_told(generator: Path, run: Run, tmp_path: Path) -> None:
    with_config(range=[-0.5, 0.5])(generator)
    said = run("sample", generator, "-n", 2, "--npz", tmp_path / "x.npz")
    assert said.code == 0
    assert f"note: {generator / 'config.yaml'} was edited since it was written" in said.flat


def test_a_manifest_never_refuses_what_a_kill_left_between_two_writes(tmp_path: Path) -> None:
    write_sealed(tmp_path, {"a": b"old", "b": b"old"})
    manifest = json.loads((tmp_path / "manifest.json").read_text())["sha256"]
    written: list[str] = []

    def stop_after(count: int) -> None:
        from saddlepoint.storage import sealed

        real = sealed.write_atomically

        def write(path: Path, content: bytes | str, within: Path | None = None) -> None:
            if len(written) == count:
                raise KeyboardInterrupt
            written.append(path.name)
            real(path, content, within)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sealed, "write_atomically", write)
            with pytest.raises(KeyboardInterrupt):
                write_sealed(tmp_path, {"a": b"new", "b": b"new"})

    for count in range(4):
        written.clear()
        stop_after(count)
        assert altered(tmp_path) == []
    write_sealed(tmp_path, {"a": b"old", "b": b"old"})
    assert json.loads((tmp_path / "manifest.json").read_text())["sha256"] == manifest
