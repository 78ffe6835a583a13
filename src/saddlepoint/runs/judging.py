"""A judge of what a run hands over: trained against the frozen generator, calibrated, and used as samples are drawn."""

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from saddlepoint.components.device import pick_device
from saddlepoint.components.registries import LOSS_REGISTRY
from saddlepoint.configuration import ConfigurationError
from saddlepoint.core import rng, seed_for
from saddlepoint.data.dataset import OnProgress, quiet
from saddlepoint.networks import coupled_layers
from saddlepoint.runs.run import Run
from saddlepoint.storage import NoCheckpoint
from saddlepoint.tasks import AdversarialConfig, LatentSampler
from saddlepoint.tasks.judge import FOLDER, Judge, mean_logits
from saddlepoint.tasks.model import folder_of

#: Real samples that a judge is trained on where it has to be and no number is given, and how often they come at most.
SAMPLES, EPOCHS = 200_000, 20
#: Real and as many generated samples of a step, and Adam's rate.
BATCH, RATE = 64, 1e-3
#: Share of the data that a judge is not trained on, and samples of it that it is stopped and calibrated by, at most.
APART, LOOKED_AT = 0.1, 4096
#: Looks while it is trained, and how many may be no better before it is stopped.
LOOKS, PATIENCE = 40, 6


@dataclass(frozen=True)
class Judged:
    """A judge, and what is known of it.

    Attributes:
        judge: that was fitted.
        samples: real samples that it was trained on, with repetitions, until it was best.
        entropy: mean cross-entropy on samples kept apart, nats; log 2 = .693 where it can't tell them apart.
        auc: how often it ranks a real sample above a generated one.
        effective: as how many equal candidates eight of them count: the mean of (Σ w)²/Σ w².
        acceptance: share of candidates that rejection takes.
    """

    judge: Judge
    samples: int
    entropy: float
    auc: float
    effective: float
    acceptance: float

    def sentences(self) -> list[str]:
        """What it can do, for people."""
        return [
            f"It ranks a real sample above a generated one {self.auc:.0%} of the time (50% is chance); cross-entropy "
            f"{self.entropy:.3f} (log 2 = 0.693 is chance), best after {self.samples:,} real samples.",
            f"Eight candidates count as {self.effective:.1f} equal ones; --reject takes {self.acceptance:.1%}.",
        ]

    def plain(self) -> dict[str, Any]:
        """Its numbers by name."""
        return {
            "samples": self.samples,
            "entropy": self.entropy,
            "auc": self.auc,
            "effective": self.effective,
            "acceptance": self.acceptance,
            "slope": self.judge.slope,
            "bound": self.judge.bound,
        }


def fit_judge(
    run: Run, samples: int | None = None, *, fresh: bool = False, seed: int = 0, progress: OnProgress = quiet
) -> Judged:
    """Train the run's discriminator against the generator that the run handed over, and calibrate it.

    Both see real samples and as many generated ones of the same classes; the loss is the cross-entropy, so that the
    logit becomes log p(x) − log q(x) (noise-contrastive estimation, q the generator's density). A tenth of the data is
    kept apart: it says when to stop, and slope and level are a logistic regression on it. The generator was trained on
    all of them.

    Args:
        run: with its data.
        samples: real ones to train on, with repetitions; 0 takes the discriminator as the run left it and calibrates it
            alone, and so does None but for texts, a `fresh` network and losses whose discriminator estimates no ratio:
            then it is up to 200,000, each sample twenty times at most.
        fresh: begin with a new network in place of the discriminator of the newest checkpoint.
        seed: of order, candidates and a new network.
        progress: told how far it is.

    Raises:
        ConfigurationError: no discriminator, or none that estimates a ratio of densities of single samples; says why.
    """
    model, config = run.model, run.config
    if not isinstance(config, AdversarialConfig) or not isinstance(model, LatentSampler):
        raise ConfigurationError(f"{run.path} holds {model.title}, and no discriminator beside it to judge samples by")
    check_judged(config, samples, fresh=fresh)
    if fresh:
        assembly = run.assembly()
    else:
        try:
            assembly, _ = run.at_checkpoint()
        except NoCheckpoint:
            raise ConfigurationError(
                f"{run.path} has no checkpoint to take a discriminator from: give --fresh"
            ) from None
    ready = LOSS_REGISTRY.build(config.adversary.loss).ratio and not (fresh or model.judged_anew)
    wanted = (0 if ready else SAMPLES) if samples is None else samples
    network = assembly.setup.players["discriminator"]
    check_single(network)
    judge = _judge_of(network, config, model)
    fitting = _Fitting(judge, model, assembly.setup.batches, len(assembly.setup.data), seed)
    device, before = pick_device(config.device), next(model.network.parameters()).device
    model.network.to(device)
    judge.network.to(device)
    try:
        seen = fitting.train(wanted, samples is None, progress)
        return fitting.calibrated(seen)
    finally:
        model.network.to(before)
        judge.network.cpu()


