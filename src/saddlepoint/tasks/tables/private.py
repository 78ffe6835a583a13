"""A game of rows under differential privacy: only the discriminator sees rows, by gradients that are clipped and noisy.

DP-SGD (Abadi et al. 2016, arXiv 1607.00133) on the discriminator of a GAN (Xie et al. 2018, arXiv 1802.06739; Bie,
Kamath, Zhang 2023, arXiv 2302.02936: several steps of the discriminator for one of the generator). The generator learns
from the discriminator alone, so that what it tells is covered, too. Rows are drawn by Poisson sampling: each with the
probability q, on its own. ε is counted by Rényi differential privacy (Mironov 2017, arXiv 1702.07476; Opacus).
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from saddlepoint.cache import cache_folder
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import Batch, rng, seed_for
from saddlepoint.core.ranks import world
from saddlepoint.data.stream import Distribution, SampleBatch, draw_latent
from saddlepoint.losses import AdversarialLoss
from saddlepoint.tasks.tables.layout import RowLayout
from saddlepoint.tasks.tables.settings import DifferentialPrivacy

#: Standard deviations of the number of rows of a batch beyond its mean for which there is room.
ROOM = 8
#: Rows whose gradients are held at once.
TOGETHER = 64
#: Noise multipliers between which the one that is needed is looked for.
_RANGE = (0.3, 200.0)


def epsilon_of(noise: float, rate: float, releases: int, marginals: float, delta: float) -> float:
    """ε of so many noisy gradients, and of marginals of a noise multiplier, at δ.

    Raises:
        ConfigurationError: Opacus is not installed.
    """
    try:
        from opacus.accountants.analysis import rdp
    except ImportError as error:
        raise ConfigurationError("differential privacy is counted by Opacus: pip install 'saddlepoint[dp]'") from error
    orders = [1 + x / 10 for x in range(1, 100)] + [*range(12, 64), *(2**power for power in range(6, 11))]
    spent = rdp.compute_rdp(q=1.0, noise_multiplier=marginals, steps=1, orders=orders)
    if releases:
        spent = spent + rdp.compute_rdp(q=rate, noise_multiplier=noise, steps=releases, orders=orders)
    return float(rdp.get_privacy_spent(orders=orders, rdp=spent, delta=delta)[0])


def noise_for(epsilon: float, rate: float, releases: int, marginals: float, delta: float) -> float:
    """The least noise multiplier with which so many releases cost no more than ε.

    Raises:
        ConfigurationError: the marginals alone cost more.
    """
    low, high = _RANGE
    if epsilon_of(high, rate, releases, marginals, delta) > epsilon:
        raise ConfigurationError(
            f"privacy.epsilon is {epsilon:g}, and the marginals alone cost "
            f"{epsilon_of(high, rate, 0, marginals, delta):.2f}: give more, or more noise on them by privacy.marginals"
        )
    while high - low > 1e-3 * low:
        middle = (low * high) ** 0.5
        if epsilon_of(middle, rate, releases, marginals, delta) > epsilon:
            low = middle
        else:
            high = middle
    return high


def secret_of(*key: object) -> int:
    """What the noise of a run is drawn by: the same for the same run on this machine, and known to nobody else.

    Who knew it could take the noise away, so the seed, which is no secret, does not do. A key is made once from the
    operating system's source of randomness and kept in the cache folder; a run goes on where it began, on this machine.
    """
    return seed_for(_key(), *map(repr, key))


def mark_of_key() -> int:
    """Tells this machine's key from others, and nothing else of it."""
    return seed_for(_key(), "mark")


def _key() -> str:
    path = cache_folder() / "privacy.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


class Ledger(nn.Module):
    """What has been released; saved with the discriminator, so that a run that goes on counts on.

    Attributes:
        noise: multiplier of the gradients' noise.
        releases: gradients of the discriminator that were taken.
        key: mark of the key that the noise is drawn by.
    """

    noise: Tensor
    releases: Tensor
    key: Tensor

    def __init__(self, noise: float, key: int = 0) -> None:
        super().__init__()
        self.register_buffer("key", torch.tensor(key))
        self.register_buffer("noise", torch.tensor(noise, dtype=torch.float64))
        self.register_buffer("releases", torch.tensor(0))

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, metadata: Any, strict: bool, *lists: list[str]
    ) -> None:
        """Refuse what another key drew: its noise, the marginals' too, can't be drawn again here."""
        found = state_dict.get(f"{prefix}key")
        if found is not None and int(found) != int(self.key):
            lists[-1].append(
                "its noise was drawn by the key of another machine: copy that machine's privacy.key into the cache "
                "folder of this one, or go on there; the generator/ folder can be used anywhere"
            )
        super()._load_from_state_dict(state_dict, prefix, metadata, strict, *lists)


