"""What is released says the same in all places."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: Extras of developers, whose tools are not held to their oldest.
TOOLS = ("dev", "docs")


def lower_bounds() -> dict[str, str]:
    """The oldest version of each dependency that users can have, by its name."""
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *(r for name in extras if name not in TOOLS for r in extras[name])]
    found = [re.match(r"([\w.-]+)(?:\[.*\])?(?:>=|==)([\w.]+)", r) for r in asked if not r.startswith("saddlepoint[")]
    assert None not in found
    return {match[1]: match[2] for match in found if match}


def test_the_oldest_dependencies_that_are_tested_are_the_lower_bounds():
    lines = (ROOT / "constraints" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    held = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert held == lower_bounds()


def test_the_readme_on_the_package_index_has_whole_addresses():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for rule in PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"], text)
    blocks = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    targets = re.findall(r"\]\(([^)]+)\)", blocks.sub("", text))
    assert len(targets) > 10
    assert [target for target in targets if not target.startswith("https://")] == []
    written = (ROOT / "README.md").read_text(encoding="utf-8")
    assert blocks.findall(text) == blocks.findall(written)  # code is no link


def test_the_address_of_the_project_is_one():
    home = PROJECT["project"]["urls"]["Repository"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["repository-code"] == home
    for file in (ROOT / ".github").rglob("*.yml"):
        assert yaml.safe_load(file.read_text(encoding="utf-8"))
        for owner in re.findall(r"https://github\.com/([\w-]+/[\w-]+)", file.read_text(encoding="utf-8")):
            assert home.endswith(owner)


def test_every_weight_that_ships_has_a_notice():
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    weights = sorted(path.name for path in (ROOT / "src").rglob("*.safetensors"))
    assert weights == ["digits.safetensors", "fashion.safetensors", "spoken.safetensors"]
    assert [name for name in weights if f"`{name}`" not in notices] == []