def check_single(network: nn.Module) -> None:
    """Raise ConfigurationError where a discriminator can't judge a single sample."""
    if layers := coupled_layers(network):
        raise ConfigurationError(
            f"the discriminator's layers {', '.join(layers[:3])} look at a batch as a whole, so that it can't judge a "
            f"single sample: train with another one to have a judge"
        )


def check_judged(config: AdversarialConfig, samples: int | None, *, fresh: bool) -> None:
    """Raise ConfigurationError where a run's discriminator can be no judge, as its settings tell; see `fit_judge`."""
    if config.only_reading is not None:
        raise ConfigurationError(f"a judge would be made of the data again: {config.only_reading}")
    if config.discriminator.network["name"] == "own":
        raise ConfigurationError("the discriminator is a network of your own, which a judge's folder can't describe")
    if config.packing > 1:
        raise ConfigurationError(
            f"the discriminator judges packs of {config.packing} samples and no single one: train with packing=1 to "
            f"have a judge"
        )
    if samples == 0 and fresh:
        raise ConfigurationError("a new network that is not trained judges nothing: leave --fresh or --samples 0 out")
    if samples == 0 and not LOSS_REGISTRY.build(config.adversary.loss).ratio:
        raise ConfigurationError(
            f"with the loss {config.objective} the discriminator's logit is no logarithm of a ratio of densities: "
            f"leave --samples 0 out, and it is trained to be one"
        )


def _judge_of(network: nn.Module, config: AdversarialConfig, model: LatentSampler) -> Judge:
    """A judge with a network's weights as they are, without memories of penalties and of augmentation."""
    supplied = {key: getattr(network, key).tolist() for key in getattr(type(network), "supplied", ())}
    classes = len(model.class_names)
    description = {
        **{"classes": classes, "of": model.digest, "slope": 1.0, "level": 0.0, "bound": 0.0},
        "supplied": supplied,
    }
    judge = Judge.described(None, config.discriminator.network, model.shape, description)
    state = network.state_dict()
    judge.network.load_state_dict({key: state[key].cpu() for key in judge.network.state_dict()})
    return judge


