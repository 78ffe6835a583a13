"""The page stands alone, says what the folder says, and comes out of any folder that `saddle train` leaves."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from made_up_run import CONFIG, healthy, write_run
from PIL import Image

from saddlepoint.report import write_curves, write_report
from saddlepoint.report.page import SNAPSHOTS, evenly


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a healthy run that has ended, for tests that only read it."""
    return write_report(write_run(tmp_path_factory.mktemp("runs") / "digits"))


RUNNING = {"state": "running", "outcome": "running", "ended": None}


class Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_is_complete(written: Path) -> None:
    text, run_folder = Page(written).text, written.parent
    assert written.name == "report.html"
    for part in (
        "digits",
        "The budget of 300,000 samples is spent.",
        "2 min 14 s",
        "Is the game sound?",
        "Is the result good?",
        "Is it done?",
        "pixel_frechet",
        f"saddle sample {run_folder} -n 64 --seed 7 --out grid.png",
        f"saddle train {run_folder}/config.yaml --out {run_folder} --samples 600064",
        "saddle train digits --out 'runs/my digits'",
        "b3f1a96c0d24",
        "25: the 0, the 1, ",
        "the 19, …",
        "3 duplicates kept",
        "2.9.1",
        "mescheder2018",
        "412,353",
    ):
        assert part in text
    (configuration,) = [t for t in re.findall(r"<pre[^>]*>(.*?)</pre>", written.read_text(), re.S) if "recipe" in t]
    assert yaml.safe_load(re.sub(r"<[^>]+>", "", configuration)) == CONFIG


def test_the_page_loads_nothing(written: Path) -> None:
    page = Page(written)
    for _, attributes in page.tags:
        for key in ("src", "srcset", "href", "action", "data", "poster"):
            if key in attributes:
                assert str(attributes[key]).startswith("data:")
    assert not page.all("link")
    assert "url(" not in written.read_text()


def test_every_picture_says_what_it_shows_and_every_control_has_a_name(written: Path) -> None:
    page = Page(written)
    assert all(image["alt"] for image in page.all("img"))
    assert all(control.get("aria-label") for control in page.all("input") + page.all("button"))


def test_all_snapshots_are_shown_without_a_script(written: Path) -> None:
    labels = [image["data-label"] for image in Page(written).all("img") if "data-label" in image]
    found = sorted(int(path.stem) for path in (written.parent / "samples").glob("*.png"))
    assert labels == [f"{seen:,} samples" for seen in found]


def test_many_large_snapshots_stay_few_and_small(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", snapshots=0)
    for i in range(30):
        Image.effect_noise((288, 288), 90).convert("RGB").save(folder / "samples" / f"{i * 1000:012d}.png")
    path = write_report(folder)
    labels = [image["data-label"] for image in Page(path).all("img") if "data-label" in image]
    assert len(labels) == SNAPSHOTS
    assert (labels[0], labels[-1]) == ("0 samples", "29,000 samples")
    assert path.stat().st_size < 3_000_000


@pytest.mark.parametrize(("count", "wanted"), [(1, 24), (24, 24), (25, 24), (1000, 24)])
def test_evenly_spaced_places_hold_both_ends(count: int, wanted: int) -> None:
    places = evenly(count, wanted)
    assert (places[0], places[-1], len(places)) == (0, count - 1, min(count, wanted))


def test_hostile_names_are_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    records = healthy(20)
    records[-1]["metrics"] = {evil: 1.0}
    records[-1]["monitors"][evil] = 2.0
    records[-1]["losses"]["$\\frac{"] = 1.0
    identity = {
        "name": evil,
        "recipe": evil,
        "message": evil,
        "command": ["saddle", evil],
        "dataset": {"name": evil, "notes": [evil], "classes": [evil]},
        "citations": [evil],
        "versions": {evil: evil},
        "outcome": evil,
    }
    folder = write_run(tmp_path / "run", records, identity=identity)
    (folder / "config.yaml").write_text(yaml.safe_dump({evil: evil, "deep": {evil: [evil]}}))
    page = Page(write_report(folder))
    assert len(page.all("script")) == 1
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert page.text.count("alert(1)") >= 8
    write_curves(folder)


def test_a_torn_last_record_is_passed_over(run_folder: Path) -> None:
    whole = write_report(run_folder).read_text()
    records = run_folder / "metrics.jsonl"
    records.write_text(records.read_text() + '{"samples": 400000, "losses": {"gener')
    assert Page(write_report(run_folder)).text == _text_of(whole, run_folder)


def _text_of(html: str, folder: Path) -> str:
    (folder / "before.html").write_text(html)
    return Page(folder / "before.html").text


@pytest.mark.parametrize("count", [0, 1])
def test_a_run_that_goes_on_has_a_page(tmp_path: Path, count: int) -> None:
    folder = write_run(tmp_path / "run", healthy(count), snapshots=min(count, 1), identity=RUNNING)
    identity = json.loads((folder / "run.json").read_text())
    for key in ("samples", "steps", "evaluations", "seconds", "metrics", "citations", "parameters"):
        del identity[key]
    (folder / "run.json").write_text(json.dumps(identity))
    assert "had not ended" in Page(write_report(folder)).text
    assert write_curves(folder) == folder / "curves.png"


@pytest.mark.parametrize("missing", ["run.json", "config.yaml", "metrics.jsonl", "samples"])
def test_a_folder_that_lacks_something_has_a_page(run_folder: Path, missing: str) -> None:
    (run_folder / missing).rename(run_folder.parent / missing)
    assert "How to repeat this" in Page(write_report(run_folder)).text
    assert write_curves(run_folder).read_bytes().startswith(b"\x89PNG")


def test_damaged_files_are_passed_over_and_said(run_folder: Path) -> None:
    (run_folder / "run.json").write_text("{")
    (run_folder / "config.yaml").write_bytes(b"a: [\xff")
    newest = max((run_folder / "samples").iterdir())
    newest.write_bytes(newest.read_bytes()[:200])
    (run_folder / "samples" / "notes.png").write_bytes(b"")
    assert "1 snapshot could not be read" in Page(write_report(run_folder)).text


def test_writing_again_replaces_the_page_and_leaves_nothing_else(run_folder: Path) -> None:
    before = {path.name for path in run_folder.iterdir()}
    for _ in range(2):
        write_report(run_folder)
        write_curves(run_folder)
    assert {path.name for path in run_folder.iterdir()} == before | {"report.html", "curves.png"}


@pytest.mark.parametrize("write", [write_report, write_curves])
def test_what_is_no_run_folder_is_named_with_the_remedy(tmp_path: Path, write: object) -> None:
    assert callable(write)
    with pytest.raises(ValueError, match=r"there is no run folder .*saddle train"):
        write(tmp_path / "nothing")
    with pytest.raises(ValueError, match=r"is no run folder.*saddle train"):
        write(tmp_path)
    (tmp_path / "metrics.jsonl").write_text("")
    (tmp_path / "config.yaml").mkdir()
    with pytest.raises(ValueError, match=r"can't be read"):
        write(tmp_path)
