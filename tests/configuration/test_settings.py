"""Assignments on the typed configuration: what they change, and what a mistake is told."""

from typing import Any

import pytest
import torch
import yaml

from saddlepoint.components.registries import LOSS_REGISTRY, METHOD_REGISTRY, OPTIMIZER_REGISTRY, PENALTY_REGISTRY
from saddlepoint.configuration import ConfigurationError, assign, nearest, parse_value
from saddlepoint.core.grouped import GroupedOptimizer
from saddlepoint.methods import Averaged, Extragradient, Lookahead, Optimistic
from saddlepoint.runs.assembly import assemble
from saddlepoint.tasks import read_config, recipe_named, recipes, task_of
from saddlepoint.tasks.images.settings import ImageConfig


def digits(*assignments: str) -> ImageConfig:
    return assign(recipe_named("digits"), assignments)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("1e30", 1e30),
        ("-2.5", -2.5),
        ("true", True),
        ("adam", "adam"),
        ("0,0.99", [0, 0.99]),
        ("[0.5, 0.9]", [0.5, 0.9]),
        ("[[1, 0], [0, 2]]", [[1, 0], [0, 2]]),
        ("{name: SGD, lr: 0.1}", {"name": "SGD", "lr": 0.1}),
        ("cuda:1", "cuda:1"),
        ("null", None),
    ],
)
def test_values_are_read_as_people_write_them(text: str, value: Any) -> None:
    assert parse_value(text) == value


MISTAKES = [
    ("sead=3", "there is no setting 'sead': did you mean 'seed'?"),
    ("latent.sice=3", "there is no setting 'latent.sice': did you mean 'size'?"),
    ("optimiser.lr=3", "did you mean 'optimizer'?"),
    ("optimizer.beta=3", "optimizer 'Adam' has no argument 'beta': did you mean 'betas'?"),
    ("generator.network.with=3", "network 'mlp-generator' has no argument 'with': did you mean 'widths'?"),
    ("method=alternate", "no method is called 'alternate': did you mean 'alternating'?"),
    ("method.ordre=[generator]", "method 'alternating' has no argument 'ordre': did you mean 'order'?"),
    ("loss=hing", "no loss is called 'hing': did you mean 'hinge'?"),
    ("penalties.r3.weight=1", "no penalty is called 'r3'"),
    ("penalties.r3=none", "no penalty is called 'r3'"),
    ("penalties.r1.wait=1", "penalty 'r1' has no argument 'wait': did you mean 'weight'?"),
    ("penalties.r1=5", "write r1.NAME=value"),
    ("penalties=5", "expected names and their arguments"),
    ("seed", "'seed' is not an assignment: write key=value"),
    ("seed.deep=3", "'seed' has no parts: write seed=value"),
    ("method.counts.first=3", "'counts' of method 'alternating' has no parts"),
    ("seed=many", "seed: Input should be a valid integer"),
    ("seed=-1", "seed: Input should be greater than or equal to 0 (given: -1)"),
    ("batch_size=0", "batch_size: Input should be greater than or equal to 1"),
    ("batch_size=2.5", "batch_size: Input should be a valid integer"),
    ("value_range=sepia", "value_range: Input should be 'symmetric' or 'unit'"),
    ("optimizer.lr=fast", "optimizer 'Adam': lr"),
    ("method.counts=some", "method 'alternating': counts"),
    ("loss=5", "a loss is chosen by its name, not by 5"),
    ("method=null", "a method is chosen by its name, not by None"),
    ("optimizer=[1, 2]", "optimizer is chosen by its name"),
    ("data={source: digits, sise: 4}", "there is no setting 'sise': did you mean 'size'?"),
    ("latent=[1", "can't be read"),
    ("generator=5", "generator"),
]


