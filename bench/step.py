"""Milliseconds and memory of a step: our loop against a loop that a good engineer writes by hand.

Both sides do the same work: the same networks from the same initial weights, loss, penalties, optimizer, batch
size, image indexing and latents drawn with a `torch.Generator`. They run in one process, in blocks that alternate
(A B, B A, A B, …), so that a noisy machine disturbs both alike. Two clocks: wall time, and the processor time of this
process, which other programs on the machine disturb far less. Milliseconds are medians of blocks; a ratio is the
median of the ratios of neighbouring blocks.

Memory is the peak of what a step allocates beyond what it found, from torch's own profiler (`profile_memory`),
which reports every allocation of the CPU allocator with its running total. The operating system's ru_maxrss can't
resolve a step: it counts pages, includes the imports, and never falls.

    python bench/step.py [--quick] [--threads N] [--json]
"""

import argparse
import gc
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.profiler import ProfilerActivity, profile

from saddlepoint.components.registries import OPTIMIZER_REGISTRY
from saddlepoint.configuration import assign
from saddlepoint.core import Outcome
from saddlepoint.data import ImageData, load_images
from saddlepoint.runs.assembly import Assembly, assemble
from saddlepoint.tasks import recipe_named
from saddlepoint.tasks.images.settings import ImageConfig

#: name ↦ (recipe, assignments). `mnist` is its recipe's networks on the digits that come with the installation.
CASES = {
    "classic, batch 64": ("classic", ["batch_size=64"]),
    "classic, batch 256": ("classic", ["batch_size=256"]),
    "digits": ("digits", []),
    "mnist": ("mnist", ["data.source=digits", "data.size=28"]),
}
Step = Callable[[], None]


# --- by hand ------------------------------------------------------------------------------------------


def by_hand(config: ImageConfig, data: ImageData, start: Assembly) -> Step:
    """The loop without the library: plain PyTorch, two backward passes, discriminator first."""
    generator, discriminator = start.game.players["generator"], start.game.players["discriminator"]
    g_optimizer = OPTIMIZER_REGISTRY.build(config.generator.optimizer, params=generator.parameters())
    d_optimizer = OPTIMIZER_REGISTRY.build(config.discriminator.optimizer, params=discriminator.parameters())
    batches = _batches(data, config)
    average = [p.detach().clone() for p in (*generator.parameters(), *discriminator.parameters())]
    share = 1 - 0.5 ** (config.batch_size / config.average.half_life) if config.average else 0.0
    weights = {name: spec["weight"] for name, spec in config.adversary.penalties.items()}

    def classic() -> None:
        real, z, _ = next(batches)
        d_optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            fake = generator(z)
        d_loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake)).mean()
        d_loss.backward()
        d_optimizer.step()

        g_optimizer.zero_grad(set_to_none=True)
        discriminator.requires_grad_(False)
        g_loss = softplus(-discriminator(generator(z))).mean()
        g_loss.backward()
        discriminator.requires_grad_(True)
        g_optimizer.step()
        _stop_if_not_finite(d_loss, g_loss)

    def modern() -> None:
        real, z, y = next(batches)
        d_optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            fake = generator(z, *y)
        real.requires_grad_(True)
        fake.requires_grad_(True)
        real_logits, fake_logits = discriminator(real, *y), discriminator(fake, *y)
        (at_real,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
        (at_fake,) = torch.autograd.grad(fake_logits.sum(), fake, create_graph=True)
        d_loss = (
            softplus(fake_logits - real_logits).mean()
            + weights["r1"] / 2 * at_real.square().flatten(1).sum(1).mean()
            + weights["r2"] / 2 * at_fake.square().flatten(1).sum(1).mean()
        )
        d_loss.backward()
        d_optimizer.step()

        g_optimizer.zero_grad(set_to_none=True)
        discriminator.requires_grad_(False)
        real.requires_grad_(False)
        g_loss = softplus(discriminator(real, *y) - discriminator(generator(z, *y), *y)).mean()
        g_loss.backward()
        discriminator.requires_grad_(True)
        g_optimizer.step()
        if share:
            with torch.no_grad():
                for mean, p in zip(average, (*generator.parameters(), *discriminator.parameters()), strict=True):
                    mean.lerp_(p, share)
        _stop_if_not_finite(d_loss, g_loss)

    return modern if weights else classic


def _stop_if_not_finite(d_loss: Tensor, g_loss: Tensor) -> None:
    """What every hand-written loop does to print its losses: read two numbers."""
    if not (math.isfinite(d_loss.item()) and math.isfinite(g_loss.item())):
        raise ArithmeticError("a loss is not finite")


def _batches(data: ImageData, config: ImageConfig) -> Iterator[tuple[Tensor, Tensor, tuple[Tensor, ...]]]:
    images, labels = data.images, data.labels if config.conditional else None
    source = torch.Generator().manual_seed(config.seed)
    n, size, latent = len(images), config.batch_size, config.latent.size
    low, high = (0.0, 1.0) if config.value_range == "unit" else (-1.0, 1.0)
    order, at = torch.randperm(n, generator=source), 0
    while True:
        if at + size > n:
            order, at = torch.cat([order[at:], torch.randperm(n, generator=source)]), 0
        some = order[at : at + size]
        real = images[some].float().mul_((high - low) / 255).add_(low)
        at += size
        normal = config.latent.distribution == "normal"
        z = (
            torch.randn(size, latent, generator=source)
            if normal
            else torch.rand(size, latent, generator=source) * 2 - 1
        )
        yield real, z, () if labels is None else (labels[some],)


# --- by us --------------------------------------------------------------------------------------------


def by_us(start: Assembly) -> Step:
    """The step that a run takes: the recipe's method on the recipe's game and batches."""

    def step() -> None:
        report = start.method.step(start.game, start.batches)
        assert report.outcome is Outcome.RUNNING

    return step


# --- measure ------------------------------------------------------------------------------------------


CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def interleaved(sides: dict[str, Step], blocks: int, steps: int) -> dict[tuple[str, str], list[float]]:
    """Milliseconds a step of each block by (clock, side), the sides taking turns at going first."""
    for step in sides.values():
        for _ in range(10):
            step()
    times: dict[tuple[str, str], list[float]] = {(clock, side): [] for clock in CLOCKS for side in sides}
    gc.collect()
    for block in range(blocks):
        for side in sides if block % 2 == 0 else reversed(sides):
            begin = {clock: now() for clock, now in CLOCKS.items()}
            for _ in range(steps):
                sides[side]()
            for clock, now in CLOCKS.items():
                times[clock, side].append((now() - begin[clock]) / steps * 1e3)
    return times


def peak_bytes(step: Step) -> int:
    """The most that a step holds beyond what was held before it, by torch's allocator; the largest of three."""
    return max(_peak_once(step) for _ in range(3))


def _peak_once(step: Step) -> int:
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        step()
    held = peak = 0
    for change in _allocations(seen):
        held += change
        peak = max(peak, held)
    return peak


def _allocations(seen: profile) -> list[int]:
    """Signed sizes of all allocations, in the order of time."""
    assert seen.profiler is not None
    assert seen.profiler.kineto_results is not None
    events = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
    return [e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())]  # type: ignore[attr-defined]


