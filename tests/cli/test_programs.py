"""What AGENTS.md tells programs of the command line and of a run's files."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from commands import TINY, Run
from saddlepoint.cli.main import COMMANDS

PAGE = (Path(__file__).parents[2] / "AGENTS.md").read_text(encoding="utf-8")


def keys(json_like: str) -> set[str]:
    return set(re.findall(r'"(\w+)":', json_like))


def block(after: str) -> str:
    """The first indented block behind a text of the page."""
    return re.search(r"\n\n((?:    .*\n)+)", PAGE[PAGE.index(after) :])[1]  # type: ignore[index]


def test_commands_that_are_said_to_have_json_have_it_and_no_others():
    said = re.search(r"the last one\. (.*?) have it", PAGE.replace("\n  ", " "))[1]  # type: ignore[index]
    with_json = {name for name, entry in COMMANDS.items() if "--json" in str([p.opts for p in entry.load(name).params])}
    assert set(re.findall(r"`(\w+)`", said)) == with_json


def test_status_says_what_the_page_says(run: Run, trained: Path):
    said = run("status", trained, "--json")
    assert (said.code, len(said.out.splitlines())) == (0, 1)
    verdict = said.json["verdicts"][0]
    assert set(said.json) | set(verdict) == keys(block("`status --json` reads the folder alone"))
    assert said.json["state"] == "ended"
    assert {v["question"] for v in said.json["verdicts"]} == {"game", "result", "done"}


def test_the_files_of_a_run_are_those_of_the_page(trained: Path):
    table = PAGE[PAGE.index("## A run's files") : PAGE.index("Write to none of them")]
    named = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    assert [name for name in named if not (trained / name).exists()] == ["notes.json", "evaluation.json"]
    identity = json.loads((trained / "run.json").read_text())
    row = next(line for line in table.splitlines() if "`run.json`" in line)
    for key in ("dataset", "state", "outcome", "metrics", "measures", "citations"):
        assert f"`{key}`" in row
        assert key in identity
    records = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    assert set(re.findall(r"`(\w+)`", next(x for x in table.splitlines() if "`metrics.jsonl`" in x))[1:]) <= set(
        records[-1]
    )


def test_a_training_that_is_over_ends_with_0_and_the_json_of_the_page(run: Run, trained: Path, tmp_path: Path):
    folder = shutil.copytree(trained, tmp_path / "run")
    said = run("train", "digits", *TINY, "--samples", "320", "--out", folder, "--json")
    assert (said.code, len(said.out.splitlines())) == (0, 1)
    assert set(said.json) == keys(block("`train --json` ends with")) - {"frechet_texture"}
    assert said.json["outcome"] == "stopped"


def test_a_run_that_fails_ends_with_1_and_says_why_on_stdout(run: Run, tmp_path: Path):
    said = run(
        *("train", "digits", *TINY, "--samples", "640", "--out", tmp_path / "run", "--json"),
        *("--set", "optimizer.name=SGD", "--set", "optimizer.lr=1e9"),
    )
    assert said.code == 1
    assert said.json["outcome"] in ("non-finite", "diverged")
    assert said.json["message"]


@pytest.mark.parametrize("wrong", [["--set", "nonsense=3"], ["--data", "nowhere"], ["--samples", "many"]])
def test_usage_that_is_wrong_ends_with_2_and_leaves_stdout_empty(run: Run, tmp_path: Path, wrong: list[str]):
    said = run("train", "images", *wrong, "--out", tmp_path / "run", "--json")
    assert (said.code, said.out) == (2, "")
    assert said.err


def test_a_dry_run_is_yaml_on_stdout_and_trains_nothing(run: Run, tmp_path: Path):
    said = run("train", "digits", *TINY, "--out", tmp_path / "run", "--dry-run")
    assert said.code == 0
    assert yaml.safe_load(said.out)["recipe"] == "digits"
    assert not (tmp_path / "run").exists()


def test_samples_print_nothing_on_stdout(run: Run, trained: Path, tmp_path: Path):
    said = run("sample", trained, "-n", 2, "--out", tmp_path / "grid.png")
    assert (said.code, said.out) == (0, "")
