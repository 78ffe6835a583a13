"""A trained network on its own: what a run hands over, and all that `sample` needs of a generator."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, ClassVar, Self

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from saddlepoint.autoencoders import ThroughDensity
from saddlepoint.configuration import ConfigurationError, Registry, nearest
from saddlepoint.core import rng, seed_for
from saddlepoint.core.randomness import seeded
from saddlepoint.data.stream import Distribution, draw_latent
from saddlepoint.networks import NETWORKS
from saddlepoint.storage import write_atomically

WEIGHTS, CONFIG, CARD = "generator.safetensors", "config.yaml", "README.md"
#: Latents that are drawn together.
BLOCK = 64
NETWORK_REGISTRY: Registry[nn.Module] = Registry("network", NETWORKS, supplied=("source", "shape", "latent", "classes"))
#: Where the class of every kind lives; its module is imported when one is loaded.
KINDS = {
    "translation": "saddlepoint.tasks.translator:ImageTranslator",
    "table": "saddlepoint.tasks.table:RowGenerator",
    "series": "saddlepoint.tasks.series:WindowsGenerator",
    "text": "saddlepoint.tasks.text:TextGenerator",
    "vocoder": "saddlepoint.tasks.vocoder:Vocoder",
}


@dataclass
class Model(ABC):
    """A trained network with what is needed to use it. What it is used for is the subclass's affair.

    Attributes:
        network: what was trained.
        spec: its choice in the registry of networks.
        shape: of one sample that it makes.
    """

    network: nn.Module
    spec: Mapping[str, Any]
    shape: tuple[int, ...]

    #: What it makes, as its configuration says it; what it is called, and the command that uses it, for messages.
    kind: ClassVar[str]
    called: ClassVar[str]
    command: ClassVar[str]
    #: Parts of the description that are too long for the configuration: each is a file of its own, PART.json.
    files: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """What the configuration holds beside kind, network and shape, in values that YAML has."""

    @classmethod
    @abstractmethod
    def described(cls, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]) -> Self:
        """One with a new network, as a description has it."""

    def save(self, folder: Path, card: str) -> None:
        """Write weights, configuration and model card, each whole or absent."""
        folder.mkdir(parents=True, exist_ok=True)
        description = self.description()
        # What the network has by itself: a training may keep memories of its own in it.
        with torch.device("meta"):
            own = self.described(self.spec, self.shape, description).network.state_dict()
        state = self.network.state_dict()
        weights = {key: state[key].contiguous() for key in own}
        config = {
            "kind": self.kind,
            "network": json.loads(json.dumps(dict(self.spec))),
            "shape": list(self.shape),
            **{key: value for key, value in description.items() if key not in self.files},
        }
        write_atomically(folder / WEIGHTS, save(weights))
        for part in self.files:
            write_atomically(folder / f"{part}.json", json.dumps(description[part], ensure_ascii=False))
        write_atomically(folder / CONFIG, yaml.safe_dump(config, sort_keys=False))
        write_atomically(folder / CARD, card)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load from a `generator/` folder, or from the run folder around it.

        Raises:
            ValueError: there is nothing trained, its files are damaged, or it is of another kind; says what to do.
        """
        if not (folder / WEIGHTS).exists() and (folder / "generator" / WEIGHTS).exists():
            folder = folder / "generator"
        missing = [name for name in (WEIGHTS, CONFIG) if not (folder / name).is_file()]
        if missing:
            raise ValueError(
                f"no trained generator in {folder}: {' and '.join(missing)} missing; give a run folder whose "
                f"training has ended or was stopped, or its generator/ folder"
            )
        try:
            config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
            kind: type[Model] = resolve_name(KINDS[config.pop("kind", "images")])
            for part in kind.files:
                config[part] = json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
            found = kind.described(config.pop("network"), tuple(config.pop("shape")), config)
            found.network.load_state_dict(load_file(folder / WEIGHTS))
        except ConfigurationError:
            raise
        except (yaml.YAMLError, KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
            raise ValueError(f"the generator in {folder} is damaged: {error}") from error
        if not isinstance(found, cls):
            raise ValueError(f"{folder} holds {found.called}: use it with `{found.command.format(folder)}`")
        found.network.eval()
        return found

    @contextmanager
    def evaluating(self) -> Iterator[torch.device]:
        """The network in evaluation mode, without gradients; gives the device where it is."""
        training = self.network.training
        self.network.eval()
        try:
            with torch.no_grad():
                yield next(self.network.parameters()).device
        finally:
            self.network.train(training)


@dataclass(frozen=True)
class Latent:
    """The generator's input: standard normal, or uniform on [−1, 1].

    Attributes:
        components: of a fitted density that the network draws its codes through (`ThroughDensity`); 0 is none.
    """

    size: int
    distribution: Distribution
    components: int = 0


@dataclass
class Sampler(Model):
    """A generator network with what is needed to draw from it. What it makes is the subclass's affair.

    Attributes:
        network: (N, latent) → (N, *shape); with classes, (N, latent), labels (N,) → the same.
        latent: its input.
        classes: names of the classes that it was trained to make on demand; () where it was not.

    Load and use it in three lines:

        from saddlepoint.tasks.trained import Sampler
        generator = Sampler.load(Path("runs/digits/generator"))
        images = generator.sample(16, seed=7)          # uint8, (16, C, H, W)
    """

    latent: Latent
    classes: tuple[str, ...] = field(default=(), kw_only=True)

    called = "a generator"
    command = "saddle sample {}"

    @abstractmethod
    def details(self) -> dict[str, Any]:
        """The constructor's further arguments."""

    @abstractmethod
    def finished(self, outputs: Tensor) -> Tensor:
        """The network's outputs (n, *shape) as a user takes them."""

    @abstractmethod
    def picture(self, samples: Tensor, columns: int | None = None, scale: int | None = None) -> NDArray[np.uint8]:
        """Samples in one picture, uint8 (H, W, 3)."""

    def description(self) -> dict[str, Any]:
        """The latent, the classes' names and the subclass's details."""
        latent = {key: value for key, value in asdict(self.latent).items() if value != 0}
        return {"latent": latent, "classes": list(self.classes), **self.details()}

    @classmethod
    def described(cls, spec: Mapping[str, Any], shape: tuple[int, ...], description: Mapping[str, Any]) -> Self:
        """One with a new network, as a description has it."""
        rest = dict(description)
        latent, classes = Latent(**rest.pop("latent")), tuple(rest.pop("classes", ()))
        return cls(_network(spec, shape, latent, classes), spec, shape, latent, classes=classes, **rest)

    def sample(self, n: int, seed: int = 0, label: str | None = None) -> Tensor:
        """Draw n samples (n, *shape), of one class or of all alike. The first of a seed do not depend on n.

        Raises:
            ValueError: the generator makes no classes on demand, or none of this name.
        """
        return self.render(self.latents(n, seed), self.labels(n, label, seed))

    def latents(self, n: int, seed: int) -> Tensor:
        """n latents of a seed, (n, latent size); the first do not depend on n, so they are drawn by whole blocks."""
        blocks = [
            draw_latent(BLOCK, self.latent.size, self.latent.distribution, rng(seed, block, "sample"))
            for block in range(-(-n // BLOCK))
        ]
        return torch.cat(blocks)[:n] if blocks else torch.empty(0, self.latent.size)

    def labels(self, n: int, label: str | None = None, seed: int = 0) -> Tensor | None:
        """Classes for n samples, int64 (n,): the one that is named, or `mixed`; None where there are none.

        Raises:
            ValueError: see `sample`.
        """
        if label is not None and label not in self.classes:
            hint = nearest(label, self.classes) if self.classes else "it was trained without classes"
            raise ValueError(f"the generator has no class {label!r}: {hint}")
        if not self.classes:
            return None
        if label is not None:
            return torch.full((n,), self.classes.index(label))
        return self.mixed(n, seed)

    def mixed(self, n: int, seed: int) -> Tensor:  # noqa: ARG002
        """Classes for n samples where none is named, int64 (n,): all in turn."""
        return torch.arange(n) % len(self.classes)

    def render(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples of latents, as `finished` gives them, in batches of 256."""
        inputs, parts = [latents] if labels is None else [latents, labels], []
        with self.evaluating() as device:
            for chunk in zip(*(tensor.split(256) for tensor in inputs), strict=True):
                # A network that draws noise of its own draws it as the latents say, so that these decide everything.
                with seeded(seed_for(str(chunk[0][:1].tolist()), "noise")):
                    parts.append(self.network(*(tensor.to(device) for tensor in chunk)).cpu())
        return self.finished(torch.cat(parts) if len(latents) else torch.empty(0, *self.shape))

    def walk(self, stops: int, frames: int, seed: int, label: str | None = None) -> Tensor:
        """Samples along a closed walk through latent space, (stops · frames, *shape).

        Normal latents are joined on the sphere (slerp), so that every point between has a usual norm; uniform
        ones by straight lines. With classes, a leg each where none is named.
        """
        ends, labels = self.latents(stops, seed), self.labels(stops, label)
        weights = torch.arange(frames) / frames
        legs = [self._leg(a, b, weights) for a, b in zip(ends, ends.roll(-1, 0), strict=True)]
        return self.render(torch.cat(legs), None if labels is None else labels.repeat_interleave(frames))

    def _leg(self, a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
        w = weights[:, None]
        if self.latent.distribution == "uniform":
            return torch.lerp(a, b, w)
        angle = torch.arccos(torch.dot(a, b) / (a.norm() * b.norm())).clamp_min(1e-6)
        return (torch.sin((1 - w) * angle) * a + torch.sin(w * angle) * b) / torch.sin(angle)


def _network(spec: Mapping[str, Any], shape: tuple[int, ...], latent: Latent, classes: Sequence[str]) -> nn.Module:
    """The network that a configuration describes, behind a density where there is one."""
    network = NETWORK_REGISTRY.build(spec, shape=shape, latent=latent.size, classes=len(classes))
    return ThroughDensity(network, latent.size, latent.components, len(classes)) if latent.components else network
