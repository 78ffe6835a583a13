"""Differential privacy: gradients that are clipped and noisy, marginals that one row does not show in, ε as counted."""

from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from torch import nn

from playing import play
from saddlepoint.configuration import ConfigurationError, assign
from saddlepoint.data.tables import CategoryColumn
from saddlepoint.losses import LOSSES
from saddlepoint.tasks import model_at, recipe_named
from saddlepoint.tasks.tables import TASK
from saddlepoint.tasks.tables.layout import RowLayout
from saddlepoint.tasks.tables.private import Ledger, PoissonStream, PrivateLosses, epsilon_of, noise_for
from saddlepoint.tasks.tables.private_marginals import PrivateMarginals

pytest.importorskip("opacus")
SMALL = (
    *("device=cpu", "threads=1", "batch_size=16", "budget.samples=320", "every.checkpoint=160", "every.record=160"),
    *("generator.network.width=8", "discriminator.network.widths=[8]", "latent.size=4", "privacy.epsilon=50"),
)


def frame(rows: int = 600) -> pandas.DataFrame:
    rng = np.random.default_rng(0)
    made = pandas.DataFrame({"city": rng.choice(["Ulm", "Bonn", "Jena"], rows), "size": rng.normal(70, 9, rows)})
    made["size"] = made["size"].round(1)
    made["rooms"] = rng.integers(1, 5, rows)
    made.loc[3, "city"], made.loc[5, "size"] = "Atlantis", 9e9
    return made


class _Batch:
    """Of pairs of rows and latents."""

    def __init__(self, real: torch.Tensor, latent: torch.Tensor, there: torch.Tensor, expected: int) -> None:
        self.real, self.latent, self.there, self.expected, self.seed = real, latent, there, expected, 7


def gradient(losses: PrivateLosses, players: dict[str, nn.Module], batch: _Batch) -> torch.Tensor:
    loss = losses(players, batch, ("discriminator",))["discriminator"]
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(players["discriminator"].parameters()))])


def players() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 5), nn.LeakyReLU(), nn.Linear(5, 1), nn.Flatten(0))
    return {"generator": nn.Linear(2, 3), "discriminator": critic}


def test_without_noise_and_bound_the_gradient_is_the_ordinary_one() -> None:
    own, loss = players(), LOSSES["non-saturating"]()
    batch = _Batch(torch.randn(9, 3), torch.randn(9, 2), torch.ones(9), 9)
    found = gradient(PrivateLosses(loss, 1e6, Ledger(0.0)), own, batch)
    critic = own["discriminator"]
    plain = loss.discriminator(critic(batch.real), critic(own["generator"](batch.latent).detach()))
    expected = torch.cat([g.flatten() for g in torch.autograd.grad(plain, list(critic.parameters()))])
    assert torch.allclose(found, expected, atol=1e-6)


def test_a_row_changes_the_sum_of_gradients_by_no_more_than_the_bound() -> None:
    own, ledger = players(), Ledger(0.0)
    losses = PrivateLosses(LOSSES["non-saturating"](), 0.1, ledger)
    real, latent = 100 * torch.randn(9, 3), torch.randn(9, 2)
    there = torch.ones(9)
    without = there.clone()
    without[4] = 0
    with_it, without_it = (gradient(losses, own, _Batch(real, latent, mask, 1)) for mask in (there, without))
    assert 0.01 < float((with_it - without_it).norm()) <= 0.1 + 1e-6
    assert int(ledger.releases) == 2


def test_the_noise_has_its_deviation() -> None:
    own = players()
    batch = _Batch(torch.randn(9, 3), torch.randn(9, 2), torch.zeros(9), 4)
    found = gradient(PrivateLosses(LOSSES["non-saturating"](), 0.5, Ledger(3.0)), own, batch)
    assert float(found.std()) == pytest.approx(0.5 * 3 / 4, rel=0.4)


def test_rows_are_drawn_each_on_its_own() -> None:
    rows = torch.arange(400.0)[:, None] / 400
    stream = PoissonStream(rows, RowLayout((1,)), 40, 0, 99, 2, "normal", torch.device("cpu"))
    counts = [int(stream(40 * step).value.there.sum()) for step in range(200)]
    assert np.mean(counts) == pytest.approx(40, abs=1.5)
    assert np.var(counts) == pytest.approx(36, rel=0.4)
    again, first = stream(80).value, stream(80).value
    assert torch.equal(again.real, first.real)


def test_epsilon_is_that_of_the_literature() -> None:
    # Abadi et al. 2016 give ε = 1.26 for q = 0.01, σ = 4, T = 10,000, δ = 1e-5 by moments; the conversion of Balle et
    # al. 2020, which Opacus takes, is tighter.
    assert 1.0 < epsilon_of(4.0, 0.01, 10_000, 1e6, 1e-5) < 1.26
    noise = noise_for(2.0, 0.02, 1000, 10.0, 1e-5)
    assert epsilon_of(noise, 0.02, 1000, 10.0, 1e-5) == pytest.approx(2.0, rel=0.01)
    with pytest.raises(ConfigurationError, match="marginals alone cost"):
        noise_for(0.1, 0.02, 1000, 1.0, 1e-5)


def test_one_row_does_not_show_in_the_marginals() -> None:
    table = TASK.adopt(assign(recipe_named("table-dp"), ["data.held_out=0"]), frame())
    released = PrivateMarginals.of(table, 1.0, 1e-5, seed=0)
    city = released.table.column("city")
    assert isinstance(city, CategoryColumn)
    assert "Atlantis" not in city.categories
    assert set(city.categories) == {"Ulm", "Bonn", "Jena"}
    assert released.table.column("size").high < 600
    drawn = released.table.cells["size"].values
    assert np.mean(drawn) == pytest.approx(70, abs=12)
    conformed = released.conformed(table)
    assert (conformed.cells["city"].values >= 0).all()
    assert conformed.cells["size"].values.max() < 600


@pytest.mark.slow
def test_a_private_run_resumes_exactly_and_tells_epsilon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    config = assign(recipe_named("table-dp"), SMALL)
    data = TASK.adopt(config, frame())
    straight, _ = play(config, tmp_path / "straight", data)
    play(assign(config, ["budget.evaluations=12"]), tmp_path / "parts", data)
    resumed, _ = play(config, tmp_path / "parts", data)
    for one, other in zip(straight.game.point.tensors, resumed.game.point.tensors, strict=True):
        assert torch.equal(one, other)
    card = (tmp_path / "straight" / "generator" / "README.md").read_text()
    assert "ε = " in card
    assert "20 gradients" in card
    model = model_at(tmp_path / "straight")
    assert "differential privacy" in model.discloses
    assert len(model.sample(50, seed=1)) == 50


def test_a_run_does_not_go_on_with_the_noise_of_another_machine() -> None:
    own, other = Ledger(1.0, key=1), Ledger(1.0, key=2)
    own.load_state_dict(Ledger(1.0, key=1).state_dict())
    with pytest.raises(RuntimeError, match=r"key of another machine: copy that machine's privacy\.key"):
        own.load_state_dict(other.state_dict())


def test_what_looks_at_rows_uncounted_is_refused() -> None:
    config = assign(recipe_named("table"), ["privacy=on", "device=cpu"])
    with pytest.raises(ConfigurationError, match="conditions=none, penalties=none"):
        TASK.build(config, TASK.adopt(config, frame()), None)  # type: ignore[arg-type]
