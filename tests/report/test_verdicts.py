"""Each failing run is found, and the healthy one is not."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up_run import CONFIG, DECLARED, Record, changed, healthy

from saddlepoint.report import examine
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
        (grow, "Gradients grow", "bad"),
        (rotate, "The players go round", "watch"),
        (worsen, "Frechet got worse", "bad"),
        (improve, "Frechet still improves", "watch"),
        (forget, "Recall got worse", "bad"),
        (sharpen, "Sharpness still improves", "watch"),
        (oversharpen, "Sharpness got worse", "bad"),
        (tell_apart, "Detection got worse", "watch"),
        (drift, "The losses still move", "watch"),
    ],
)
def test_a_failing_run_is_found_and_nothing_else_is(change: Any, title: str, level: str) -> None:
    found = {t: grade for t, grade in titles(changed(change)).items() if grade != "good"}
    assert found == {title: level}


@pytest.mark.parametrize("count", [60, 600])
def test_the_healthy_run_is_healthy(count: int) -> None:
    found = titles(healthy(count))
    assert set(found.values()) == {"good"}
    assert "Healthy" in found


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


@pytest.mark.parametrize("count", range(FEWEST_RECORDS))
def test_few_records_are_too_few_to_say(count: int) -> None:
    (finding,) = examine(healthy(60)[:count])
    assert finding.title == ("Too early to say" if count else "No records yet")


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
        "saddle train 'runs/my run/config.yaml' --set penalties.r1.weight=10",
        "saddle train 'runs/my run/config.yaml' --set discriminator.optimizer.lr=0.0005",
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
