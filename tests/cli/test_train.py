"""`saddle train` from the user's side: what it prints, what it refuses, what it leaves on the disk."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from commands import TINY, Run
from saddlepoint.storage import read_records
from saddlepoint.tasks import read_config, recipes


def test_a_dry_run_prints_the_whole_configuration_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    said = run("train", "digits", "--samples", "77", "--seed", "3", "--out", tmp_path / "run", "--dry-run")
    assert said.code == 0
    config = read_config(yaml.safe_load(said.out))
    assert (config.budget.samples, config.seed) == (77, 3)
    assert config.same_run(recipes()["digits"].model_copy(update={"seed": 3}).planned(77))
    kept = run("train", "digits", "--samples", "77", "--seed", "3", "--keep-schedules", "--dry-run")
    assert read_config(yaml.safe_load(kept.out)).same_run(recipes()["digits"].model_copy(update={"seed": 3}))
    assert list(tmp_path.iterdir()) == []


def test_flags_are_settings(run: Run) -> None:
    said = run(
        *("train", "classic", "--method", "extragradient", "--batch-size", "7", "--device", "cpu"),
        *("--minutes", "2.5", "--set", "loss=hinge", "--dry-run"),
    )
    config = yaml.safe_load(said.out)
    assert (config["method"]["name"], config["method"]["same_batch"]) == ("extragradient", True)
    assert (config["batch_size"], config["device"], config["adversary"]["loss"]["name"]) == (7, "cpu", "hinge")
    assert (config["budget"]["samples"], config["budget"]["minutes"]) == (None, 2.5)


def test_the_last_line_of_stdout_is_json_and_the_folder_is_as_designed(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    said = run("train", "digits", *TINY, "--samples", "640", "--out", folder, "--json")
    assert said.code == 0, said.err
    summary = said.json
    assert summary["run"] == str(folder)
    assert (summary["outcome"], summary["samples"], summary["steps"], summary["evaluations"]) == (
        "stopped",
        640,
        20,
        40,
    )
    assert summary["metrics"]["pixel_frechet"] > 0
    assert said.out.count("\n") == 1
    for name in ("config.yaml", "run.json", "metrics.jsonl", "samples", "checkpoints", "generator", "report.html"):
        assert (folder / name).exists(), name
    assert sorted(p.name for p in (folder / "generator").iterdir()) == [
        "README.md",
        "config.yaml",
        "generator.safetensors",
        "manifest.json",
    ]
    identity = json.loads((folder / "run.json").read_text())
    assert identity["state"] == "ended"
    assert identity["dataset"]["fingerprint"]
    for row in ("outcome", "samples", "report", "generator", "Next: saddle sample"):
        assert row in said.flat


@pytest.mark.slow
def test_a_spent_budget_says_so_and_more_samples_continue(run: Run, tmp_path: Path) -> None:
    folder, straight = tmp_path / "run", tmp_path / "straight"
    command = ("train", "digits", *TINY, "--out", folder, "--keep-schedules")
    assert run(*command, "--samples", "320").code == 0
    written = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = run(*command, "--samples", "320", "--json")
    assert again.code == 0
    assert "the budget of 320 samples is spent" in again.flat
    assert again.json["samples"] == 320
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == written
    more = run(*command, "--samples", "640", "--json")
    assert more.code == 0
    assert "continuing" in more.flat
    once = run("train", "digits", *TINY, "--out", straight, "--keep-schedules", "--samples", "640", "--json")
    for key in ("samples", "steps", "evaluations", "metrics", "outcome"):
        assert more.json[key] == once.json[key]
    weights = "generator/generator.safetensors"
    assert (folder / weights).read_bytes() == (straight / weights).read_bytes()


def test_another_configuration_in_the_same_folder_is_refused_and_nothing_is_lost(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ("train", "digits", *TINY, "--samples", "64", "--out", folder)
    assert run(*command).code == 0
    written = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    said = run(*command, "--seed", "5")
    assert said.code == 2
    assert "holds another run (seed: 5 here, 0 there)" in said.flat
    assert "--out" in said.flat
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == written


def test_training_a_config_yaml_repeats_the_run_bit_for_bit(run: Run, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    command = ("train", "digits", *TINY, "--samples", "320", "--seed", "9", "--method", "optimistic")
    assert run(*command, "--out", first).code == 0
    assert run("train", first / "config.yaml", "--out", second).code == 0
    for name in ("config.yaml", "generator/generator.safetensors", f"samples/{320:012d}.png"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    records = [[{**r, "seconds": 0} for r in read_records(f / "metrics.jsonl")] for f in (first, second)]
    assert records[0] == records[1]


@pytest.mark.slow
def test_runs_without_a_folder_get_names_of_their_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, name in [(0, "digits"), (1, "digits-2"), (0, "digits")]:
        said = run("train", "digits", *TINY, "--samples", "32", "--seed", str(seed), "--json")
        assert said.code == 0
        assert said.json["run"] == f"runs/{name}"


@pytest.mark.slow
def test_classic_prints_one_line_an_epoch(run: Run, tmp_path: Path) -> None:
    epochs = 3
    said = run(
        *("train", "classic", "--size", "8", "--samples", str(1797 * epochs + 64), "--out", tmp_path / "run"),
        *("--device", "cpu", "--set", "generator.network.widths=[8]", "--set", "discriminator.network.widths=[8]"),
    )
    assert said.code == 0
    number = r"\d+\.\d+"
    pattern = rf"Epoch: (\d+)  Discriminator Loss: ({number})  Generator Loss: ({number})"
    found = [re.fullmatch(pattern, line) for line in said.out.splitlines()]
    assert all(found), said.out
    assert [int(match[1]) for match in found if match] == [1, 2, 3]
    # At the start both losses are those of a coin: L_D = 2 log 2 and L_G = log 2.
    assert found[0] is not None
    assert float(found[0][2]) == pytest.approx(1.386, abs=0.3)
    assert float(found[0][3]) == pytest.approx(0.693, abs=0.3)


def test_a_huge_rate_ends_non_finite_with_the_player_the_position_and_what_to_try(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ("train", "digits", *TINY, "--samples", "3200", "--out", folder, "--json")
    said = run(*command, "--set", "optimizer={name: SGD, lr: 1e30}")
    assert said.code == 1
    assert said.json["outcome"] == "non-finite"
    message = said.json["message"]
    assert re.search(r"of the (generator|discriminator) was not finite at \d+ samples \(step \d+\)", message)
    assert re.search(r"--set (generator|discriminator)\.optimizer\.lr=", message)
    assert message in said.flat
    again = run(*command, "--set", "optimizer={name: SGD, lr: 1e30}")
    assert again.code == 1
    assert "this run ended before" in again.flat


def test_mnist_without_a_network_says_what_to_do(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_CACHE", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # a port where nobody answers
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    said = run("train", "mnist", "--samples", "64", "--out", tmp_path / "run")
    assert said.code in (1, 2)
    assert "could not be downloaded" in said.flat
    assert "--data" in said.flat
    assert "Traceback" not in said.err


MISTAKES = [
    (["train", "digts"], "there is no recipe 'digts', and no such configuration: did you mean 'digits'?"),
    (["train", "absent.yaml"], "there is no absent.yaml: give a configuration"),
    (["train", "digits", "--method", "alternate"], "no method is called 'alternate': did you mean 'alternating'?"),
    (["train", "digits", "--data", "mnits"], "there is no data set 'mnits', and no such folder: did you mean 'mnist'?"),
    (["train", "digits", "--set", "sead=3"], "digits has no setting 'sead': did you mean 'seed'?"),
    (["train", "digits", "--samples", "0"], "samples: Input should be greater than 0 (given: 0)"),
    (["train", "digits", "--batch", "3"], "--batch"),
    (
        ["train", "digits", "--device", "abacus", "--samples", "64"],
        "the device 'abacus' can't be used here: take --device cpu",
    ),
    (["train", "mnist", "--data", "digits", "--size", "9"], "9x9 images can't be halved evenly"),
    (["train", "images"], "give their folder with --data FOLDER"),
    (["train", "digits", "--set", "data.limit=1"], "digits comes to one image to learn from: give at least two"),
    (["train"], "RECIPE|CONFIG"),
    (["list", "method"], "there is no kind 'method': did you mean 'methods'?"),
    (["list", "colours"], "there is no kind 'colours'"),
    (["solve", "bilinaer"], "no game is called 'bilinaer': did you mean 'bilinear'?"),
    (["sample", "absent"], "there is no absent: give a run folder"),
    (["report", "absent"], "absent"),
    (["trian"], "trian"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES, ids=[" ".join(a) for a, _ in MISTAKES])
def test_bad_usage_exits_2_with_the_remedy(
    run: Run, arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(*arguments)
    assert said.code == 2
    assert message in said.flat
    assert "Traceback" not in said.err


def test_an_unwritable_place_is_an_error_without_a_traceback(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    said = run("train", "digits", *TINY, "--samples", "32", "--out", tmp_path / "file")
    assert said.code == 2
    assert "is a file: give a folder with --out" in said.flat
    said = run("train", "digits", *TINY, "--samples", "32", "--out", tmp_path / "file" / "below")
    assert said.code == 1
    assert "error:" in said.flat
    assert "Traceback" not in said.err


def test_data_by_every_kind_of_word(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set").mkdir()
    for word, source, path in (
        ("cifar-10", "cifar-10", None),
        ("hf:owner/name", "hf:owner/name", None),
        ("hf:set", f"hf:{tmp_path / 'set'}", None),
        ("./a.npz", "folder", str(tmp_path / "a.npz")),
    ):
        config = yaml.safe_load(run("train", "images", "--data", word, "--dry-run").out)
        assert (config["data"]["source"], config["data"]["path"]) == (source, path)


def test_arrays_in_a_file_are_trained_on(run: Run, tmp_path: Path) -> None:
    import numpy as np

    pixels = np.random.default_rng(0).random((40, 8, 8, 3))
    np.savez(tmp_path / "some.npz", images=pixels)
    said = run("train", "images", "--data", tmp_path / "some.npz", *TINY, "--samples", "64", "--out", tmp_path / "run")
    assert said.code == 0, said.err
    data = json.loads((tmp_path / "run" / "run.json").read_text())["dataset"]
    assert (data["name"], data["images"], data["shape"]) == ("some", 40, [3, 8, 8])


@pytest.mark.slow
def test_changed_data_in_a_folder_of_a_run_is_refused(run: Run, tmp_path: Path) -> None:
    from PIL import Image

    folder, data = tmp_path / "run", tmp_path / "data"
    data.mkdir()
    for level in range(8):
        Image.new("L", (8, 8), 30 * level).save(data / f"{level}.png")
    command = ("train", "images", "--data", data, *TINY, "--out", folder)
    assert run(*command, "--samples", "64").code == 0
    Image.new("L", (8, 8), 255).save(data / "9.png")
    said = run(*command, "--samples", "128")
    assert said.code == 2
    assert "the data changed since this run began (8 images of 1x8x8 then, 9 images of 1x8x8 now)" in said.flat
    for use in (("inspect", folder, "--steps", "2", "--size", "2"), ("evaluate", folder, "--samples", "50")):
        said = run(*use)
        assert said.code == 0, said.err
        assert "note: the data changed since this run began (8 images of 1x8x8 then, 9 images of" in said.flat
    Image.new("RGB", (8, 8), (255, 0, 0)).save(data / "9.png")
    said = run("evaluate", folder, "--samples", "50")
    assert said.code == 2
    assert f"9 images of 3x8x8 now), and the networks do not fit them: restore them, or take {folder}" in said.flat
    (data / "9.png").unlink()
    Image.new("L", (8, 8), 255).save(data / "0.png")
    assert "(8 images of 1x8x8 as before, but others)" in run(*command, "--samples", "128").flat


@pytest.mark.slow
def test_data_that_were_moved_are_the_same(run: Run, tmp_path: Path) -> None:
    from PIL import Image

    folder, here, there = tmp_path / "run", tmp_path / "here", tmp_path / "there"
    here.mkdir()
    for level in range(8):
        Image.new("L", (8, 8), 30 * level).save(here / f"{level}.png")
    command = ("train", "images", *TINY, "--out", folder)
    assert run(*command, "--data", here, "--samples", "64").code == 0
    here.rename(there)
    said = run("evaluate", folder, "--samples", "50")
    assert said.code == 2
    assert f"say whereto with: saddle train {folder}/config.yaml --data PATH --out {folder}" in said.flat
    assert "Nothing to do" in run("train", folder / "config.yaml", "--data", there, "--out", folder).flat
    assert run("evaluate", folder, "--samples", "50").code == 0
    said = run(*command, "--data", there, "--samples", "128")
    assert said.code == 0
    assert "continuing on there" in said.flat
    Image.new("L", (8, 8), 5).save(there / "9.png")
    there.rename(here)
    said = run(*command, "--data", here, "--samples", "192")
    assert said.code == 2
    assert "holds another run (data.path: " in said.flat


@pytest.mark.slow
def test_classes_are_counted_and_a_refused_run_says_first_what_it_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    for name, count in {"ant": 5, "bee": 2, "eel": 1}.items():
        (tmp_path / "data" / name).mkdir(parents=True)
        for level in range(count):
            Image.new("L", (8, 8), 30 * level).save(tmp_path / "data" / name / f"{level}.png")
    command = ("train", "images", "--data", "data", *TINY, "--samples", "32")
    beside = [tmp_path / "data" / f"cover {number}.png" for number in range(8)]
    for path in beside:
        Image.new("L", (8, 8), 9).save(path)
    said = run(*command, "--conditional")
    assert said.code == 2
    note, error = said.flat.index("The 3 sub-folders are no classes, as"), said.flat.index("error: data has no classes")
    assert note < error
    assert not list((tmp_path / "runs").iterdir()), "its name is free for the next one"
    for path in beside[1:]:
        path.unlink()
    said = run(*command)
    assert "Left out 1 images beside the classes' folders: cover 0.png." in said.flat
    assert "3 classes of 1 to 5 images: ant, bee, eel; --conditional makes each on demand" in said.flat
    assert "makes each on demand" not in run(*command, "--conditional").flat


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"saddlepoint {version('saddlepoint')}\n", "a commit between tags has a .dev part"
    everything = run("--help")
    assert everything.code == 0
    assert "saddle train digits" in everything.out
    for name in ("train", "sample", "solve", "report", "list"):
        assert name in everything.out
        said = run(name, "--help")
        assert said.code == 0
        assert "Usage: saddle" in said.out
    for flag in (
        "--data",
        "--method",
        "--samples",
        "--minutes",
        "--batch-size",
        "--seed",
        "--device",
        "--out",
        "--set",
        "--dry-run",
        "--json",
    ):
        assert flag in run("train", "--help").out


def test_everything_is_listed_by_kind(run: Run) -> None:
    said = run("list")
    assert said.code == 0
    for kind in ("recipes", "methods", "losses", "penalties", "networks", "data"):
        assert kind in said.out.split()
        alone = run("list", kind)
        assert alone.code == 0
        assert len(alone.out.splitlines()) >= 3
    for name in ("digits", "extragradient", "relativistic", "r1", "mlp-generator", "fashion-mnist"):
        assert name in said.out.split()


@pytest.mark.slow
def test_a_run_until_convergence_ends_before_its_budget_and_says_what_it_saw(run, tmp_path):
    rule = ("--until", "metric", "--set", "until.window=4", "--set", "every.checkpoint=128")
    still = ("--set", "optimizer.lr=1e-12", "--samples", "100000", "--out", tmp_path / "run")
    command = ("train", "digits", *TINY, *rule, *still, "--json")
    ended = run(*command)
    assert ended.code == 0
    assert ended.json["outcome"] in ("converged", "cycling")
    assert ended.json["samples"] == 4 * 128
    assert "the metric stays at" in ended.json["message"]
    again = run(*command)
    assert again.code == 0
    assert "Nothing to do" in again.flat
    assert again.json["samples"] == 4 * 128


def test_a_run_until_convergence_needs_a_hard_limit(run):
    said = run("train", "digits", "--until", "metric", "--set", "budget.samples=none", "--dry-run")
    assert said.code == 2
    assert "hard limit" in said.flat
