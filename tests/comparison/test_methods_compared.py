"""Comparisons whose outcome theory dictates, and what makes them fair."""

import json
import math

import pytest

from saddlepoint.comparison import Entry, EntryResult, configured, run
from saddlepoint.comparison.settings import labelled
from saddlepoint.comparison.standings import chosen, summary
from saddlepoint.configuration import ConfigurationError
from saddlepoint.measures import Measure
from saddlepoint.methods import METHODS
from saddlepoint.report.comparison import remarks
from saddlepoint.training import Budget

H, N = 0.3, 240
FIELD = "simultaneous,extragradient,optimistic,competitive,lookahead[base=simultaneous,k=5]"


def rows(found):
    return {row["method"]: row for row in found["standings"]}


def timeless(value):
    """A comparison without what the clock decides."""
    if isinstance(value, dict):
        return {key: timeless(part) for key, part in value.items() if key != "seconds"}
    return [timeless(part) for part in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def bilinear(tmp_path_factory):
    comparison = configured("bilinear", FIELD, seeds=2, lr=H, budget=Budget(evaluations=N))
    return run(comparison, tmp_path_factory.mktemp("bilinear"), jobs=1)


def test_on_the_bilinear_game_simultaneous_steps_fail_and_rank_last(bilinear):
    last = bilinear["standings"][-1]
    assert (last["method"], last["failures"], last["mean"]) == ("simultaneous", 2, None)
    assert last["outcomes"] == {"diverged": 2}
    assert all(row["failures"] == 0 for row in bilinear["standings"][:-1])


def test_distances_at_the_end_are_those_of_the_closed_form_factors(bilinear):
    factors = {"extragradient": math.sqrt(1 - H**2 + H**4), "competitive": 1 / math.sqrt(1 + H**2)}
    for result in bilinear["results"]:
        if result["method"] in factors:
            expected = result["curve"]["score"][0] * factors[result["method"]] ** result["steps"]
            assert result["score"] == pytest.approx(expected, rel=1e-9)
    assert rows(bilinear)["optimistic"]["mean"] < rows(bilinear)["extragradient"]["mean"]


def test_at_a_large_step_competitive_converges_where_extragradient_does_not(tmp_path):
    comparison = configured("bilinear", "extragradient,competitive", seeds=1, lr=1.5, budget=Budget(evaluations=120))
    found = run(comparison, tmp_path, jobs=1)
    assert [row["method"] for row in found["standings"]] == ["competitive", "extragradient"]
    assert rows(found)["extragradient"]["failures"] == 1
    steps = rows(found)["competitive"]["steps"]
    start = found["results"][1]["curve"]["score"][0]
    assert rows(found)["competitive"]["mean"] == pytest.approx(start * (1 + 1.5**2) ** (-steps / 2), rel=1e-6)


def test_every_method_spends_the_budget_to_within_a_step_of_its_own(bilinear):
    for result in bilinear["results"]:
        a_step = result["evaluations"] / result["steps"]
        assert N <= result["evaluations"] < N + a_step


def test_all_methods_start_at_the_same_points_and_seeds_differ(bilinear):
    starts = {seed: {r["start"] for r in bilinear["results"] if r["seed"] == seed} for seed in (0, 1)}
    assert [len(found) for found in starts.values()] == [1, 1]
    assert starts[0] != starts[1]


def test_the_start_is_that_of_saddle_solve(bilinear):
    import torch

    from saddlepoint.core import rng

    start = torch.randn(2, generator=rng(1, "start"), dtype=torch.float64)
    first = next(r for r in bilinear["results"] if r["seed"] == 1)["curve"]["score"][0]
    assert first == pytest.approx(float(start.norm()), rel=1e-12)


def test_an_interrupted_race_goes_on_and_comes_to_the_same_end(tmp_path, monkeypatch):
    comparison = configured("quadratic", "alternating,extragradient", seeds=2, search=2, budget=Budget(evaluations=40))
    whole = run(comparison, tmp_path / "whole", jobs=1)
    played = []
    play = Entry.play

    def until_the_fifth(entry, watch):
        if len(played) == 5:
            raise KeyboardInterrupt
        played.append(entry)
        return play(entry, watch)

    monkeypatch.setattr(Entry, "play", until_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        run(comparison, tmp_path / "cut", jobs=1)
    monkeypatch.setattr(Entry, "play", lambda entry, watch: played.append(entry) or play(entry, watch))
    assert timeless(run(comparison, tmp_path / "cut", jobs=1)) == timeless(whole)
    assert len(played) == len(whole["search"]) + len(whole["results"]) == 12


@pytest.mark.parametrize(
    "content",
    [
        '{"method": "alte',
        "[" * 50_000,
        "[]",
        *(f'{{"method": "alternating", "lr": {lr}, "curve": {{}}, "seconds": "x"}}' for lr in ("NaN", "[]", "0.1")),
    ],
    ids=lambda text: text[:12],
)
def test_a_damaged_result_is_played_again(tmp_path, content):
    comparison = configured("bilinear", "alternating", seeds=1, budget=Budget(evaluations=20))
    whole = run(comparison, tmp_path, jobs=1)
    next((tmp_path / "results").iterdir()).write_text(content)
    assert timeless(run(comparison, tmp_path, jobs=1)) == timeless(whole)


@pytest.mark.slow
def test_processes_come_to_the_same_end_as_one(tmp_path):
    comparison = configured("bilinear", "extragradient,simultaneous", seeds=1, budget=Budget(evaluations=40))
    told = []
    many = run(comparison, tmp_path / "many", jobs=2, progress=lambda done, of: told.append((done, of)))
    assert timeless(many) == timeless(run(comparison, tmp_path / "one", jobs=1))
    assert told[-1] == (pytest.approx(2.0), 2)


def test_another_race_in_the_same_folder_is_refused_by_name(tmp_path):
    run(configured("bilinear", "alternating", seeds=1, budget=Budget(evaluations=20)), tmp_path, jobs=1)
    other = configured("bilinear", "alternating", seeds=1, budget=Budget(evaluations=30))
    with pytest.raises(ConfigurationError, match=r"budget\.evaluations: 30 here, 20 there.*--out"):
        run(other, tmp_path, jobs=1)


@pytest.mark.parametrize(
    ("there", "message"),
    [("recipe: digits\n", "holds files of yours"), ("schema_version: 1\nrecipe: digits\n", "holds no comparison")],
)
def test_a_folder_of_something_else_is_refused(there, message, tmp_path):
    (tmp_path / "config.yaml").write_text(there)
    with pytest.raises(ValueError, match=message):
        run(configured("bilinear", "alternating"), tmp_path, jobs=1)


def test_the_search_is_fair_counted_and_takes_the_best(tmp_path):
    comparison = configured(
        "bilinear", "extragradient,competitive,optimistic[lr=0.2]", seeds=1, search=3, budget=Budget(evaluations=80)
    )
    found = run(comparison, tmp_path, jobs=1)
    assert comparison.search == (0.01, 0.1, 1.0)
    by_method = rows(found)
    for name in ("extragradient", "competitive"):
        trials = [t for t in found["search"] if t["method"] == name]
        assert [t["lr"] for t in trials if t["ratio"] == 1] == list(comparison.search)
        assert [t["ratio"] for t in trials if t["ratio"] != 1] == list(comparison.ratios) == [0.125, 8.0]
        assert {t["lr"] for t in trials if t["ratio"] != 1} <= {by_method[name]["lr"]}
        assert all(20 <= t["evaluations"] < 24 and t["seed"] == comparison.seeds for t in trials)
        assert by_method[name]["search_evaluations"] == sum(t["evaluations"] for t in trials)
    # √(1 − h² + h⁴) is smallest at h² = ½, of the three at 0.1; competitive steps gain with every h.
    assert (by_method["extragradient"]["lr"], by_method["competitive"]["lr"]) == (0.1, 1.0)
    assert (by_method["optimistic[lr=0.2]"]["lr"], by_method["optimistic[lr=0.2]"]["search_evaluations"]) == (0.2, 0)
    assert by_method["competitive"]["search_at_edge"]
    assert not by_method["extragradient"]["search_at_edge"]


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (("bilinear", "extragradiant"), {}, "did you mean 'extragradient'"),
        (("bilinaer", "extragradient"), {}, "did you mean 'bilinear'"),
        (("bilinear", "lookahead[kk=5]"), {}, "no argument 'kk'"),
        (("bilinear", "lookahead[k=0]"), {}, "at least 1"),
        (("bilinear", "lookahead[k=5"), {}, "do not match"),
        (("bilinear", "alternating,alternating"), {}, "given twice"),
        (("bilinear", " , "), {}, "no method"),
        (("bilinear", "alternating"), {"budget": Budget(samples=5)}, "--evaluations"),
        (("bilinear", "alternating"), {"lr": 0.1, "search": 3}, "one of them"),
        (("digits", "alternating"), {"sets": ["method=alex"]}, "no setting of the recipe"),
    ],
)
def test_what_can_not_be_raced_is_refused_with_the_remedy(arguments, options, words):
    with pytest.raises(ConfigurationError, match=words):
        configured(*arguments, **options)


