"""What SECURITY.md promises: each promise has its tests, and the source loads nothing that can run code or call out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "saddlepoint"
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
FILES = {path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text("utf-8")) for path in SOURCE.rglob("*.py")}

#: Who may do what: everything else in the source may not.
ALLOWED = {
    "pickle.load": {"data/decoding.py", "data/workers.py"},  # between a process and those that it started itself
    "pickle.dump": {"data/decoding.py", "data/workers.py"},
    # Our own processes, and the command of --notify, which the user types in the same call and no file holds.
    "subprocess.Popen": {
        *("data/workers.py", "cli/launching.py", "engine/packages.py", "runs/watching.py", "studio/jobs.py"),
        "data/videos.py",  # ffmpeg
    },
    "torch._inductor.aoti_load_package": {"engine/packages.py"},  # from a folder of the user's own, by a checksum
    "subprocess.run": {"cli/showing.py", "data/videos.py"},  # `saddle list recipes`; ffmpeg
    "torch.jit.load": {"extractors/third_party.py"},  # a file that the user names as code
    "yaml.load": {"configuration/plain.py"},  # by a loader that is safe, see below
    "importlib.import_module": {"configuration/outside.py"},  # by --trust only
    # Of constants of ours, as are the next.
    "import_module": {
        *("__init__.py", "configuration/__init__.py", "report/__init__.py"),
        *("runs/progress.py", "data/tables/sensitive.py", "engine/__init__.py"),
    },
    "resolve_name": {"cli/catalogue.py", "cli/main.py", "tasks/registry.py", "tracking/tracker.py"},
    # The studio listens where its user says, and processes of one run say on which machine they are.
    "socket.socket": {"cli/showing.py"},
    "socket.getaddrinfo": {"cli/showing.py"},
    "socket.gethostname": {"cli/showing.py", "training/processes.py"},
    "pooch.retrieve": {"data/download.py"},
    "pooch.HTTPDownloader": {"data/download.py"},
    "torch.hub.download_url_to_file": {"extractors/inception.py"},
    "datasets.load_dataset": {"data/hugging_face.py"},
    "pandas.read_sql": {"data/tables/files.py"},
    "sqlalchemy.create_engine": {"data/tables/files.py"},
}
#: Calls that run what they are given, or ask another computer for it.
DANGEROUS = re.compile(
    r"(eval|exec|compile|__import__|import_module|importlib\.import_module|resolve_name|os\.(system|popen|exec\w*|spawn\w*)|"
    r"subprocess\.\w+|(pickle|cPickle|dill|cloudpickle|joblib|marshal|shelve)\.\w+|torch\.(jit\.load|hub\.\w+|classes\.\w+|_inductor\.aoti_load\w+)|"
    r"yaml\.\w*load\w*|pandas\.(read_pickle|read_sql|read_html|read_xml|eval)|datasets\.load_dataset|pooch\.(retrieve|create|HTTPDownloader)|"
    r"sqlalchemy\.create_engine|urllib\.request\.\w+|requests\.\w+|httpx\.\w+|socket\.\w+|ctypes\.\w+|code\.\w+|runpy\.\w+)"
)
#: Modules that nothing imports.
UNWANTED = {
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "requests",
    "httpx",
    "urllib.request",
    "runpy",
}


def name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """File, call and the name of what is called."""
    for file, tree in FILES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield file, node, name_of(node.func)


def keyword(call: ast.Call, name: str) -> object:
    found = [word.value for word in call.keywords if word.arg == name]
    return found[0].value if found and isinstance(found[0], ast.Constant) else None


def test_nothing_is_loaded_that_can_run_code() -> None:
    loads = 0
    for file, call, name in calls():
        if name == "torch.load":
            loads += 1
            assert keyword(call, "weights_only") is True, (file, call.lineno)
        if name in ("np.load", "numpy.load"):
            loads += 1
            assert keyword(call, "allow_pickle") is False, (file, call.lineno)
    assert loads >= 4  # or nothing was looked at


def test_what_runs_or_calls_out_is_where_it_is_known_to_be() -> None:
    found: dict[str, set[str]] = {}
    for file, call, name in calls():
        if DANGEROUS.fullmatch(name):
            found.setdefault(name, set()).add(file)
            assert keyword(call, "shell") is not True or file == "runs/watching.py", (file, call.lineno)
    assert found == ALLOWED
    for file, tree in FILES.items():
        for node in ast.walk(tree):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not UNWANTED & set(names), (file, names)


def test_yaml_makes_plain_data_only() -> None:
    import yaml

    from saddlepoint.configuration import plain

    assert issubclass(plain._Loader, yaml.SafeLoader)
    for loader in (plain._Loader, plain._Quick):
        assert set(loader.yaml_constructors) == set(yaml.SafeLoader.yaml_constructors)
        assert not loader.yaml_multi_constructors


def promises() -> list[tuple[str, str]]:
    rows = [line.strip("|").split("|") for line in SECURITY.splitlines() if line.startswith("| ")]
    return [(row[0].strip(), row[1].strip()) for row in rows if len(row) == 2 and "promise" not in row[0]]


@pytest.mark.parametrize(("promise", "tests"), promises(), ids=lambda text: text[:40])
def test_every_promise_has_tests_that_exist(promise: str, tests: str) -> None:
    named = re.findall(r"`([^`]+)`", tests)
    assert named, promise
    for name in named:
        file, _, test = name.partition("::")
        path = ROOT / file if "/" in file else ROOT / "tests" / "attack" / file
        assert path.exists(), f"{promise} names {name}"
        if test:
            assert re.search(rf"^def {test}\(", path.read_text("utf-8"), re.MULTILINE), f"{promise} names {name}"


def test_the_promises_are_read() -> None:
    assert len(promises()) >= 15