class _Fitting:
    """A judge on its way: real samples of a stream against candidates of a model."""

    def __init__(self, judge: Judge, model: LatentSampler, batches: Any, n: int, seed: int) -> None:
        self.judge, self.model, self.seed = judge, model, seed
        order = torch.randperm(n, generator=rng(seed, "judge"))
        apart = max(1, int(APART * n))
        self.real = batches.part(order[apart:], batch_size=BATCH, seed=seed_for(seed, "judge"))
        self.trained_on = n - apart
        looked_at = batches.part(order[:apart], batch_size=min(LOOKED_AT, apart), seed=seed_for(seed, "apart"))
        self.apart = self._pair(looked_at(0).value, seed_for(seed, "apart"))

    def train(self, samples: int, capped: bool, progress: OnProgress) -> int:
        """Train on so many real samples, and keep the best on those kept apart; gives after how many that was."""
        network = self.judge.network
        steps = (min(samples, EPOCHS * self.trained_on) if capped else samples) // BATCH
        optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
        best, kept, seen, worse = self._entropy(), copy.deepcopy(network.state_dict()), 0, 0
        every = max(1, steps // LOOKS)
        for step in range(steps):
            network.train()
            value = self.real(step * BATCH).value
            (real, labels), generated = self._pair(value, seed_for(self.seed, step, "judged"))
            of_real, of_generated = (mean_logits(network, shown, labels) for shown in (real, generated))
            loss = softplus(-of_real).mean() + softplus(of_generated).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if (step + 1) % every == 0:
                progress("training the judge", step + 1, steps)
                entropy = self._entropy()
                if entropy < best:
                    best, kept, seen, worse = entropy, copy.deepcopy(network.state_dict()), (step + 1) * BATCH, 0
                elif (worse := worse + 1) >= PATIENCE:
                    break
        network.load_state_dict(kept)
        return seen

    def calibrated(self, seen: int) -> Judged:
        """The judge with its slope, level and bound."""
        judge = self.judge
        real, made = self._logits()
        judge.slope, judge.level = logistic(real, made)
        ratios = (judge.slope * made + judge.level).double()
        judge.bound = float(ratios.max())
        eights = (ratios[: len(ratios) // 8 * 8] - judge.bound).exp().view(-1, 8) if len(ratios) >= 8 else None
        of_real = judge.slope * real + judge.level
        entropy = float((softplus(-of_real).mean() + softplus(ratios).mean()) / 2)
        auc = float((real[:, None] > made[None]).double().mean() + (real[:, None] == made[None]).double().mean() / 2)
        effective = 8.0 if eights is None else float((eights.sum(1) ** 2 / eights.square().sum(1)).mean())
        return Judged(judge, seen, entropy, auc, effective, float((ratios - judge.bound).exp().mean()))

    def _pair(self, value: Any, seed: int) -> tuple[tuple[Tensor, Tensor | None], Tensor]:
        """Real samples with their classes, and as many candidates of the same classes."""
        there = self.model.possible(value.real)
        real, labels = value.real[there], value.conditions[0][there] if value.conditions else None
        shown, _ = self.model.candidates(len(real), seed, None if labels is None else labels.cpu())
        return (real, labels), shown.to(real)

    def _logits(self) -> tuple[Tensor, Tensor]:
        """What the judge says of samples kept apart and of candidates, (n,) each."""
        (real, labels), generated = self.apart
        return self.judge.logits(real, labels).double(), self.judge.logits(generated, labels).double()

    def _entropy(self) -> float:
        real, made = self._logits()
        return float((softplus(-real).mean() + softplus(made).mean()) / 2)


def logistic(real: Tensor, generated: Tensor) -> tuple[float, float]:
    """Slope a ≥ 0 and level b with which a · D + b is the best logit of being real, D double (n,) and (m,).

    A logistic regression in which both sides count alike, by Newton's method, with targets a little inside of 0 and 1,
    so that it has an end where both can be separated. Platt 1999, "Probabilistic outputs for support vector machines".

    >>> a, b = logistic(torch.randn(4000).double() + 1, torch.randn(4000).double())
    >>> abs(a - 1) < 0.2, abs(b + 0.5) < 0.2
    (True, True)
    """
    logits = torch.cat([real, generated])
    center, scale = logits.mean(), logits.std().clamp_min(1e-12)
    rows = torch.stack([(logits - center) / scale, torch.ones_like(logits)], 1)
    n, m = len(real), len(generated)
    targets = torch.cat([real.new_full((n,), (n + 1) / (n + 2)), real.new_full((m,), 1 / (m + 2))])
    weights = torch.cat([real.new_full((n,), 0.5 / n), real.new_full((m,), 0.5 / m)])
    found = rows.new_zeros(2)
    for _ in range(50):
        said = torch.sigmoid(rows @ found)
        gradient = rows.T @ (weights * (said - targets))
        hessian = (rows * (weights * said * (1 - said))[:, None]).T @ rows + 1e-9 * torch.eye(2).to(rows)
        step = torch.linalg.solve(hessian, gradient)
        found = found - step * min(1.0, 2.0 / float(step.norm().clamp_min(1e-12)))
        if float(step.norm()) < 1e-9:
            break
    slope = max(0.0, float(found[0] / scale))
    level = float(found[1] - found[0] * center / scale) if slope else 0.0
    return slope, level


def keep_judge(run: Run, found: Judged) -> Path:
    """Write a judge below the generator that it is of, into `generator/judge/`; gives the folder."""
    folder = folder_of(run.path) / FOLDER
    found.judge.save(folder, {"judges": f"the generator above it, SHA-256 {found.judge.of[:16]}", **found.plain()})
    return folder
