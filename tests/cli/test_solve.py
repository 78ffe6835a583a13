"""`saddle solve`: fields, rates by the closed forms of the analysis, outcomes."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Run

FIELDS = {"game", "method", "lr", "iterations", "evaluations", "distance", "rate", "outcome"}


def extragradient(h: float) -> float:
    return math.sqrt(1 - h**2 + h**4)


def optimistic(h: float) -> float:
    """ρ² = (1 + √(1 − 4h²))/2 for h ≤ ½."""
    return math.sqrt((1 + math.sqrt(1 - 4 * h * h)) / 2)


def simultaneous(h: float) -> float:
    return math.sqrt(1 + h * h)


BILINEAR: list[tuple[str, Callable[[float], float], float]] = [
    *(("extragradient", extragradient, h) for h in (0.05, 0.3, 0.45, 1 / math.sqrt(2), 0.9)),
    *(("optimistic", optimistic, h) for h in (0.07, 0.2, 0.37)),
    *(("simultaneous", simultaneous, h) for h in (0.02, 0.3, 0.77)),
]


@pytest.mark.parametrize(("method", "rate", "h"), BILINEAR, ids=[f"{m}-{h:.2f}" for m, _, h in BILINEAR])
def test_rates_on_the_bilinear_game_are_the_known_ones(
    run: Run, method: str, rate: Callable[[float], float], h: float
) -> None:
    said = run("solve", "bilinear", "--method", method, "--lr", str(h), "--iterations", "400", "--json")
    assert said.code == 0
    found = said.json
    assert set(found) >= FIELDS
    # Optimism's second root has died out by the last half; the other two contract exactly at every step.
    assert found["rate"] == pytest.approx(rate(h), abs=1e-6)
    assert (found["game"], found["method"], found["lr"], found["iterations"]) == ("bilinear", method, h, 400)
    assert len(found["distance"]) == 401
    assert found["distance"][0] == pytest.approx(math.sqrt(2))
    assert found["evaluations"] == 400 * (4 if method == "extragradient" else 2)


def test_step_and_coupling_enter_as_their_product(run: Run) -> None:
    options = ("--method", "extragradient", "--iterations", "100", "--json")
    one = run("solve", "bilinear", "--lr", "0.6", *options).json
    two = run("solve", "bilinear", "--lr", "0.2", "--set", "sigma=3", *options).json
    assert two["rate"] == pytest.approx(one["rate"], abs=1e-9)


def test_a_matrix_converges_by_its_slowest_singular_value(run: Run) -> None:
    said = run(
        *("solve", "bilinear", "--set", "matrix=[[1, 0], [0, 2]]", "--method", "extragradient", "--lr", "0.3"),
        *("--iterations", "600", "--json"),
    )
    # h σ = .3 contracts by .958175 and .6 by √(1 − .36 + .1296) = .877268, which is gone by the last half.
    assert said.json["rate"] == pytest.approx(extragradient(0.3), abs=1e-6)


@pytest.mark.parametrize("h", [0.1, 0.3, 0.64])
def test_rates_on_the_quadratic_game_are_the_known_ones(run: Run, h: float) -> None:
    mu, sigma = 0.15, 1.3
    eigenvalue = complex(mu, sigma)
    expected = {
        "simultaneous": abs(1 - h * eigenvalue),
        "alternating": 1 - h * mu,
        "extragradient": abs(1 - h * eigenvalue + (h * eigenvalue) ** 2),
    }
    for method, rate in expected.items():
        found = run(
            *("solve", "quadratic", "--method", method, "--lr", str(h), "--iterations", "300", "--json"),
            *("--set", f"mu={mu}", "--set", f"sigma={sigma}"),
        ).json
        # Alternating steps circle on an ellipse: a bounded oscillation, spread over 150 steps, is measured too.
        tolerance = 1e-2 if method == "alternating" else 1e-6
        assert found["rate"] == pytest.approx(rate, abs=tolerance), method


def test_lookahead_over_simultaneous_steps_is_its_closed_form(run: Run) -> None:
    k, alpha, h = 5, 0.5, 0.3
    found = run(
        *("solve", "bilinear", "--method", "lookahead", "--set", "method.base=simultaneous", "--lr", str(h)),
        *("--set", f"method.k={k}", "--set", f"method.alpha={alpha}", "--iterations", "200", "--json"),
    ).json
    # 200 and 100 are whole cycles: per cycle |1 − α + α(1 − ih)^k|.
    assert found["rate"] ** k == pytest.approx(abs(1 - alpha + alpha * (1 - 1j * h) ** k), abs=1e-9)
    assert found["outcome"] in ("converged", "running")


OUTCOMES = [
    ("converged", ["bilinear", "--method", "extragradient", "--lr", "0.5", "--iterations", "400"]),
    ("converged", ["dirac", "--set", "r1=1", "--lr", "0.3", "--iterations", "400"]),
    ("cycling", ["bilinear", "--method", "alternating", "--lr", "0.3", "--iterations", "1000"]),
    ("cycling", ["bilinear", "--method", "alternating", "--lr", "1.1", "--iterations", "500"]),
    ("diverged", ["bilinear", "--method", "simultaneous", "--lr", "0.3", "--iterations", "500"]),
    ("diverged", ["bilinear", "--method", "simultaneous", "--lr", "3", "--iterations", "5000"]),
    ("diverged", ["bilinear", "--method", "simultaneous", "--lr", "1e300", "--iterations", "10"]),
    ("diverged", ["bilinear", "--method", "alternating", "--lr", "2.1", "--iterations", "200"]),
    ("running", ["bilinear", "--method", "extragradient", "--lr", "0.1", "--iterations", "50"]),
]


@pytest.mark.parametrize(("outcome", "arguments"), OUTCOMES, ids=[" ".join(a[:5]) for _, a in OUTCOMES])
def test_outcomes(run: Run, outcome: str, arguments: list[str]) -> None:
    said = run("solve", *arguments, "--json")
    assert said.code == 0
    assert said.json["outcome"] == outcome


def test_the_start_is_all_ones_or_x0_or_a_seed(run: Run) -> None:
    def start(*options: str) -> float:
        first: float = run("solve", "bilinear", "--iterations", "1", "--json", *options).json["distance"][0]
        return first

    assert start() == pytest.approx(math.sqrt(2))
    assert start("--set", "x0=3,4") == 5.0
    assert start("--seed", "1") == start("--seed", "1")
    assert start("--seed", "1") != start("--seed", "2")


def test_unequal_rates_are_one_setting_a_player(run: Run) -> None:
    found = run(
        *("solve", "bilinear", "--method", "simultaneous", "--iterations", "100", "--json"),
        *("--set", "generator.optimizer.lr=0.2", "--set", "discriminator.optimizer.lr=0.8"),
    ).json
    # √(1 + h_x h_y) for the product of the rates; the orbit is an ellipse, so the factor wobbles a little.
    assert found["rate"] == pytest.approx(math.sqrt(1 + 0.16), abs=2e-2)


def test_people_get_a_table_on_stderr_and_a_picture(run: Run, tmp_path: Path) -> None:
    said = run("solve", "bilinear", "--method", "extragradient", "--lr", "0.3", "--plot", tmp_path / "way.png")
    assert said.code == 0
    assert said.out == ""
    assert "0.958175" in said.err
    assert (tmp_path / "way.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--set", "sigmo=2"], "game 'bilinear' has no argument 'sigmo': did you mean 'sigma'?"),
        (["--set", "x0=1,2,3"], "the start has 3 coordinates, bilinear has 2"),
        (["--set", "matrix=[[1, 2], [3]]"], "is not a matrix"),
        (["--method", "extragradeint"], "did you mean 'extragradient'?"),
        (["--set", "method.k=2"], "method 'alternating' has no argument 'k'"),
        (["--iterations", "0"], "--iterations"),
    ],
)
def test_mistakes_exit_2_with_the_remedy(run: Run, option: list[str], message: str) -> None:
    said = run("solve", "bilinear", *option)
    assert said.code == 2
    assert message in said.flat
