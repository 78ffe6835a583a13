"""Any setting is a flag: how flags are read, what is refused, what lists and explains them, and names from outside."""

import re
import sys
from pathlib import Path

import pytest
import yaml

from commands import Run
from saddlepoint.cli.flags import parted
from saddlepoint.configuration import Settings, described
from saddlepoint.tasks import read_config, recipes
from saddlepoint.tasks.images.settings import ImageConfig

#: A module of somebody else's.
OUTSIDE = '''
import torch

from saddlepoint.methods import Simultaneous
from saddlepoint.networks import Generator
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.points import TASK


class Half(Simultaneous):
    """Simultaneous steps by another name."""


class Line(Generator):
    """One linear layer."""

    def __init__(self, shape: tuple[int, ...], latent: int, classes: int, bias: bool = True) -> None:
        super().__init__(classes)
        self.layer = torch.nn.Linear(latent, shape[0], bias=bias)

    def generate(self, latent: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return self.layer(latent)


class Other:
    """No network."""


def small():
    return recipe_named("ring")
'''
QUICK = (
    *("--data.points", "200", "--samples", "64", "--batch-size", "32", "--device", "cpu"),
    *("--discriminator.network", "{name: mlp-discriminator, widths: [4]}"),
)


@pytest.mark.parametrize(
    ("words", "alone", "found"),
    [
        ("--seed 3 --latent.size=8", [], {"seed": 3, "latent.size": 8}),
        ("--batch-size 7", [], {"batch_size": 7}),
        ("--conditional --seed 3", [], {"conditional": True, "seed": 3}),
        ("--no-conditional", [], {"conditional": False}),
        ("--conditional false", [], {"conditional": False}),
        ("--conditional in.png", ["in.png"], {"conditional": True}),
        ("in.png --optimizer.lr 5e-4 --set.of a,b", ["in.png"], {"optimizer.lr": 5e-4, "set.of": ["a", "b"]}),
        ("--every.record none", [], {"every.record": "none"}),
        ("--where a=b --where c=>5", [], {"where": ["a=b", "c=>5"]}),
        ("--seed -1", [], {"seed": -1}),
    ],
)
def test_words_are_parted_into_settings_and_what_stands_alone(
    words: str, alone: list[str], found: dict[str, object]
) -> None:
    assert parted(words.split(), ImageConfig) == (alone, found)


def test_any_key_is_a_flag_and_says_the_same_as_set(run: Run) -> None:
    flags = ("--latent.size", "8", "--optimizer.lr=5e-4", "--no-conditional", "--size", "8", "--loss", "hinge")
    sets = ("latent.size=8", "optimizer.lr=5e-4", "conditional=false", "data.size=8", "loss=hinge")
    flagged = run("train", "digits", *flags, "--dry-run")
    assert flagged.code == 0, flagged.err
    assert flagged.out == run("train", "digits", *(w for s in sets for w in ("--set", s)), "--dry-run").out
    config = yaml.safe_load(flagged.out)
    assert (config["latent"]["size"], config["data"]["size"], config["conditional"]) == (8, 8, False)
    assert [config[role]["optimizer"]["lr"] for role in ("generator", "discriminator")] == [5e-4, 5e-4]
    assert config["adversary"]["loss"]["name"] == "hinge"


def test_set_comes_after_flags_and_flags_after_the_recipe_wherever_they_stand(run: Run) -> None:
    said = run("train", "--seed", "3", "digits", "--set", "seed=5", "--batch-size", "16", "--dry-run")
    config = yaml.safe_load(said.out)
    assert (config["seed"], config["batch_size"]) == (5, 16)


