"""The documents are true: their Python runs, their commands parse, their links lead somewhere."""

import ast
import importlib
import re
import shlex
from functools import cache
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
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
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


def spans(page):
    """Code in the sentences and tables of a page."""
    return SPAN.findall(BLOCK.sub("", page.read_text(encoding="utf-8")).replace("\\|", "|"))


def commands(page):
    for body in blocks(page, "sh") + blocks(page, "bash"):
        for line in body.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                if words[:1] == ["saddle"]:
                    yield words


#: Each once, however many pages have it.
COMMANDS = [*{tuple(words): (page, words) for page in reversed(PAGES) for words in commands(page)}.values()]


@cache
def commanded():
    return typer.main.get_command(app)


@pytest.fixture
def parse(monkeypatch):
    """Raises where a command does not exist, or does not know a flag, recipe or setting; nothing is run."""
    module = importlib.import_module("saddlepoint.cli.main")
    monkeypatch.setattr(module, "check", lambda *_: None)  # runs and data of the documents are not here
    root = commanded()

    def parsed_as(words):
        context = root.make_context("saddle", words[1:], resilient_parsing=False)
        name, command, rest = root.resolve_command(context, [*context._protected_args, *context.args])
        given = command.make_context(name, rest, parent=context).params
        if name == "train" and given["words"][:1] and given["words"][0] in recipes():
            recipe, *flags = given["words"]
            # Every flag is a setting, and all fit together.
            resolved(recipe, flags, None, given["sets"] or [], source=given["source"])
        elif flags := given.get("flags") or given.get("words" if name in ("translate", "enhance", "vocode") else "on"):
            kinds = [kind for task in tasks().values() for kind in (task.Options, *(m.Options for m in task.models))]
            options = {key for kind in kinds for key in kind.model_fields}
            assert set(parted(flags, EvaluationOptions)[1]) <= options
        return name

    return parsed_as


@pytest.mark.parametrize(("page", "words"), COMMANDS, ids=lambda x: " ".join(x) if isinstance(x, list) else page_id(x))
def test_commands_parse(page, words, parse):
    if words[1:2] != ["--version"]:
        assert parse(words) == words[1]


def options_of(script):
    """What a script's parser knows, read off its source."""
    calls = [node for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    added = [call.args for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"]
    return {arg.value for args in added for arg in args if isinstance(arg, ast.Constant)}


#: What docs/speed.md times how quickly it is refused, and what only prints.
REFUSED = ("trian", "nonsense=1", "altern", "--help", "--version")


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_what_is_typed_is_whole_and_there(page, parse):
    """Also in sentences: nothing is left out of a command, and scripts, tests, their flags and recipes exist."""
    in_blocks = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    typed = re.compile(r"([A-Z_]+=\S+ |nice -n \d+ )?(python|torchrun|pytest|bench/\w+\.py)")
    for line in [*in_blocks, *spans(page)]:
        is_saddle = line.startswith("saddle ")
        if not is_saddle and not typed.match(line):
            continue
        assert "…" not in line or line in in_blocks, line  # files of a user's own may stand so
        assert "[--" not in line, line
        words = shlex.split(line, comments=True)
        # A sentence on a command need not give its RUN. Whole ones in blocks are parsed above.
        if is_saddle and len(words) > 2 and line not in in_blocks and not set(words) & set(REFUSED):
            assert parse(words) in words, line
        for place, word in enumerate(words):
            if re.fullmatch(r"(bench|tests|docs)/.*", word):
                assert (ROOT / word).exists(), line
            if re.fullmatch(r"bench/.*\.py", word):
                flags = {each.partition("=")[0] for each in words[place + 1 :] if each.startswith("--")}
                assert flags <= {"--help", *options_of(ROOT / word)}, line


#: Of a table of figures at least half of the rows have a number with digits behind a point, or a spread.
FIGURE = re.compile(r"(?<![\d.])\d{0,3}\.\d+| ± ")
MEASURES = re.compile(
    r"python bench/|pytest |torchrun |uv pip |saddle (train|compare|solve|map|tune|evaluate|runs|inspect)"
)


def sections(page):
    text = BLOCK.sub(lambda block: re.sub("^#", " #", block[2], flags=re.MULTILINE), page.read_text(encoding="utf-8"))
    return re.split(r"^(?=#+ )", text, flags=re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "THIRD_PARTY_NOTICES"], ids=page_id)
def test_figures_have_a_command(page):
    """A section with a table of figures says how to get them; in LOG.md any figure counts, and a link will do."""
    for section in sections(page):
        assert not re.search(r"scripts?\s[^.]*not kept", section), "nobody can repeat: " + section[:60]
        tables = [table.splitlines()[2:] for table in re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)]
        figures = any(2 * sum(bool(FIGURE.search(SPAN.sub("", row))) for row in rows) >= len(rows) for rows in tables)
        if page.stem == "LOG":
            figures = bool(FIGURE.search(section.partition("\n")[2])) and "](docs/" not in section
        assert not figures or MEASURES.search(section), section[:60]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_inside_the_repository_lead_somewhere(page):
    prose = BLOCK.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(prose):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target


def test_what_is_measured_again_stands_on_the_pages(monkeypatch):
    """bench/claims.py reads what is claimed off the pages: it refuses where a row or a sentence is gone."""
    monkeypatch.syspath_prepend(ROOT / "bench")
    claims = importlib.import_module("claims")
    found = {**claims.CLAIMS, **claims.of_data(Path("sets"))}
    assert len(found) > 300
    assert all(float(claim.claimed) == float(claims.number(claim.claimed)) for claim in found.values())
