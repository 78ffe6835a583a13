"""The pages "from zero to your own data" run as they stand: Python and commands, in their order."""

import re
import shlex
from pathlib import Path

import pytest

from commands import Run

PAGES = sorted(page for page in (Path(__file__).parents[1] / "docs" / "start").glob("*.md") if page.stem != "index")
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_runs_as_it_stands(page: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "tutorial"}
    done = 0
    for language, body in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            exec(compile(body, page.name, "exec"), namespace)
            continue
        for line in body.splitlines():
            program, *words = shlex.split(line, comments=True)
            said = run(*words)
            assert (program, said.code) == ("saddle", 0), f"{line}\n{said.err}"
            done += 1
    assert done >= 3