def test_budget_words_replace_the_recipe_s_budget(run: Run) -> None:
    budgets = [
        yaml.safe_load(run("train", "digits", *words, "--dry-run").out)["budget"]
        for words in (("--minutes", "2"), ("--evaluations", "9", "--samples", "7"))
    ]
    assert budgets == [
        {"samples": None, "minutes": 2.0, "evaluations": None, "epochs": None},
        {"samples": 7, "minutes": None, "evaluations": 9, "epochs": None},
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train digits --batch-sized 3", "there is no flag --batch-sized: did you mean 'batch-size'?"),
        ("train digits --optimzer.lr 3", "there is no flag --optimzer.lr: did you mean 'optimizer'?"),
        ("train digits --latent.sizes 3", "there is no setting 'latent.sizes': did you mean 'size'?"),
        ("train ring --conditional", "--conditional: 'conditional' is a setting of audio, images"),
        ("train digits --degrade noise:5", "--degrade: 'degrade' is a setting of enhancement; digits has none"),
        ("train digits mnist", "what is 'mnist'? Settings are given as --KEY VALUE, after digits"),
        ("train digits --seed many", "seed: "),
        ("train --seed 3", "name the recipe first, as in: saddle train digits --seed 3"),
        ("train digits --recipe mnist", "there is no flag --recipe"),
        ("list settings", "whose settings? Name a recipe"),
        ("list settings digts", "there is no recipe 'digts'"),
        ("list settings digits generator.netwrok", "did you mean 'generator.network'?"),
        ("list methods digits", "methods are listed whole: leave 'digits' out"),
    ],
)
def test_what_is_no_setting_here_is_refused_with_the_nearest_or_whose_it_is(
    run: Run, words: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run(*words.split())
    assert said.code == 2
    assert message in said.flat
    assert list(tmp_path.iterdir()) == []


# --- what tells of settings -------------------------------------------------------------------------------


def test_the_help_of_a_recipe_lists_its_main_settings_with_values_and_words(run: Run) -> None:
    said = run("train", "digits", "--help")
    assert said.code == 0
    assert "--dry-run" in said.out
    assert re.search(r"--batch-size 64\n +Samples a batch\. \(a whole number, at least 1\)", said.out)
    assert re.search(r"--conditional true\n +Make each class of the data on demand", said.out)
    for line in ("--samples = budget.samples", "--loss = adversary.loss", "All of them: --help-all."):
        assert line in said.out
    assert re.findall(r"^(\w+):", said.out, re.MULTILINE).count("run") == 1, "settings of one group stand together"
    assert "--generator.network.widths" not in said.out
    whole = run("train", "digits", "--help-all")
    assert "--generator.network.widths 256,256" in whole.out
    assert "--device auto" in whole.out
    assert "Settings of" not in run("train", "--help").out


def test_the_help_of_a_command_on_a_run_lists_the_options_of_what_the_run_holds(run: Run, trained: Path) -> None:
    said = run("sample", trained, "--help")
    assert said.code == 0
    assert re.search(r"Of a generator of images, each a flag:\n  --columns none\n +Columns of the grid", said.out)
    assert re.search(r"Of evaluations of images, each a flag:\n  --samples", run("evaluate", trained, "--help").out)
    assert "--metrics" in run("evaluate", "--help", trained).out
    assert "each a flag" not in run("sample", "--help").out
    assert run("sample", trained.parent, "--help").code == 2


def test_settings_are_listed_whole_or_below_a_key(run: Run) -> None:
    whole = run("list", "settings", "digits")
    assert whole.code == 0
    keys = re.findall(r"^  ([\w.]+) ", whole.out, re.MULTILINE)
    for key in ("seed", "latent.size", "generator.network.widths", "adversary.penalties.r1.weight", "every.record"):
        assert key in keys
    some = run("list", "settings", "digits", "latent")
    assert re.findall(r"^  ([\w.]+) ", some.out, re.MULTILINE) == ["latent.size", "latent.distribution"]


@pytest.mark.parametrize("recipe", sorted(recipes()))
def test_every_setting_of_every_recipe_says_what_it_means(recipe: str) -> None:
    """All but arguments of choices, which are as their constructors document them."""

    def silent(found: Settings, prefix: str = "") -> list[str]:
        texts = {one.key: one.text for one in described(found)}
        inner = ((name, getattr(found, name)) for name in type(found).model_fields)
        own = [f"{prefix}{name}" for name in type(found).model_fields if not texts[name]]
        return own + [key for name, value in inner if isinstance(value, Settings) for key in silent(value, f"{name}.")]

    assert silent(recipes()[recipe]) == []


def test_an_explained_dry_run_is_the_same_configuration_with_comments(run: Run) -> None:
    plain, told = (run("train", "digits", "--dry-run", *more) for more in ((), ("--explain",)))
    assert yaml.safe_load(told.out) == yaml.safe_load(plain.out)
    assert read_config(yaml.safe_load(told.out)).same_run(recipes()["digits"])
    assert re.search(r"# Samples a batch\. .*\nbatch_size: 64", told.out)
    assert re.search(r"  # Numbers in a latent vector\. .*\n  size: 64", told.out)
    assert "# generator: " in told.out


# --- names from outside -----------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with somebody's module `theirs`, on the path, imported by nobody."""
    (tmp_path / "theirs.py").write_text(OUTSIDE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    return tmp_path


def test_recipes_methods_and_networks_of_others_are_named_and_followed_from_a_folder_by_trust_only(
    run: Run, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = outside / "run"
    command = ("train", "theirs:small", "--method", "theirs:Half", "--set", "generator.network=theirs:Line", *QUICK)
    said = run(*command, "--out", folder)
    assert said.code == 0, said.err
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert (config["recipe"], config["method"]["name"]) == ("theirs:small", "theirs:Half")
    assert config["generator"]["network"] == {"name": "theirs:Line", "bias": True}
    assert run("sample", folder, "-n", "4", "--out", outside / "known.png").code == 0, "it is imported already"
    uses = (
        ("sample", folder, "-n", "4", "--out", outside / "trusted.png"),
        ("evaluate", folder, "--samples", "50"),
        ("inspect", folder, "--steps", "2", "--size", "2", "--batch-size", "32"),
        ("train", folder / "config.yaml", "--out", folder),
    )
    for use in uses:
        monkeypatch.delitem(sys.modules, "theirs")
        refused = run(*use)
        assert refused.code == 2, use
        assert "is code outside of Saddlepoint, which a file names: if you trust it, give --trust" in refused.flat
        assert "theirs" not in sys.modules
        trusted = run(*use, "--trust")
        assert trusted.code == 0, trusted.err
    assert (outside / "trusted.png").read_bytes() == (outside / "known.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("theirs:large", "theirs has no 'large'"),
        ("theirs:Half", "returns Half: a recipe returns a Config"),
        ("nowhere:small", "can't be imported"),
        ("ring --method theirs:Other", "theirs:Other is no method"),
        ("ring --set generator.network=theirs:Other", "theirs:Other is no network"),
        ("ring --set generator.network=os:system", "os:system is no network"),
    ],
)
def test_names_that_lead_nowhere_or_to_something_else_are_refused(
    run: Run, outside: Path, words: str, message: str
) -> None:
    assert outside.is_dir()
    said = run("train", *words.split(), "--dry-run")
    assert said.code == 2
    assert message in said.flat
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["evaluate", "sample", "compare", "tune"])
def test_what_one_process_does_is_refused_to_several(run: Run, tmp_path: Path, monkeypatch, command: str) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = run(command, tmp_path)
    assert said.code == 2
    assert f"saddle {command} runs in one process, and a launcher started 2" in said.flat
