"""A run that watches itself: what is found at every record, what is done about it, and that it stays exact."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import saddlepoint as sp
from commands import Run
from processes import Saddle, saddle
from saddlepoint.report import Finding, evidence_of, status_of
from saddlepoint.report.verdicts import Evidence
from saddlepoint.runs import intervening
from saddlepoint.storage import read_records

#: Digits of 8x8 by tiny networks; with TOO_FAST the game breaks within two hundred steps.
TINY: dict[str, object] = {
    "data.size": 8,
    "latent.size": 6,
    "conditional": False,
    "generator.network": {"name": "mlp-generator", "widths": [16]},
    "discriminator.network": {"name": "mlp-discriminator", "widths": [16]},
    "batch_size": 16,
    "score.samples": 128,
    "every.record": 160,
    "every.checkpoint": 320,
    "every.snapshot": 100_000,
    "plan.keep": True,
}
TOO_FAST = {**TINY, "optimizer.lr": 3.0}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rehearsals of few steps."""
    monkeypatch.setattr(intervening, "REHEARSED", 40)


def trained(out: Path, settings: dict[str, object], policy: str, samples: int = 6400) -> sp.Run:
    settings = {**settings, "on_trouble": policy}
    return sp.train("digits", samples=samples, out=out, settings=settings, device="cpu", progress=False)