@dataclass(frozen=True)
class PrivateBatch(SampleBatch):
    """A batch with room for more rows than it has.

    Attributes:
        there: 1 for rows that are there, 0 for those that fill the room, (N,).
        expected: rows that a batch has on average.
        seed: of the noise on the gradient.
    """

    there: Tensor = field(default_factory=lambda: torch.ones(0))
    expected: int = 1
    seed: int = 0


class PoissonStream:
    """Draws each row into each batch with probability q = batch_size / N, on its own; a function of the position.

    Args:
        rows: float32 (N, heads), short.
        layout: of the rows.
        batch_size: rows a batch, on average.
        seed: of latents.
        secret: by which rows are drawn, and the noise on gradients.
        latent, distribution, device: see `SampleStream`.

    Raises:
        ConfigurationError: a batch as large as the table.
    """

    def __init__(
        self,
        rows: Tensor,
        layout: RowLayout,
        batch_size: int,
        seed: int,
        secret: int,
        latent: int,
        distribution: Distribution,
        device: torch.device,
    ) -> None:
        if batch_size >= len(rows):
            raise ConfigurationError(f"batches of {batch_size} rows of {len(rows)}: give a smaller --batch-size")
        self.samples, self.layout, self.seed, self.device = rows, layout, seed, device
        self.batch_size, self.latent, self.distribution = batch_size, latent, distribution
        self._secret = secret

    @property
    def rate(self) -> float:
        """q."""
        return self.batch_size / len(self.samples)

    def __call__(self, position: int) -> Batch:
        """The batch that begins at a position (in samples)."""
        secret = self._secret
        drawn = (torch.rand(len(self.samples), generator=rng(secret, position, "rows")) < self.rate).nonzero()[:, 0]
        room = min(len(self.samples), int(self.batch_size + ROOM * self.batch_size**0.5))
        drawn = drawn[:room]
        there = (torch.arange(room) < len(drawn)).float()
        rows = self.samples[torch.cat([drawn, drawn.new_zeros(room - len(drawn))])]
        latent = draw_latent(room, self.latent, self.distribution, rng(self.seed, position, "noise"))
        value = PrivateBatch(
            self.layout.wide(rows).to(self.device),
            latent.to(self.device),
            torch.zeros(room, 1, device=self.device),
            there=there.to(self.device),
            expected=self.batch_size,
            seed=seed_for(secret, position, "gradient"),
        )
        return Batch(value, self.batch_size, seed_for(self.seed, position, "network"))

    def part(
        self, indices: Tensor | None = None, *, batch_size: int | None = None, seed: int | None = None
    ) -> "PoissonStream":
        """A stream like this one over some of its rows, by batches of another size or of another seed."""
        other = copy(self)
        if indices is not None:
            other.samples = self.samples[indices]
        other.batch_size = min(batch_size or self.batch_size, max(1, len(other.samples) - 1))
        other.seed = self.seed if seed is None else seed
        return other


