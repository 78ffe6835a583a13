"""Each failing run is found, by its cause, and the healthy one is not; what is handed over is judged, not the mean."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_run import CONFIG, DECLARED, Record, changed, healthy

from saddlepoint.report import Verdict, examine, verdicts
from saddlepoint.report.verdicts import DIAGNOSES
from saddlepoint.report.verdicts.trend import metric_noise

CHANCE = np.random.default_rng(3)


def collapse(t: float, record: Record) -> None:
    record["monitors"]["diversity"] = max(0.05, 1 - 1.5 * t)


def noisy(t: float, record: Record) -> None:
    record["monitors"]["diversity"] = 1.6


def win(t: float, record: Record) -> None:
    record["monitors"] |= {"real_accuracy": 0.995, "generated_accuracy": 0.99, "discriminator_auc": 0.999}


def lose(t: float, record: Record) -> None:
    record["monitors"] |= {"real_accuracy": 0.41, "generated_accuracy": 0.45, "diversity": 0.8}


def lose_in_order(t: float, record: Record) -> None:
    del record["monitors"]["real_accuracy"], record["monitors"]["generated_accuracy"]
    record["monitors"]["discriminator_auc"] = 0.2


def know_by_heart(t: float, record: Record) -> None:
    record["monitors"] |= {"discriminator_auc": 0.8, "unseen_auc": 0.8 - 0.35 * t}


def overflow(t: float, record: Record) -> None:
    if t > 0.9:
        record["losses"]["generator"] = None


def grow(t: float, record: Record) -> None:
    record["monitors"]["generator_gradient_norm"] = math.exp(12 * t)


def rotate(t: float, record: Record) -> None:
    record["monitors"]["rotation"] = -0.7


def worsen(t: float, record: Record) -> None:
    if "metrics" in record:
        record["metrics"] = {"frechet": 10 + 40 * abs(t - 0.4)}


def improve(t: float, record: Record) -> None:
    if "metrics" in record:
        record["metrics"] = {"frechet": 100 - 60 * t}


def forget(t: float, record: Record) -> None:
    if "metrics" in record:
        record["metrics"] = {"recall": 0.6 - 0.5 * t}


def sharpen(t: float, record: Record) -> None:
    if "metrics" in record:
        record["metrics"] = {"sharpness": 0.2 + 0.8 * t}


def oversharpen(t: float, record: Record) -> None:
    if "metrics" in record:
        record["metrics"] = {"sharpness": 1 + 2 * abs(t - 0.4)}


def tell_apart(t: float, record: Record) -> None:
    if "metrics" in record:
        record["metrics"] = {"detection": 0.5 + 0.9 * abs(t - 0.5)}


def drift(t: float, record: Record) -> None:
    record.pop("metrics", None)
    record["losses"]["generator"] = 1 + 3 * t


def titles(records: list[Record], **more: Any) -> dict[str, str]:
    return {finding.title: finding.level for finding in examine(records, identity={"measures": DECLARED}, **more)}


@pytest.mark.parametrize(
    ("change", "title", "level"),
    [
        (collapse, "Generator collapse", "bad"),
        (noisy, "Samples still noisy", "watch"),
        (win, "The discriminator wins", "bad"),
        (lose, "The discriminator has lost", "bad"),
        (lose_in_order, "The discriminator has lost", "bad"),
        (overflow, "Non-finite numbers", "bad"),
        (grow, "The game diverges", "bad"),
        (rotate, "The players go round", "watch"),
        (worsen, "Frechet got worse", "bad"),
        (improve, "Frechet still improves", "watch"),
        (forget, "Recall got worse", "bad"),
        (sharpen, "Sharpness still improves", "watch"),
        (tell_apart, "Detection got worse", "bad"),
        (know_by_heart, "The discriminator knows the training samples by heart", "bad"),
        (drift, "The losses still move", "watch"),
    ],
)
def test_a_failing_run_is_found_and_nothing_else_is(change: Any, title: str, level: str) -> None:
    found = {t: grade for t, grade in titles(changed(change)).items() if grade != "good"}
    assert found == {title: level}


def test_real_samples_that_were_held_out_and_rank_as_training_samples_do_show_nothing_learnt_by_heart() -> None:
    def alike(t: float, record: Record) -> None:
        record["monitors"] |= {"discriminator_auc": 0.8, "unseen_auc": 0.78}

    assert "overfits" not in {finding.name for finding in examine(changed(alike), config=CONFIG)}


def test_of_few_steps_no_game_is_called_sound() -> None:
    records = [{"samples": 64 * n, "steps": n, "losses": {"generator": 0.7, "discriminator": 0.7}} for n in range(9)]
    game = verdicts(records)[0]
    assert (game.question, game.level) == ("game", "watch")
    assert "8 steps" in game.answer


def test_no_longer_average_is_advised_than_the_run_has_room_for() -> None:
    from saddlepoint.report.verdicts import Evidence

    records = [{"samples": 40_000, "steps": 600}]
    said = {
        half_life: Evidence(records, {"average": {"half_life": half_life}}, {}, None).average(4.0).command
        for half_life in (1000, 8000, 50_000)
    }
    assert said[1000].endswith("average.half_life=4e+03")
    assert said[8000].endswith("average.half_life=1e+04")
    assert not said[50_000]


@pytest.mark.parametrize("count", [60, 600])
def test_the_healthy_run_is_healthy(count: int) -> None:
    assert set(titles(healthy(count)).values()) == {"good"}


def test_a_number_that_is_right_at_a_value_is_best_there() -> None:
    found = examine(changed(tell_apart), identity={"measures": DECLARED})
    (finding,) = [f for f in found if f.title == "Detection got worse"]
    assert "Best 0.53 at" in finding.seen


@pytest.mark.parametrize("change", [worsen, improve, forget, sharpen, tell_apart])
@pytest.mark.parametrize("measures", [None, {}, {"other": {"direction": "lower"}}, {"recall": {"direction": "up"}}])
def test_a_metric_of_unknown_direction_is_never_better_or_worse(change: Any, measures: Any) -> None:
    found = examine(changed(change), identity={} if measures is None else {"measures": measures})
    words = " ".join(f"{finding.title} {finding.seen} {finding.advice}" for finding in found)
    assert not [word for word in ("Frechet", "Recall", "Sharpness", "worse", "better", "improves") if word in words]


@pytest.mark.parametrize("count", range(6))
def test_few_records_are_too_few_to_say(count: int) -> None:
    (finding,) = examine(healthy(60)[:count])
    assert finding.title == ("Too early to say" if count else "No records yet")
    assert finding.level == "watch"


def test_a_discriminator_that_wins_while_samples_improve_is_only_watched() -> None:
    def both(t: float, record: Record) -> None:
        win(t, record)
        improve(t, record)

    assert titles(changed(both))["The discriminator wins"] == "watch"


def test_a_coin_with_samples_as_diverse_as_the_data_is_the_solution() -> None:
    def solved(t: float, record: Record) -> None:
        record["monitors"] |= {"real_accuracy": 0.49, "generated_accuracy": 0.48, "diversity": 1.0}

    assert set(titles(changed(solved)).values()) == {"good"}


def test_the_end_that_run_json_tells_is_found_without_a_record_of_it() -> None:
    found = examine(healthy(), identity={"outcome": "non-finite", "message": "the loss of the generator was inf"})
    assert found[0].title == "Non-finite numbers"
    assert "the loss of the generator was inf" in found[0].seen


def test_the_best_position_is_named() -> None:
    (finding,) = [
        f for f in examine(changed(worsen), identity={"measures": DECLARED}) if f.title == "Frechet got worse"
    ]
    assert "120,000 samples" in finding.seen


def test_commands_carry_the_values_and_the_folder_of_the_run() -> None:
    (finding,) = [
        f
        for f in examine(changed(win), config=CONFIG, identity={"measures": DECLARED}, folder=Path("runs/my run"))
        if f.level == "bad"
    ]
    assert finding.commands == (
        "saddle train 'runs/my run/config.yaml' --set discriminator.optimizer.lr=0.0005",
        "saddle train 'runs/my run/config.yaml' --set penalties.r1.weight=10 --set penalties.r2.weight=10",
    )


def test_every_bad_finding_has_a_command_that_the_method_of_the_run_does_not_already_have() -> None:
    config = {**CONFIG, "method": {"name": "extragradient"}}
    for change in (collapse, win, lose, overflow, grow, worsen):
        for finding in examine(changed(change), config=config, identity={"measures": DECLARED}):
            if finding.level == "bad":
                assert finding.commands
                assert not any("--method extragradient" in command for command in finding.commands)


def test_findings_come_worst_first() -> None:
    def much(t: float, record: Record) -> None:
        rotate(t, record)
        collapse(t, record)

    levels = [finding.level for finding in examine(changed(much))]
    assert levels == sorted(levels, key=("bad", "watch", "good").index)


def test_metric_noise_is_the_standard_deviation_on_a_trend() -> None:
    values = 0.5 * np.arange(4000.0) + CHANCE.normal(0, 2, 4000)
    assert metric_noise(values) == pytest.approx(2, rel=0.1)  # median of 2,000 |second differences|: ±3 %


@pytest.mark.parametrize("record", [{}, {"samples": None}, {"samples": 3, "losses": 7}, {"samples": 3, "monitors": {}}])
def test_odd_records_raise_nothing(record: Record) -> None:
    assert examine([record] * 20)


def test_edges_that_grow_too_sharp_got_worse_and_are_noise() -> None:
    found = titles(changed(oversharpen))
    assert (found["Sharpness got worse"], found["Samples still noisy"]) == ("bad", "watch")


@pytest.mark.parametrize("fault", [collapse, overflow, grow])
def test_a_baseline_is_given_no_advice_about_a_discriminator(fault: Any) -> None:
    alone = {key: value for key, value in CONFIG.items() if key not in ("discriminator", "loss", "penalties")}
    alone |= {"model": {"name": "vae", "beta": 2.0}}
    worst = examine(changed(fault), config=alone)[0]
    assert worst.level == "bad"
    told = f"{worst.advice} {' '.join(worst.commands)}"
    assert "discriminator" not in told
    assert "penalties" not in told
    assert ("model.beta=0.5" in told) == (fault is collapse)


# --- what is known beside the records ---------------------------------------------------------------------

#: Of real images, of the model before its first step, and of what nobody takes for images.
KNOWN = {
    "untrained": {"pixel_frechet": 9.0, "precision": 0.0, "coverage": 0.0, "sharpness": 0.2},
    "real": {"pixel_frechet": 0.05, "precision": 0.9, "coverage": 0.97, "memorised": 0.01, "class_agreement": 0.97},
    "blind: mud": {"pixel_frechet": 0.4, "precision": 0.4, "coverage": 0.4, "sharpness": 0.6},
}
DATA = {
    "constant": 0.0,
    "repeated": 0.0,
    "largest_class": 0.1,
    "class_agreement": 0.97,
    "class_chance": 0.1,
}


def beside(name: str, **values: float) -> dict[str, dict[str, float]]:
    """What is known, with one thing more."""
    return {**KNOWN, name: values}


NEAR = {"precision": 0.85, "coverage": 0.9, "memorised": 0.01, "sharpness": 0.95, "class_agreement": 0.95}


def ended(**more: Any) -> dict[str, Any]:
    """`run.json` of a run that came near the data, but for what is given."""
    identity: dict[str, Any] = {
        "state": "ended",
        "samples": 300_032,
        "steps": 4_688,
        "measures": DECLARED,
        "references": KNOWN,
        "examined": DATA,
        "metrics": {"pixel_frechet": 0.24},
        "checks": NEAR,
        "live": {"pixel_frechet": 0.25},
        "dataset": {"kind": "images", "images": 1797},
    }
    for key, value in more.items():
        identity[key] = {**identity[key], **value} if isinstance(identity.get(key), dict) else value
    return identity


def told(identity: dict[str, Any], records: list[Record] | None = None, config: Any = CONFIG) -> dict[str, Verdict]:
    found = verdicts(healthy() if records is None else records, config=config, identity=identity)
    return {verdict.question: verdict for verdict in found}


def names(verdict: Verdict) -> set[str]:
    return {finding.name for finding in verdict.findings if finding.level != "good"}


def test_a_run_that_came_near_the_data_is_good_in_all_three() -> None:
    found = told(ended())
    assert {question: verdict.level for question, verdict in found.items()} == dict.fromkeys(found, "good")
    assert list(found) == ["game", "result", "done"]
    assert "near the data" in found["result"].answer


@pytest.mark.parametrize(
    ("name", "change", "level"),
    [
        ("far", {"metrics": {"pixel_frechet": 7.0}}, "bad"),
        ("far", {"checks": {"precision": 0.2}}, "bad"),
        ("far", {"checks": {"coverage": 0.5}}, "watch"),
        ("average-behind", {"metrics": {"pixel_frechet": 2.0}}, "bad"),
        ("memorised", {"checks": {"memorised": 0.7}}, "bad"),
        ("blurred", {"checks": {"sharpness": 0.5}}, "bad"),
        ("noisy", {"checks": {"sharpness": 2.0}}, "watch"),
        ("wrong-class", {"checks": {"class_agreement": 0.15}}, "bad"),
        ("constant-data", {"examined": {"constant": 0.5}}, "bad"),
        ("one-class", {"examined": {"largest_class": 0.9, "class_chance": 0.82}}, "watch"),
        ("labels-say-nothing", {"examined": {"class_agreement": 0.1}}, "bad"),
        ("repeated-data", {"examined": {"repeated": 0.8}}, "watch"),
        ("few-data", {"dataset": {"images": 12}}, "bad"),
        ("few-data", {"dataset": {"images": 60}}, "watch"),
        ("flat-data", {"examined": {"range": 0.1}}, "bad"),
        ("still-data", {"examined": {"still": 0.75}}, "watch"),
        ("worse-than-baseline", {"references": beside("baseline: a copula", pixel_frechet=0.06)}, None),
        (
            "worse-than-baseline",
            {
                "references": beside("baseline: a copula", pixel_frechet=0.001),
                **{key: {"pixel_frechet": 1.5} for key in ("metrics", "live")},
            },
            "watch",
        ),
        (
            "blind",
            {"references": {**KNOWN, "blind: mud": {"pixel_frechet": 0.06, "precision": 0.9, "coverage": 0.9}}},
            "watch",
        ),
    ],
)
def test_no_result_is_good_that_something_speaks_against(name: str, change: dict[str, Any], level: str | None) -> None:
    found = told(ended(**change))["result"]
    if level is None:
        assert name not in names(found)
    else:
        assert name in names(found)
        assert next(f.level for f in found.findings if f.name == name) == level
        assert found.level != "good"


def test_a_flat_score_far_from_the_floor_is_no_success() -> None:
    def flat(t: float, record: Record) -> None:
        if "metrics" in record:
            record["metrics"] = {"pixel_frechet": 6.0}

    found = told(ended(metrics={"pixel_frechet": 6.0}, live={"pixel_frechet": 6.0}), changed(flat))
    assert found["result"].level == "bad"
    assert found["done"].level == "watch"
    assert "has stopped, far from the data" in found["done"].answer


@pytest.mark.parametrize("scores", [(5.6, 7.7, 2.6, 1.9, 1.7), (8.0, 3.0, 4.0), (6.0, 2.4, 3.5, 2.5)])
def test_a_few_scores_that_swing_do_not_say_that_a_score_has_stopped(scores: tuple[float, ...]) -> None:
    records = [record for record in healthy() if "metrics" in record]
    for record in records:
        record["metrics"] = {}
    for record, score in zip(records[-len(scores) :], scores, strict=True):
        record["metrics"] = {"pixel_frechet": score}
    last = {"pixel_frechet": scores[-1]}
    found = told(ended(metrics=last, live=last, checks={"coverage": 0.1}, samples=records[-1]["samples"]), records)
    assert found["done"].level == "watch"
    assert "stopped" not in found["done"].answer
    assert any("samples" in command for finding in found["done"].findings for command in finding.commands)


def test_nothing_is_good_before_anything_was_measured() -> None:
    records = [record for record in healthy() if "metrics" not in record][:8]
    found = told({"samples": 64, "state": "running", "steps": 1}, records)["result"]
    assert found.level == "watch"


def test_a_best_that_is_the_last_is_never_worse() -> None:
    def jumpy(t: float, record: Record) -> None:
        if "metrics" in record:
            record["metrics"] = {"pixel_frechet": 3.0 if t < 1 else 0.2}

    found = told(ended(metrics={"pixel_frechet": 0.2}), changed(jumpy))
    assert "best-behind" not in names(found["done"])


@pytest.mark.parametrize("noise", [0.0, 0.2, 1.0])
def test_noise_of_the_score_hides_no_ruined_run(noise: float) -> None:
    def ruined(t: float, record: Record) -> None:
        if "metrics" in record:
            record["metrics"] = {"pixel_frechet": 0.3 if t < 0.5 else 5 * (1 + noise * CHANCE.uniform(-0.8, 0.8))}

    found = told(ended(metrics={"pixel_frechet": 5.0}, live={"pixel_frechet": 5.0}), changed(ruined))
    assert "best-behind" in names(found["done"])
    assert found["done"].level == "bad"
    assert found["result"].level == "bad"


@pytest.mark.parametrize("every", [1, 2, 5])
@pytest.mark.parametrize("ruin", [False, True])
def test_the_verdict_does_not_hang_on_how_often_the_score_was_taken(every: int, *, ruin: bool) -> None:
    records, seen = [], 0
    for record in healthy(60):
        if "metrics" in record:
            seen += 1
            value = 6.0 if ruin and record["samples"] > 150_000 else record["metrics"]["pixel_frechet"]
            record["metrics"] = {"pixel_frechet": value} if seen % every == 0 else {}
        records.append(record)
    last = {"pixel_frechet": 6.0 if ruin else 0.24}
    found = told(ended(metrics=last, live=last), records)
    assert (found["result"].level, found["done"].level) == (("bad", "bad") if ruin else ("good", "good"))


def still(player: str) -> Any:
    def change(t: float, record: Record) -> None:
        record["movement"] = {
            f"{own}_parameter_norm": 30.0 if own == player else 30.0 + t for own in ("generator", "discriminator")
        }
        record["monitors"] |= {"diversity": 0.1, "discriminator_auc": 1.0}
        record["monitors"].pop("real_accuracy"), record["monitors"].pop("generated_accuracy")

    return change


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_player_that_never_moved_is_named_and_told_to_move(player: str) -> None:
    config = {**CONFIG, player: {"optimizer": {"name": "Adam", "lr": 1e-12}}}
    found = told(ended(changed={f"{player}.optimizer.lr": 1e-3}), changed(still(player)), config)
    first = found["game"].findings[0]
    assert (first.name, first.level) == ("stands", "bad")
    assert first.commands == (f"saddle train RUN/config.yaml --set {player}.optimizer.lr=0.001",)
    assert not any(f.commands for verdict in found.values() for f in verdict.findings if f.name in ("collapse", "far"))


def test_a_penalty_that_was_raised_a_hundredfold_is_lowered_and_not_raised() -> None:
    def flat(t: float, record: Record) -> None:
        record["movement"] = {"logit_margin": 0.004, "logit_spread": 0.01}
        record["monitors"] |= {"discriminator_auc": 0.8, "diversity": 0.5}

    config = {**CONFIG, "penalties": {"r1": {"weight": 100.0}, "r2": {"weight": 100.0}}}
    ruin = {"metrics": {"pixel_frechet": 7.0}, "live": {"pixel_frechet": 7.0}, "changed": {"penalties.r1.weight": 1.0}}
    found = told(ended(**ruin), changed(flat), config)
    commands = [c for verdict in found.values() for f in verdict.findings for c in f.commands]
    assert found["game"].findings[0].name == "penalty-rules"
    assert commands[0].endswith("--set penalties.r1.weight=1")
    assert not any("penalties.r1.weight=1000" in command for command in commands)


@pytest.mark.parametrize("shift", [-1000.0, 0.0, 1000.0])
def test_verdicts_do_not_move_with_the_discriminators_last_bias(shift: float) -> None:
    # What is recorded of logits are differences: no monitor of a record holds the bias itself.
    import torch

    from saddlepoint.components.adversary import DiscriminatorInput
    from saddlepoint.tasks.probe import area_under_curve, logits_of

    real, made = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[0.0], [1.5], [2.5]])
    given = DiscriminatorInput(lambda samples: samples[:, 0] + shift, real, made)
    first, second = logits_of(given)
    assert float(first.median() - second.median()) == pytest.approx(0.5)
    assert area_under_curve(*logits_of(given)) == pytest.approx(6 / 9)


def test_two_verdicts_never_advise_opposite_things() -> None:
    def much(t: float, record: Record) -> None:
        win(t, record)
        worsen(t, record)
        record["monitors"]["diversity"] = 0.2

    for finding_config in (CONFIG, {**CONFIG, "method": {"name": "extragradient"}}):
        wanted: dict[str, set[int]] = {}
        for finding in examine(changed(much), config=finding_config, identity={"measures": DECLARED}):
            for remedy in finding.remedies:
                wanted.setdefault(remedy.setting, set()).add(remedy.direction)
        assert wanted
        assert all(len(directions - {0}) <= 1 for directions in wanted.values())


def test_players_whose_losses_turn_one_way_without_progress_go_round() -> None:
    def turn(t: float, record: Record) -> None:
        record["losses"] = {"generator": 0.7 + 0.2 * math.cos(60 * t), "discriminator": 0.7 + 0.2 * math.sin(60 * t)}

    found = told(ended(), changed(turn))
    assert names(found["game"]) == {"circles"}
    assert "--method extragradient" in found["game"].findings[0].commands[0]


@pytest.mark.parametrize(
    ("change", "recipe", "undone"),
    [
        ({"batch_size": 2}, {"batch_size": 64}, "batch_size=64"),
        ({"latent": {"size": 1}}, {"latent.size": 64}, "latent.size=64"),
        ({"average": {"half_life": 1.0}}, {"average.half_life": 10_000.0}, "average.half_life=10000"),
        (
            {"discriminator": {"network": {"name": "mlp", "widths": [1]}}},
            {"discriminator.network.widths": [256, 256]},
            "'discriminator.network.widths=[256, 256]'",
        ),
        (
            {role: {"optimizer": {"betas": [0.99, 0.5]}} for role in ("generator", "discriminator")},
            {f"{role}.optimizer.betas": [0.0, 0.99] for role in ("generator", "discriminator")},
            "'optimizer.betas=[0.0, 0.99]'",
        ),
        (
            {"generator": {"optimizer": {"weight_decay": 0.5}}},
            {"generator.optimizer.weight_decay": 0.0},
            "generator.optimizer.weight_decay=0",
        ),
        ({"loss": {"name": "minimax"}}, {"adversary.loss": {"name": "relativistic"}}, "loss=relativistic"),
        ({"penalties": {}}, {"adversary.penalties.r1": {"weight": 1.0}}, "penalties.r1.weight=1"),
        ({"data": {"limit": 3}}, {"data.limit": None, "data.size": 8, "seed": 7}, "data.limit=none"),
        ({"data": {"size": 8}}, {"data.size": 16, "seed": 7, "every.record": 5000}, None),
        ({"batch_size": 32}, {"batch_size": 64}, None),
    ],
)
def test_what_is_far_from_the_recipe_is_undone_first_where_something_is_wrong(
    change: dict[str, Any], recipe: dict[str, Any], undone: str | None
) -> None:
    far = {"metrics": {"pixel_frechet": 8.0}, "live": {"pixel_frechet": 8.0}}
    found = [
        f
        for verdict in told(ended(changed=recipe, **far), config={**CONFIG, **change}).values()
        for f in verdict.findings
    ]
    asked = [f.commands[0].partition(" --set ")[2] for f in found if "First undo" in f.advice]
    assert asked == ([undone] if undone else [])
    well = told(ended(changed=recipe), config={**CONFIG, **change})
    assert not [f for verdict in well.values() for f in verdict.findings if f.level == "bad" or f.commands]


def test_a_discriminator_that_does_not_see_how_far_samples_are_is_too_weak() -> None:
    def weak(t: float, record: Record) -> None:
        del record["monitors"]["real_accuracy"], record["monitors"]["generated_accuracy"]
        record["monitors"] |= {"discriminator_auc": 0.8, "diversity": 0.9}
        if "metrics" in record:
            record["metrics"] = {"pixel_frechet": 8.0}

    far = {"metrics": {"pixel_frechet": 8.0}, "live": {"pixel_frechet": 8.0}}
    found = told(ended(**far), changed(weak))["game"].findings[0]
    assert (found.name, found.level) == ("discriminator-weak", "bad")
    assert "method.counts=2,1" in found.commands[0]
    assert "discriminator-weak" not in names(told(ended(), changed(weak))["game"])


def test_a_network_of_one_s_own_is_the_first_that_is_left_out() -> None:
    recipe = {"generator.network": {"name": "mlp-generator", "widths": [256, 256]}}
    config = {**CONFIG, "generator": {"network": {"name": "own", "of": "mine:Soft"}}}
    found = told(ended(checks={"sharpness": 0.4}, changed=recipe), config=config)["result"].findings[0]
    assert "network is your own (Soft)" in found.advice
    asked = "generator.network={name: mlp-generator, widths: [256, 256]}"
    assert found.commands[0] == f"saddle train RUN/config.yaml --set '{asked}'"


def test_ten_images_are_no_shuffled_labels() -> None:
    few = ended(dataset={"images": 10}, examined={"class_agreement": 0.1}, checks={"memorised": 0.9})
    assert "labels-say-nothing" not in names(told(few)["result"])
    assert told(few)["result"].findings[0].name == "memorised"


def test_a_run_that_was_stopped_is_told_to_go_on() -> None:
    config = {**CONFIG, "budget": {"samples": 30_000_000}}
    short = ended(message="stopped by SIGINT", metrics={"pixel_frechet": 7.0}, live={"pixel_frechet": 7.0})

    def flat(t: float, record: Record) -> None:
        if "metrics" in record:
            record["metrics"] = {"pixel_frechet": 7.0}

    found = told(short, changed(flat), config)
    assert found["done"].answer == "Stopped at 1.0 % of its plan."
    assert [f.commands for f in found["done"].findings] == [("saddle train RUN/config.yaml --out RUN",)]
    assert not [f for f in found["result"].findings if f.commands]
    assert "stopped-short" not in names(told({**short, "message": "the budget is spent"}, None, config)["done"])


def test_steps_that_wait_for_data_are_told() -> None:
    starved = told(ended(times={"steps": 20.0, "data": 40.0, "looks": 5.0}))["done"]
    assert "The steps wait for data" in starved.answer
    assert "data-starved" not in names(told(ended(times={"steps": 40.0, "data": 10.0}))["done"])


@pytest.mark.parametrize(("steep", "how"), [(60.0, "at once"), (1.5, "little by little")])
def test_a_collapse_is_sudden_or_gradual(steep: float, how: str) -> None:
    def fall(t: float, record: Record) -> None:
        record["monitors"]["diversity"] = float(np.clip(1 - steep * (t - 0.3), 0.1, 1))

    found = next(f for f in examine(changed(fall), config=CONFIG) if f.name == "collapse")
    assert how in found.seen
    assert ("Sudden" in found.title) == (how == "at once")


def test_every_diagnosis_has_a_name_a_question_and_words() -> None:
    assert len({diagnosis.name for diagnosis in DIAGNOSES}) == len(DIAGNOSES)
    known = {diagnosis.name for diagnosis in DIAGNOSES}
    for diagnosis in DIAGNOSES:
        assert diagnosis.question in ("game", "result", "done")
        assert type(diagnosis).__doc__
        assert set(diagnosis.causes) <= known
