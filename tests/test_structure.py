"""The house: imports point down the table only, and no room is a junk room."""

import ast
import sys
from pathlib import Path

import pytest

import saddlepoint
from saddlepoint.tasks import registry

ROOT = Path(saddlepoint.__file__).parent

#: What each room may import of ours, and of the world. `*` is anything. A task's folder may import what TASK_ROOM says.
ARROWS = {
    "core": (set(), {"torch"}),
    "storage": ({"configuration", "disk"}, {"yaml", "filelock"}),
    # A report reads it without torch, and training writes it: so it lies below both.
    "measures": (set(), set()),
    "configuration": (set(), {"pydantic", "yaml"}),
    "marks": ({"configuration", "storage"}, {"c2pa", "cryptography", "pyarrow"}),
    "losses": (set(), {"torch"}),
    "penalties": (set(), {"torch"}),
    "networks": (set(), {"torch"}),
    "augment": (set(), {"torch"}),
    "signals": (set(), {"torch"}),
    "autoencoders": ({"losses", "networks"}, {"torch", "sklearn"}),
    "methods": ({"core"}, {"torch"}),
    "games": ({"core"}, {"torch"}),
    "dynamics": ({"core", "methods"}, {"torch"}),
    "data": (
        {"cache", "core", "disk"},
        {
            *("torch", "numpy", "PIL", "scipy", "sklearn", "pooch", "filelock"),
            *(
                "babel",
                "faker",
                "fsspec",
                "h5py",
                "datasets",
                "imageio_ffmpeg",
                "pandas",
                "pyarrow",
                "soundfile",
                "sqlalchemy",
            ),
        },
    ),
    # Sounds are compared in the spectra that signals has.
    "metrics": ({"signals"}, {"torch", "numpy", "scipy", "sklearn"}),
    "extractors": ({"cache", "disk", "signals"}, {"torch", "safetensors", "pooch", "torch_fidelity", "timm"}),
    "engine": ({"core"}, {"torch"}),
    "training": ({"configuration", "core", "engine", "measures", "storage"}, {"torch", "safetensors", "pydantic"}),
    "tracking": ({"configuration", "storage", "training"}, {"torch", "numpy", "PIL", "trackio", "wandb", "mlflow"}),
    "components": (
        {
            *("augment", "autoencoders", "configuration", "core", "data", "extractors", "games", "losses", "methods"),
            *("networks", "penalties", "training"),
        },
        {"torch", "pydantic"},
    ),
    "evaluation": ({"configuration", "core", "data", "extractors", "measures", "metrics"}, {"torch", "numpy"}),
    "tasks": (
        {
            *("autoencoders", "components", "configuration", "core", "data", "disk", "evaluation", "marks", "measures"),
            *("networks", "storage", "training"),
        },
        {"torch", "numpy", "PIL", "safetensors", "yaml", "pydantic"},
    ),
    "report": ({"cache", "storage", "measures"}, {"numpy", "matplotlib", "PIL", "jinja2", "yaml", "markupsafe"}),
    "runs": (
        {
            *("cache", "components", "configuration", "core", "data", "disk", "dynamics", "evaluation", "marks"),
            *(
                "measures",
                "methods",
                "networks",
                "penalties",
                "report",
                "storage",
                "tasks",
                "terminal",
                "tracking",
                "training",
            ),
        },
        {"torch", "numpy", "rich", "onnxruntime", "onnxscript", "cryptography", "huggingface_hub"},
    ),
    "comparison": (
        {
            *("", "components", "configuration", "core", "data", "games", "measures", "report", "runs", "storage"),
            *("tasks", "training"),
        },
        {"torch", "numpy", "pydantic", "PIL"},
    ),
    "tuning": (
        {
            *("comparison", "components", "configuration", "core", "data", "dynamics", "measures", "report", "runs"),
            *("storage", "tasks", "training"),
        },
        {"torch", "optuna", "pydantic", "yaml", "filelock"},
    ),
    "studio": (
        {"cache", "components", "configuration", "core", "games", "report", "runs", "storage", "tasks"},
        {"numpy", "torch", "PIL", "starlette", "uvicorn"},
    ),
    "cli": ({"*"}, {"*"}),
}
#: What any task's folder may import beside what tasks/ itself may; no other task.
TASK_ROOM = (
    {"cache", "extractors", "losses", "metrics", "signals", "tasks"},
    {"pandas", "sklearn", "tokenizers", "opacus"},
)
#: The one task that stands on another.
STANDS_ON = {("enhancement", "translation")}
TASKS = {path.parent.name for path in (ROOT / "tasks").glob("*/__init__.py")}
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
    room, *inside = path.relative_to(ROOT).parts
    ours, world = ARROWS[room]
    task = inside[0] if room == "tasks" and len(inside) > 1 else None
    if task is not None:
        ours, world = ours | TASK_ROOM[0], world | TASK_ROOM[1]
    for name in imports_of(path):
        parts = name.split(".")
        if parts[0] == "saddlepoint":
            target = parts[1] if len(parts) > 1 else ""
            assert "*" in ours or target in {room, *ours}, f"{room} may not import {name}"
            other = parts[2] if target == "tasks" and len(parts) > 2 else None
            if other in TASKS:
                known = other == task or (task, other) in STANDS_ON
                assert known, f"nothing outside tasks/{other} may import {name}: know it by its protocol"
        elif parts[0] not in sys.stdlib_module_names:
            assert "*" in world or parts[0] in world, f"{room} may not import {name}"


def test_the_registry_names_every_task():
    assert {place.partition(":")[0] for place in registry.TASKS.values()} == {
        *(f"saddlepoint.tasks.{name}" for name in TASKS),
        "saddlepoint.tasks.own",
    }


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
