"""The site builds without a warning, holds every public name, and its links lead somewhere."""

import importlib
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from filelock import FileLock

import saddlepoint

ROOT = Path(__file__).parents[1]
PACKAGE = Path(saddlepoint.__file__).parent
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py") if path.parent.name != "cli")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Built once, also where several processes share the tests."""
    pytest.importorskip("sphinx", reason="the extra docs is not installed")
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "site"
    with FileLock(f"{folder}.lock"):
        if not (folder / "html" / "searchindex.js").exists():
            build(folder)
    return folder / "html"


def build(folder: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", str(folder / "trees")]
    done = subprocess.run([*command, str(ROOT / "docs"), str(folder / "html")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


class Links(HTMLParser):
    """Of a page: where it leads, and where it can be led to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids = {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids.add(found.get("id") or "")
        self.targets += [found[key] or "" for key in ("href", "src") if key in found and tag in ("a", "img", "script")]


@pytest.mark.slow
def test_every_link_inside_the_site_leads_somewhere(site: Path) -> None:
    pages = {page.resolve(): Links(page) for page in site.rglob("*.html") if "_modules" not in page.parts}
    broken = []
    for page, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            known = pages.get(there)
            if not there.exists() or (known is not None and unquote(parts.fragment) not in known.ids):
                broken.append(f"{page.name}: {target}")
    assert len(pages) > 40
    assert broken == []


@pytest.mark.slow
def test_the_reference_has_every_public_name(site: Path) -> None:
    described: set[str] = set()
    for page in (site / "reference").glob("*.html"):
        described |= Links(page).ids
    missing = [
        f"saddlepoint.{room}.{name}"
        for room in ROOMS
        for name in importlib.import_module(f"saddlepoint.{room}").__all__
        if f"saddlepoint.{room}.{name}" not in described
    ]
    assert missing == []
    front = (site / "reference" / "index.html").read_text(encoding="utf-8")
    listed = [name for name in saddlepoint.__all__ if name not in ("METHODS", "__version__")]
    assert [name for name in listed if f".{name}" not in front] == []
    assert "METHODS" in front


@pytest.mark.slow
def test_the_search_finds_words_of_pages_and_docstrings(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    read = json.loads(index.removeprefix("Search.setIndex(").rstrip(")"))
    for word in ("extragradi", "vocod", "resum"):  # stems
        assert word in read["terms"]