@pytest.mark.parametrize(("assignment", "message"), MISTAKES, ids=[a for a, _ in MISTAKES])
def test_a_mistake_is_told_in_one_sentence_with_the_remedy(assignment: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        digits(assignment)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nearest_ignores_case_and_lists_all_where_nothing_is_near() -> None:
    assert nearest("ADAM", ["Adam", "SGD"]) == "did you mean 'Adam'?"
    assert nearest("zzz", ["Adam", "SGD"]) == "known: Adam, SGD"


def test_assignments_are_made_in_order_and_leave_the_original_alone() -> None:
    recipe = recipe_named("digits")
    changed = assign(recipe, ["seed=3", "seed=4", "latent.size=10"])
    assert (changed.seed, changed.latent.size) == (4, 10)
    assert (recipe.seed, recipe.latent.size) == (0, 64)
    assert changed.differences(recipe) == ["seed: 4 here, 0 there", "latent.size: 10 here, 64 there"]


def test_one_short_key_stands_for_both_players() -> None:
    config = digits("optimizer.lr=0.25", "generator.optimizer.lr=0.5")
    assert config.discriminator.optimizer["lr"] == 0.25
    assert config.generator.optimizer["lr"] == 0.5


def test_switching_an_optimizer_keeps_what_both_take_and_drops_the_rest() -> None:
    adam = digits("optimizer.lr=0.25", "optimizer.weight_decay=0.125").generator.optimizer
    assert (adam["name"], adam["lr"], tuple(adam["betas"])) == ("Adam", 0.25, (0.0, 0.99))
    sgd = digits("optimizer.lr=0.25", "optimizer.weight_decay=0.125", "optimizer=sgd").generator.optimizer
    assert (sgd["name"], sgd["lr"], sgd["weight_decay"], sgd["momentum"]) == ("SGD", 0.25, 0.125, 0)
    assert "betas" not in sgd


def test_another_kind_of_optimizer_has_its_own_scales_and_what_the_user_gave() -> None:
    spec = digits("optimizer=Adadelta").generator.optimizer
    assert (spec["lr"], spec["rho"], spec["eps"]) == (1.0, 0.9, 1e-6)
    assert digits("optimizer=Adafactor").generator.optimizer["eps"] == (None, 0.001)
    # Betas mean the same in all of Adam's kin, and rates that are alike by default are on one scale.
    kin = digits("optimizer=AdamW").generator.optimizer
    assert (tuple(kin["betas"]), kin["weight_decay"]) == ((0.0, 0.99), 0.01)
    for given in (["optimizer.lr=0.5", "optimizer=Adadelta"], ["optimizer=Adadelta", "optimizer.lr=0.5"]):
        assert digits(*given).discriminator.optimizer["lr"] == 0.5


MUON = pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="PyTorch has Muon from 2.9 on")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[MUON] if name == "Muon" else []) for name in OPTIMIZER_REGISTRY.names]
)
def test_every_optimizer_that_is_listed_can_be_chosen_and_makes_a_step(name: str) -> None:
    spec = digits(f"optimizer={name}").generator.optimizer
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4), torch.nn.Linear(4, 1))
    names = {parameter: name for name, parameter in network.named_parameters()}
    optimizer = OPTIMIZER_REGISTRY.build(spec, params=network.parameters(), names=names)
    before = [p.detach().clone() for p in network.parameters()]
    network(torch.randn(5, 3)).square().mean().backward()
    optimizer.step()
    assert all(torch.isfinite(p).all() for p in network.parameters())
    assert not all(torch.equal(*pair) for pair in zip(before, network.parameters(), strict=True))


@MUON
def test_matrices_go_to_one_optimizer_and_the_rest_to_another() -> None:
    muon = digits("optimizer=Muon", "optimizer.lr=0.02", "optimizer.others.betas=[0, 0.99]").generator.optimizer
    assert (muon["lr"], muon["others"]["name"], tuple(muon["others"]["betas"])) == (0.02, "AdamW", (0, 0.99))
    made = OPTIMIZER_REGISTRY.build(muon, params=torch.nn.Linear(3, 4).parameters())
    assert isinstance(made, GroupedOptimizer)
    assert [type(member).__name__ for member in made.members] == ["Muon", "AdamW"]
    sets = ("optimizer=by-shape", "optimizer.matrices.lr=0.5", "optimizer.others=SGD", "optimizer.others.lr=0.25")
    spec = digits(*sets).generator.optimizer
    assert spec["matrices"]["lr"] == 0.5
    assert (spec["others"]["name"], spec["others"]["lr"]) == ("SGD", 0.25)
    made = OPTIMIZER_REGISTRY.build(spec, params=torch.nn.Linear(3, 4).parameters())
    assert isinstance(made, GroupedOptimizer)
    assert [[tuple(p.shape) for p in group["params"]] for group in made.param_groups] == [[(4, 3)], [(4,)]]