def settled(recipe: str, assignments: list[str]) -> tuple[ImageConfig, ImageData]:
    """A case's configuration and its images."""
    config = assign(recipe_named(recipe), ["device=cpu", *assignments])
    assert isinstance(config, ImageConfig)
    return config, load_images(config.data.source, size=config.data.size)


def compare(recipe: str, assignments: list[str], blocks: int, steps: int) -> dict[str, float]:
    """One case: medians in milliseconds, their ratio, and peak bytes."""
    config, data = settled(recipe, assignments)
    sides = {"hand": by_hand(config, data, assemble(config, data)), "ours": by_us(assemble(config, data))}
    times = interleaved(sides, blocks, steps)
    found: dict[str, float] = {}
    for clock in CLOCKS:
        hand, ours = times[clock, "hand"], times[clock, "ours"]
        found[f"hand_{clock}_ms"], found[f"ours_{clock}_ms"] = statistics.median(hand), statistics.median(ours)
        # Of neighbours in time, so that a slow spell of the machine cancels.
        found[f"{clock}_ratio"] = statistics.median(b / a for a, b in zip(hand, ours, strict=True))
    return found | {f"{side}_peak_bytes": peak_bytes(step) for side, step in sides.items()}


def main() -> None:
    """Measure all cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for CI: shows that it runs, not more")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (1: least noise)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    blocks, steps = (4, 10) if arguments.quick else (40, 20)
    found = {name: compare(*case, blocks, steps) for name, case in CASES.items()}
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    print(f"torch {torch.__version__}, {arguments.threads} thread(s), {blocks} blocks of {steps} steps a side\n")
    print("| system | wall ms by hand | ours | ratio | cpu ms by hand | ours | ratio | peak KiB by hand | ours |")
    print("|---" * 9 + "|")
    for name, row in found.items():
        cells = [name]
        for clock in CLOCKS:
            cells += [f"{row[f'{side}_{clock}_ms']:.2f}" for side in ("hand", "ours")] + [
                f"{row[f'{clock}_ratio']:.3f}"
            ]
        cells += [f"{row[f'{side}_peak_bytes'] / 1024:.0f}" for side in ("hand", "ours")]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