def test_parameters_reach_wrapped_methods():
    spec = labelled("averaged[base=lookahead,base.k=7,base.base=extragradient]")
    comparison = configured("bilinear", next(iter(spec)))
    method = next(iter(comparison.entries.values())).method
    assert (method["base"]["name"], method["base"]["k"], method["base"]["base"]["name"]) == (
        "lookahead",
        7,
        "extragradient",
    )


@pytest.mark.slow
def test_a_recipe_is_raced_by_ordinary_runs(tmp_path):
    comparison = configured(
        "digits", "alternating,extragradient", seeds=1, budget=Budget(evaluations=8), sets=["batch_size=16"]
    )
    found = run(comparison, tmp_path, jobs=1)
    assert found["metric"] == "pixel_frechet"
    assert len({r["start"] for r in found["results"]}) == 1
    assert {r["method"]: (r["evaluations"], r["samples"]) for r in found["results"]} == {
        "alternating": (8, 64),
        "extragradient": (8, 32),
    }
    for row in found["standings"]:
        assert row["failures"] == 0
        assert math.isfinite(row["mean"])
        identity = json.loads((tmp_path / "runs" / f"{row['method']}-0" / "run.json").read_text())
        assert identity["metrics"]["pixel_frechet"] == row["mean"]
    assert timeless(run(comparison, tmp_path, jobs=1)) == timeless(found)