class PrivateLosses:
    """Losses whose gradient for the discriminator is that of DP-SGD.

        g = [Σ_i clip_C(∇ loss_D(D(x_i), D(G(z_i)))) + C σ N(0, I)] / B

    over the rows x_i of a Poisson batch of B on average. What is returned has this gradient and the loss's own value.
    The generator's loss is a function of the discriminator and of latents alone.

    Args:
        loss: of single pairs, whose generator does not see real rows.
        clip: C.
        ledger: that counts releases and has σ.

    Raises:
        ConfigurationError: a loss that does not fit.
    """

    def __init__(self, loss: AdversarialLoss, clip: float, ledger: Ledger) -> None:
        if loss.generator_sees_real or not loss.mean_over_samples:
            raise ConfigurationError(
                "with differential privacy the generator may not see real rows, and a loss is of single rows: "
                "--set loss=non-saturating"
            )
        self.loss, self.clip, self.ledger = loss, clip, ledger

    def __call__(self, players: Mapping[str, nn.Module], batch: Any, names: Sequence[str]) -> dict[str, Tensor]:
        """The losses of the named players, scalars."""
        value: PrivateBatch = batch
        made: Tensor = players["generator"](value.latent)
        losses: dict[str, Tensor] = {}
        if "generator" in names:
            losses["generator"] = self.loss.generator(None, players["discriminator"](made))
        if "discriminator" in names:
            losses["discriminator"] = self._of_discriminator(players["discriminator"], made.detach(), value)
        return losses

    def _of_discriminator(self, discriminator: nn.Module, made: Tensor, batch: PrivateBatch) -> Tensor:
        own = {name: p for name, p in discriminator.named_parameters() if p.requires_grad}
        fixed = {name: p.detach() for name, p in own.items()}

        def of_one(parameters: Mapping[str, Tensor], real: Tensor, fake: Tensor) -> Tensor:
            logits = functional_call(discriminator, dict(parameters), (torch.stack([real, fake]),))
            return self.loss.discriminator(logits[:1], logits[1:])

        gradients = vmap(grad(of_one), in_dims=(None, 0, 0))
        totals = {name: torch.zeros_like(p) for name, p in fixed.items()}
        for start in range(0, len(made), TOGETHER):
            rows = slice(start, start + TOGETHER)
            each = gradients(fixed, batch.real[rows], made[rows])
            norms = torch.stack([part.flatten(1).norm(dim=1) for part in each.values()]).norm(dim=0)
            factors = batch.there[rows] * (self.clip / norms.clamp_min(1e-12)).clamp_max(1.0)
            for name, part in each.items():
                totals[name] += torch.einsum("n,n...->...", factors, part)
        source = torch.Generator().manual_seed(batch.seed)
        deviation = self.clip * float(self.ledger.noise)
        with torch.no_grad():
            for total in totals.values():
                total += deviation * torch.randn(total.shape, generator=source).to(total)
                total /= batch.expected
            logits = [discriminator(rows) for rows in (batch.real, made)]
            value = self.loss.discriminator(*logits)
            self.ledger.releases += 1
        product = sum((totals[name] * p).sum() for name, p in own.items())
        assert isinstance(product, Tensor)
        return value + product - product.detach()


def guarantee_of(ledger: Ledger, rate: float, settings: DifferentialPrivacy) -> Callable[[], str]:
    """Says what the generator discloses, by what was released until it is asked."""

    def sentence() -> str:
        releases = int(ledger.releases)
        spent = epsilon_of(float(ledger.noise), rate, releases, settings.marginals, settings.delta / 2)
        return (
            f"It was trained with differential privacy: ε = {spent:.2f} at δ = {settings.delta:g} for adding or "
            f"removing one training row ({releases:,} gradients of the discriminator with noise multiplier "
            f"{float(ledger.noise):.3f} and sampling rate {rate:.4g}, and noisy marginals, from which ranges, "
            f"categories and modes come). Not covered: the number of rows and the fingerprint above; names, kinds, "
            f"formats and decimals of the columns, constants, words for missing values; settings that were chosen by "
            f"looking at results; anything in the run's folder beside this generator (records, pictures, checkpoints, "
            f"evaluations)."
        )

    return sentence


def checked(config: Any) -> None:
    """Raise ConfigurationError where settings are at odds with differential privacy."""
    if world() > 1:
        raise ConfigurationError(
            "differential privacy counts the releases of one process: leave --processes out, or take one rank"
        )
    wrong = {
        "conditions=none": config.conditions is not None,
        "data.rules=[]": bool(config.data.rules),
        "penalties=none": bool(config.adversary.penalties),
        "regularisers=none": bool(config.adversary.regularisers),
        "method=alternating (or simultaneous)": config.method["name"] not in ("alternating", "simultaneous"),
        "accumulate=1": config.accumulate > 1,
        "discriminator.network.packing=1": config.packing > 1,
        "no --from, as what another run learnt is not counted": config.start is not None,
        "a budget of samples": config.budget.samples is None,
    }
    if needed := [what for what, is_wrong in wrong.items() if is_wrong]:
        raise ConfigurationError(
            f"differential privacy counts every look at the rows, and needs {', '.join(needed)}: begin with the recipe "
            f"table-dp"
        )


def releases_of(config: Any) -> int:
    """Gradients of the discriminator until the budget of samples is spent: one a batch."""
    samples: int = config.budget.samples
    return -(-samples // int(config.batch_size))