def test_parameters_whose_names_match_go_to_another_optimizer() -> None:
    spec = digits(
        *("optimizer=by-name", "optimizer.pattern=(1|3).bias$", "optimizer.matching=SGD", "optimizer.matching.lr=0.5"),
        *("optimizer.others=by-name", "optimizer.others.pattern=^2", "optimizer.others.matching.weight_decay=0.25"),
        *("optimizer.others.others=by-shape", "optimizer.others.others.matrices=Adam"),
    ).generator.optimizer
    network = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(4)))
    names = {parameter: name for name, parameter in network.named_parameters()}
    made = OPTIMIZER_REGISTRY.build(spec, params=network.parameters(), names=names)
    found = [[names[p] for p in group["params"]] for group in made.param_groups]
    assert found == [
        ["1.bias", "3.bias"],
        ["2.weight", "2.bias"],
        ["0.weight", "1.weight", "3.weight"],
        ["0.bias"],
    ]
    assert (made.param_groups[0]["lr"], made.param_groups[1]["weight_decay"]) == (0.5, 0.25)
    with pytest.raises(ConfigurationError, match=r"no parameter's name matches 'embed': there are 0.weight, 0.bias"):
        OPTIMIZER_REGISTRY.build({**spec, "pattern": "embed"}, params=network.parameters(), names=names)
    with pytest.raises(ConfigurationError, match="no regular expression"):
        OPTIMIZER_REGISTRY.build({**spec, "pattern": "("}, params=network.parameters(), names=names)
    with pytest.raises(ConfigurationError, match="needs 'names', which there is not here"):
        OPTIMIZER_REGISTRY.build(spec, params=network.parameters())


def test_a_run_gives_its_parameters_names() -> None:
    config = digits("optimizer=by-name", "generator.optimizer.pattern=embedding", "optimizer.matching=SGD")
    game = assemble(config, task_of(config).read(config)).game
    names = {parameter: name for name, parameter in game.players["generator"].named_parameters()}
    by_sgd, by_adam = (
        {names[p] for group in member.param_groups for p in group["params"]}
        for member in game.optimizers["generator"].members  # type: ignore[attr-defined]
    )
    assert by_sgd == {"entry.embedding.weight"}
    assert by_adam == set(names.values()) - by_sgd


def test_momentum_and_nesterov_are_arguments_of_sgd() -> None:
    spec = digits("optimizer=SGD", "optimizer.momentum=0.9", "optimizer.nesterov=true").discriminator.optimizer
    assert (spec["momentum"], spec["nesterov"]) == (0.9, True)


def test_parameters_of_nested_methods_are_reached_by_their_path() -> None:
    config = digits(
        *("method=lookahead", "method.k=3", "method.base=averaged", "method.base.decay=0.5"),
        *("method.base.base=extragradient", "method.base.base.same_batch=false"),
    )
    method = METHOD_REGISTRY.build(config.method)
    assert isinstance(method, Lookahead)
    assert method.k == 3
    assert isinstance(method.base, Averaged)
    assert method.base.decay == 0.5
    assert isinstance(method.base.base, Extragradient)
    assert method.base.base.same_batch is False


def test_each_wrapper_is_built_with_a_base_of_its_own() -> None:
    first, second = METHOD_REGISTRY.build("optimistic"), METHOD_REGISTRY.build("optimistic")
    assert isinstance(first, Optimistic)
    assert isinstance(second, Optimistic)
    assert first.base is not second.base


