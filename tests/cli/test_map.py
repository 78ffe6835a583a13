"""`saddle map`: the plane of step sizes, measured and known."""

from pathlib import Path

import pytest

from commands import Run


@pytest.mark.slow
def test_measured_factors_are_theorys_and_a_picture_is_drawn(run: Run, tmp_path: Path) -> None:
    plot = tmp_path / "new" / "map.png"
    said = run(
        *("map", "bilinear", "--method", "extragradient", "--grid", "5", "--lr-range", "0.3:1.5"),
        *("--iterations", "400", "--set", "sigma=1", "--plot", plot, "--json"),
    )
    assert said.code == 0, said.err
    found = said.json
    assert (found["game"], found["method"], found["batched"], found["starts"]) == ("bilinear", "extragradient", True, 1)
    h = found["h"]
    assert (len(h), h[0], h[-1]) == (5, pytest.approx(0.3), pytest.approx(1.5))
    for k in range(5):
        # From (1, 1) at equal step sizes every step shrinks by the same factor.
        exact = (1 - h[k] ** 2 + h[k] ** 4) ** 0.5
        assert found["theory"][k][k] == pytest.approx(exact, abs=1e-9)
        assert found["rate"][k][k] == pytest.approx(exact, abs=1e-6)
        assert found["outcome"][k][k] == ("diverged" if exact > 1 else "converged")
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_cell_is_what_solve_says(run: Run) -> None:
    options = ("--method", "optimistic", "--iterations", "80", "--set", "r1=0.3", "--json")
    cells = run("map", "dirac", "--grid", "3", "--lr-range", "0.1:0.9", *options).json
    for row, h_y in enumerate(cells["h"]):
        for column, h_x in enumerate(cells["h"]):
            rates = ("--set", f"generator.optimizer.lr={h_x!r}", "--set", f"discriminator.optimizer.lr={h_y!r}")
            alone = run("solve", "dirac", *options, *rates).json
            assert cells["rate"][row][column] == pytest.approx(alone["rate"], rel=1e-9)
            assert cells["outcome"][row][column] == alone["outcome"]


@pytest.mark.slow
def test_a_method_that_mixes_cells_is_played_one_by_one_in_processes_too(run: Run) -> None:
    command = ("map", "bilinear", "--method", "competitive", "--grid", "8", "--iterations", "8", "--json")
    one, two = (run(*command, "--jobs", str(jobs)).json for jobs in (1, 2))
    assert one == two
    assert not one["batched"]
    assert one["rate"][7][7] == pytest.approx(one["theory"][7][7], abs=1e-9)


def test_people_get_counts_on_stderr(run: Run) -> None:
    said = run("map", "stochastic-bilinear", "--set", "size=6", "--set", "batch_size=3", "--grid", "2", "--seeds", "2")
    assert said.code == 0
    assert said.out == ""
    assert "of 4 cells" in said.flat
    assert "no closed form" in said.flat


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (["--lr-range", "2"], "give two numbers, as in 0.01:2"),
        (["--lr-range", "2:1"], "a larger one"),
        (["--lr-range", "0:1"], "a positive number"),
        (["--plot", "map.pdf"], "a .png file"),
        (["--set", "sigmo=2"], "did you mean 'sigma'?"),
        (["--set", "x0=1,2", "--seeds", "2"], "one of them"),
        (["--set", "x0=1,2,3"], "has 2"),
        (["--method", "extragradeint"], "did you mean 'extragradient'?"),
    ],
)
def test_mistakes_exit_2_with_the_remedy(run: Run, option: list[str], message: str) -> None:
    said = run("map", "bilinear", *option)
    assert said.code == 2
    assert message in said.flat
