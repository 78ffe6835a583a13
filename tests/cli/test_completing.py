"""What needs no torch: help, the version, errors of usage, lists and completion."""

import inspect
import json
import os
import subprocess
import sys
from pkgutil import resolve_name

import pytest

from saddlepoint.cli import catalogue
from saddlepoint.cli.completing import after
from saddlepoint.cli.declared import declared
from saddlepoint.cli.known import KINDS, known
from saddlepoint.cli.main import COMMANDS, Entry
from saddlepoint.cli.usage import check

LIGHT = """
import sys
from saddlepoint.cli import main
sys.argv = ["saddle", *sys.argv[1:]]
try:
    main()
except SystemExit as leave:
    code = leave.code
heavy = {"torch", "numpy", "matplotlib", "scipy", "sklearn", "PIL"} & set(sys.modules)
assert not heavy, heavy
sys.exit(code)
"""


def light(*words, **environment):
    return subprocess.run(
        [sys.executable, "-c", LIGHT, *words], capture_output=True, text=True, env={**os.environ, **environment}
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_summary_is_the_first_line_of_what_it_says_itself(name):
    function = resolve_name(f"saddlepoint.cli.{COMMANDS[name].function}")
    assert COMMANDS[name].summary == inspect.getdoc(function).partition("\n")[0]


def test_every_kind_is_listed():
    assert tuple(catalogue.KINDS) == KINDS
    assert set(known()["lists"]) == set(KINDS)


@pytest.mark.slow
def test_the_catalogue_is_what_the_rooms_say():
    made = catalogue.catalogue()
    # JSON knows lists only.
    assert known()["settings"] == made["settings"]
    assert declared() == json.loads(json.dumps(catalogue.declarations())), (
        "write it anew: python -m saddlepoint.cli.catalogue"
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_not_imported_says_the_same_help(name):
    entry = COMMANDS[name]
    loaded = Entry(entry.function, entry.summary, entry.any_flag, own_help=entry.own_help).load(name)
    said = [c.get_help(c.make_context(name, [], resilient_parsing=True)) for c in (entry.declared(name), loaded)]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--version"], 0, "saddlepoint"),
        (["--help"], 0, "augment"),
        ([], 2, "augment"),
        (["trian"], 2, "Did you mean 'train'"),
        (["--nothing"], 2, "--nothing"),
        (["train"], 2, "RECIPE|CONFIG is missing"),
        (["train", "digitz"], 2, "did you mean 'digits'?"),
        (["train", "digits", "--methd", "lead"], 2, "there is no flag --methd: did you mean 'method'?"),
        (["train", "digits", "--set", "nonsense=1"], 2, "digits has no setting 'nonsense'"),
        (["train", "digits", "--method", "altern"], 2, "did you mean 'alternating'?"),
        (["train", "digits", "--samples", "many"], 2, "--samples takes a number, not 'many'"),
        (["train", "digits", "--samples"], 2, "--samples takes a number"),
        (["train", "digits", "--data", "/nowhere"], 2, "/nowhere does not exist"),
        (["train", "digits", "--processes", "x"], 2, "Invalid value for '--processes'"),
        (["train", "nowhere.yaml"], 2, "there is no nowhere.yaml"),
        (["train", "--help"], 0, "--keep-schedules"),
        (["tune", "digitz"], 2, "did you mean 'digits'?"),
        (["sample"], 2, "Missing argument 'RUN'"),
        (["sample", "nowhere"], 2, "there is no nowhere: give a run folder"),
        (["status", "nowhere"], 2, "there is no nowhere: give a run folder"),
        (["runs", "nowhere"], 2, "there is no folder nowhere"),
        (["sample", "--help"], 0, "--resample"),
        (["solve", "bilinaer"], 2, "did you mean 'bilinear'?"),
        (["compare", "digits", "--methods", "altern"], 2, "did you mean 'alternating'?"),
        (["list", "nonsense"], 2, "there is no kind 'nonsense'"),
        (["list", "recipes"], 0, "digits"),
        (["list"], 0, "extragradient"),
    ],
)
def test_what_needs_no_training_imports_no_training_library(words, code, says):
    known()  # what an earlier command left in the cache
    said = light(*words)
    assert said.returncode == code, said.stderr
    assert says in said.stdout + said.stderr


def test_flags_that_some_recipe_has_are_left_to_the_command():
    for words in (
        ["digits", "--method", "lead", "--samples=64", "--no-conditional", "--adversary.weight", "2"],
        ["digits", "--data.split", "side", "--hours", "2"],
        ["--data", "digits", "mnist"],
        ["package.module:recipe", "--nonsense", "3"],
    ):
        check("train", {"words": words}, [])


def completed(line):
    words = line.split(" ")
    environment = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_SADDLE_COMPLETE": "complete_bash"}
    known()
    said = light(**environment)
    assert said.returncode == 0, said.stderr
    return said.stdout.split()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("saddle tr", ["train", "translate"]),
        ("saddle train dig", ["digits"]),
        ("saddle train digits --meth", ["--method"]),
        ("saddle train digits --method extra", ["extragradient", "extrapolated"]),
        ("saddle train digits --method = extra", ["extragradient", "extrapolated"]),
        ("saddle train digits --set method=extrag", ["method=extragradient"]),
        ("saddle train digits --set method = extrag", ["extragradient"]),
        ("saddle train mnist --data fas", ["fashion-mnist"]),
        ("saddle train no-recipe-begins-so", []),
        ("saddle list metho", ["methods"]),
        ("saddle solve bil", ["bilinear"]),
        ("saddle sample runs/", []),
    ],
)
def test_a_shell_completes(line, words):
    found = completed(line)
    assert found[: len(words)] == words
    assert bool(found) == bool(words)


def test_settings_are_completed_level_by_level():
    every = dict(after("train", ["digits", "--set"], "", known()))
    assert {"generator.network=", "method=", "optimizer="} <= set(every)
    assert dict(after("list", ["settings", "digits"], "", known())).keys() >= {"method", "generator.optimizer"}