def test_penalties_are_added_changed_and_removed() -> None:
    assert digits().adversary.penalties == {"r1": {"weight": 1.0}, "r2": {"weight": 1.0}}
    config = digits("penalties.r1.weight=3", "penalties.r2=none", "penalties.gradient-penalty=on")
    assert list(config.adversary.penalties) == ["r1", "gradient-penalty"]
    assert config.adversary.penalties["r1"]["weight"] == 3.0
    assert config.adversary.penalties["gradient-penalty"] == without_name(PENALTY_REGISTRY.resolve("gradient-penalty"))
    assert digits("penalties=none").adversary.penalties == {}
    assert digits("penalties={r2: {weight: 2}}").adversary.penalties == {"r2": {"weight": 2.0}}
    assert digits("penalties.r1=none", "penalties.r1=none").adversary.penalties == {"r2": {"weight": 1.0}}
    assert digits("penalties.r1={weight: 2}").adversary.penalties["r1"] == {"weight": 2.0}


def without_name(spec: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key != "name"}


def test_none_switches_the_average_off_and_a_part_of_it_on() -> None:
    assert digits("average=none").average is None
    average = assign(recipe_named("classic"), ["average.half_life=500"]).average
    assert average is not None
    assert average.half_life == 500


@pytest.mark.parametrize("recipe", recipes())
def test_a_configuration_survives_yaml_unchanged(recipe: str) -> None:
    steps = [] if "method" in recipe_named(recipe).fixed else ["method=extragradient", "optimizer.lr=1e-7"]
    config = assign(recipe_named(recipe), [*steps, "seed=5"])
    there_and_back = read_config(yaml.safe_load(yaml.safe_dump(config.plain())))
    assert there_and_back.plain() == config.plain()
    assert there_and_back.same_run(config)


def test_a_configuration_is_frozen_and_refuses_unknown_keys() -> None:
    config = digits()
    with pytest.raises(ValueError, match="frozen"):
        config.seed = 3  # type: ignore[misc]
    with pytest.raises(ConfigurationError, match="there is no setting 'sead': did you mean 'seed'"):
        ImageConfig.read({**config.plain(), "sead": 3})


def test_budget_and_device_do_not_make_another_run() -> None:
    assert digits("budget.samples=7", "budget.minutes=3", "device=cpu").same_run(digits())
    assert not digits("seed=1").same_run(digits())


def test_a_refusal_by_the_constructor_names_the_thing() -> None:
    with pytest.raises(ConfigurationError, match=r"method 'lookahead': alpha is 2\.0"):
        METHOD_REGISTRY.build({"name": "lookahead", "alpha": 2})
    with pytest.raises(ConfigurationError, match="optimizer 'Adam': Invalid learning rate: -1"):
        OPTIMIZER_REGISTRY.build({"name": "Adam", "lr": -1}, params=[])


@pytest.mark.parametrize("registry", [METHOD_REGISTRY, LOSS_REGISTRY, PENALTY_REGISTRY], ids=lambda r: r.kind)
def test_everything_listed_can_be_had_by_its_name_alone_and_has_a_summary(registry: Any) -> None:
    for name in registry.names:
        spec = registry.resolve(name)
        assert registry.resolve(spec) == spec
        registry.build(name)
        assert registry.summary(name).endswith((".", ":"))


def test_a_choice_in_settings_that_are_absent_is_made_and_asked_for_before_its_arguments() -> None:
    config = assign(recipe_named("digits"), ["augmentation.kind=adaptive", "augmentation.kind.geometry=false"])
    assert config.adversary.augmentation is not None
    assert (config.adversary.augmentation.kind["name"], config.adversary.augmentation.kind["geometry"]) == (
        "adaptive",
        False,
    )
    with pytest.raises(ConfigurationError, match=r"no augmentation is chosen yet: give kind before"):
        assign(recipe_named("digits"), ["augmentation.kind.geometry=false"])
