"""The house: imports point down the table only, and no room is a junk room."""

import ast
from pathlib import Path

import pytest

import saddlepoint

ROOT = Path(saddlepoint.__file__).parent

#: What each folder may import of ours, and of the world. `*` is anything.
ARROWS = {
    "core": (set(), {"torch"}),
    "storage": (set(), {"numpy", "yaml", "filelock"}),
    # A report reads it without torch, and training writes it: so it lies below both.
    "measures": (set(), set()),
    "configuration": (set(), {"pydantic", "yaml"}),
    "losses": (set(), {"torch"}),
    "penalties": (set(), {"torch"}),
    "networks": (set(), {"torch"}),
    "augment": (set(), {"torch"}),
    "signals": (set(), {"torch"}),
    "autoencoders": ({"core", "losses", "networks"}, {"torch", "sklearn"}),
    "methods": ({"core"}, {"torch"}),
    "games": ({"core"}, {"torch"}),
    "dynamics": ({"core", "methods"}, {"torch"}),
    "data": (
        {"core"},
        {
            *("torch", "numpy", "PIL", "scipy", "sklearn", "pooch", "requests", "filelock"),
            *("h5py", "datasets", "pandas", "pyarrow", "soundfile", "tokenizers"),
        },
    ),
    # Sounds are compared in the spectra that signals has.
    "metrics": ({"signals"}, {"torch", "numpy", "scipy", "sklearn"}),
    "extractors": ({"signals"}, {"torch", "safetensors", "pooch", "torch_fidelity", "timm"}),
    "train": ({"core", "storage", "configuration", "measures"}, {"torch", "safetensors", "pydantic"}),
    "tasks": (
        {
            "augment",
            "autoencoders",
            "core",
            "data",
            "extractors",
            "losses",
            "penalties",
            "networks",
            "metrics",
            "games",
            "storage",
            "configuration",
            "measures",
            "signals",
        },
        {"torch", "numpy", "PIL", "safetensors", "yaml"},
    ),
    "evaluation": (
        {"configuration", "core", "data", "extractors", "measures", "metrics", "tasks"},
        {"torch", "numpy"},
    ),
    "recipes": (
        {
            "augment",
            "autoencoders",
            "core",
            "configuration",
            "data",
            "dynamics",
            "extractors",
            "games",
            "losses",
            "methods",
            "networks",
            "penalties",
            "storage",
            "signals",
            "tasks",
            "train",
        },
        {"torch", "numpy", "pydantic"},
    ),
    "comparison": (
        {
            "core",
            "configuration",
            "data",
            "extractors",
            "games",
            "measures",
            "methods",
            "metrics",
            "recipes",
            "storage",
            "tasks",
            "train",
        },
        {"torch", "numpy", "pydantic"},
    ),
    "report": ({"storage", "measures"}, {"numpy", "matplotlib", "PIL", "jinja2", "yaml", "markupsafe"}),
    "cli": ({"*"}, {"*"}),
}
FORBIDDEN = {"utils", "helpers", "common", "misc"}


def imports_of(path):
    """Full names of the modules that a file imports, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module


FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_down(path):
    import sys

    room = path.relative_to(ROOT).parts[0]
    ours, world = ARROWS[room]
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "saddlepoint":
            target = parts[1] if len(parts) > 1 else ""
            assert "*" in ours or target in {room, *ours}, f"{room} may not import {name}"
        elif parts[0] not in sys.stdlib_module_names:
            assert "*" in world or parts[0] in world, f"{room} may not import {name}"


def test_every_folder_is_in_the_table():
    folders = {path.relative_to(ROOT).parts[0] for path in FILES}
    assert folders == set(ARROWS)


def test_no_module_is_a_junk_room():
    names = {part for path in FILES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not names & FORBIDDEN


def test_users_type_checkers_are_told_of_our_types():
    assert (ROOT / "py.typed").is_file()


def test_everything_that_the_package_offers_exists():
    for name in saddlepoint.__all__:
        assert getattr(saddlepoint, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        saddlepoint.Nothing  # noqa: B018