def test_every_record_says_what_was_found(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", TINY, "warn", 3200)
    records = run.history
    assert all(set(record["verdicts"]) == {"game", "result", "done"} for record in records)
    assert all(level in ("good", "watch", "bad") for record in records for level in record["verdicts"].values())
    early = [record for record in records if record["steps"] < 100]
    assert early
    assert not any("troubles" in record for record in early)
    assert records[-1]["troubles"] == []


@pytest.mark.slow
def test_a_run_in_trouble_ends_where_it_is_to_end_and_says_so(tmp_path: Path) -> None:
    run = trained(tmp_path / "stop", TOO_FAST, "stop")
    assert run.result is not None
    assert run.result.trouble is not None
    assert run.result.exit_code == 1
    assert run.result.progress.samples < 6400
    first, second = [set(record["troubles"]) for record in run.history if record.get("troubles")][:2]
    assert run.result.trouble.name in first & second
    with pytest.raises(RuntimeError, match="ended before"):
        trained(tmp_path / "stop", TOO_FAST, "stop")
    assert trained(tmp_path / "stop", TOO_FAST, "ignore").result.progress.samples >= 6400  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_a_run_that_goes_back_is_well_again_and_tells_what_was_tried(tmp_path: Path) -> None:
    lost = trained(tmp_path / "lost", TOO_FAST, "ignore")
    run = trained(tmp_path / "back", TOO_FAST, "rollback")
    assert run.outcome == "stopped"
    assert run.metrics["pixel_frechet"].value < 0.5 * lost.metrics["pixel_frechet"].value
    (change, *_) = changes = intervening.interventions_of(run.storage)
    assert 1 <= len(changes) <= intervening.INTERVENTIONS
    assert all(one.undone for one in changes)
    assert change.to < change.at
    assert all(record["seconds"] >= changes[-1].seconds for record in run.history if record["samples"] > changes[-1].to)
    assert change.seconds > 0  # what was taken away was spent
    assert intervening.UNCHANGED in change.tried
    tried = {name: value for name, value in change.tried.items() if name != intervening.UNCHANGED and value is not None}
    assert " ".join(change.settings) == min(tried, key=lambda name: tried[name])
    page = (run.path / "report.html").read_text()
    assert "Changed at" in page
    assert "optimizer.lr=0.001 (here" not in page  # what was undone already
    positions = [record["samples"] for record in run.history]
    assert positions == sorted(set(positions))
    config = intervening.with_interventions(run.config, changes)
    assert run.config.same_run(run.config)
    assert not config.same_run(run.config)


@pytest.mark.slow
@pytest.mark.usefixtures("short")
def test_settings_that_adapt_change_where_the_run_is(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", TOO_FAST, "adapt")
    changes = intervening.interventions_of(run.storage)
    assert changes
    newest = [record["samples"] for record in run.history]
    assert all(one.to > 0 and one.at - one.to <= 320 for one in changes)
    assert newest == sorted(set(newest))


@pytest.mark.slow
def test_nothing_but_rates_and_weights_is_changed_by_a_folder_s_word(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", TINY, "warn", 320)
    told = {"at": 320, "to": 160, "why": "x", "tried": {}, "seconds": 1.0, "undone": True}
    run.storage.write_identity(interventions=[{**told, "settings": ["data.path=/etc/passwd"]}])
    assert intervening.interventions_of(run.storage) == []
    for setting in ("batch_size=8", "method=simultaneous", "method.counts=900,1", "augmentation.strength=3"):
        run.storage.write_identity(interventions=[{**told, "settings": [setting]}])
        with pytest.raises(ValueError, match="no run makes"):
            trained(tmp_path / "run", TINY, "warn", 640)
    run.storage.write_identity(interventions=[{**told, "settings": ["optimizer.lr=1e-4"], "to": "no number"}])
    assert intervening.interventions_of(run.storage) == []


@pytest.mark.parametrize("settings", [["method.counts=2,1"], ["method=extragradient"]])
def test_a_run_goes_on_from_its_checkpoint_with_other_moves_or_another_method(
    tmp_path: Path, settings: list[str]
) -> None:
    run = trained(tmp_path / "run", TINY, "warn", 320)
    change = {"at": 320, "to": 320, "why": "x", "tried": {settings[0]: 1.0}, "settings": settings}
    run.storage.write_identity(interventions=[{**change, "seconds": 1.0, "undone": True}])
    assert sp.load(run.path).played.method != run.config.method
    before = run.history[-1]["evaluations"]
    gone_on = trained(run.path, TINY, "warn", 640)
    assert gone_on.result is not None
    assert gone_on.result.progress.samples >= 640
    assert gone_on.history[-1]["evaluations"] - before != before  # of as many samples by other moves


def test_candidates_turn_every_dial_and_only_within_bounds(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", TINY, "warn", 160)
    matter = [Finding("bad", name, "", name=name) for name in ("discriminator-wins", "collapse")]
    everything = intervening.candidates(Evidence(**evidence_of(run.path)), run.config, matter)
    live = intervening._live(run.config, everything)
    for dial in ("optimizer.lr=0.00025", "penalties.r1.weight=10", "method.counts=2,1", "method=extragradient"):
        assert any(dial in name for name in live), dial
    assert "augmentation.kind=diffaugment augmentation.strength=0.5" in live
    assert "batch_size=64" in set(everything) - set(live)  # no run goes on in another one
    assert intervening._live(run.config, {"far": ("optimizer.lr=1e-6",), "size": ("batch_size=8",)}) == {}


def test_advice_is_rehearsed_and_what_measured_best_is_named_first(run: Run, tmp_path: Path) -> None:
    lost = trained(tmp_path / "run", TOO_FAST, "ignore", 3200)
    [told] = [f for f in lost.findings() if "--advice" in f.advice]
    assert f"saddle fork {lost.path} --advice" in told.advice
    said = run("fork", lost.path, "--advice", "--samples", "480", "--json")
    assert said.code == 0, said.err
    tried, best = said.json["tried"], said.json["best"]
    assert said.json["steps"] == 30
    assert best == min((name for name in tried if tried[name] is not None), key=lambda name: tried[name])
    assert "optimizer.lr=0.001" in best
    assert "the best: saddle train" in said.flat
    first = next(f for f in lost.findings() if f.commands)
    assert "Rehearsed for 30 steps" in first.advice
    assert f"--set {best.split()[0]}" in first.commands[0]
    assert "Rehearsed for 30 steps" in (lost.path / "report.html").read_text()
    assert not any("--advice" in f.advice for f in lost.findings())
    assert run("fork", lost.path, "--advice", "--set", "lr=1").code == 2
    lost.storage.write_identity(samples=9999)  # gone on with since
    assert not any("Rehearsed" in f.advice for f in sp.load(lost.path).findings())


WORDS = [
    *("train", "digits", "--device", "cpu", "--samples", "6400", "--on-trouble", "rollback"),
    *(word for key, value in TOO_FAST.items() for word in ("--set", f"{key}={json.dumps(value)}")),
]


@pytest.mark.slow
def test_a_run_killed_while_it_is_mended_ends_as_if_it_was_not(tmp_path: Path) -> None:
    code, text = saddle([*WORDS, "--out", str(tmp_path / "whole")], tmp_path / "log")
    assert code == 0, text
    for moment in ("rehearsal", "between", "after"):
        killed_at(moment, tmp_path / moment, tmp_path / "whole")


def killed_at(moment: str, run: Path, whole: Path) -> None:
    """A run that is killed at a moment of its mending and goes on comes to the same as a whole one."""
    log = run.with_suffix(".log")
    process = Saddle([*WORDS, "--out", str(run)], log)

    def there() -> bool:
        identity = json.loads((run / "run.json").read_text()) if (run / "run.json").exists() else {}
        changes = identity.get("interventions", [])
        if moment == "rehearsal":
            return any(record.get("troubles") for record in read_records(run / "metrics.jsonl"))
        return bool(changes) and (moment == "between" or changes[0]["undone"])

    while process.running and not there():
        time.sleep(0.01)
    process.signal(9)
    process.wait()
    code, text = saddle([*WORDS, "--out", str(run)], log)
    assert code == 0, text
    for file in ("generator/generator.safetensors", "config.yaml"):
        assert (run / file).read_bytes() == (whole / file).read_bytes(), f"{moment}: {file}"

    def told(folder: Path) -> Any:
        records = [{k: v for k, v in r.items() if k != "seconds"} for r in read_records(folder / "metrics.jsonl")]
        changes = json.loads((folder / "run.json").read_text())["interventions"]
        return records, [{k: v for k, v in change.items() if k != "seconds"} for change in changes]

    assert told(run) == told(whole), moment


@pytest.mark.slow
def test_status_tells_of_the_folder_alone(run: Run, tmp_path: Path) -> None:
    trained(tmp_path / "run", TINY, "warn", 640)
    said = run("status", tmp_path / "run", "--json")
    assert said.code == 0
    assert said.json["state"] == "ended"
    assert said.json["samples"] == said.json["of"] == 640
    assert [one["question"] for one in said.json["verdicts"]] == ["game", "result", "done"]
    assert "640 samples of 640, 100%" in said.flat
    with (found := sp.load(tmp_path / "run")).storage.held():
        # Held by this process, which is another one than the lock asks for.
        assert status_of(found.path)["state"] == "running"
    identity = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/run.json").write_text(json.dumps({**identity, "state": "running"}))
    assert status_of(tmp_path / "run")["state"] == "interrupted"
    nothing = run("status", tmp_path)
    assert nothing.code == 2
    assert "holds no run" in nothing.flat


@pytest.mark.slow
def test_a_command_is_run_where_an_answer_changes(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "told.py"
    script.write_text(
        f"import os, sys\nwith open({str(tmp_path / 'told')!r}, 'a') as f:\n"
        "    f.write(os.environ['SADDLE_QUESTION'] + ' ' + os.environ['SADDLE_LEVEL'] + ' ' + sys.stdin.read())\n"
    )
    words = [word for word in WORDS if word not in ("--on-trouble", "rollback")]
    said = run(*words, "--on-trouble", "stop", "--notify", f"{sys.executable} {script}", "--out", tmp_path / "run")
    assert said.code == 1
    patience = time.monotonic() + 60
    while not (tmp_path / "told").exists() or "game bad" not in (tmp_path / "told").read_text():
        assert time.monotonic() < patience, "waited in vain"
        time.sleep(0.05)
    assert "game bad" in (tmp_path / "told").read_text()
