"""The documents are true: their Python runs, their commands parse, their links lead somewhere."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer

from saddlepoint.cli.flags import parted
from saddlepoint.cli.main import app
from saddlepoint.cli.training import resolved
from saddlepoint.tasks import EvaluationOptions, recipes, tasks

ROOT = Path(__file__).parents[1]
OUTSIDE = ("README", "CONTRIBUTING", "LOG", "AGENTS", "SECURITY", "THIRD_PARTY_NOTICES")
PAGES = sorted([*(ROOT / f"{name}.md" for name in OUTSIDE), *(ROOT / "docs").rglob("*.md")])
#: Their Python needs what their commands made: tests/test_tutorials.py runs both.
TUTORIALS = ROOT / "docs" / "start"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def blocks(page, language):
    return [body for kind, body in BLOCK.findall(page.read_text(encoding="utf-8")) if kind == language]


def page_id(page):
    return page.relative_to(ROOT).as_posix()


#: Pages of which Python trains for more than a second or two.
TRAINING = ("README", "audio", "enhancement", "series", "tables", "text", "translation", "vocoder")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page_id(page), marks=pytest.mark.slow if page.stem in TRAINING else ())
        for page in PAGES
        if blocks(page, "python") and TUTORIALS not in page.parents
    ],
)
def test_python_runs_as_written(page, tmp_path, monkeypatch):
    """All blocks of a page in order, in one namespace, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "page"}
    for number, body in enumerate(blocks(page, "python")):
        exec(compile(body, f"{page.name}[{number}]", "exec"), namespace)
    assert set(namespace) > {"__name__", "__builtins__"}


def commands(page):
    for body in blocks(page, "sh") + blocks(page, "bash"):
        for line in body.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                if words[:1] == ["saddle"]:
                    yield words


COMMANDS = [(page, words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=lambda x: " ".join(x) if isinstance(x, list) else page_id(x))
def test_commands_parse(page, words, monkeypatch):
    """The command exists and knows every flag; nothing is run."""
    module = importlib.import_module("saddlepoint.cli.main")
    monkeypatch.setattr(module, "check", lambda *_: None)  # runs and data of the documents are not here
    root = typer.main.get_command(app)
    context = root.make_context("saddle", words[1:], resilient_parsing=False) if words[1:2] != ["--version"] else None
    if context is None:
        return
    name, command, rest = root.resolve_command(context, [*context._protected_args, *context.args])
    parsed = command.make_context(name, rest, parent=context)
    assert parsed.info_name == words[1]
    given = parsed.params
    if name == "train" and given["words"][0] in recipes():
        recipe, *flags = given["words"]
        resolved(
            recipe, flags, None, given["sets"] or [], source=given["source"]
        )  # every flag is a setting, and all fit together
    elif flags := given.get("flags") or given.get("words" if name in ("translate", "enhance", "vocode") else "on"):
        kinds = [kind for task in tasks().values() for kind in (task.Options, *(m.Options for m in task.models))]
        options = {key for kind in kinds for key in kind.model_fields}
        assert set(parted(flags, EvaluationOptions)[1]) <= options


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_inside_the_repository_lead_somewhere(page):
    prose = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(prose):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target