HIGHER = Measure("recall", "", "higher")
AT_HALF = Measure("auc", "", "target", target=0.5)
UNKNOWN = Measure("loudness", "", "none")


def made_up(method, seed, measure, score, lr=0.1, trial=False):
    words = {"outcome": "stopped", "message": "", "start": "", "curve": {}}
    counts = {"steps": 1, "samples": 1, "evaluations": 2, "products": 0, "seconds": 1.0}
    return EntryResult(method, lr, seed, trial, measure.name, measure.plain(), score, score is None, **words, **counts)


@pytest.mark.parametrize(
    ("measure", "scores", "first", "worst_seed"),
    [
        (HIGHER, {"alternating": (0.2, 0.4), "extragradient": (0.5, 0.3)}, "extragradient", 1),
        # Two seeds wrong in opposite ways are right in their mean, and nowhere else.
        (AT_HALF, {"alternating": (0.1, 0.9), "extragradient": (0.6, 0.7)}, "extragradient", 1),
    ],
)
def test_standings_follow_the_direction_of_the_score(measure, scores, first, worst_seed):
    compared = configured("bilinear", "alternating,extragradient", seeds=2)
    results = [made_up(method, seed, measure, score) for method in scores for seed, score in enumerate(scores[method])]
    found = summary(compared, [], results)
    assert found["standings"][0]["method"] == first
    assert found["standings"][0]["worst_seed"] == worst_seed
    assert (found["metric"], found["measure"]) == (measure.name, measure.plain())


def test_the_ratio_of_the_players_step_sizes_is_searched_too(tmp_path):
    """Players a hundred times apart in scale: the generator wants a step 64 times as long as the discriminator's."""
    game = "quadratic", "simultaneous"
    sets = ("mu=0.5", "sigma=0.01", "optimizer.lr=0.5", "discriminator.optimizer.lr=8.0")
    comparison = configured(*game, seeds=1, search=5, budget=Budget(evaluations=200), sets=sets)
    assert comparison.ratios == pytest.approx((1 / 8, 1 / 8**0.5, 8**0.5, 8), rel=1e-2)
    found = rows(run(comparison, tmp_path / "free", jobs=1))["simultaneous"]
    # 1 − .5 h of each player is smallest at equal rates of 2 and less: the game's own ratio is 16.
    assert found["ratio"] == 0.125
    rates = found["rates"]
    assert rates["discriminator"] / rates["generator"] == pytest.approx(2.0)
    assert rates["discriminator"] * rates["generator"] == pytest.approx(16 * found["lr"] ** 2)
    assert found["search_at_edge"]
    assert "Two step sizes" in " ".join(remarks(run(comparison, tmp_path / "free", jobs=1)))


def test_a_comparison_says_which_optimizer_theory_holds_for(tmp_path):
    sets = ["generator.optimizer=Adam", "discriminator.optimizer=Adam"]
    methods = "extragradient,agraal,simultaneous"
    found = run(configured("bilinear", methods, seeds=1, budget=Budget(evaluations=20), sets=sets), tmp_path, jobs=1)
    assert found["optimizers"] == {"generator": "Adam", "discriminator": "Adam"}
    said = remarks(found)[-1]
    assert said.startswith("The players move by Adam.")
    assert "extragradient: gradient descent (over Adam it is ExtraAdam)" in said
    assert "agraal: itself" in said
    assert "simultaneous: gradient descent" in said
    assert all(METHODS[name].theory for name in METHODS)


def test_a_step_size_is_chosen_by_the_direction_of_the_score_and_a_failed_one_never():
    trials = [(1.0, None), (0.1, 0.3), (0.01, 0.6), (0.001, 0.9)]
    pick = {m.name: chosen([made_up("a", 2, m, score, lr, True) for lr, score in trials]).lr for m in (HIGHER, AT_HALF)}
    assert pick == {"recall": 0.001, "auc": 0.01}


def test_a_score_of_unknown_direction_ranks_nobody_by_it():
    assert made_up("a", 0, UNKNOWN, 0.1).badness == made_up("b", 0, UNKNOWN, 0.9).badness == math.inf
